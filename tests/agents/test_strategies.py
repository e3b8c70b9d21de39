import math

import numpy as np
import pytest
from scipy.stats import chisquare

from daedalus.agents.exploring import rules
from daedalus.agents.exploring.optimistic import UCB
from daedalus.agents.exploring.strategies import EpsilonFirst, EpsilonGreedy, Softmax, strategy
from daedalus.core.catalogue import find, of_kind
from daedalus.core.draws import uniform
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec, fill, parse_spec

NAMES = sorted(of_kind("strategy"))
CLOSED = [name for name in NAMES if strategy(Spec(name)).rule.code in rules.CLOSED_FORM]
KEY = np.uint64(stream_key(0, "policy"))


def probabilities(chosen, q, n=None, t=0, row=0):
    q = np.atleast_2d(np.array(q, dtype=float))
    n = np.ones(q.shape, np.int64) if n is None else np.atleast_2d(np.array(n, dtype=np.int64))
    out = np.full(q.shape[1], np.nan)
    rules.probabilities(chosen.rule, q, n, recalled(chosen, q, n), row, t, out)
    return out


def recalled(chosen, q, n):
    """The memory (R, M) of a strategy that has met every action n times in turn, and always the sample q."""
    memory, met = np.zeros((len(q), chosen.memory(q.shape[1]))), np.zeros_like(n)
    for row, action in np.ndindex(q.shape):
        for _ in range(n[row, action] if memory.size else 0):
            met[row, action] += 1
            rules.observe(chosen.rule, met, memory, row, action, q[row, action], 0)
    return memory


def choices(chosen, q, n, t, draws):
    """Actions under `draws` different keys, all of them at decision t."""
    q, n = np.atleast_2d(np.array(q, dtype=float)), np.atleast_2d(np.array(n, dtype=np.int64))
    keys = [np.uint64(stream_key(seed, "policy")) for seed in range(draws)]
    return np.array([rules.choose(chosen.rule, q, n, recalled(chosen, q, n), 0, key, t) for key in keys])


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize(
    ("q", "n"), [([1.0, 1.2, 0.9], [3, 5, 2]), ([0.0, 0.0, 0.0, 0.0], [0, 0, 0, 0]), ([0.5, 0.5, 0.2], [4, 4, 0])]
)
@pytest.mark.parametrize("t", [0, 5000])
def test_choose_draws_from_probabilities(name, q, n, t):
    """Per case a false alarm of 1e-5 under a fixed seed; impossible actions are never chosen at all."""
    chosen = strategy(Spec(name))
    expected = probabilities(chosen, q, n, t)
    assert expected.sum() == pytest.approx(1)
    counts = np.bincount(choices(chosen, q, n, t, 2000), minlength=len(q))
    assert not counts[expected == 0].any()
    if np.count_nonzero(expected) > 1:
        possible = expected > 0
        assert chisquare(counts[possible], 2000 * expected[possible]).pvalue > 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_rows_at_once_choose_as_one_by_one(name):
    """Among 40 rows some have as many decisions as their neighbours, some are tied and some untried."""
    chosen, rng = strategy(Spec(name)), np.random.default_rng(5)
    q, n = rng.choice([0.25, 0.5, 0.7], (40, 5)), np.repeat(rng.integers(0, 4, (20, 5)), 2, axis=0)
    memory, keys = recalled(chosen, q, n), rng.integers(0, 2**64, 40, dtype=np.uint64)
    for first, last, t in ((0, 40, 9), (3, 40, 5000), (7, 8, 0)):
        found = np.empty(40, np.int64)
        rules.choose_each(chosen.rule, q, n, memory, first, last, keys, t, np.empty((40, 5)), found)
        alone = [rules.choose(chosen.rule, q, n, memory, row, keys[row], t) for row in range(first, last)]
        assert found[: last - first].tolist() == alone


def test_probabilities_by_hand():
    assert probabilities(EpsilonGreedy(0.2), [1, 1, 0, 0]) == pytest.approx([0.45, 0.45, 0.05, 0.05])
    assert probabilities(strategy(Spec("greedy")), [0, 3, 3]) == pytest.approx([0, 0.5, 0.5])
    assert probabilities(Softmax(1.0), [0, math.log(3)]) == pytest.approx([0.25, 0.75])
    assert probabilities(Softmax(0.5), [0, math.log(3)]) == pytest.approx([0.1, 0.9])
    assert probabilities(EpsilonFirst(10), [0, 1, 0, 0], t=9) == pytest.approx([0.25] * 4)
    assert probabilities(EpsilonFirst(10), [0, 1, 0, 0], t=10) == pytest.approx([0, 1, 0, 0])


def test_ucb_by_hand():
    # ln 50 = 3.912: 0.5 + 2·√.3912 = 1.751 beats 0.6 + 2·√.0978 = 1.226; with c = .1 it is .563 against .631
    assert probabilities(UCB(2.0), [0.5, 0.6], [10, 40]) == pytest.approx([1, 0])
    assert probabilities(UCB(0.1), [0.5, 0.6], [10, 40]) == pytest.approx([0, 1])
    assert probabilities(UCB(), [9, 0, 0], [5, 0, 0]) == pytest.approx([0, 0.5, 0.5])  # the untried first
    assert UCB().c == math.sqrt(2)


def test_draws_have_their_numbers():
    """Decision t reads number 2t of the stream for its coin and number 2t + 1 to pick among equals."""
    q, n = np.array([[0.0, 1.0, 1.0]]), np.ones((1, 3), np.int64)
    for t in range(100):
        coin, pick = uniform(KEY, np.uint64(2 * t)), uniform(KEY, np.uint64(2 * t + 1))
        tied = 1 + int(pick * 2)
        expected = {
            EpsilonGreedy(0.3): int(pick * 3) if coin < 0.3 else tied,
            EpsilonFirst(50): int(pick * 3) if t < 50 else tied,
            UCB(): tied,
            Softmax(1 / math.log(2)): 0 if coin < 0.2 else 1 if coin < 0.6 else 2,  # weights ½, 1, 1
        }
        for chosen, action in expected.items():
            assert rules.choose(chosen.rule, q, n, recalled(chosen, q, n), 0, KEY, t) == action


@pytest.mark.parametrize("name", NAMES)
def test_rules_read_the_row_they_are_given(name):
    q, n = np.array([[1.0, 0.0], [0.0, 1.0]]), np.full((2, 2), 40)
    chosen = strategy(Spec(name))
    memory = recalled(chosen, q, n)
    for row in (0, 1):
        taken = [rules.choose(chosen.rule, q, n, memory, row, np.uint64(key), 10**6) for key in range(100)]
        assert np.bincount(taken, minlength=2)[row] > 50
        found = np.empty(2)
        rules.scores(chosen.rule, q, n, memory, row, found)
        assert found.argmax() == row


def test_softmax_stands_large_values():
    assert probabilities(Softmax(1e-3), [-1e6, 1e6]) == pytest.approx([0, 1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epsilon_greedy(epsilon=1.5)", "epsilon must lie in"),
        ("epsilon_greedy(epsilon=nan)", "NaN"),
        ("epsilon_first(explore=-1)", "explore must be"),
        ("epsilon_first(explore=0.5)", "explore must be"),
        ("softmax(temperature=0)", "temperature must be above 0"),
        ("epsilon_first_softmax(temperature=-1)", "temperature must be above 0"),
        ("ucb(c=-1)", "c must be at least 0"),
        ("ucb(x=1)", "unknown parameter of ucb 'x'"),
        ("ubc", "did you mean 'ucb'"),
    ],
)
def test_bad_strategies_are_refused(text, says):
    with pytest.raises(UserError, match=says):
        strategy(parse_spec(text))


def test_nan_is_refused_in_python_too():
    with pytest.raises(UserError):
        EpsilonGreedy(math.nan)


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_is_a_bandit_agent_with_the_same_settings(name):
    agent, chosen = find("agent", name), strategy(Spec(name))
    assert agent.suits == ("bandit",)
    settings = fill(agent.load().config_class, {}, name)
    assert isinstance(settings, type(chosen))
    assert settings.rule == chosen.rule
