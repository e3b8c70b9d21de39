"""Gradient bandit and EXP3 against numbers computed by hand."""

import math

import numpy as np
import pytest

from daedalus.agents.exploring import rules, weights
from daedalus.agents.exploring.strategies import strategy
from daedalus.core.spec import parse_spec


def after(text, samples, actions):
    """Memory, and the probabilities of the next decision, after those (action, sample)."""
    chosen = strategy(parse_spec(text))
    n, memory, out = np.zeros((1, actions), np.int64), np.zeros((1, chosen.memory(actions))), np.empty(actions)
    for action, sample in samples:
        n[0, action] += 1
        rules.observe(chosen.rule, n, memory, 0, action, sample, 0)
    rules.probabilities(chosen.rule, np.zeros((1, actions)), n, memory, 0, 0, out)
    return memory[0], out.tolist()


def test_gradient_by_hand():
    memory, chances = after("gradient:alpha=0.4,baseline=false", [(0, 1.0)], 2)
    assert memory[:2].tolist() == pytest.approx([0.2, -0.2])  # 0 ± .4·1·½
    chance = 1 / (1 + math.exp(-0.4))
    assert chances == pytest.approx([chance, 1 - chance])
    memory, _ = after("gradient:alpha=0.4,baseline=false", [(0, 1.0), (1, 2.0)], 2)
    assert memory[:2].tolist() == pytest.approx([0.2 - 0.8 * chance, -0.2 + 0.8 * chance])


def test_the_baseline_is_the_mean_of_the_samples_before():
    memory, chances = after("gradient:alpha=0.4", [(0, 3.0)], 2)
    assert memory.tolist() == [0, 0, 3, 1]  # the first sample is its own baseline
    assert chances == [0.5, 0.5]
    memory, _ = after("gradient:alpha=0.4", [(0, 3.0), (1, 5.0)], 2)
    assert memory.tolist() == pytest.approx([-0.4, 0.4, 4, 2])  # .4·(5 - 3)·½
    memory, _ = after("gradient:alpha=0.4", [(0, 3.0), (1, 5.0), (1, 4.0)], 2)
    assert memory[:2].tolist() == pytest.approx([-0.4, 0.4])  # it paid just the mean


def test_rates_by_hand():
    assert weights.exp3_rate(4, 9, 0.0) == pytest.approx(math.sqrt(math.log(4) / 36))
    assert weights.exp3_rate(4, 9, 0.2) == pytest.approx(0.05)


def test_exp3_by_hand():
    memory, chances = after("exp3", [(0, 0.25)], 2)
    assert memory.tolist() == [1.5, 0]  # a loss of ¾ that had a chance of ½
    rate = math.sqrt(math.log(2) / 4)  # of decision 2
    chance = 1 / (1 + math.exp(1.5 * rate))
    assert chances == pytest.approx([chance, 1 - chance])
    memory, _ = after("exp3", [(0, 0.25), (0, 0.0)], 2)
    assert memory.tolist() == pytest.approx([1.5 + 1 / chance, 0])


def test_exp3_with_a_share_of_even_exploration_by_hand():
    _, chances = after("exp3:gamma=0.5", [(0, 0.0)], 2)
    weight = math.exp(-0.25 * 2)  # η = γ/A = ¼, loss 1 at a chance of ½
    assert chances == pytest.approx([0.5 * weight / (1 + weight) + 0.25, 0.5 / (1 + weight) + 0.25])


def test_exp3_rescales_and_cuts_samples():
    assert after("exp3:low=-2,high=2", [(0, 0.0)], 2)[0].tolist() == [1, 0]
    assert after("exp3", [(0, 7.0)], 2)[0].tolist() == [0, 0]
    assert after("exp3", [(0, -7.0)], 2)[0].tolist() == [2, 0]


def test_huge_preferences_overflow_nowhere():
    _, chances = after("gradient:alpha=1000,baseline=false", [(0, 1e6)] * 3, 3)
    assert chances == [1, 0, 0]
    memory, chances = after("exp3", [(0, 0.0)] * 2000, 2)
    assert np.isfinite(memory).all()
    assert sum(chances) == pytest.approx(1)
