"""Figure 6.5 a second time: the book's two states, its normal rewards, and plain NumPy over runs."""

import numpy as np
import pytest

from daedalus.agents.classic.maximization import LEARNERS, THEIRS, left

EPSILON, ALPHA = 0.1, 0.1


def greedy(values, rng):
    """An action of highest value, ties at random, of each row (N, A)."""
    return np.where(values == values.max(axis=1, keepdims=True), rng.random(values.shape), -1.0).argmax(axis=1)


def simulated(double: bool, runs: int, episodes: int, seed: int):
    """Whether each run went left in each episode, (N, E)."""
    rng, every = np.random.Generator(np.random.Philox(key=seed)), np.arange(runs)
    a, b = np.zeros((2, runs, 2)), np.zeros((2, runs, 10))  # two tables of each state; one learner uses only the first

    def chosen(values):
        random = rng.integers(values.shape[1], size=runs)
        return np.where(rng.random(runs) < EPSILON, random, greedy(values, rng))

    went = np.empty((runs, episodes), bool)
    for episode in range(episodes):
        action, table = chosen(a.sum(axis=0)), (rng.random(runs) < 0.5 * double).astype(int)
        went[:, episode] = goes = action == 0
        best = greedy(b[table, every], rng)
        target = np.where(goes, b[1 - table if double else table, every, best], 0.0)
        a[table, every, action] += ALPHA * (target - a[table, every, action])
        second, table = chosen(b.sum(axis=0)), (rng.random(runs) < 0.5 * double).astype(int)
        error = rng.normal(-0.1, 1.0, runs) - b[table, every, second]
        b[table, every, second] += ALPHA * np.where(goes, error, 0.0)
    return went


@pytest.mark.parametrize("name", LEARNERS)
def test_both_go_left_as_often(name):
    """Shares of 30 episodes each, of 3000 runs on either side: all ten within 4.5 standard errors, which chance alone
    breaks once in 7000 times.
    """
    ours = left(name, 3000, 300).reshape(3000, 10, 30).mean(axis=2)
    theirs = simulated(name != "Q-learning", 3000, 300, seed=1).reshape(3000, 10, 30).mean(axis=2)
    error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / 3000)
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 4.5 * error).all()
    for (first, last), share in THEIRS[name].items():
        whole = simulated(name != "Q-learning", 1000, last, seed=2)[:, first - 1 : last].mean(axis=1)
        assert abs(whole.mean() - share) < 4.5 * whole.std() / np.sqrt(1000)
