"""Numbers and names as a person reads them."""

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

MINUS, DASH, THIN = "−", "–", "\u2009"


def number(value: float | None, decimals: int | None = None) -> str:
    """A number with thousands separators and a true minus sign; a dash where there is none.

    Without `decimals` it keeps about four significant digits.
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if decimals is None:
        size = abs(value)
        if 0 < size < 1e-3:
            return f"{value:.1e}".replace("-", MINUS)
        decimals = 0 if size >= 1000 or value == int(value) else max(0, 3 - math.floor(math.log10(size)) - 1)
    text = f"{value:,.{decimals}f}"
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        text = text[1:]  # minus zero
    return text.replace("-", MINUS)


def short(value: float, _position: object = None) -> str:
    """A tick's label: 0.25, 800, 10k, 2.5M. The second argument is what matplotlib's formatters are called with."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (10 if letter == "k" else 1):
            return f"{value / size:,.4g}{letter}".replace("-", MINUS)
    if value and abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-").replace("-", MINUS)
    return f"{value:,.4g}".replace("-", MINUS) if abs(value) < 1000 else f"{value:,.0f}".replace("-", MINUS)


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


def interval(low: float | None, high: float | None, decimals: int | None = None) -> str:
    """`[low, high]`, or nothing where either is missing."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def count(amount: int, noun: str) -> str:
    """`1 seed`, `2,000 seeds`."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def clipped(text: str, length: int) -> str:
    """The text, cut to a length with an ellipsis in the middle, so that both its ends tell labels apart."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


def slug(text: str) -> str:
    """Letters and digits only, for anchors and keys."""
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in text).lower().split()) or "x"


def breakable(text: str) -> Markup:
    """A name as HTML that may be broken where its parts meet."""
    return Markup("<wbr>").join(re.split(r"(?<=[:,/(])", text))


def paired(first: str, second: str, length: int) -> str:
    """`first over second`, each cut as little as the length allows."""
    room = length - len(" over ")
    longest = max(room // 2, room - min(len(first), len(second)))
    return f"{clipped(first, longest)} over {clipped(second, longest)}"


def tied(text: str) -> str:
    """The text with no line break inside `p < 0.001` or `95 %`."""
    return re.sub(r"\bp ([<=>≥≤]) (?=[\d.])", "p\u00a0\\1\u00a0", text).replace(" %", "\u00a0%")
