"""Worlds that only stand still, for what is seen of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import Observation, Piece, Scene, Sight, Thing, Tile, World

TILES = {".": Tile.FLOOR, "#": Tile.WALL, "S": Tile.START, "G": Tile.GOAL, "~": Tile.HAZARD}
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


def still(states: int) -> FiniteMDP:
    """Nothing ever happens."""
    own = np.tile(np.arange(states, dtype=np.int32)[:, None, None], (1, 4, 1))
    start = np.eye(states)[0]
    return FiniteMDP(own, np.ones(own.shape), np.zeros(own.shape), start, np.zeros(states, dtype=np.bool_))


def tiles_of(drawing: str) -> np.ndarray:
    return np.array([[TILES[character] for character in line] for line in drawing.split()], dtype=np.uint8)


@pytest.fixture
def scenery() -> Callable[..., World]:
    """Make a world from a drawing, the agent's cells, the pieces and what is asked to be seen."""

    def make(
        drawing: str, cells: Sequence[tuple[int, int]], sight: Sight, pieces: Sequence[Piece] = (), **more
    ) -> World:
        scene = Scene(tiles_of(drawing), np.array(cells), MOVES, tuple(pieces))
        view_size = more.pop("view_size", 3)
        tile_size = more.pop("tile_size", None)
        for name, value in more.items():
            object.__setattr__(scene, name, value)
        asked = Observation(sight, view_size, tile_size)
        return World("still", still(len(cells)), None, ("up", "right", "down", "left"), scene, observation=asked)

    return make


@pytest.fixture
def tiny(scenery) -> Callable[..., World]:
    """A room with a hazard, a portal that stays, a key that is taken, a door that opens, and another player.

    State 3 is one in which the agent has no place.
    """

    def make(sight: Sight, **more) -> World:
        pieces = (
            Piece(Thing.KEY, np.array([1, -1, -1, -1], dtype=np.int32), variant=1),
            Piece(Thing.PORTAL, np.array([9], dtype=np.int32)),
            Piece(Thing.DOOR, np.array([6, 6, -1, -1], dtype=np.int32), variant=1),
            Piece(Thing.PLAYER, np.array([11, 10, 7, -1], dtype=np.int32)),
        )
        cells = [(0, 0), (0, 1), (1, 1), (-1, -1)]
        return scenery("S.#G .~.. #...", cells, sight, pieces, **more)

    return make
