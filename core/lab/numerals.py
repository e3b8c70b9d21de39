"""Numbers as a person reads them: the same in the terminal's tables, in the verdict and in the report."""

import math
from collections.abc import Sequence

MINUS, DASH = "−", "–"

_LARGE, _SMALL = 1e9, 1e-3  # beyond these a number is written with an exponent


def number(value: float | None, decimals: int | None = None) -> str:
    """A number with thousands separators and a true minus sign; a dash where there is none.

    Without `decimals` it has four significant digits and no zeros at its end.
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size >= _LARGE or (decimals is None and 0 < size < _SMALL):
        digits, _, power = f"{value:.2e}".partition("e")
        return f"{_bare(digits)}e{int(power)}".replace("-", MINUS)
    if decimals is None:
        return in_words(value, digits_of(size))
    text = f"{value:,.{decimals}f}"
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        text = text[1:]  # minus zero
    return text.replace("-", MINUS)


def in_words(value: float, decimals: int) -> str:
    """A number inside a sentence: so many decimals, but no zeros at its end."""
    return _bare(number(value, decimals))


def _bare(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def digits_of(size: float) -> int:
    """How many decimals give a number of that size four significant digits, 0 to 6."""
    return max(0, min(6, 3 - math.floor(math.log10(size)))) if size else 0


def decimals_for(widths: Sequence[float]) -> int:
    """How many decimals make the narrowest of some intervals visible: two digits of its width, 0 to 4."""
    positive = [width for width in widths if math.isfinite(width) and width > 0]
    if not positive:
        return 2
    return max(0, min(4, 1 - math.floor(math.log10(min(positive)))))


def decimals_apart(levels: Sequence[float]) -> int:
    """How many decimals tell numbers of one scale apart: three digits of their range, none where all are whole."""
    finite = [level for level in levels if math.isfinite(level)]
    if not finite or all(level == int(level) for level in finite):
        return 0
    return decimals_for([(max(finite) - min(finite) or abs(finite[0])) / 10])


def decimals_in(intervals: Sequence[tuple[float | None, float | None]], values: Sequence[float | None]) -> int:
    """The decimals of a table: as many as its intervals deserve, or without them its values."""
    widths = [high - low for low, high in intervals if low is not None and high is not None and high > low]
    return decimals_for(widths) if widths else decimals_apart([value for value in values if value is not None])


def interval(low: float | None, high: float | None, decimals: int | None = None) -> str:
    """`[low, high]`, or nothing where either is missing."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def count(amount: int, noun: str) -> str:
    """`1 seed`, `2,000 seeds`."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"
