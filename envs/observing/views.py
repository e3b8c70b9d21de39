"""What the agent sees around it or before it: planes of a small window, 0 wherever no line of sight leads."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Ints, Keys, Pixels, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.errors import UserError
from daedalus.core.world import Thing, Tile, World

from .numbers import TableObserver
from .observer import Observer
from .sightlines import STRIDE, Sightlines, seen_board, sightlines, whole
from .stage import Kinds, Stage, kinds_of, stage_of, tiles_of

#: Bytes of a table of all views; beyond, each view is computed when it is asked for.
MOST_TABLE = 2**26

#: Things that cannot be seen through.
OPAQUE = (Thing.DOOR,)

_ONE = np.uint64(1)


class Surroundings(NamedTuple):
    """A world as the window's kernel reads it. A tile's word has bit p set where plane p shows something."""

    words: Keys  # (L, rows + 2·margin, columns + 2·margin), what never changes; the margin is wall
    opaque: np.uint64  # the planes that nobody sees through
    margin: int  # v - 1
    columns: int  # of the grid
    level: States  # (S,)
    cell: States  # (S,)
    heading: States  # (S,); 0 where the window does not turn
    tile: States  # (S, J), where the moving pieces are; -1 is nowhere
    plane: Ints  # (J,), and what plane shows them


@final
class ViewObserver:
    """Shows the windows of states, computed when asked for."""

    def __init__(
        self, space: gymnasium.spaces.Box, surroundings: Surroundings, lines: Sightlines, window: np.uint64
    ) -> None:
        self.space: gymnasium.Space[Any] = space
        self._shape = space.shape
        self._surroundings, self._lines, self._window = surroundings, lines, window

    def one(self, state: int) -> Pixels:
        """The window of a state, (C, v, v)."""
        window: Pixels = self.batch(np.array([state], dtype=np.int32))[0]
        return window

    def batch(self, states_B: States) -> Pixels:
        """The windows of many states, (B, C, v, v)."""
        states_B = np.ascontiguousarray(states_B, dtype=np.int32)
        out: Pixels = np.empty((len(states_B), *self._shape), dtype=np.uint8)
        planes = out.reshape(len(states_B), self._shape[0], -1)
        room = np.empty((2, STRIDE * STRIDE), dtype=np.uint64)
        if not _look(planes, self._surroundings, self._lines, self._window, room, states_B):
            raise IndexError(f"a state is one of 0…{len(self._surroundings.cell) - 1}")
        return out


def view(worlds: Sequence[World]) -> list[Observer]:
    """What is in line of sight around the agent, (C, v, v) uint8 of 0 and 1, north up, the agent in the middle.

    Planes in order: seen; wall, hazard and goal, the last two where the world has any; each kind of thing (a thing
    and its variant), in the order in which the scene's pieces first show it. All are 0 where nothing is seen. What
    is outside the grid is wall. `sightlines` says what is in line of sight; only what is in the window counts. An
    agent without a place sees nothing.
    """
    return _views(worlds, turning=False)


def heading_view(worlds: Sequence[World]) -> list[Observer]:
    """`view` of what lies before the agent: turned so that it looks up, from the middle of the window's last row."""
    return _views(worlds, turning=True)


def _views(worlds: Sequence[World], turning: bool) -> list[Observer]:
    size = worlds[0].observation.view_size
    stages = [stage_of(world.scene) for world in worlds if world.scene is not None]
    kinds = kinds_of(worlds, stages)
    shape = (1 + len(kinds.fixtures) + len(kinds.things), size, size)
    space = gymnasium.spaces.Box(0, 1, shape, np.uint8)
    lines, window = _lines(size, turning)
    made: list[Observer] = []
    for world, stage in zip(worlds, stages, strict=True):
        if turning and stage.heading is None:
            raise UserError(f"{world.name}: heading_view needs a heading that is state; build the world with it")
        observer = ViewObserver(space, _surroundings(stage, kinds, size - 1, turning), lines, window)
        small = len(stage.cell) * int(np.prod(shape)) <= MOST_TABLE
        made.append(
            TableObserver(space, observer.batch(np.arange(len(stage.cell), dtype=np.int32))) if small else observer
        )
    return made


@functools.cache
def _lines(size: int, turning: bool) -> tuple[Sightlines, np.uint64]:
    return sightlines(size, turning), whole(size)


def _surroundings(stage: Stage, kinds: Kinds, margin: int, turning: bool) -> Surroundings:
    first = 1 + len(kinds.fixtures)
    planes = {kind: first + place for place, kind in enumerate(kinds.things)}
    inner = np.zeros((len(stage.tiles), stage.size), dtype=np.uint64)
    for plane, fixture in enumerate(kinds.fixtures, start=1):
        inner[stage.tiles.reshape(inner.shape) == fixture] |= _bit(plane)
    for piece in stage.standing:
        if piece.tile[0] >= 0:
            inner[:, piece.tile[0]] |= _bit(planes[piece.thing, piece.variant])
    wall = _bit(1 + kinds.fixtures.index(Tile.WALL))
    words = np.pad(inner.reshape(stage.tiles.shape), ((0, 0), (margin, margin), (margin, margin)), constant_values=wall)
    opaque = sum(1 << plane for (thing, _), plane in planes.items() if thing in OPAQUE) | int(wall)
    states = len(stage.cell)
    tiles = [tiles_of(piece, states) for piece in stage.moving]
    return Surroundings(
        words,
        np.uint64(opaque),
        margin,
        stage.shape[1],
        np.array(stage.level),
        stage.cell,
        np.array(stage.heading, dtype=np.int32) if turning else np.zeros(states, dtype=np.int32),
        np.array(tiles, dtype=np.int32).reshape(-1, states).T.copy(),
        np.array([planes[piece.thing, piece.variant] for piece in stage.moving], dtype=np.int64),
    )


def _bit(plane: int) -> np.uint64:
    return np.uint64(1 << plane)


@lean
def _look(
    planes: Pixels, near: Surroundings, lines: Sightlines, window: np.uint64, room: Keys, states_B: States
) -> bool:
    """Fill `planes` (B, C, v²); `room` (2, 64) is room for two boards of words. False where a state is none."""
    words, shown = room[0], room[1]
    for b in range(states_B.size):
        state = states_B[b]
        if state < 0 or state >= near.cell.size:
            return False
        _show(shown, words, near, lines, window, state)
        for plane in range(planes.shape[1]):
            row, shift = planes[b, plane], np.uint64(plane)
            for k in range(row.size):
                row[k] = np.uint64(np.uint64(shown[k] >> shift) & _ONE)
    return True


@inlined
def _show(shown: Keys, words: Keys, near: Surroundings, lines: Sightlines, window: np.uint64, state: int) -> None:
    """The word of each tile as it is shown, 0 where nothing is seen; bit 0 says that it is."""
    heading, tiles = near.heading[state], lines.bit.shape[1]
    opaque = _lay(words, near, lines, state, heading)
    seen = seen_board(opaque, lines.bit[heading], lines.between[heading], window)
    if near.cell[state] < 0:
        seen = np.uint64(0)
    for k in range(tiles):
        bit = lines.bit[heading, k]
        lit = np.uint64(np.uint64(seen >> np.uint64(bit)) & _ONE)
        shown[k] = np.uint64(np.uint64(words[bit] * lit) | lit)


@inlined
def _lay(words: Keys, near: Surroundings, lines: Sightlines, state: int, heading: int) -> np.uint64:
    """Lay the words of the window's tiles into `words`, by their bits; return the board of the opaque ones."""
    row, column = max(near.cell[state], 0) // near.columns, max(near.cell[state], 0) % near.columns
    top, left = row + lines.corner[heading, 0], column + lines.corner[heading, 1]
    size, level, opaque = near.margin + 1, near.level[state], np.uint64(0)
    for i in range(size):
        tiles = near.words[level, top + i + near.margin]
        for j in range(size):
            words[STRIDE * i + j] = tiles[left + j + near.margin]
    for piece in range(near.plane.size):
        tile = near.tile[state, piece]
        i, j = tile // near.columns - top, tile % near.columns - left
        if tile >= 0 and 0 <= i < size and 0 <= j < size:
            words[STRIDE * i + j] |= np.uint64(_ONE << np.uint64(near.plane[piece]))
    for i in range(size):
        for j in range(size):
            blocks = np.uint64(np.uint64(words[STRIDE * i + j] & near.opaque) != np.uint64(0))
            opaque |= np.uint64(blocks << np.uint64(STRIDE * i + j))
    own = np.uint64(_ONE << np.uint64(STRIDE * (row - top) + column - left))  # whatever stands on it, it is seen
    return np.uint64(opaque & np.uint64(~own))
