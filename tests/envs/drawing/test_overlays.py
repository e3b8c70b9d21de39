"""Overlays: quarters, paths, trails, fog and whose values are shown."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.world import Piece, Scene, Thing, Tile
from daedalus.envs.drawing.palette import THEMES, heat_map, luminance
from daedalus.envs.drawing.scenes import draw

LOOK = THEMES["light"]
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
FAR = 20  # of a tile of 48 pixels, from its middle into a quarter


def field(rows, columns, moves=MOVES):
    tiles = np.zeros((rows, columns), dtype=np.uint8)
    return Scene(tiles, np.argwhere(tiles == 0), moves)


def pixel(picture, row, column, down=0, right=0, tile=48):
    return tuple(picture[row * tile + tile // 2 + down, column * tile + tile // 2 + right])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_the_quarters_have_the_colours_of_their_moves(order):
    scene = field(1, 2, tuple(MOVES[i] for i in order))
    q = np.zeros((2, 4))
    q[0], q[1] = order, 4.0  # the value of a move is its place in MOVES
    picture = draw(scene, 48, q=q)
    table = heat_map(*LOOK.values)
    for place, (down, right) in enumerate(MOVES):
        expected = table[np.rint(255 * place / 4).astype(int)]
        assert pixel(picture, 0, 0, down * 15, right * 15) == tuple(expected)
    assert pixel(picture, 0, 1, -15) == tuple(table[255])


def test_other_action_sets_show_the_best_value():
    scene = field(1, 3, ((0, -1), (0, 1)))
    q = np.array([[0.0, 1.0], [2.0, -5.0], [4.0, 4.0]])
    assert np.array_equal(draw(scene, q=q), draw(scene, values=q.max(axis=1)))


def test_goals_walls_and_hazards_have_no_quarters():
    tiles = np.array([[Tile.FLOOR, Tile.GOAL, Tile.HAZARD]], dtype=np.uint8)
    scene = Scene(tiles, np.argwhere(tiles < 9), MOVES)
    q = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(draw(scene, q=q)[:, 24:], draw(scene)[:, 24:])


def test_values_are_of_the_states_in_which_things_lie_as_drawn():
    tiles = np.zeros((1, 3), dtype=np.uint8)
    candy = Piece(Thing.CANDY, np.array([2, 2, 2, -1, -1, -1], dtype=np.int32))
    scene = Scene(tiles, np.array([[0, 0], [0, 1], [0, 2]] * 2), MOVES, (candy,))
    bare = Scene(tiles, np.array([[0, 0], [0, 1], [0, 2]]), MOVES)
    values, policy = np.array([1.0, 2, 3, 30, 20, 10]), np.array([1, 1, 1, 3, 3, 3])
    after = draw(scene, agent=3, values=values, policy=policy)
    assert np.array_equal(after, draw(bare, agent=0, values=values[3:], policy=policy[3:]))
    before = draw(scene, values=values, policy=policy)
    same = draw(bare, values=values[:3], policy=policy[:3])
    assert np.array_equal(before[:, :48], same[:, :48])
    both = draw(scene, agent=3, visits=np.array([1.0, 0, 0, 2, 0, 0]))
    assert np.array_equal(both, draw(bare, agent=0, visits=np.array([3.0, 0, 0])))


def test_no_arrow_lies_under_a_piece():
    tiles = np.zeros((1, 2), dtype=np.uint8)
    scene = Scene(tiles, np.array([[0, 0], [0, 1]]), MOVES, (Piece(Thing.KEY, np.array([1], dtype=np.int32)),))
    assert np.array_equal(draw(scene, policy=np.array([-1, 1])), draw(scene))
    assert not np.array_equal(draw(scene, policy=np.array([1, -1])), draw(scene))


def test_a_path_runs_through_the_middles_and_rounds_its_bends():
    scene = field(3, 3)
    plain, picture = draw(scene, 48), draw(scene, 48, path=[0, 1, 2, 5, 8])
    assert pixel(picture, 0, 1) == LOOK.path
    assert pixel(picture, 1, 2) == LOOK.path
    assert pixel(picture, 0, 2, -2, 2) != LOOK.path  # the outside of the bend is cut
    changed = (picture != plain).any(axis=2)
    for row, column in ((1, 0), (1, 1), (2, 0), (2, 1)):
        assert not changed[row * 48 + 2 : row * 48 + 46, column * 48 + 2 : column * 48 + 40].any()
    assert not changed[2 * 48 + 24 :].any()  # it ends before the middle of its last tile


def test_a_path_breaks_where_it_leaps():
    scene = field(1, 9)
    picture = draw(scene, 24, path=[0, 1, 7, 8])
    assert pixel(picture, 0, 1, tile=24) == pixel(picture, 0, 7, tile=24) == LOOK.path
    assert np.array_equal(picture[:, 3 * 24 : 6 * 24], draw(scene, 24)[:, 3 * 24 : 6 * 24])


@pytest.mark.parametrize("path", [[], [4], [4, 4, 4], [0, 1, 0, 1], [0, 8], [3, 4, 5, 4, 3]])
@pytest.mark.parametrize("tile", [1, 2, 7, 24])
def test_odd_paths_are_drawn_too(path, tile):
    picture = draw(field(3, 3), tile, path=path, trail=path)
    assert picture.shape == (3 * tile, 3 * tile, 3)
    assert np.array_equal(draw(field(3, 3), tile, path=[]), draw(field(3, 3), tile))


def test_a_turn_back_is_drawn_to_its_end():
    picture = draw(field(1, 5), 48, path=[0, 1, 2, 1, 0])
    assert pixel(picture, 0, 2) == LOOK.path


def test_a_trail_fades_and_its_latest_mark_stays():
    scene = field(1, 5)
    plain, picture = draw(scene, 48).astype(int), draw(scene, 48, trail=[0, 1, 2, 3, 0]).astype(int)
    weight = [np.abs(picture - plain)[:, k * 48 : (k + 1) * 48].sum() for k in range(5)]
    assert 0 < weight[1] < weight[2] < weight[3] < weight[0]
    assert weight[4] == 0
    assert pixel(picture.astype(np.uint8), 0, 0) == LOOK.agent


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_fog_dims_what_is_not_seen(theme):
    scene = field(2, 2)
    seen = np.array([[True, False], [False, True]])
    plain, picture = draw(scene, theme=theme), draw(scene, seen=seen, theme=theme)
    assert np.array_equal(picture[:24, :24], plain[:24, :24])
    assert luminance(picture[12, 36]) < luminance(plain[12, 36])
    assert np.array_equal(picture[24:, 24:], plain[24:, 24:])


def test_a_kept_ground_is_never_drawn_upon():
    scene = field(4, 4)
    first = draw(scene)
    draw(scene, agent=3, trail=[0, 1, 2], path=[0, 5])[...] = 0
    assert np.array_equal(draw(scene), first)


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"q": np.zeros((9, 3))}, r"q must have shape \(9, 4\)"),
        ({"q": np.zeros((9, 4)), "values": np.zeros(9)}, "one at a time"),
        ({"path": [9]}, "must hold states, 0…8"),
        ({"trail": [-1]}, "must hold states, 0…8"),
        ({"seen": np.ones((2, 3))}, r"seen must have shape \(3, 3\)"),
    ],
)
def test_a_wrong_overlay_says_so(options, fragment):
    with pytest.raises(UserError, match=fragment):
        draw(field(3, 3), **options)


def test_actions_that_are_no_moves_are_numbers():
    """Stakes of 1 and 12 look like two numbers, on tiles where numbers can be read; one that stays is a dot."""
    tiles = np.zeros((1, 2), dtype=np.uint8)
    scene = Scene(tiles, np.array([[0, 0], [0, 1]]), ((0, 0),) * 13)
    drawn = draw(scene, 32, policy=np.array([1, 12]))
    left, right = (np.ptp(np.argwhere((part < 128).all(axis=2)), axis=0) for part in (drawn[:, :32], drawn[:, 32:]))
    assert 8 < left[0] < 18, "a digit is about half a tile high"
    assert left[1] < 3, "a 1 is narrow"
    assert right[1] > 8, "12 is not"
    assert np.array_equal(draw(scene, 8, policy=np.array([1, 1])), draw(scene, 8, policy=np.array([12, 12])))
