"""Sarsa in a crosswind."""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.reproduction import Figure, Row, exact, mean_line, measured
from daedalus.core.planning import solve, start_value
from daedalus.core.world import World

from .running import episodes, finite

_STEPS, _EPISODES = 8000, 170


def windy_gridworld(quick: bool) -> Iterator[Row | Figure]:
    """Sarsa on the windy gridworld: episodes finished over the first 8000 steps; the shortest way takes 15."""
    world = finite("daedalus/Windy-v0")
    assert isinstance(world, World)
    world = world.within(None)
    source = "Sutton & Barto 2018, example 6.5"
    yield exact("steps of the shortest way", -start_value(world.mdp, solve(world.mdp).value), 15.0, source)
    ends_NE = episodes(world, "sarsa:alpha=.5,epsilon=.1,gamma=1", 100 if quick else 1000, 400).ends
    done_N = (ends_NE <= _STEPS).sum(axis=1)
    one = f"{source}: one run, read off its figure"
    yield measured("episodes in 8000 steps", done_N, _EPISODES, one, their_runs=1, slack=1)
    steps = np.arange(0, _STEPS + 1, 50)
    done_NT = np.stack([(ends_NE <= step).sum(axis=1) for step in steps], axis=1)
    yield Figure("Example 6.5", "step", "episodes", [mean_line("Sarsa", steps, done_NT)], "α = .5, ε = .1.")
