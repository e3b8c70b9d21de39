"""Names, ticks and sentences as a person reads them."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from daedalus.core.lab.numerals import MINUS


def short(value: float, _position: object = None) -> str:
    """A tick's label: 0.25, 800, 10k, 2.5M. The second argument is what matplotlib's formatters are called with."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (10 if letter == "k" else 1):
            return f"{value / size:,.4g}{letter}".replace("-", MINUS)
    if value and abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-").replace("-", MINUS)
    return f"{value:,.4g}".replace("-", MINUS) if abs(value) < 1000 else f"{value:,.0f}".replace("-", MINUS)


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
