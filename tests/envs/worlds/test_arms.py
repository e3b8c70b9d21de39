"""Arms of one's own: what is paid follows the distribution, and the true mean is that of what is paid."""

import numpy as np
import pytest
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.pulls import LAWS, arms_of, from_table
from daedalus.envs import BanditEnv, bandit_of, bandit_paying
from daedalus.envs.worlds.arms import CELLS, Arm, bernoulli, constant, exponential, gaussian, tabulated, uniform

CONTINUOUS = [
    stats.norm(2, 3),
    stats.beta(2, 5),
    stats.beta(0.5, 0.5),
    stats.lognorm(1),
    stats.gamma(0.3),
    stats.t(3),
    stats.gumbel_l(),
    stats.triang(0.2, -1, 4),
]
DISCRETE = [stats.poisson(2.4), stats.binom(10, 0.3), stats.bernoulli(0.3), stats.randint(3, 9)]


def paid(bandit, arm, pulls, seed=0):
    env = BanditEnv(bandit)
    env.reset(seed=seed)
    rewards = []
    for _ in range(pulls):
        rewards.append(env.step(arm)[1])
        env.reset()
    return np.array(rewards)


def named(distribution):
    return distribution.dist.name


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=named)
def test_a_continuous_distribution_is_paid(distribution):
    """Kolmogorov-Smirnov of 3000 pulls, a false alarm of 1e-4 each; the true mean within 1e-3 deviations of SciPy's."""
    bandit = bandit_of([distribution, constant(0)])
    assert bandit.laws == ("table", "constant")
    assert stats.kstest(paid(bandit, 0, 3000), distribution.cdf).pvalue > 1e-4
    assert bandit.means[0] == pytest.approx(distribution.mean(), abs=1e-3 * distribution.std())


@pytest.mark.parametrize("distribution", DISCRETE, ids=named)
def test_a_discrete_distribution_is_paid_exactly(distribution):
    """χ² of 3000 pulls over the values of expected count 5 and more, a false alarm of 1e-4 each."""
    bandit = bandit_of([distribution, constant(0)])
    assert bandit.laws == ("steps", "constant")
    rewards = paid(bandit, 0, 3000)
    assert np.array_equal(rewards, rewards.round())
    assert bandit.means[0] == pytest.approx(distribution.mean(), abs=1e-3 * distribution.std())
    values = np.arange(20)
    expected = 3000 * distribution.pmf(values)
    counts = np.array([(rewards == value).sum() for value in values])
    often = expected >= 5
    observed = np.append(counts[often], 3000 - counts[often].sum())
    wanted = np.append(expected[often], 3000 - expected[often].sum())
    some = wanted > 1e-6
    assert observed[~some].sum() == 0
    assert stats.chisquare(observed[some], wanted[some]).pvalue > 1e-4


def test_the_true_mean_is_that_of_what_is_paid():
    """Over an even grid of all that a table can draw: to rounding, also where the tails are cut."""
    for distribution in (stats.lognorm(1), stats.t(3), stats.poisson(2.4)):
        arms = arms_of([bandit_of([distribution, constant(0)])])
        grid = (np.arange(CELLS * 8) + 0.5) / (CELLS * 8)
        drawn = [from_table(arms.knots, 0, u, arms.law[0] == LAWS["table"]) for u in grid]
        assert np.mean(drawn) == pytest.approx(tabulated(distribution).mean, rel=1e-12, abs=1e-12)


def test_a_tail_is_one_cell_as_wide_as_its_mean_asks():
    """Beyond the last quantile of 1/4096 an exponential has mean ln 4096 + 1, so the cell ends at ln 4096 + 2."""
    knots = tabulated(stats.expon()).knots
    assert knots[0] == 0
    assert knots[-2] == pytest.approx(np.log(CELLS))
    assert knots[-1] == pytest.approx(np.log(CELLS) + 2)
    symmetric = tabulated(stats.norm()).knots
    assert symmetric == pytest.approx(-symmetric[::-1])


def test_our_own_arms():
    bandit = bandit_of([gaussian(1, 2), bernoulli(0.3), uniform(-1, 3), exponential(0.5), constant(4)], drift=0.1)
    assert bandit.laws == ("gaussian", "bernoulli", "uniform", "exponential", "constant")
    assert bandit.means.tolist() == [1, 0.3, 1, 0.5, 4]
    assert bandit.drift == 0.1
    steady = bandit_of([gaussian(1, 2), bernoulli(0.3), uniform(-1, 3), exponential(0.5), constant(4)])
    laws = [stats.norm(1, 2), None, stats.uniform(-1, 4), stats.expon(scale=0.5), None]
    for arm, law in enumerate(laws):
        if law:  # false alarms: 1e-4 each
            assert stats.kstest(paid(steady, arm, 2000), law.cdf).pvalue > 1e-4
    assert set(paid(steady, 1, 100)) == {0.0, 1.0}
    assert set(paid(steady, 4, 10)) == {4.0}


def test_rewards_set_in_advance_by_hand():
    rewards = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.5]])
    for repeat, expected in ((False, [0, 2, 0.5, 0.5, 0.5, 0.5]), (True, [0, 2, 0.5, 0, 2, 0.5])):
        bandit = bandit_paying(rewards, repeat=repeat)
        assert paid(bandit, 1, 6).tolist() == expected
    assert bandit.best_mean(6) == pytest.approx((1 + 2 + 3) / 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tabulated(stats.cauchy()), "mean of cauchy|that of cauchy is nan"),
        (lambda: tabulated(stats.pareto(0.5)), "that of pareto is inf"),
        (lambda: bandit_of([3, 4]), "frozen SciPy distribution"),
        (lambda: bandit_of([stats.norm, stats.norm]), "frozen SciPy distribution"),
        (lambda: bandit_of([constant(1)]), "at least 2 arms"),
        (lambda: bandit_of([]), "at least 2 arms"),
        (lambda: bandit_of([bernoulli(1.5), constant(0)]), r"\[0, 1\]"),
        (lambda: bandit_of([uniform(3, -1), constant(0)]), "spread"),
        (lambda: bandit_of([Arm("gausian", 0), constant(0)]), "did you mean 'gaussian'"),
        (lambda: bandit_paying(np.zeros(3)), "shape"),
        (lambda: bandit_paying(np.zeros((0, 2)), repeat=True), "shape"),
        (lambda: bandit_paying(np.full((3, 2), np.nan)), "finite"),
    ],
)
def test_refused_arms(make, message):
    with pytest.raises(UserError, match=message):
        make()
