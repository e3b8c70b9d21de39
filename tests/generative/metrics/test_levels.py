"""Levels are judged as the exact solver judges them."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning.optimal import solve
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import Tile
from daedalus.envs.levels.passages import edges
from daedalus.envs.tiling import grid_world
from daedalus.generative.metrics.levels import against_uniform, every_maze, floor_of, judge_levels, levels

SMALL = parse_spec("maze(rows=3,columns=3,layout=edges)")


def form(rows: int, columns: int, layout: str = "edges") -> Spec:
    return Spec("maze", (("rows", rows), ("columns", columns), ("layout", layout)))


def solved(open_HW: np.ndarray) -> int:
    """Steps from start to goal by the solver of worlds; -1 where there is no way."""
    tiles = np.where(open_HW, Tile.FLOOR, Tile.WALL).astype(np.uint8)
    tiles[1, 1], tiles[-2, -2] = Tile.START, Tile.GOAL
    mdp = grid_world("level", tiles).mdp
    value = float(solve(mdp).value[np.flatnonzero(mdp.start)[0]])
    return 1 - round(value) if np.isfinite(value) else -1  # a step pays -1, but the one into the goal 0


def test_all_sets_of_twelve_edges_hold_192_perfect_mazes():
    every_NE = (np.arange(2**12)[:, None] >> np.arange(12)[::-1] & 1).astype(np.uint8)
    found = levels(SMALL, every_NE)
    assert found.valid.all()
    np.testing.assert_array_equal(every_NE[found.perfect], every_maze(SMALL))
    assert judge_levels(SMALL, every_NE)["modes"] == 192
    assert (found.steps[found.perfect] >= 8).all()


@pytest.mark.parametrize("layout", ["edges", "tiles"])
def test_steps_are_those_of_the_solver(layout):
    rng = np.random.default_rng(0)
    shape = (edges(3, 4),) if layout == "edges" else (1, 7, 9)
    x_N = (rng.random((60, *shape)) < 0.65).astype(np.uint8)
    if layout == "tiles":
        x_N[:, :, [0, -1]] = x_N[:, :, :, [0, -1]] = 0
        x_N[:, :, 1, 1] = x_N[:, :, -2, -2] = 1
    found = levels(form(3, 4, layout), x_N)
    expected = [solved(open_HW) for open_HW in found.floor]
    assert found.steps.tolist() == expected
    assert 10 < found.solvable.sum() < 55  # of both sorts there are enough


def test_tiles_that_are_no_maze_are_not_valid():
    (one,) = every_maze(form(2, 2, "tiles"))[:1]
    assert levels(form(2, 2, "tiles"), one[None]).perfect.all()
    for row, column in ((0, 1), (3, 4), (2, 2), (1, 1)):  # border, border, pillar, cell
        changed = one.copy()
        changed[0, row, column] ^= 1
        found = levels(form(2, 2, "tiles"), changed[None])
        assert not found.valid.any()
        assert not found.perfect.any()


def test_loops_and_what_is_apart_are_not_perfect():
    loop, apart, tree = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]], np.uint8)
    found = levels(form(2, 2), np.stack([loop, apart, tree]))
    assert found.perfect.tolist() == [False, False, True]
    assert found.solvable.tolist() == [True, False, True]
    assert found.steps.tolist() == [4, -1, 4]


def test_a_loop_is_not_made_up_for_by_a_cell_that_is_apart():
    x = np.zeros((1, 12), np.uint8)
    x[0, [0, 1, 6, 7, 2, 9, 3, 8]] = 1  # the cells but one, joined by as many passages as a tree of all needs
    found = levels(SMALL, x)
    assert x.sum() == 8
    assert not found.perfect.any()


def test_both_layouts_say_the_same():
    edges_N, tiles_N = every_maze(SMALL), every_maze(form(3, 3, "tiles"))
    np.testing.assert_array_equal(floor_of(SMALL, edges_N), floor_of(form(3, 3, "tiles"), tiles_N))
    one, other = judge_levels(SMALL, edges_N), judge_levels(form(3, 3, "tiles"), tiles_N)
    assert one == other
    assert one["perfect"] == one["valid"] == one["solvable"] == one["distinct"] == 1


def test_samples_beside_real_mazes():
    trees = every_maze(SMALL)
    told = judge_levels(SMALL, np.repeat(trees[:4], 2, axis=0), trees[2:])
    assert told["distinct"] == 0.5
    assert told["novel"] == 0.5
    assert told["modes"] == 4
    assert judge_levels(SMALL, trees, trees)["steps_distance"] == 0
    longest = trees[levels(SMALL, trees).steps == 16]
    assert judge_levels(SMALL, longest, trees)["steps_distance"] == pytest.approx(16 - told["steps_real"], abs=0.1)


def test_differing_is_the_share_of_tiles_in_which_two_samples_differ():
    trees = every_maze(SMALL)
    floor = levels(SMALL, trees).floor
    pairs = (floor[:, None] != floor[None]).mean()
    assert judge_levels(SMALL, trees)["differing"] == pytest.approx(pairs)


def test_against_uniform():
    told = against_uniform(np.log([0.25, 0.25]))
    assert told["mass"] == pytest.approx(0.5)
    assert told["kl"] == pytest.approx(np.log(2))  # all that is missing is the mass
    told = against_uniform(np.log([0.75, 0.25]))
    assert told["kl"] == pytest.approx(0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25))


def test_what_is_no_maze_is_refused():
    with pytest.raises(UserError, match="levels are judged of mazes, not of image"):
        levels(Spec("image"), np.zeros((1, 12)))
    with pytest.raises(UserError, match=r"0s and 1s of shape \(12,\)"):
        levels(SMALL, np.zeros((1, 13)))
    with pytest.raises(UserError, match="0s and 1s"):
        levels(SMALL, np.full((1, 12), 0.5))
