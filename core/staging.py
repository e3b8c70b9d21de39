"""What of a scene a picture shows: its level, its state where none is given, and the states that look like it."""

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .arrays import Bools, Ints
from .errors import UserError
from .world import Piece, Scene


def staged(scene: Scene, agent: int | None) -> tuple[Scene, int]:
    """The scene of one level, and the state that is shown: the agent's; without one, of the first level, `whole`."""
    if scene.tiles.ndim == 3:
        if scene.level is None:
            raise UserError("a scene of several levels must say which one each state belongs to")
        scene = _one_level(scene, 0 if agent is None else int(scene.level[agent]))
    return scene, whole(scene) if agent is None else agent


@functools.lru_cache(maxsize=4)
def _one_level(scene: Scene, level: int) -> Scene:
    """A level of a set, with the same states; those of other levels have no place in it."""
    cell = np.where((np.asarray(scene.level) == level)[:, None], scene.cell, -1)
    return replace(scene, tiles=scene.tiles[level], cell=cell, level=None)


def whole(scene: Scene) -> int:
    """The first state in which the agent and the pieces that move lie on most different tiles: nothing is missing."""
    columns = scene.tiles.shape[-1]
    agent = np.where(scene.cell[:, 0] >= 0, scene.cell[:, 0] * columns + scene.cell[:, 1], -1)
    lying = np.sort(np.stack([agent, *(piece.tile for piece in _moving(scene))]), axis=0)
    different = (lying[0] >= 0).astype(np.int64) + ((np.diff(lying, axis=0) > 0) & (lying[1:] >= 0)).sum(axis=0)
    return int(np.where(agent >= 0, different, -1).argmax())


def like(scene: Scene, state: int) -> Bools:
    """The states (S,) in which all pieces are where they are in `state`."""
    alike = np.ones(len(scene.cell), dtype=np.bool_)
    for piece in _moving(scene):
        alike &= piece.tile == piece.tile[state]
    return alike


def where(piece: Piece, state: int) -> int:
    """The number of the tile on which a piece is in a state; -1 where it is nowhere."""
    return int(piece.tile[state if piece.tile.size > 1 else 0])


def cells_of(scene: Scene, states: Sequence[int] | Ints) -> Ints:
    """The places of some states, (n, 2), without those that have none."""
    numbers = np.asarray(states, dtype=np.int64)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(scene.cell):
        raise UserError(f"a path or a trail must hold states, 0…{len(scene.cell) - 1}")
    cells = scene.cell[numbers]
    return cells[cells[:, 0] >= 0]


def _moving(scene: Scene) -> list[Piece]:
    return [piece for piece in scene.pieces if piece.tile.size > 1]
