"""What the characters and colours of a drawing mean.

Both are read as marks: a mark below 16 is a `Tile`, any other `mark(thing, variant)`.
"""

import numpy as np

from daedalus.core.arrays import Ints, Pixels
from daedalus.core.errors import UserError
from daedalus.core.world import Thing, Tile
from daedalus.envs.things import COLOURS, PAIRS, Things


def mark(thing: Thing, variant: int = 0) -> int:
    """The number of a thing in a drawing."""
    return 16 * (1 + thing) + variant


#: `█`, `·` and `▒` are what `draw_text` writes, so a printed world is a drawing again.
CHARACTERS: dict[str, int] = {
    "#": Tile.WALL,
    "█": Tile.WALL,
    " ": Tile.FLOOR,
    ".": Tile.FLOOR,
    "·": Tile.FLOOR,
    "S": Tile.START,
    "G": Tile.GOAL,
    "~": Tile.HAZARD,
    "▒": Tile.HAZARD,
    "*": mark(Thing.CANDY),
    **{character: mark(Thing.ONE_WAY, action) for action, character in enumerate("^>v<")},
    **{"abcdef"[colour]: mark(Thing.KEY, colour) for colour in range(COLOURS)},
    **{"ABCDEF"[colour]: mark(Thing.DOOR, colour) for colour in range(COLOURS)},
    **{"123456789"[pair]: mark(Thing.PORTAL, pair) for pair in range(PAIRS)},
}

#: The pixel of each mark. A key is a light tone of its colour and its door a dark one.
PIXELS: dict[int, tuple[int, int, int]] = {
    Tile.WALL: (0, 0, 0),
    Tile.FLOOR: (255, 255, 255),
    Tile.START: (0, 255, 0),
    Tile.GOAL: (255, 0, 0),
    Tile.HAZARD: (255, 170, 0),
    mark(Thing.CANDY): (255, 255, 0),
    mark(Thing.ONE_WAY, 0): (85, 0, 255),
    mark(Thing.ONE_WAY, 1): (170, 0, 255),
    mark(Thing.ONE_WAY, 2): (255, 0, 170),
    mark(Thing.ONE_WAY, 3): (255, 0, 85),
    mark(Thing.KEY, 0): (255, 170, 170),
    mark(Thing.KEY, 1): (170, 255, 170),
    mark(Thing.KEY, 2): (170, 170, 255),
    mark(Thing.KEY, 3): (255, 255, 170),
    mark(Thing.KEY, 4): (255, 170, 255),
    mark(Thing.KEY, 5): (170, 255, 255),
    mark(Thing.DOOR, 0): (170, 0, 0),
    mark(Thing.DOOR, 1): (0, 170, 0),
    mark(Thing.DOOR, 2): (0, 0, 170),
    mark(Thing.DOOR, 3): (170, 170, 0),
    mark(Thing.DOOR, 4): (170, 0, 170),
    mark(Thing.DOOR, 5): (0, 170, 170),
    mark(Thing.PORTAL, 0): (0, 0, 255),
    mark(Thing.PORTAL, 1): (0, 85, 255),
    mark(Thing.PORTAL, 2): (0, 170, 255),
    mark(Thing.PORTAL, 3): (0, 255, 255),
}
TOLERANCE = 32  # a channel may miss its colour by this much: the colours lie further apart than twice that

KNOWN_CHARACTERS = (
    "'#' wall, space or '.' floor, 'S' start, 'G' goal, '~' hazard, '*' candy, '^>v<' one-way, 'a' to 'f' keys, "
    "'A' to 'F' their doors, '1' to '9' pairs of portals"
)
KNOWN_COLOURS = (
    "black wall, white floor, green start, red goal, orange hazard, yellow candy, and for keys, doors, portals and "
    "one-way tiles those that `drawing` lists"
)

_UNKNOWN = 255


def read_text(lines: list[str], name: str) -> tuple[Pixels, Things]:
    """The tiles and things of equally long lines. Raises `UserError` with line and column."""
    codes = np.array(lines, dtype=f"<U{len(lines[0])}").view(np.uint32).reshape(len(lines), len(lines[0]))
    of_code = np.full(0x110000, _UNKNOWN, dtype=np.uint8)
    for character, meaning in CHARACTERS.items():
        of_code[ord(character)] = meaning
    marks = of_code[codes]
    for line, column in np.argwhere(marks == _UNKNOWN)[:1]:
        raise UserError(
            f"{name}, line {line + 1}, column {column + 1}: unknown character {lines[line][column]!r}; "
            f"known: {KNOWN_CHARACTERS}"
        )
    return _parted(marks, name, "line")


def read_pixels(rgb: Pixels, name: str) -> tuple[Pixels, Things]:
    """The tiles and things of a picture, (rows, columns, 3). Raises `UserError` with row and column."""
    near, marks = np.clip(rgb, -255, 510).astype(np.int16), np.full(rgb.shape[:2], _UNKNOWN, dtype=np.uint8)
    for meaning, colour in PIXELS.items():
        marks[(np.abs(near - np.array(colour, dtype=np.int16)) <= TOLERANCE).all(axis=2)] = meaning
    for row, column in np.argwhere(marks == _UNKNOWN)[:1]:
        shown = "#" + "".join(f"{channel:02x}" for channel in rgb[row, column])
        raise UserError(
            f"{name}, row {row + 1}, column {column + 1}: unknown colour {shown}; "
            f"known, within {TOLERANCE} a channel: {KNOWN_COLOURS}"
        )
    return _parted(marks, name, "row")


def _parted(marks: Pixels, name: str, line: str) -> tuple[Pixels, Things]:
    """Tiles and things apart; beneath every thing is floor. Candies are worth 1 here."""

    def where(thing: Thing, variant: int = 0) -> list[int]:
        found: Ints = np.flatnonzero(marks == mark(thing, variant))
        return [int(tile) for tile in found]

    def each(thing: Thing, variants: int) -> tuple[tuple[int, int], ...]:
        return tuple((tile, variant) for variant in range(variants) for tile in where(thing, variant))

    portals = []
    for pair in range(PAIRS):
        ends = where(Thing.PORTAL, pair)
        if len(ends) not in (0, 2):
            row, column = divmod(ends[min(2, len(ends) - 1)], marks.shape[1])
            raise UserError(
                f"{name}, {line} {row + 1}, column {column + 1}: portal {pair + 1} is drawn "
                f"{'once' if len(ends) == 1 else f'{len(ends)} times'}; draw both ends of each pair and no more"
            )
        portals += [(ends[0], ends[1])] if ends else []
    things = Things(
        keys=each(Thing.KEY, COLOURS),
        doors=each(Thing.DOOR, COLOURS),
        portals=tuple(portals),
        one_way=each(Thing.ONE_WAY, 4),
        candies=tuple((tile, 1.0) for tile in where(Thing.CANDY)),
    )
    return np.where(marks < 16, marks, np.uint8(Tile.FLOOR)), things
