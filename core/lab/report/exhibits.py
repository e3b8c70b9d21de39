"""What models show of themselves: what they showed last, and how they came to it."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from daedalus.core.lab.numerals import count

from .style import Style
from .worlds import Household, Lived

_BYTES = 10_000_000  # of all exhibits of a report together; beyond it the page tells less of how they came about
_WIDEST, _HIGHEST = 528, 336  # CSS pixels of a picture where there is room: three square ones fit in a row, or two long
_LONG = 1.4  # times its height
_STRIP, _WHOLE = 4.0, 1088  # so many times its height is a strip, which gets the page's width
_LINES, _SHORT = 8, 20  # of a passage that shows how a model learnt; letters of a line that fits into a column


@dataclass(frozen=True)
class Exhibit:
    """A picture as a data URI, shown `width` CSS pixels wide where there is room, or a passage of text."""

    title: str
    note: str
    alt: str
    step: int
    source: str = ""
    width: int = 0
    height: int = 0
    pixelated: bool = False
    enlarged: bool = False
    text: str = ""

    @property
    def wide(self) -> bool:
        """Whether it wants the whole width of a narrow page."""
        return not self.source or self.width > _LONG * self.height

    @property
    def lines(self) -> Sequence[str]:
        """The lines of a passage."""
        return self.text.split("\n")

    @property
    def columns(self) -> bool:
        """Whether it is a list of short lines, such as names, that stand better side by side."""
        lines = self.text.splitlines()
        return len(lines) > _LINES and max(map(len, lines)) <= _SHORT


@dataclass(frozen=True, eq=False)
class Exhibition:
    """What one model showed last, and its samples on the way there."""

    label: str
    style: Style
    when: str
    last: Sequence[Exhibit]
    earlier: Sequence[Exhibit] = ()

    @property
    def size(self) -> int:
        """Bytes on the page."""
        return sum(len(one.source) + len(one.text) for one in (*self.last, *self.earlier))


def exhibitions(houses: Sequence[Household]) -> dict[str, list[Exhibition]]:
    """What the models of each data set show, by the house's key; of too much, only what they showed last."""
    found = {
        house.key: [shown for one in house.lived if (shown := _exhibition(one, house)) is not None] for house in houses
    }
    if sum(shown.size for several in found.values() for shown in several) > _BYTES:
        return {key: [replace(shown, earlier=()) for shown in several] for key, several in found.items()}
    return found


def _exhibition(one: Lived, house: Household) -> Exhibition | None:
    table = one.member.exhibits()
    rows: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    if not rows:
        return None
    end = max(row["step"] for row in rows)
    last = [_exhibit(row, one.label) for row in rows if row["step"] == end]
    names = [row["name"] for row in rows if row["step"] == end]
    followed = [row for row in rows if row["name"] == ("samples" if "samples" in names else names[0])]
    if len({(row["png"], row["text"]) for row in followed}) == 1:
        followed = []  # what is fitted by counting learns nothing on the way
    earlier = [_brief(_exhibit(row, one.label)) for row in followed if row["step"] < end]
    return Exhibition(one.label, house.looks[one.label], f"after {count(end, house.words.step)}", last, earlier)


def _exhibit(row: Mapping[str, Any], label: str) -> Exhibit:
    alt = f"{row['title']} of {label} at step {row['step']:,}. {row['note']}".strip()
    if not row["png"]:
        return Exhibit(row["title"], row["note"], alt, row["step"], text=row["text"])
    wide, high = struct.unpack(">II", row["png"][16:24])  # the first chunk of a PNG is its size
    fits = min((_WIDEST if wide < _STRIP * high else _WHOLE) / wide, _HIGHEST / high)
    factor = int(fits) if row["pixelated"] and fits >= 1 else min(1.0, fits)  # squares grow by whole factors
    size = round(factor * wide), max(1, round(factor * high))
    source = f"data:image/png;base64,{base64.b64encode(row['png']).decode()}"
    return Exhibit(row["title"], row["note"], alt, row["step"], source, *size, row["pixelated"], factor > 1)


def _brief(shown: Exhibit) -> Exhibit:
    """Only the first lines of a passage."""
    lines = shown.text.splitlines()
    return replace(shown, text="\n".join([*lines[:_LINES], "…"])) if len(lines) > _LINES else shown
