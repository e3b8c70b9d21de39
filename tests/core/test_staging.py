"""What of a scene a picture shows."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.staging import like, staged, whole
from daedalus.core.world import Piece, Scene, Thing

MOVES = ((0, 1), (0, -1))


def scene(*tiles: list[int], cells: list[list[int]]) -> Scene:
    pieces = tuple(Piece(Thing.CANDY, np.array(tile, dtype=np.int32)) for tile in tiles)
    return Scene(np.zeros((2, 4), np.uint8), np.array(cells), MOVES, pieces)


def test_the_whole_state_is_the_first_in_which_most_lies_apart() -> None:
    four = [[0, 0], [0, 1], [0, 0], [0, 0]]
    assert whole(scene([-1, 5, 5, 5], [-1, -1, 6, 6], cells=four)) == 2
    assert whole(scene([5, 5, 6, 6], [5, 5, 5, 5], cells=four)) == 2  # not where two lie on one tile
    assert whole(scene([0, 1, 2, 2], cells=four)) == 2  # nor where one lies beneath the agent
    assert whole(scene([5, 5, 5, 5], cells=[[-1, -1], [-1, -1], [0, 0], [0, 1]])) == 2
    assert whole(scene(cells=four)) == 0


def test_alike_are_states_with_all_pieces_in_the_same_places() -> None:
    made = scene([5, 5, 5, -1], [6, -1, 6, 6], [7], cells=[[0, 0]] * 4)
    assert like(made, 0).tolist() == [True, False, True, False]
    assert like(scene(cells=[[0, 0]] * 4), 2).all()


def test_a_level_keeps_its_own_states() -> None:
    tiles = np.array([[[0, 0]], [[0, 1]]], dtype=np.uint8)
    levels = Scene(tiles, np.array([[0, 0], [0, 1], [0, 0]]), MOVES, level=np.array([0, 0, 1], dtype=np.int32))
    first, shown = staged(levels, None)
    assert shown == 0
    assert first.cell.tolist() == [[0, 0], [0, 1], [-1, -1]]
    second, shown = staged(levels, 2)
    assert (shown, second.tiles.tolist(), second.cell.tolist()) == (2, [[0, 1]], [[-1, -1], [-1, -1], [0, 0]])
    with pytest.raises(UserError, match="which one each state belongs to"):
        staged(Scene(tiles, levels.cell, MOVES), 0)
