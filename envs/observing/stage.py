"""What there is to be seen in a world: its scene as arrays by level, and a list of the kinds of things."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Ints, Pixels, States
from daedalus.core.errors import UserError
from daedalus.core.world import Piece, Scene, Thing, Tile, World

Kind = tuple[Thing, int]  # a thing and its variant

#: Kinds of things that one world may show; a tile's planes are bits of a machine word.
MOST_KINDS = 56


@dataclass(frozen=True, eq=False)
class Stage:
    """A scene with one form for worlds of one level and of many. T tiles in reading order, S states, L levels."""

    tiles: Pixels  # (L, rows, columns) of `Tile`
    level: States  # (S,)
    cell: States  # (S,), the agent's tile; -1 where it has no place
    heading: States | None  # (S,)
    pieces: tuple[Piece, ...]
    first_level: int  # the number of the first level in the set that all are from
    all_levels: int  # and how many there are in it

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a level."""
        return self.tiles.shape[1], self.tiles.shape[2]

    @property
    def size(self) -> int:
        """T, the tiles of a level."""
        return int(self.tiles.shape[1] * self.tiles.shape[2])

    @property
    def standing(self) -> list[Piece]:
        """The pieces that are where they are in every state."""
        return [piece for piece in self.pieces if piece.tile.size == 1 and len(self.cell) > 1]

    @property
    def moving(self) -> list[Piece]:
        """The pieces whose place is a matter of the state."""
        return [piece for piece in self.pieces if piece.tile.size > 1 or len(self.cell) == 1]


@dataclass(frozen=True)
class Kinds:
    """What the planes of a world show: the same for all phases of a world that changes."""

    hazard: bool
    goal: bool
    things: tuple[Kind, ...]  # in order of first appearance

    @property
    def fixtures(self) -> tuple[Tile, ...]:
        """The kinds of tiles that have a plane each, in order."""
        return (Tile.WALL, *([Tile.HAZARD] if self.hazard else []), *([Tile.GOAL] if self.goal else []))


def stage_of(scene: Scene) -> Stage:
    """The stage of a scene."""
    tiles = scene.tiles if scene.tiles.ndim == 3 else scene.tiles[None]
    row, column = scene.cell.T
    cell = np.where(row >= 0, row * tiles.shape[2] + column, -1).astype(np.int32)
    level = np.zeros(len(cell), dtype=np.int32) if scene.level is None else np.asarray(scene.level, dtype=np.int32)
    of = len(tiles) if scene.all_levels is None else scene.all_levels
    return Stage(tiles, level, cell, scene.heading, scene.pieces, scene.first_level, of)


def kinds_of(worlds: Sequence[World], stages: Sequence[Stage]) -> Kinds:
    """The kinds of things in all of them together. Raises `UserError` for more than can be shown."""
    things = list(dict.fromkeys((piece.thing, piece.variant) for stage in stages for piece in stage.pieces))
    if len(things) > MOST_KINDS:
        raise UserError(
            f"{worlds[0].name}: {len(things)} kinds of things are more than the {MOST_KINDS} that planes can show; "
            "leave observation out"
        )
    if len({stage.shape for stage in stages}) > 1:
        raise UserError(f"{worlds[0].name}: its phases have grids of different sizes; leave observation out")
    has = functools.partial(_any_tile, stages)
    return Kinds(has(Tile.HAZARD), has(Tile.GOAL), tuple(things))


def _any_tile(stages: Sequence[Stage], kind: Tile) -> bool:
    return any(bool(np.any(stage.tiles == kind)) for stage in stages)


def tiles_of(piece: Piece, states: int) -> Ints:
    """The piece's tile in each state, (S,); -1 where it is nowhere."""
    tile: Ints = np.broadcast_to(np.asarray(piece.tile, dtype=np.int64), (states,))
    return tile
