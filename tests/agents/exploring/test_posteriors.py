"""Thompson sampling: draws against SciPy's distributions, choices against integrals of the posteriors."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binomtest, gamma, kstest, norm

from daedalus.agents.exploring import posteriors, rules
from daedalus.agents.exploring.strategies import strategy
from daedalus.core.rng import stream_keys
from daedalus.core.spec import parse_spec

KEYS = stream_keys(range(4000), "policy")


def observed(text, samples, actions):
    """A strategy and its n and memory, a row each, after those (action, sample)."""
    chosen = strategy(parse_spec(text))
    n, memory = np.zeros((1, actions), np.int64), np.zeros((1, chosen.memory(actions)))
    for action, sample in samples:
        n[0, action] += 1
        rules.observe(chosen.rule, n, memory, 0, action, sample, 0)
    return chosen.rule, n, memory


@pytest.mark.parametrize("shape", [0.02, 0.3, 1.0, 2.5, 400.0])
def test_gamma_draws(shape):
    """A false alarm of 1e-4 each, under fixed keys."""
    draws = [posteriors.gamma_draw(shape, key) for key in KEYS]
    assert kstest(draws, gamma(shape).cdf).pvalue > 1e-4


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.5, 2.0), (31.0, 11.0)])
def test_beta_draws(a, b):
    draws = [posteriors.beta_draw(a, b, key) for key in KEYS]
    assert kstest(draws, beta(a, b).cdf).pvalue > 1e-4


def test_the_gaussian_posterior_by_hand():
    # prior N(0, 1) and one reward of 2 with noise 1: half way, with half the variance
    assert posteriors.gaussian_posterior(2.0, 1, 1.0, 0.0, 1.0) == pytest.approx((1.0, np.sqrt(0.5)))
    # 8 rewards with mean 1 and noise 2 weigh 2, the prior N(3, ½²) weighs 4
    assert posteriors.gaussian_posterior(1.0, 8, 2.0, 3.0, 0.5) == pytest.approx(((2 + 12) / 6, np.sqrt(1 / 6)))
    assert posteriors.gaussian_posterior(7.0, 0, 1.0, 0.2, 0.3) == pytest.approx((0.2, 0.3))


def share(rule, q, n, memory, t=7):
    return sum(rules.choose(rule, q, n, memory, 0, key, t) for key in KEYS)


def test_beta_choices_are_the_integral_of_the_posteriors():
    """Arm 1 is chosen as often as it is the better one under the posteriors; a false alarm of 1e-4."""
    samples = [(0, 1.0)] * 6 + [(0, 0.0)] * 4 + [(1, 1.0)] * 2 + [(1, 0.5)] * 2
    rule, n, memory = observed("thompson_beta", samples, 2)
    chance, _ = quad(lambda x: beta(4, 2).pdf(x) * beta(7, 5).cdf(x), 0, 1)
    assert binomtest(share(rule, np.zeros((1, 2)), n, memory), KEYS.size, chance).pvalue > 1e-4


def test_samples_are_rescaled_and_cut():
    for text, samples in (
        ("thompson_beta:low=-1,high=3", [(0, -1.0), (0, 3.0), (1, 1.0), (1, 99.0)]),
        ("thompson_beta", [(0, 0.0), (0, 1.0), (1, 0.5), (1, 1.0)]),
    ):
        _, _, memory = observed(text, samples, 2)
        assert memory[0].tolist() == [1, 1.5, 2, 2]


def test_gaussian_choices_are_the_integral_of_the_posteriors():
    rule, _, memory = observed("thompson_gaussian:noise=2", [], 2)
    q, n = np.array([[1.0, 0.5]]), np.array([[12, 4]])
    (mean_0, width_0), (mean_1, width_1) = (
        posteriors.gaussian_posterior(q[0, a], n[0, a], 2.0, 0.0, 1.0) for a in (0, 1)
    )
    chance = norm.cdf((mean_1 - mean_0) / np.hypot(width_0, width_1))
    assert binomtest(share(rule, q, n, memory), KEYS.size, chance).pvalue > 1e-4


def test_forgetting_by_hand():
    samples = [(0, 1.0), (1, 0.0), (0, 0.0)]
    _, _, memory = observed("discounted_thompson:discount=0.5", samples, 2)
    assert memory[0].tolist() == [0.25, 0, 1.25, 0.5]  # successes, counts
    _, _, memory = observed("sliding_thompson:window=2", samples, 2)
    assert memory[0, :5].tolist() == [0, 0, 1, 1, 3]
    _, _, memory = observed("thompson_beta", samples, 2)
    assert memory[0].tolist() == [1, 0, 2, 1]


def test_a_window_equals_what_is_left_of_it():
    """Second implementation: sums over the last 17 samples."""
    rng = np.random.default_rng(1)
    samples = [(int(rng.integers(3)), float(rng.random())) for _ in range(200)]
    _, _, memory = observed("sliding_ucb:window=17", samples, 3)
    last = samples[-17:]
    sums = [sum(x for a, x in last if a == action) for action in range(3)]
    counts = [sum(a == action for a, _ in last) for action in range(3)]
    assert memory[0, :6].tolist() == pytest.approx([*sums, *counts])
    _, _, memory = observed("discounted_ucb:discount=0.9", samples, 3)
    faded = [(a, x, 0.9**age) for age, (a, x) in enumerate(reversed(samples))]
    sums = [sum(x * weight for a, x, weight in faded if a == action) for action in range(3)]
    counts = [sum(weight for a, _, weight in faded if a == action) for action in range(3)]
    assert memory[0].tolist() == pytest.approx([*sums, *counts])
