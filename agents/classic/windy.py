"""Sarsa in a crosswind.

The book's curve is one run, which ends at 170 episodes; runs differ by about 10, and ours finish 160 on average. Its
"about 17 steps" an episode are those of the best policy that explores with ε = .1, and Sarsa at α = .5 stays above.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.reproduction import Figure, Line, Row, at_least, exact, mean_line, measured
from daedalus.core.planning import best_soft_policy, solve, start_value
from daedalus.core.world import World

from .running import episodes, finite

_SOURCE = "Sutton & Barto 2018, example 6.5"
_STEPS, _PRINTED = 8000, 170


def windy_gridworld(quick: bool) -> Iterator[Row | Figure]:
    """Sarsa on the windy gridworld: episodes finished over the first 8000 steps, and their lengths."""
    world = finite("daedalus/Windy-v0")
    assert isinstance(world, World)
    mdp = world.mdp
    yield exact("steps of the shortest way", -start_value(mdp, solve(mdp).value), 15.0, _SOURCE)
    soft = -start_value(mdp, best_soft_policy(mdp, 0.1).value)
    yield exact("steps of the best way with ε = .1", soft, 17.0, f"{_SOURCE}: about 17", digits=0)
    runs = 100 if quick else 1000
    found = episodes(world.within(None), "sarsa:alpha=.5,epsilon=.1,gamma=1", runs, 400)
    done_N = (found.ends <= _STEPS).sum(axis=1)
    source = f"{_SOURCE}: one run, read off its figure"
    yield measured("Sarsa: episodes in 8000 steps", done_N, _PRINTED, source, their_runs=1, slack=1)
    late_N = found.lengths[:, 200:].mean(axis=1)
    yield at_least("Sarsa: steps of an episode, 201–400", late_N, soft, "exact: solved, ε = .1")
    steps = np.arange(0, _STEPS + 1, 50)
    done_NT = np.stack([(found.ends <= step).sum(axis=1) for step in steps], axis=1)
    lines = [mean_line("Sarsa", steps, done_NT)]
    lines.append(Line("printed, one run", [_STEPS], [_PRINTED], form="points", whose="theirs"))
    yield Figure("Example 6.5", "step", "episodes", lines, "α = .5, ε = .1.")
