"""Optimistic rules against numbers computed by hand, and the divergence's bound against SciPy's root finder."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import entropy

from daedalus.agents.exploring import bounds, rules
from daedalus.agents.exploring.strategies import strategy
from daedalus.core.spec import parse_spec


def probabilities(text, q, n, samples=()):
    """After those (action, sample) in row 0; n counts them unless it is given."""
    chosen = strategy(parse_spec(text))
    q, n = np.array([q], dtype=float), np.array([n], dtype=np.int64)
    memory, met, out = np.zeros((1, chosen.memory(q.shape[1]))), np.zeros_like(n), np.empty(q.shape[1])
    for action, sample in samples:
        met[0, action] += 1
        rules.observe(chosen.rule, met, memory, 0, action, sample, 0)
    rules.probabilities(chosen.rule, q, n, memory, 0, 0, out)
    return out.tolist()


def test_bounds_by_hand():
    log = math.log(50)
    assert bounds.ucb_bound(0.5, 10, log, 2.0) == pytest.approx(0.5 + 2 * math.sqrt(0.3912023))
    # ln 50 / 10 = .3912, √(2·.3912) = .8845: .02 + .8845 > ¼; with n = 400 it is .02 + .1399 = .1599
    assert bounds.ucb_tuned_bound(0.5, 10, log, 0.02, 1.0) == pytest.approx(0.5 + math.sqrt(0.3912023 / 4))
    assert bounds.ucb_tuned_bound(0.5, 400, log, 0.02, 1.0) == pytest.approx(
        0.5 + math.sqrt(0.009780058 * (0.02 + 0.1398575)), abs=1e-7
    )
    # rewards in units of 10: the same bound, ten times as large
    assert bounds.ucb_tuned_bound(5.0, 400, log, 2.0, 10.0) == pytest.approx(
        10 * bounds.ucb_tuned_bound(0.5, 400, log, 0.02, 1.0)
    )
    assert bounds.moss_bound(0.5, 10, 100.0, 1.0) == pytest.approx(0.5 + math.sqrt(math.log(10) / 10))
    assert bounds.moss_bound(0.5, 200, 100.0, 1.0) == 0.5  # more than its share: no bonus at all
    assert bounds.forgetful_bound(3.0, 4.0, 2.0, 0.5) == pytest.approx(0.75 + 0.5 * math.sqrt(0.5))
    for untried in (bounds.ucb_bound(9.0, 0, 1.0, 1.0), bounds.moss_bound(0.0, 0, 1.0, 1.0)):
        assert untried == math.inf


def test_the_bounds_of_neighbouring_rows_by_hand():
    """Rows 1 and 2 have 100 decisions each and share their level, the others do not; row 4 is not asked for."""
    q = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.0, 1.1, 1.2], [0.0, 0.0, 0.0]])
    n = np.array([[1, 0, 2], [50, 25, 25], [98, 1, 1], [400, 400, 200], [1, 1, 1]])
    out = np.full((5, 3), -1.0)
    for text, scale in (("ucb(c=2)", 2.0), ("kl_ucb_gaussian(noise=0.5)", 0.5 * math.sqrt(2))):
        bounds.row_bounds(strategy(parse_spec(text)).rule, q, n, np.empty((5, 0)), 0, 4, out)
        for row, total in enumerate((3, 100, 100, 1000)):
            expected = [
                v + scale * math.sqrt(math.log(total) / k) if k else math.inf
                for v, k in zip(q[row], n[row], strict=True)
            ]
            assert out[row].tolist() == pytest.approx(expected)
        assert out[4].tolist() == [-1, -1, -1]


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("level", [0.0, 1e-8, 1e-3, 0.1, 1.0, 5.0, 50.0])
def test_the_bound_of_the_divergence_is_its_root(p, level):
    found = bounds.kl_bound(p, level)
    assert p <= found <= 1
    if p == 0.0:
        assert found == pytest.approx(-math.expm1(-level), abs=1e-14)  # kl(0, m) = -ln(1 - m)
    elif p < 1 and level > 0 and found < 1 - 1e-12:
        root = brentq(lambda m: bounds.divergence(p, m) - level, p, 1 - 1e-16, xtol=1e-15)
        assert found == pytest.approx(root, abs=1e-10)


def test_the_divergence_is_that_of_scipy():
    for p, m in ((0.3, 0.6), (0.0, 0.5), (1.0, 0.5), (0.9, 0.91)):
        assert bounds.divergence(p, m) == pytest.approx(entropy([p, 1 - p], [m, 1 - m]), abs=1e-14)


def test_who_is_chosen_by_hand():
    # ucb_tuned: both at .5 after 30 pulls, but the second arm's rewards vary: it has the wider bound
    calm, wild = [(0, 0.5)] * 30, [(1, float(k % 2)) for k in range(30)]
    assert probabilities("ucb_tuned", [0.5, 0.5], [3000, 3000], [*calm, *wild]) == [0, 1]
    # kl_ucb: ln 100 / 50 = .0921; from 0 up to 1 - e^-.0921 = .088, from .1 up to .259
    assert probabilities("kl_ucb", [0.0, 0.1], [50, 50]) == [0, 1]
    assert probabilities("kl_ucb", [0.0, 0.1], [1, 99]) == [1, 0]  # 1 - e^-4.6 = .99 against .23
    assert probabilities("kl_ucb:low=-1,high=1", [-1.0, -0.8], [1, 99]) == [1, 0]
    # kl_ucb_gaussian: .5 + √(2·4.605/90) = .820 against .6 + √(2·4.605/10) = 1.560; at noise .01 .503 and .610
    assert probabilities("kl_ucb_gaussian", [0.9, 0.6], [90, 10]) == [0, 1]
    assert probabilities("kl_ucb_gaussian:noise=0.01", [0.9, 0.6], [90, 10]) == [1, 0]
    # moss, 100 decisions of 2 arms: the share is 50; arm 0 has no bonus, arm 1 √(ln 5 / 10) = .401
    assert probabilities("moss:horizon=100", [0.7, 0.35], [60, 10]) == [0, 1]
    assert probabilities("moss:horizon=100", [0.7, 0.25], [60, 10]) == [1, 0]
    # anytime the share is 70 / 2 = 35: √(1.175·ln 3.5 / 10) = .384
    assert probabilities("moss", [0.7, 0.33], [60, 10]) == [0, 1]
    assert probabilities("moss", [0.7, 0.31], [60, 10]) == [1, 0]
    # all equal
    assert probabilities("moss", [0.7, 0.7, 0.0], [10, 10, 10]) == [0.5, 0.5, 0]


def test_forgetful_bounds_by_hand():
    # discount .5: arm 0's reward of 1 has faded to .5 of a count .5; arm 1: 0 of 1; both x̄ + √(ln 1.5 / N)·√2·…
    samples = [(0, 1.0), (1, 0.0)]
    # c = 2·√.5 = √2: 1 + √2·√(.405/.5) = 2.273 against 0 + √2·√.405 = .900
    assert probabilities("discounted_ucb:discount=0.5", [0, 0], [9, 9], samples) == [1, 0]
    # a window of 1 holds only the last: arm 0 is unknown again
    assert probabilities("sliding_ucb:window=1", [0, 0], [9, 9], samples) == [1, 0]
    # and of 2: ln 2 = .693, c = √.5: 1 + .589 against 0 + .589
    assert probabilities("sliding_ucb:window=2", [0, 0], [9, 9], samples) == [1, 0]
    assert probabilities("sliding_ucb:window=2", [0, 0], [9, 9], [(1, 5.0), *samples, (1, 3.0)]) == [1, 0]


def test_the_estimates_of_variance_are_numpys():
    memory = np.zeros((2, 6))
    samples = np.random.default_rng(0).normal(1e6, 1.0, size=40)
    for sample in samples:
        bounds.remember_variance(memory, 1, 2, 1, sample)
    assert memory[0].tolist() == [0] * 6
    assert memory[1, 1::2].tolist() == pytest.approx([40, samples.mean(), samples.var() * 40], rel=1e-6)
    assert memory[1, ::2].tolist() == [0, 0, 0]
