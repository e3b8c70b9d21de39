"""Drawings as observations, put together from the patches that tiles look like: each is drawn once."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Ints, Keys, Pixels, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.world import Piece, Scene, World
from daedalus.envs.drawing.scenes import draw

from .stage import Kind, Stage, kinds_of, stage_of, tiles_of

#: Bytes of whole pictures of the levels; where they are larger, every tile is laid anew.
MOST_GROUNDS = 2**26

_OUTSIDE = 5  # stands for a tile beyond the grid, after the five of `Tile`
_TILES = 6
_AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
_NOBODY, _UNTURNED, _TURNED = 0, 1, 2  # whether the agent stands on a tile; `_TURNED` + heading where it has one


class Mosaic(NamedTuple):
    """The pictures of a world's states as the kernel reads them."""

    patches: Pixels  # (P, tile, tile · 3)
    ground: States  # (L, T), the patch of each tile without agent and moving pieces
    grounds: Pixels  # (L, rows · tile, columns · tile · 3), the same laid out; (0, 0, 0) where that is too large
    level: States  # (S,)
    tile: States  # (S, J), tiles that look otherwise in a state; -1: none
    patch: States  # (S, J), and their patches


@final
class PictureObserver:
    """Shows what `drawing.scenes.draw` draws of a state, (rows · tile, columns · tile, 3)."""

    def __init__(self, space: gymnasium.spaces.Box, mosaic: Mosaic) -> None:
        self.space: gymnasium.Space[Any] = space
        self._shape, self._mosaic = space.shape, mosaic

    def one(self, state: int) -> Pixels:
        """The picture of a state."""
        picture: Pixels = self.batch(np.array([state], dtype=np.int32))[0]
        return picture

    def batch(self, states_B: States) -> Pixels:
        """The pictures of many states, (B, rows · tile, columns · tile, 3)."""
        states_B = np.ascontiguousarray(states_B, dtype=np.int32)
        out: Pixels = np.empty((len(states_B), *self._shape), dtype=np.uint8)
        if not _compose(out.reshape(len(states_B), self._shape[0], -1), self._mosaic, states_B):
            raise IndexError(f"a state is one of 0…{len(self._mosaic.level) - 1}")
        return out


def pixels(worlds: Sequence[World]) -> list[PictureObserver]:
    """The drawing of the scene with the agent and the pieces in it, (rows · tile, columns · tile, 3) uint8.

    `tile_size` pixels a tile, in the light theme. A tile's look is a matter of its neighbours, of what lies on it and
    of whether the agent stands there, so states share their patches; no table of whole pictures is kept.
    """
    tile = worlds[0].observation.seen_tile
    made = []
    for world in worlds:
        if world.scene is None:
            continue
        stage = stage_of(world.scene)
        rows, columns = stage.shape
        space = gymnasium.spaces.Box(0, 255, (rows * tile, columns * tile, 3), np.uint8)
        made.append(PictureObserver(space, _mosaic(world.scene, stage, kinds_of([world], [stage]).things, tile)))
    return made


def _mosaic(scene: Scene, stage: Stage, things: tuple[Kind, ...], tile: int) -> Mosaic:
    around = _around(stage)
    lying = np.zeros(stage.size, dtype=np.uint64)  # (T,), bits of the kinds of things that never move
    for piece in stage.standing:
        if piece.tile[0] >= 0:
            lying[piece.tile[0]] |= _bit(things, piece)
    tile_SJ, lying_SJ, agent_SJ = _changing(stage, lying, things)
    flat = np.maximum(tile_SJ, 0) + stage.level[:, None].astype(np.int64) * stage.size
    looks = (  # of every tile of every level, then of every changing tile of every state
        np.concatenate([around.ravel(), around.ravel()[flat.ravel()]]),
        np.concatenate([np.tile(lying, len(stage.tiles)), lying_SJ.ravel()]),
        np.concatenate([np.zeros(around.size, dtype=np.int64), agent_SJ.ravel()]),
    )
    first, patch_of = _distinct(looks)
    patches = np.empty((len(first), tile, tile * 3), dtype=np.uint8)
    for patch, look in enumerate(first):
        code, kinds, agent = (int(part[look]) for part in looks)
        lie = tuple(kind for place, kind in enumerate(things) if kinds >> place & 1)
        patches[patch] = _drawn(code, lie, agent, scene.moves, tile).reshape(tile, -1)
    ground = patch_of[: around.size].reshape(around.shape)
    rows, columns = stage.shape
    kept = len(stage.tiles) if len(stage.tiles) * stage.size * tile * tile * 3 <= MOST_GROUNDS else 0
    grounds = patches[ground[:kept]].reshape(kept, rows, columns, tile, tile * 3).swapaxes(2, 3)
    return Mosaic(
        patches,
        ground,
        grounds.reshape(kept, rows * tile, columns * tile * 3),
        np.array(stage.level),
        tile_SJ,
        patch_of[around.size :].reshape(tile_SJ.shape),
    )


def _around(stage: Stage) -> Ints:
    """A number for each tile and its eight neighbours, (L, T)."""
    padded = np.pad(stage.tiles.astype(np.int64), ((0, 0), (1, 1), (1, 1)), constant_values=_OUTSIDE)
    rows, columns = stage.shape
    code = np.zeros(stage.tiles.shape, dtype=np.int64)
    for down, right in _AROUND:
        code = code * _TILES + padded[:, 1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
    return code.reshape(len(code), -1)


def _changing(stage: Stage, lying: Keys, things: tuple[Kind, ...]) -> tuple[States, Keys, Ints]:
    """The tiles of the agent and the moving pieces in each state, what lies on them, and who stands there, (S, J)."""
    states, pieces = len(stage.cell), stage.moving
    tile_SJ: States = np.stack([stage.cell, *(tiles_of(piece, states) for piece in pieces)], axis=1).astype(np.int32)
    lying_SJ = lying[np.maximum(tile_SJ, 0)]
    for place, piece in enumerate(pieces, start=1):
        lying_SJ[tile_SJ == tile_SJ[:, place : place + 1]] |= _bit(things, piece)
    stands = _UNTURNED if stage.heading is None else _TURNED + stage.heading.astype(np.int64)[:, None]
    agent_SJ = np.where(tile_SJ == stage.cell[:, None], stands, _NOBODY)
    lying_SJ[tile_SJ < 0] = 0
    agent_SJ[tile_SJ < 0] = _NOBODY
    return tile_SJ, lying_SJ, agent_SJ


def _bit(things: tuple[Kind, ...], piece: Piece) -> np.uint64:
    return np.uint64(1 << things.index((piece.thing, piece.variant)))


def _distinct(columns: Sequence[np.typing.NDArray[Any]]) -> tuple[Ints, States]:
    """Where each distinct row of the columns stands first, and the number of every row's."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, inverse = np.unique(column, return_inverse=True)
        number = np.unique(number * len(values) + inverse, return_inverse=True)[1]
    _, first, inverse = np.unique(number, return_index=True, return_inverse=True)
    return first, inverse.astype(np.int32)


@functools.lru_cache(maxsize=2048)
def _drawn(around: int, lie: tuple[Kind, ...], agent: int, moves: tuple[tuple[int, int], ...], tile: int) -> Pixels:
    """What a tile looks like, (tile, tile, 3): drawn with its neighbours, so far as the grid has any.

    Remembered, for a maze that is another one in each episode.
    """
    codes = np.array([around // _TILES**place % _TILES for place in reversed(range(9))]).reshape(3, 3)
    inside = codes != _OUTSIDE
    rows, columns = inside.any(axis=1), inside.any(axis=0)
    row, column = int(rows[0]), int(columns[0])  # of the tile, in what is drawn
    tiles = codes[np.ix_(rows, columns)].astype(np.uint8)
    own = np.array([row * tiles.shape[1] + column], dtype=np.int32)
    small = Scene(
        tiles,
        np.array([[row, column] if agent else [-1, -1]]),
        moves,
        tuple(Piece(thing, own, variant) for thing, variant in lie),
        heading=np.array([agent - _TURNED], dtype=np.int32) if agent >= _TURNED else None,
    )
    return draw(small, tile, agent=0)[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile].copy()


@lean
def _compose(out: Pixels, mosaic: Mosaic, states_B: States) -> bool:
    """Fill `out` (B, rows · tile, columns · tile · 3); False where a state is none."""
    for b in range(states_B.size):
        state = states_B[b]
        if state < 0 or state >= mosaic.level.size:
            return False
        level, picture = mosaic.level[state], out[b]
        if mosaic.grounds.shape[0]:
            for y in range(picture.shape[0]):
                row, ground = picture[y], mosaic.grounds[level, y]
                for x in range(row.size):
                    row[x] = ground[x]
        else:
            for tile in range(mosaic.ground.shape[1]):
                _lay(picture, tile, mosaic.patches[mosaic.ground[level, tile]])
        for j in range(mosaic.tile.shape[1]):
            if mosaic.tile[state, j] >= 0:
                _lay(picture, mosaic.tile[state, j], mosaic.patches[mosaic.patch[state, j]])
    return True


@inlined
def _lay(picture: Pixels, tile: int, patch: Pixels) -> None:
    """Lay a patch (tile, tile · 3) on a tile, by its number in reading order."""
    columns = picture.shape[1] // patch.shape[1]
    top, left = tile // columns * patch.shape[0], tile % columns * patch.shape[1]
    for y in range(patch.shape[0]):
        row, colours = picture[top + y, left : left + patch.shape[1]], patch[y]
        for x in range(colours.size):
            row[x] = colours[x]
