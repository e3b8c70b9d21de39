"""Kernels of bandits: each environment is the single one, whatever stands beside it. `test_front` has the modes."""

import numpy as np
import pytest
from gymnasium.error import InvalidAction

from daedalus.core.world import Bandit
from daedalus.envs import bandit, bandit_of, contextual_bandit, switching_bandit
from daedalus.envs.making import environment
from daedalus.envs.vector.batch import kernel_of
from daedalus.envs.worlds.arms import constant, exponential, tabulated, uniform

PROBLEMS = [
    bandit(),
    bandit(law="bernoulli", drift=0.2, arms=3),
    bandit(drift=0.1),
    switching_bandit(period=3, phases=4),
    bandit_of([exponential(2), uniform(0, 1), constant(3)]),
    contextual_bandit(),
    contextual_bandit("logistic", contexts=5),
]
N = 4


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_each_is_the_single_one(problem):
    """With restarts of their own, some by a mask, one seeded anew on the way; and the rest of a snapshot."""
    kernel, rng = kernel_of(problem, N), np.random.default_rng(0)
    singles = [environment(problem) for _ in range(N)]
    kernel.begin(np.arange(N), np.array([3, 4, 3, 9]))
    kernel.reset(np.ones(N, dtype=bool))
    for env, seed in zip(singles, (3, 4, 3, 9), strict=True):
        env.reset(seed=seed)
    over = np.zeros(N, dtype=bool)
    saved = None
    for t in range(40):
        if t == 20:
            kernel.begin(np.array([1]), np.array([70]))
            kernel.reset(np.array([False, True, False, False]))
            singles[1].reset(seed=70)
            over[1] = False
        if t == 30:
            saved, kernel = kernel.snapshot(), kernel_of(problem, N)
            kernel.restore(saved)
        actions = rng.integers(problem.arms, size=N)
        expected = []
        for i, env in enumerate(singles):
            if over[i]:
                observation, info = env.reset()
                expected.append((observation, 0.0, False, False, info))
            else:
                expected.append(env.step(int(actions[i])))
        got = kernel.step(actions, over, True)
        for array, column in zip(got, zip(*[row[:4] for row in expected], strict=True), strict=True):
            assert np.array_equal(array, np.array(column))
        assert np.array_equal(over, got[2])
        assert np.array_equal(kernel.observe(), got[0])
        assert np.array_equal(kernel.observe(over), got[0][over])
        for key, values in kernel.info().items():
            assert values.tolist() == [row[4][key] for row in expected]


def test_arms_that_are_none_move_nothing():
    kernel = kernel_of(bandit(), 3)
    kernel.begin(np.arange(3), np.arange(3))
    over = np.array([False, True, False])
    for wrong in ([0, 0, 10], [-1, 0, 0]):
        before = kernel.snapshot()
        with pytest.raises(InvalidAction, match="0…9"):
            kernel.step(np.array(wrong), over, True)
        assert all(np.array_equal(array, before[name]) for name, array in kernel.snapshot().items())
    kernel.step(np.array([0, 99, 0]), over, True)  # the second begins an episode and is not asked
    with pytest.raises(InvalidAction, match="whole numbers"):
        kernel.step(np.zeros(3), over, False)


@pytest.mark.parametrize("problem", [Bandit("b", "constant", np.array([0.5, 2.0])), contextual_bandit(arms=2)])
def test_machines_are_drawn_from_the_first_look_on(problem):
    kernel = kernel_of(problem, 2)
    kernel.begin(np.arange(2), np.arange(2))
    kernel.reset(np.ones(2, dtype=bool))
    pixels, text = kernel.drawn(1)
    before = text()
    assert pixels().dtype == np.uint8
    _, rewards, _, _ = kernel.step(np.array([0, 1]), np.zeros(2, dtype=bool), False)
    pixels, text = kernel.drawn(1)
    assert text() != before
    assert f"paid {rewards[1]:.2f}" in text().splitlines()[1]
    kernel.begin(np.array([1]), np.array([1]))
    assert "paid" not in kernel.drawn(1)[1]()
    assert "paid" in kernel.drawn(0)[1]()


def test_a_table_is_read_the_same():
    from scipy import stats

    problem = bandit_of([tabulated(stats.gamma(2)), stats.poisson(3)])
    kernel, env = kernel_of(problem, 1), environment(problem)
    kernel.begin(np.zeros(1, int), np.array([5]))
    env.reset(seed=5)
    for t in range(30):
        assert kernel.step(np.array([t % 2]), np.zeros(1, bool), False)[1][0] == env.step(t % 2)[1]
        env.reset()
