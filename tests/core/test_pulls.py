"""Pulling arms: every law against SciPy, phases and walks by hand. False alarms: 1e-4 each, under fixed seeds."""

import numpy as np
import pytest
from scipy import stats

from daedalus.core.draws import normal
from daedalus.core.errors import UserError
from daedalus.core.pulls import LAWS, arms_of, mean_now, next_phase, phase_at, pull, table_mean, walk_on
from daedalus.core.rng import stream_key
from daedalus.core.world import Bandit

KEY = np.uint64(stream_key(0, "world"))


def drawn(bandit, arm=0, pulls=3000):
    arms = arms_of([bandit])
    return np.array([pull(arms, 0, arm, bandit.phases[0, arm], KEY, t) for t in range(pulls)])


@pytest.mark.parametrize(
    ("law", "mean", "spread", "distribution"),
    [
        ("gaussian", 2.0, 1.0, stats.norm(2, 1)),
        ("gaussian", -1.0, 0.3, stats.norm(-1, 0.3)),
        ("uniform", 0.5, 2.0, stats.uniform(-0.5, 2)),
        ("exponential", 0.7, 1.0, stats.expon(scale=0.7)),
    ],
)
def test_rewards_follow_their_law(law, mean, spread, distribution):
    rewards = drawn(Bandit("b", law, np.array([mean, 0.0]), spread))
    assert stats.kstest(rewards, distribution.cdf).pvalue > 1e-4
    assert abs(np.corrcoef(rewards[1:], rewards[:-1])[0, 1]) < 4 / np.sqrt(3000)
    assert distribution.mean() == pytest.approx(mean)


def test_coins_and_constants():
    coins = drawn(Bandit("b", "bernoulli", np.array([0.3, 0.0])))
    assert set(coins) == {0.0, 1.0}
    assert coins.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 3000))
    assert set(drawn(Bandit("b", "constant", np.array([0.3, 0.0])), pulls=10)) == {0.3}


def test_tables_by_hand():
    knots = np.array([[0.0, 1.0, 4.0], [2.0, 6.0, 6.0]])
    assert table_mean(knots[0], smooth=True) == 1.5  # cells of mean 0.5 and 2.5
    assert table_mean(knots[1], smooth=False) == 4.0  # 2 or 6
    bandit = Bandit("b", ("table", "steps"), np.array([1.5, 4.0]), knots=knots)
    smooth = drawn(bandit, 0, 20_000)
    assert abs(smooth.mean() - 1.5) < 4 * smooth.std() / np.sqrt(20_000)
    expected = stats.rv_histogram((np.array([0.5, 0.5]), np.array([0.0, 1.0, 4.0])), density=False)
    assert stats.kstest(smooth, expected.cdf).pvalue > 1e-4
    steps = drawn(bandit, 1)
    assert set(steps) == {2.0, 6.0}
    assert abs((steps == 6).mean() - 0.5) < 4 * 0.5 / np.sqrt(3000)


def test_phases_by_hand():
    means = np.arange(6.0).reshape(3, 2)
    ever, round_ = (arms_of([Bandit("b", "constant", means, since=np.array([0, 3, 4]), period=p)]) for p in (None, 6))
    assert [phase_at(ever, t) for t in range(9)] == [0, 0, 0, 1, 2, 2, 2, 2, 2]
    assert [phase_at(round_, t) for t in range(9)] == [0, 0, 0, 1, 2, 2, 0, 0, 0]
    assert [next_phase(round_, t, phase_at(round_, t)) for t in range(9)] == [3, 3, 3, 4, 6, 6, 9, 9, 9]
    assert next_phase(ever, 4, 2) == 2**62
    assert mean_now(ever, 0, 1, 1, 0.5) == 3.5


def test_the_mean_of_the_best_by_hand():
    means = np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0]])
    since = np.array([0, 3, 4])
    ever, again = (Bandit("b", "constant", means, since=since, period=period) for period in (None, 6))
    assert Bandit("b", "constant", means[0]).best_mean(7) == 1.0
    for pulls in (2, 3, 4, 6, 7, 13, 20):
        for bandit in (ever, again):
            arms = arms_of([bandit])
            best = [means[phase_at(arms, t)].max() for t in range(pulls)]
            assert bandit.best_mean(pulls) == pytest.approx(np.mean(best), abs=1e-12)
    assert again.best_mean(6) == pytest.approx((3 + 3 + 4) / 6)
    with pytest.raises(UserError, match="leave drift out"):
        Bandit("b", "constant", means[0], drift=0.1).best_mean(5)


def test_a_probability_turns_back_at_0_and_1():
    arms = arms_of([Bandit("b", ("bernoulli", "constant"), np.array([0.9, 0.9]), drift=0.1)])
    folded = {0.05: 0.95, 0.3: 0.8, -1.0: 0.1, 1.2: 0.1, -2.0: 0.9, -0.9: 0.0}
    for walked, mean in folded.items():
        assert mean_now(arms, 0, 0, 0, walked) == pytest.approx(mean, abs=1e-12)
        assert mean_now(arms, 0, 0, 1, walked) == 0.9 + walked


def test_drift_is_a_random_walk():
    """4000 walks of 25 pulls: independent steps of N(0, 0.2²), so N(0, 25 · 0.04) at the end; by hand for one."""
    arms = arms_of([Bandit("b", "gaussian", np.zeros(4), drift=0.2)])
    walks = np.zeros((1000, 4))
    early = None
    for t in range(25):
        early = walks.copy() if t == 10 else early
        for row in range(1000):
            walk_on(arms, walks, row, np.uint64(row), t)
    ends = walks.ravel()
    assert stats.kstest(ends, stats.norm(0, 1).cdf).pvalue > 1e-4
    assert abs(np.corrcoef(early.ravel(), ends - early.ravel())[0, 1]) < 4 / np.sqrt(4000)
    assert stats.kstest(ends - early.ravel(), stats.norm(0, np.sqrt(15 * 0.04)).cdf).pvalue > 1e-4
    assert np.abs(np.corrcoef(walks.T) - np.eye(4)).max() < 4 / np.sqrt(1000)
    by_hand = sum(0.2 * normal(np.uint64(7), np.uint64(4 * t + 2)) for t in range(25))
    assert walks[7, 2] == pytest.approx(by_hand, abs=1e-12)


def test_a_population_needs_bandits_of_one_kind():
    means = np.array([[0.1, 0.2], [0.2, 0.1]])
    one = Bandit("b", "gaussian", means, since=np.array([0, 5]))
    arms_of([one, Bandit("b", "gaussian", means + 1, 2.0, since=np.array([0, 5]))])
    for other in (
        Bandit("b", "bernoulli", means, since=np.array([0, 5])),
        Bandit("b", "gaussian", means, since=np.array([0, 6])),
        Bandit("b", "gaussian", means, since=np.array([0, 5]), period=9),
        Bandit("b", "gaussian", means, since=np.array([0, 5]), drift=0.1),
        Bandit("b", "gaussian", means[0]),
    ):
        with pytest.raises(UserError, match="one way to change"):
            arms_of([one, other])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"means": np.zeros(1)}, "at least 2 arms"),
        ({"means": np.zeros((0, 2)), "since": np.zeros(0)}, "at least 2 arms"),
        ({"means": np.array([0, np.nan])}, "finite"),
        ({"law": "gausian"}, "did you mean 'gaussian'"),
        ({"law": ("gaussian", "constant", "constant")}, "3 laws for 2 arms"),
        ({"law": ("gaussian", "bernoulli"), "means": np.array([2.0, 2.0])}, r"\[0, 1\]"),
        ({"spread": -1.0}, "spread"),
        ({"drift": -0.1}, "drift"),
        ({"drift": np.nan}, "drift"),
        ({"law": "table"}, "knots"),
        ({"law": "steps", "knots": np.zeros((1, 5))}, "knots"),
        ({"since": np.zeros(1)}, "need means of shape"),
        ({"period": 5}, "need means of shape"),
        ({"means": np.zeros((2, 2))}, "first pull"),
        ({"means": np.zeros((2, 2)), "since": np.array([1, 2])}, "first pull"),
        ({"means": np.zeros((2, 2)), "since": np.array([0, 2]), "period": 2}, "period"),
    ],
)
def test_refused_bandits(options, message):
    with pytest.raises(UserError, match=message):
        Bandit(**{"name": "b", "law": "gaussian", "means": np.zeros(2), **options})


def test_a_bandit_is_its_contents():
    means = np.zeros((2, 2))
    one = Bandit("b", ("gaussian", "gaussian"), means, since=np.array([0, 5]))
    assert one.law == "gaussian"
    assert one.changing
    assert not Bandit("b", "gaussian", means[0]).changing
    assert one.fingerprint() == Bandit("other", "gaussian", means, since=np.array([0, 5])).fingerprint()
    others = [
        Bandit("b", "gaussian", means, 2.0, since=np.array([0, 5])),
        Bandit("b", "gaussian", means, since=np.array([0, 6])),
        Bandit("b", "gaussian", means, since=np.array([0, 5]), period=9),
        Bandit("b", "gaussian", means, since=np.array([0, 5]), drift=0.1),
        Bandit("b", "constant", means, since=np.array([0, 5])),
    ]
    assert len({one.fingerprint(), *(other.fingerprint() for other in others)}) == 6
    means[0, 0] = 1
    assert one.means[0, 0] == 0
    assert list(LAWS.values()) == list(range(7))
