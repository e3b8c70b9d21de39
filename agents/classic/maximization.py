"""Maximisation bias: where the best of many noisy estimates looks better than it is.

Every state of our world has as many actions, the book's A only two. So here its learners choose between two actions in
A, and between all ten in B: their `decide` differs, what and how they learn does not. The book says that B has many
actions, not how many; ten are taken here.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from daedalus.agents.exploring.estimates import epsilon_greedy
from daedalus.agents.exploring.rates import rate_at
from daedalus.agents.tables import double_q, q_learning
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.loop import Population, chosen, live
from daedalus.agents.tables.method import Method, one_step
from daedalus.agents.tables.population import TablePopulation
from daedalus.core.arrays import Bools
from daedalus.core.compiled import bind, inlined
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, at_least, mean_line, measured
from daedalus.envs import maximization_bias

_A, _BLOCK = 2, 1000
_EPISODES = 300


@inlined
def decide(rule: Any, now: Population, own: Any, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """ε-greedy, in A between left and right alone."""
    if np.int64(row) == i * (now.q.shape[0] // now.t.size) + _A:
        return epsilon_greedy(now.q[:, :2], row, rate_at(rule.explore.rate, t), key, t)
    return chosen(rule, now, own, i, row, key, t)


_run_q = bind(live, __name__, decide=decide, learn=q_learning.learn)
_run_double = bind(live, __name__, decide=decide, learn=double_q.learn)
LEARNERS = {
    "Q-learning": Method("q_learning", one_step, decide, q_learning.learn, _run_q),
    "Double Q-learning": Method("double_q", one_step, decide, double_q.learn, _run_double, double_q.fresh),
}

#: The share of episodes, from the first to the last of a pair, in which the learner goes left.
THEIRS = {
    "Q-learning": {(1, 100): 0.750, (201, 300): 0.132},
    "Double Q-learning": {(1, 100): 0.195, (201, 300): 0.072},
}
_MEASURED = "measured anew over 100,000 runs of Sutton & Barto 2018, example 6.7"


def left(name: str, runs: int, episodes: int) -> Bools:
    """Whether each run went left in each episode, (N, E): whether the episode took two steps."""
    config, world = TableConfig(alpha=0.1, gamma=1.0, epsilon=0.1), maximization_bias()
    blocks = []
    for first in range(0, runs, _BLOCK):
        seeds = range(first, min(first + _BLOCK, runs))
        rows = TablePopulation(world, LEARNERS[name], config, seeds).run_logged(2 * episodes)
        went, kept = np.empty((len(seeds), episodes), np.bool_), rows["episode"] < episodes
        went[rows["seed"][kept], rows["episode"][kept]] = rows["length"][kept] == 2
        blocks.append(went)
    return np.concatenate(blocks)


def maximization(quick: bool) -> Iterator[Row | Figure]:
    """Q-learning and Double Q-learning: how often they go left from A, where right is better."""
    found = {name: left(name, 1000 if quick else 10_000, _EPISODES) for name in LEARNERS}
    for name, shares in THEIRS.items():
        for (first, last), theirs in shares.items():
            sample = found[name][:, first - 1 : last].mean(axis=1)
            yield measured(f"{name}: left, episodes {first}–{last}", sample, theirs, _MEASURED, slack=0.002)
    source = "Sutton & Barto 2018, figure 6.5"
    plain, double = found.values()
    yield ahead("Q-learning goes left more often", plain.mean(axis=1), double.mean(axis=1), source)
    yield at_least("Q-learning: left, over the 5 % of exploring", plain[:, 200:].mean(axis=1), 0.05, source)
    episode = np.arange(1, _EPISODES + 1)
    lines = [mean_line(name, episode, 100.0 * went.astype(np.float64)) for name, went in found.items()]
    lines.append(Line("at best: exploring alone", episode, np.full(_EPISODES, 5.0), whose="theirs"))
    yield Figure("Figure 6.5", "episode", "% left from A", lines, "α = .1, ε = .1, γ = 1.", y_limits=(0, 100))
