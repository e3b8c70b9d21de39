"""Mazes as worlds: one, a set, or a layout for each seed or episode."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value, truth
from daedalus.core.world import Observation, Tile, World
from daedalus.envs import maze
from daedalus.envs.building import seen_as
from daedalus.envs.levels.levels import Levels
from daedalus.envs.levels.names import CODES
from daedalus.envs.observing import observer_of


@pytest.mark.parametrize("generator", CODES)
def test_maze_world(generator):
    world = maze(rows=4, columns=6, generator=generator)
    tiles = world.scene.tiles
    assert tiles.shape == (9, 13)
    assert world.states == np.count_nonzero(tiles != Tile.WALL)
    assert generator == "rooms" or world.states == 2 * 24 - 1
    assert world.horizon == 2 * 9 * 13
    assert (tiles[1, 1], tiles[7, 11]) == (Tile.START, Tile.GOAL)
    path = -start_value(world.mdp, solve(world.mdp).value) + 1
    assert path >= 6 + 10
    assert path % 2 == 0  # cells lie two tiles apart


@pytest.mark.parametrize("generator", CODES)
@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (1, 5), (5, 1)])
def test_a_maze_of_one_row_or_column_is_a_corridor(generator, rows, columns):
    world = maze(rows, columns, generator)
    assert world.scene.tiles.shape == (2 * rows + 1, 2 * columns + 1)
    assert world.states == 2 * rows * columns - 1
    assert start_value(world.mdp, solve(world.mdp).value) == -(world.states - 2)


def test_a_braided_maze_has_the_promised_loops():
    for braid, loops in ((0.0, 0), (0.1, 8), (0.5, 41), (1.0, 81)):
        assert maze(braid=braid).states == 199 + loops


def test_more_goals_are_nearer():
    one, many = maze(), maze(goals=12)
    assert np.count_nonzero(many.scene.tiles == Tile.GOAL) == np.count_nonzero(many.mdp.terminal) == 12
    assert truth(many).optimum > truth(one).optimum
    assert np.array_equal(one.scene.tiles == Tile.WALL, many.scene.tiles == Tile.WALL)


def test_layout_comes_from_the_seed_alone():
    assert np.array_equal(maze(seed=4).scene.tiles, maze(seed=4, slip=0.3, time_limit=9).scene.tiles)
    assert not np.array_equal(maze(seed=4).scene.tiles, maze(seed=5).scene.tiles)
    assert maze(rows=3, seed=2).mdp.fingerprint() == maze(rows=3, seed=2).mdp.fingerprint()


def test_names_say_what_differs_from_the_defaults():
    assert maze().name == "daedalus/Maze-v0"
    assert maze(rows=3, slip=0.25, time_limit=None).name == "daedalus/Maze-v0:rows=3,slip=0.25,time_limit=none"
    assert maze(levels=5, split="test").name == "daedalus/Maze-v0:levels=5,split=test"


@pytest.mark.parametrize("slip", [0.0, 0.2])
def test_a_set_is_worth_what_its_levels_are_worth_on_average(slip):
    world = maze(4, 5, "wilson", slip, seed=3, levels=10)
    scene = world.scene
    assert scene.tiles.shape == (10, 9, 11)
    assert np.array_equal(scene.level, np.repeat(np.arange(10), 39))
    assert np.flatnonzero(world.mdp.start).tolist() == list(range(0, 390, 39))
    assert world.horizon == 2 * 9 * 11
    value = solve(world.mdp).value
    for level in range(10):
        own = np.flatnonzero(scene.level == level)
        row, column = scene.cell[own].T
        assert np.all(scene.tiles[level, row, column] != Tile.WALL)
        assert {int(n) for n in scene.level[world.mdp.next_state[own]].ravel()} == {level}
    assert start_value(world.mdp, value) == pytest.approx(value[::39].mean())
    singles = [truth(World("one", *_cut(world, level), world.actions)).optimum for level in range(10)]
    assert truth(world).optimum == pytest.approx(np.mean(singles))


def _cut(world, level):
    """One level's MDP and its time limit, cut out of a set."""
    from daedalus.core.mdp import FiniteMDP

    own = np.flatnonzero(world.scene.level == level)
    mdp = world.mdp
    start = np.zeros(own.size)
    start[0] = 1.0
    parts = (mdp.next_state[own] - own[0], mdp.probability[own], mdp.reward[own], start, mdp.terminal[own])
    return FiniteMDP(*parts), world.horizon


@pytest.mark.parametrize("test_share", [0.2, 0.05])
def test_train_and_test_levels_are_seen_in_one_space(test_share):
    """So that a policy can be carried over; and a level has the same number in all splits."""
    options = {"rows": 3, "columns": 4, "levels": 20, "seed": 1}
    worlds = [maze(**options), *(maze(split=split, test_share=test_share, **options) for split in ("train", "test"))]
    for sight in ("coordinates", "symbolic", "pixels", "view"):
        seen = [observer_of(seen_as(world, Observation(sight))) for world in worlds]
        assert seen[0].space == seen[1].space == seen[2].space
        shown = np.concatenate([one.batch(np.arange(w.states)) for one, w in zip(seen[1:], worlds[1:], strict=True)])
        assert np.array_equal(seen[0].batch(np.arange(worlds[0].states)), shown)


def test_train_and_test_levels_share_nothing():
    options = {"rows": 3, "columns": 3, "generator": "wilson", "levels": 50, "seed": 1}
    tiles = {split: maze(split=split, **options).scene.tiles for split in ("all", "train", "test")}
    assert [len(tiles[split]) for split in tiles] == [50, 40, 10]
    assert len(np.unique(tiles["all"].reshape(50, -1), axis=0)) == 50
    assert np.array_equal(tiles["all"], np.concatenate([tiles["train"], tiles["test"]]))
    assert len(maze(split="test", test_share=0.5, **options).scene.tiles) == 25


def test_a_larger_set_begins_with_the_smaller():
    few, many = (maze(rows=4, columns=4, levels=count).scene.tiles for count in (5, 12))
    assert np.array_equal(few, many[:5])


def test_all_mazes_of_a_size_make_a_set():
    assert len(maze(2, 2, "wilson", levels=4).scene.tiles) == 4
    with pytest.raises(UserError, match="found only 4 different mazes of this kind; give fewer levels"):
        maze(2, 2, "wilson", levels=5)


def test_layouts_that_change_are_levels():
    seeded, episodic = maze(layout="per_seed"), maze(3, 4, slip=0.1, layout="per_episode", time_limit=9)
    assert isinstance(seeded, Levels)
    assert (seeded.each, seeded.horizon, seeded.name) == ("seed", 882, "daedalus/Maze-v0:layout=per_seed")
    assert (episodic.each, episodic.horizon, episodic.shape, episodic.slip) == ("episode", 9, (7, 9), 0.1)


@pytest.mark.parametrize("generator", CODES)
@pytest.mark.parametrize("slip", [0.0, 0.3])
def test_the_world_of_a_seed_is_the_fixed_maze_of_that_seed(generator, slip):
    options = {"rows": 4, "columns": 5, "generator": generator, "slip": slip, "braid": 0.2, "goals": 2}
    for seed in (0, 7):
        level, fixed = maze(layout="per_seed", **options).world(seed), maze(seed=seed, **options)
        assert np.array_equal(level.scene.tiles, fixed.scene.tiles)
        assert level.states == level.mdp.states == 9 * 11
        assert truth(level).optimum == pytest.approx(truth(fixed).optimum, abs=1e-12)
        floor = np.flatnonzero(level.scene.tiles.ravel() != Tile.WALL)
        assert np.array_equal(level.mdp.next_state[floor], floor[fixed.mdp.next_state])
        assert np.array_equal(level.scene.cell[floor], fixed.scene.cell)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "rows must be at least 1, not 0"),
        ({"columns": -3}, "columns must be at least 1"),
        ({"rows": 1, "columns": 1}, "one cell the start is the goal"),
        ({"generator": "wilsn"}, "did you mean 'wilson'"),
        ({"slip": 1.01}, r"slip must lie in \[0, 1\]"),
        ({"braid": -0.1}, r"braid must lie in \[0, 1\], not -0.1"),
        ({"goals": 0}, "goals must be at least 1"),
        ({"rows": 2, "columns": 2, "goals": 4}, "4 goals need more cells than 4, the start left free"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"time_limit": 0}, "at least 1 step"),
        ({"time_limit": 0, "layout": "per_episode"}, "at least 1 step"),
        ({"rows": 10**6, "columns": 10**6}, "bytes of tables"),
        ({"layout": "per_sed"}, "did you mean 'per_seed'"),
        ({"split": "tran", "levels": 3}, "did you mean 'train'"),
        ({"levels": 0}, "levels must be at least 1"),
        ({"levels": 5, "layout": "per_seed"}, "a set of levels is fixed; leave levels or layout out"),
        ({"seed": 5, "layout": "per_seed"}, "leave seed out, or take layout=fixed"),
        ({"split": "test"}, "split=test needs a set of levels; give levels=100, say"),
        ({"rows": 4, "columns": 4, "generator": "rooms", "goals": 15}, "cells for 10 goals only; give fewer goals"),
        ({"rows": 4, "columns": 4, "generator": "rooms", "goals": 15, "levels": 3}, "goals only; give fewer goals"),
        ({"test_share": 0.5}, "give split=train or split=test, or leave it out"),
        ({"levels": 5, "test_share": 0.5}, "give split=train or split=test, or leave it out"),
        ({"split": "test", "levels": 2, "test_share": 0.1}, "leaves 2 for training and 0 for testing"),
        ({"split": "train", "levels": 2, "test_share": 7.0}, "test_share must lie in"),
        ({"levels": 10**8}, "bytes of tables"),
    ],
)
def test_refused_mazes(options, message):
    with pytest.raises(UserError, match=message):
        maze(**options)
