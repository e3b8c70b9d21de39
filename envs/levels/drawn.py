"""Mazes that a person drew: a text file, or a PNG with a pixel per tile."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np

from daedalus.core.arrays import Ints, Pixels
from daedalus.core.errors import UserError
from daedalus.core.mdp import check_size
from daedalus.core.world import Tile, World

from daedalus.envs.naming import TimeLimit, typed
from daedalus.envs.tiling import ACTIONS, grid_world

# `█` and `·` are what `draw_text` writes, so a printed world is a drawing again.
CHARACTERS = {
    "#": Tile.WALL,
    "█": Tile.WALL,
    " ": Tile.FLOOR,
    ".": Tile.FLOOR,
    "·": Tile.FLOOR,
    "S": Tile.START,
    "G": Tile.GOAL,
}
COLOURS = {
    "black": ((0, 0, 0), Tile.WALL),
    "white": ((255, 255, 255), Tile.FLOOR),
    "green": ((0, 255, 0), Tile.START),
    "red": ((255, 0, 0), Tile.GOAL),
}
TOLERANCE = 32  # a channel may miss its colour by this much
_OUTCOMES = 3  # of a move that may slip
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def drawing(path: str | Path, slip: float = 0.0, time_limit: TimeLimit = "auto") -> World:
    """The world that a file draws: text, or a PNG by its first bytes.

    Text: `#` wall, space or `.` floor, `S` start, `G` goal. PNG: a black, white, green or red pixel for the same,
    within `TOLERANCE` a channel; what is transparent counts as white.
    The start is uniform over the starts; outside the drawing is wall. The time limit "auto" is twice the number of
    tiles, as in a generated maze. Raises `UserError`, with line and column.
    """
    path = Path(path)
    data = _read(path)
    if data.startswith(_SIGNATURE) or path.suffix.lower() == ".png":
        tiles = _png_tiles(data, str(path))
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError(f"{path} is neither UTF-8 text (see line {line}) nor a PNG") from None
        tiles = parse_drawing(text, str(path))
    name = typed(str(path), drawing, {"slip": slip, "time_limit": time_limit})
    horizon = 2 * tiles.size if time_limit == "auto" else time_limit
    return grid_world(name, tiles, slip=slip, horizon=horizon)


def parse_drawing(text: str, name: str) -> Pixels:
    """Read a drawn maze, (rows, columns) of `Tile`; `name` stands in errors.

    Where all lines are equally long, every blank is floor. Otherwise blanks at a line's end that reach beyond the
    widest line's last mark are dropped, and a line that is still shorter is an error. Empty lines at the end are
    dropped. Raises `UserError` with line and column, counted from 1.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    if not text.strip():
        raise UserError(f"{name} is empty; draw with '#' wall, '.' floor, 'S' start, 'G' goal")
    if len({len(line) for line in lines}) > 1:
        lines = _level(lines, name)
    check_size(len(lines) * len(lines[0]), len(ACTIONS), _OUTCOMES)
    tiles = np.full((len(lines), len(lines[0])), 255, dtype=np.uint8)
    codes = np.array(lines, dtype=f"<U{len(lines[0])}").view(np.uint32).reshape(tiles.shape)
    for character, kind in CHARACTERS.items():
        tiles[codes == ord(character)] = kind
    for line, column in np.argwhere(tiles == 255)[:1]:
        raise UserError(
            f"{name}, line {line + 1}, column {column + 1}: unknown character {lines[line][column]!r}; "
            "known: '#' wall, space or '.' floor, 'S' start, 'G' goal"
        )
    _check(tiles, name, "'S'", "'G'", "line")
    return tiles


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder; name a drawing, a text file or a PNG")
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is not an ordinary file; name a drawing, a text file or a PNG")
        check_size(path.stat().st_size, len(ACTIONS), _OUTCOMES)  # a byte is a tile at most, in text
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no drawing {str(path)!r}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot read {str(path)!r}: {reason}") from None


def _level(lines: list[str], name: str) -> list[str]:
    """Cut or refuse lines of different lengths, as `parse_drawing` says."""
    width = max(len(line.rstrip(" ")) for line in lines)
    for number, line in enumerate(lines, 1):
        if len(line) < width:
            widest = next(n for n, other in enumerate(lines, 1) if len(other.rstrip(" ")) == width)
            raise UserError(
                f"{name}, line {number}: {len(line)} tiles, but line {widest} has {width}; "
                "make all lines equally long ('.' is floor that editors do not cut)"
            )
    return [line[:width] for line in lines]


def _png_tiles(data: bytes, name: str) -> Pixels:
    rgb = _decode(data, name)
    tiles = np.full(rgb.shape[:2], 255, dtype=np.uint8)
    for colour, kind in COLOURS.values():
        tiles[(np.abs(rgb - np.array(colour, dtype=np.int16)) <= TOLERANCE).all(axis=2)] = kind
    for row, column in np.argwhere(tiles == 255)[:1]:
        shown = "#" + "".join(f"{channel:02x}" for channel in rgb[row, column])
        known = ", ".join(f"{colour} {kind.name.lower()}" for colour, (_, kind) in COLOURS.items())
        raise UserError(
            f"{name}, row {row + 1}, column {column + 1}: unknown colour {shown}; "
            f"known, within {TOLERANCE} a channel: {known}"
        )
    _check(tiles, name, "green pixel", "red pixel", "row")
    return tiles


def _decode(data: bytes, name: str) -> np.typing.NDArray[np.int16]:
    """The PNG's colours on a white ground, (rows, columns, 3)."""
    if not data.startswith(_SIGNATURE):
        raise UserError(f"{name} is not a PNG" if data else f"{name} is empty")
    if len(data) >= 24:  # before a byte is unpacked: a small file may claim a huge picture
        columns, rows = struct.unpack(">II", data[16:24])
        check_size(rows * columns, len(ACTIONS), _OUTCOMES)
    from PIL import Image  # here, because most drawings are text

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            warnings.simplefilter("ignore")  # Pillow's notes on odd chunks; what it cannot read, it raises
            picture = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError) as error:
        why = "it is cut short or damaged" if "BytesIO" in str(error) else " ".join(str(error).split())
        raise UserError(f"{name} cannot be read as a PNG: {why}; save the picture again") from None
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB")).astype(np.int16)


def _check(tiles: Pixels, name: str, start: str, goal: str, line: str) -> None:
    """Refuse a drawing without start or goal, or with a start from which no goal can be reached."""
    starts, goals = tiles == Tile.START, tiles == Tile.GOAL
    if not starts.any():
        raise UserError(f"{name} has no start; draw at least one {start}")
    if not goals.any():
        raise UserError(f"{name} has no goal; draw at least one {goal}")
    region = _regions(tiles != Tile.WALL)
    lost = starts & ~np.isin(region, np.unique(region[goals]))
    for row, column in np.argwhere(lost)[:1]:
        raise UserError(f"{name}, {line} {row + 1}, column {column + 1}: no goal can be reached from this start")


def _regions(free: np.typing.NDArray[np.bool_]) -> Ints:
    """Number the regions of tiles that are connected by sides, (rows, columns); 0 is wall."""
    from scipy import ndimage

    labels: Ints = ndimage.label(free)[0].astype(np.int64)
    return labels
