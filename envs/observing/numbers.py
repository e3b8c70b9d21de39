"""Observations that are numbers: the state's index, and coordinates."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Ints, States
from daedalus.core.world import Piece, World

from .stage import Kind, Stage, stage_of, tiles_of

_ABSENT = -1


@final
class IndexObserver:
    """Shows the state's number, or the number `World.shows` gives it."""

    def __init__(self, shows: States | None, size: int) -> None:
        self.space: gymnasium.Space[Any] = gymnasium.spaces.Discrete(size)
        self._shows = None if shows is None else np.asarray(shows, dtype=np.int64)
        self._listed: list[int] | None = None if self._shows is None else self._shows.tolist()

    def one(self, state: int) -> int:
        """The number shown of a state."""
        return int(state) if self._listed is None else self._listed[state]

    def batch(self, states_B: States) -> Ints:
        """The numbers shown, (B,)."""
        if self._shows is None:
            return np.array(states_B, dtype=np.int64)
        return self._shows[states_B]


@final
class TableObserver:
    """Shows a row of a table (S, ...)."""

    def __init__(self, space: gymnasium.Space[Any], table: np.typing.NDArray[Any]) -> None:
        self.space, self._table = space, table

    def one(self, state: int) -> np.typing.NDArray[Any]:
        """The state's row."""
        row: np.typing.NDArray[Any] = self._table[state].copy()
        return row

    def batch(self, states_B: States) -> np.typing.NDArray[Any]:
        """The rows of many states, (B, ...)."""
        return self._table.take(states_B, axis=0)


def index(worlds: Sequence[World]) -> list[IndexObserver]:
    """The state's number, from 0; in a world with `shows`, what that says."""
    size = max(shown_numbers(world) for world in worlds)
    return [IndexObserver(world.shows, size) for world in worlds]


def shown_numbers(world: World) -> int:
    """How many numbers a world's states show."""
    return world.states if world.shows is None else int(world.shows[: world.states].max()) + 1


def coordinates(worlds: Sequence[World]) -> list[TableObserver]:
    """Whole numbers that say where everything is.

    In order: the agent's row and column, both -1 where it has no place; where it is state, the heading, 0 up to 3
    left; in a set of levels, the level's number, the same in every split; then each piece of the scene, in the
    scene's order. A piece that moves gives its row and column, both -1 where it is nowhere; one that stands still but
    may be gone gives 1 where it is there, else 0; one that never changes within a level gives nothing.
    """
    stages = [stage_of(world.scene) for world in worlds if world.scene is not None]
    numbered = [dict(_numbered(stage.pieces)) for stage in stages]
    extents: dict[tuple[Kind, int], int] = {}
    for world, stage, pieces in zip(worlds, stages, numbered, strict=True):
        for key, piece in pieces.items():
            extents[key] = max(extents.get(key, 0), _extent(piece, stage, world.states))
    (rows, columns), levels = stages[0].shape, max(stage.all_levels for stage in stages)
    place = [rows - 1, columns - 1]
    high = place + [3] * (stages[0].heading is not None) + [levels - 1] * (levels > 1)
    low = [_ABSENT, _ABSENT] + [0] * (len(high) - 2)
    for extent in extents.values():
        high += ([], [1], place)[extent]
        low += ([], [0], [_ABSENT, _ABSENT])[extent]
    space = gymnasium.spaces.Box(np.array(low, dtype=np.int32), np.array(high, dtype=np.int32), dtype=np.int32)
    return [
        TableObserver(space, _coordinates(stage, pieces, extents, levels))
        for stage, pieces in zip(stages, numbered, strict=True)
    ]


def _numbered(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[Kind, int], Piece]]:
    """Each piece under its kind and its number among those of its kind, the same name in every phase."""
    seen: Counter[Kind] = Counter()
    for piece in pieces:
        kind = (piece.thing, piece.variant)
        yield (kind, seen[kind]), piece
        seen[kind] += 1


def _extent(piece: Piece, stage: Stage, states: int) -> int:
    """How many numbers say where a piece is: 0 where it never changes within a level, 1 if it may only go, else 2."""
    if piece.tile.size == 1:
        return 0
    met = np.unique(np.stack([stage.level[:states], piece.tile[:states]]), axis=1)
    level, tile = met
    if np.any(np.bincount(level[tile >= 0]) > 1):
        return 2
    return int(np.any(np.bincount(level) > 1))


def _coordinates(
    stage: Stage, pieces: dict[tuple[Kind, int], Piece], extents: dict[tuple[Kind, int], int], levels: int
) -> States:
    states = len(stage.cell)
    numbers = [*_place(stage, stage.cell)]
    if stage.heading is not None:
        numbers.append(stage.heading)
    if levels > 1:
        numbers.append(stage.first_level + stage.level)
    for key, extent in extents.items():
        tile = tiles_of(pieces[key], states) if key in pieces else np.full(states, _ABSENT)
        numbers += ([], [tile >= 0], _place(stage, tile))[extent]
    table: States = np.stack(numbers, axis=1).astype(np.int32)
    return table


def _place(stage: Stage, tile: Any) -> list[Any]:
    columns = stage.shape[1]
    return [np.where(tile >= 0, tile // columns, _ABSENT), np.where(tile >= 0, tile % columns, _ABSENT)]
