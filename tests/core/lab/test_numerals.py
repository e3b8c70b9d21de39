"""Numbers as a person reads them."""

import math

import pytest

from daedalus.core.lab.numerals import count, decimals_apart, decimals_for, decimals_in, in_words, interval, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-13.0, "−13"),
        (-16.906, "−16.91"),
        (0.5, "0.5"),
        (0.0123456, "0.01235"),
        (12345.6, "12,346"),
        (100.0, "100"),
        (-1234567, "−1,234,567"),
        (-1e12, "−1e12"),
        (1234567890.0, "1.23e9"),
        (0.00012345, "1.23e−4"),
        (-0.0001, "−1e−4"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_by_itself(value: float | None, text: str) -> None:
    assert number(value) == text


def test_numbers_beside_each_other() -> None:
    assert [number(value, 3) for value in (-0.0029, -0.0001, 1.5, 2e12)] == ["−0.003", "0.000", "1.500", "2e12"]
    assert [in_words(value, 3) for value in (-0.0029, -0.0001, 1.5, -40.0)] == ["−0.003", "0", "1.5", "−40"]
    assert interval(-1, 0.25, 2) == "[−1.00, 0.25]"
    assert interval(None, 1) == interval(math.nan, 1) == ""


def test_decimals() -> None:
    assert [decimals_for(widths) for widths in ([0.012], [300.0], [])] == [3, 0, 2]
    assert [decimals_apart(levels) for levels in ([1.0, 20.0], [0.1, 1.6], [0.5])] == [0, 2, 3]
    assert decimals_in([(0.1, 0.112), (None, None)], [5.0]) == 3
    assert decimals_in([(-13.0, -13.0)], [-13.0, None]) == 0


def test_counts() -> None:
    assert [count(amount, "step") for amount in (1, 2000)] == ["1 step", "2,000 steps"]
