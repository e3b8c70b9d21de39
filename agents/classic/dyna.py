"""Dyna in its mazes: what planning saves, and what happens when the model is wrong.

The book does not print α and n of figures 8.4 and 8.5, nor κ; here α = 1, n = 50 and κ = .001, with which its account
of them holds: Dyna-Q+ is ahead after either change, and Dyna-Q never takes the shortcut. Of figure 8.2 it says that
first episodes took about 1700 steps; a random walk takes 869, exactly, and so do ours.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.reproduction import Figure, Row, ahead, at_least, at_most, exact, mean_line, measured
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, random_policy, solve, start_value
from daedalus.core.world import Schedule, World
from daedalus.envs import blocking_maze, dyna_maze, shortcut_maze

from .running import episodes, rewards

_BOOK = "Sutton & Barto 2018"


def dyna_planning(quick: bool) -> Iterator[Row | Figure]:
    """Figure 8.2: steps of each of 50 episodes in the Dyna maze, with 0, 5 and 50 planning steps."""
    world, source = dyna_maze(time_limit=None), f"{_BOOK}, figure 8.2"
    counted = dyna_maze(step_reward=-1.0, time_limit=None).mdp
    yield exact("steps of the shortest way", _steps(counted, solve(counted).value), 14.0, source)
    runs = 100 if quick else 1000
    settings = "alpha=.1,epsilon=.1,gamma=.95"
    got = {n: episodes(world, f"dyna_q:{settings},planning={n}", runs, 50) for n in (0, 5, 50)}
    lengths = {n: np.asarray(found.lengths, np.float64) for n, found in got.items()}
    at_random = _steps(counted, evaluate_policy(counted, random_policy(counted)))
    for n, length_NE in lengths.items():
        title = f"n = {n}: steps of the first episode"
        yield measured(title, length_NE[:, 0], at_random, "exact: until the goal is found all is a random walk")
    early = {n: length_NE[:, 1:10].mean(axis=1) for n, length_NE in lengths.items()}
    yield ahead("steps saved by n = 5, episodes 2–10", -early[5], -early[0], source)
    yield ahead("steps saved by n = 50 beside n = 5, episodes 2–10", -early[50], -early[5], source)
    for n, done in ((0, 25), (5, 5), (50, 3)):
        near = f"{source}: nearly as short as it becomes"
        yield at_most(f"n = {n}: steps of episode {done + 1}", lengths[n][:, done], 2 * 14.0, near)
    lines = [mean_line(f"n = {n}", np.arange(2, 51), length_NE[:, 1:]) for n, length_NE in lengths.items()]
    note = "α = .1, ε = .1, γ = .95; the first episode is left out, as in the book."
    yield Figure("Figure 8.2, steps of an episode", "episode", "steps", lines, note, y_limits=(0, 800))


def _steps(counted: FiniteMDP, value_S: Floats) -> float:
    """How many steps it takes from the start, where each costs 1 but the last, which pays 1."""
    return 2.0 - start_value(counted, value_S)


def blocking(quick: bool) -> Iterator[Row | Figure]:
    """Figure 8.4: the short way closes after 1000 of 3000 steps."""
    source = f"{_BOOK}, figure 8.4"
    paid = _paid(blocking_maze(time_limit=None), 3000, 30 if quick else 300)
    totals = {name: paid_NT.sum(axis=1) for name, paid_NT in paid.items()}
    yield ahead("reward of 3000 steps, Dyna-Q+ over Dyna-Q", totals["Dyna-Q+"], totals["Dyna-Q"], source)
    blocked = {name: paid_NT[:, 20:24].sum(axis=1) for name, paid_NT in paid.items()}
    yield ahead("the same in the 200 steps after the change", blocked["Dyna-Q+"], blocked["Dyna-Q"], source)
    yield _cumulative("Figure 8.4, blocking maze", paid)


def shortcut(quick: bool) -> Iterator[Row | Figure]:
    """Figure 8.5: a shorter way opens after 3000 of 6000 steps."""
    source = f"{_BOOK}, figure 8.5"
    paid = _paid(shortcut_maze(time_limit=None), 6000, 30 if quick else 300)
    totals = {name: paid_NT.sum(axis=1) for name, paid_NT in paid.items()}
    yield ahead("reward of 6000 steps, Dyna-Q+ over Dyna-Q", totals["Dyna-Q+"], totals["Dyna-Q"], source)
    last = {name: paid_NT[:, -20:].mean(axis=1) / 50 for name, paid_NT in paid.items()}
    old = f"{source}: one prize in 16 steps is the best on the long way"
    yield at_most("Dyna-Q: reward per step over the last 1000", last["Dyna-Q"], 1 / 16, old)
    yield at_least("Dyna-Q+: reward per step over the last 1000", last["Dyna-Q+"], 1 / 16, old)
    yield _cumulative("Figure 8.5, shortcut maze", paid)


_EVERY = 50


def _paid(maze: World | Schedule, steps: int, runs: int) -> dict[str, Floats]:
    """What each learner was paid in every 50 steps, (N, T)."""
    settings = "alpha=1,epsilon=.1,gamma=.95,planning=50"
    agents = {"Dyna-Q+": f"dyna_q_plus:{settings},kappa=.001", "Dyna-Q": f"dyna_q:{settings}"}
    return {name: _EVERY * rewards(maze, agent, runs, steps, every=_EVERY) for name, agent in agents.items()}


def _cumulative(title: str, paid: dict[str, Floats]) -> Figure:
    lines = [
        mean_line(name, _EVERY * np.arange(1, paid_NT.shape[1] + 1), paid_NT.cumsum(axis=1))
        for name, paid_NT in paid.items()
    ]
    return Figure(title, "step", "cumulative reward", lines, "α = 1, ε = .1, γ = .95, n = 50, κ = .001.")
