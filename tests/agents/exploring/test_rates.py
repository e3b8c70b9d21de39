import math

import pytest

from daedalus.agents.exploring.rates import positive_rate, rate, rate_at, step_size, step_size_at
from daedalus.agents.exploring.strategies import strategy
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec, parse_value


def epsilon(text):
    return rate(parse_value(text), "epsilon", 0, 1)


def test_a_constant_stays():
    assert [rate_at(epsilon("0.3"), t) for t in (0, 1, 10**9)] == [0.3] * 3


def test_linear_by_hand():
    falling = epsilon("linear(start=1,end=0.2,steps=4)")
    assert [rate_at(falling, t) for t in range(7)] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])


def test_exponential_by_hand():
    falling = epsilon("exponential(start=0.8,end=0.05,steps=4)")  # each step halves
    assert [rate_at(falling, t) for t in range(7)] == pytest.approx([0.8, 0.4, 0.2, 0.1, 0.05, 0.05, 0.05])


def test_inverse_by_hand():
    falling = epsilon("inverse(start=1,end=0.25)")
    assert [rate_at(falling, t) for t in range(6)] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 4, 1 / 4])
    slow = epsilon("inverse(start=0.6,steps=10)")  # end 0 is a limit that is never reached
    assert [rate_at(slow, t) for t in (0, 10, 20)] == pytest.approx([0.6, 0.3, 0.2])


def test_step_sizes_by_hand():
    assert [step_size_at(step_size(parse_value("average()")), n, 99) for n in (1, 2, 4)] == [1, 0.5, 0.25]
    assert step_size_at(step_size(parse_value("power(omega=0.5)")), 4, 99) == pytest.approx(0.5)
    assert step_size_at(step_size(0.1), 4, 99) == 0.1
    assert step_size_at(step_size(parse_value("linear(start=1,end=0.5,steps=2)")), 4, 1) == pytest.approx(0.75)


def test_a_strategy_reads_its_rate_at_its_decision():
    falling = strategy(parse_spec("epsilon_greedy:epsilon=linear(start=1,end=0,steps=10)")).rule.rate
    assert rate_at(falling, 5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: epsilon("linear(start=2)"), "epsilon must lie in"),
        (lambda: epsilon("exponential(end=0)"), "above 0"),
        (lambda: epsilon("linear(steps=0)"), "steps must be at least 1"),
        (lambda: strategy(parse_spec("epsilon_greedy:epsilon=average")), "unknown way for epsilon to change"),
        (lambda: epsilon("average()"), "unknown way for epsilon to change"),
        (lambda: epsilon("linera()"), "did you mean 'linear'"),
        (lambda: epsilon("linear(stop=1)"), "unknown parameter"),
        (lambda: step_size(0.0), "alpha must lie in"),
        (lambda: step_size(math.nan), "alpha must lie in"),
        (lambda: step_size(parse_value("power(omega=2)")), "omega must lie in"),
        (lambda: positive_rate(parse_value("linear(end=0)"), "temperature"), "temperature must be above 0"),
    ],
)
def test_bad_rates_are_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()
