"""Worlds that a person drew: text, a PNG with a pixel per tile, or an array."""

import io
import struct
import warnings
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError
from daedalus.core.mdp import check_size
from daedalus.core.planning.graph import predecessors, search
from daedalus.core.world import Tile, World
from daedalus.envs.naming import TimeLimit, typed
from daedalus.envs.things import NOTHING, Things
from daedalus.envs.tiling import ACTIONS, grid_world

from .legend import read_pixels, read_text

_OUTCOMES = 3  # of a move that may slip
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def drawing(
    path: str | Path,
    slip: float = 0.0,
    time_limit: TimeLimit = "auto",
    step_reward: float = -1.0,
    goal_reward: float = 0.0,
    hazard_reward: float = -100.0,
    candy_reward: float = 10.0,
) -> World:
    """The world that a file draws: text, or a PNG by its first bytes.

    Text: `#` wall, space or `.` floor, `S` start, `G` goal, `~` hazard, `*` candy, `^` `>` `v` `<` one-way tiles,
    `a`…`f` keys and `A`…`F` their doors, `1`…`9` portals, two of each.

    PNG, within 32 a channel (what is transparent counts as white):

    | | |
    |---|---|
    | wall, floor, start, goal | black, white, green, red |
    | hazard, candy | orange #ffaa00, yellow #ffff00 |
    | keys a…f | light: #ffaaaa #aaffaa #aaaaff #ffffaa #ffaaff #aaffff |
    | doors A…F | dark: #aa0000 #00aa00 #0000aa #aaaa00 #aa00aa #00aaaa |
    | one-way up, right, down, left | violet to rose: #5500ff #aa00ff #ff00aa #ff0055 |
    | portals 1…4 | blue to cyan: #0000ff #0055ff #00aaff #00ffff |

    What the things do, `Things` says; what the numbers mean and how an episode ends, `grid_world`. Outside the
    drawing is wall. Raises `UserError`, with line and column.
    """
    path = Path(path)
    data = _read(path)
    picture: str | Pixels
    if data.startswith(_SIGNATURE) or path.suffix.lower() == ".png":
        picture = _decode(data, str(path))
    else:
        try:
            picture = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError(f"{path} is neither UTF-8 text (see line {line}) nor a PNG") from None
    return drawn_world(
        picture, str(path), slip, time_limit, step_reward, goal_reward, hazard_reward, candy_reward,
    )  # fmt: skip


def drawn_world(
    picture: str | np.typing.NDArray[Any],
    name: str = "drawing",
    slip: float = 0.0,
    time_limit: TimeLimit = "auto",
    step_reward: float = -1.0,
    goal_reward: float = 0.0,
    hazard_reward: float = -100.0,
    candy_reward: float = 10.0,
) -> World:
    """The world that a picture draws: text, (rows, columns) of `Tile`, or (rows, columns, 3) of colours.

    Characters, colours and numbers are those of `drawing`. Raises `UserError`, with line and column, also where from
    some start the episode cannot end.
    """
    tiles, things, words = _parsed(picture, name)
    given = {
        "slip": slip, "time_limit": time_limit, "step_reward": step_reward, "goal_reward": goal_reward,
        "hazard_reward": hazard_reward, "candy_reward": candy_reward,
    }  # fmt: skip
    things = replace(things, candies=tuple((tile, candy_reward) for tile, _ in things.candies))
    if not np.any(tiles == Tile.START):
        raise UserError(f"{name} has no start; draw at least one {words.start}")
    if not np.any(tiles == Tile.GOAL) and not things.candies:
        raise UserError(f"{name} has no goal; draw at least one {words.goal}, or candies")
    world = grid_world(
        typed(name, drawn_world, given), tiles, slip, time_limit,
        step_reward=step_reward, goal_reward=goal_reward, hazard_reward=hazard_reward, things=things,
    )  # fmt: skip
    _check_ends(world, tiles, name, words.line)
    return world


class _Words(NamedTuple):
    """How errors speak of a picture."""

    line: str
    start: str
    goal: str


def _parsed(picture: str | np.typing.NDArray[Any], name: str) -> tuple[Pixels, Things, _Words]:
    if isinstance(picture, str):
        return *parse_drawing(picture, name), _Words("line", "'S'", "'G'")
    array = np.asarray(picture)
    if not array.size or array.dtype.kind not in "iu" or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)):
        raise UserError(f"{name}: an array must hold whole numbers, (rows, columns) of Tile or (rows, columns, 3)")
    check_size(array.shape[0] * array.shape[1], len(ACTIONS), _OUTCOMES)
    if array.ndim == 3:
        return *read_pixels(array, name), _Words("row", "green pixel", "red pixel")
    for row, column in np.argwhere(~np.isin(array, list(Tile)))[:1]:
        raise UserError(f"{name}, row {row + 1}, column {column + 1}: {array[row, column]} is no Tile")
    return array.astype(np.uint8), NOTHING, _Words("row", "Tile.START", "Tile.GOAL")


def parse_drawing(text: str, name: str) -> tuple[Pixels, Things]:
    """Read a drawn world: (rows, columns) of `Tile`, and the things on them; `name` stands in errors.

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
    return read_text(lines, name)


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


def _decode(data: bytes, name: str) -> Pixels:
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
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB"))


def _check_ends(world: World, tiles: Pixels, name: str, line: str) -> None:
    """Refuse a start from which the episode cannot end, whatever one does."""
    mdp = world.mdp
    everything = np.ones((mdp.states, mdp.actions), dtype=np.bool_)
    ends = search(mdp, predecessors(mdp), mdp.terminal, everything).found
    for state in np.flatnonzero((mdp.start > 0) & ~ends)[:1]:
        assert world.scene is not None
        row, column = world.scene.cell[state]
        end = "no goal" if np.any(tiles == Tile.GOAL) else "not every candy"
        raise UserError(f"{name}, {line} {row + 1}, column {column + 1}: {end} can be reached from this start")
