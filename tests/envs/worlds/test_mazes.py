"""Mazes are spanning trees; Wilson's are uniform; depth-first ones follow their exact law."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.rng import stream_keys
from daedalus.core.world import Tile
from daedalus.envs import maze
from daedalus.envs.worlds.mazes import tiles_of
from daedalus.envs.levels.spanning_trees import depth_first, wilson

GENERATORS = {"depth_first": depth_first, "wilson": wilson}
SHAPES = [(1, 2), (2, 1), (1, 7), (2, 2), (3, 5), (10, 10), (300, 200)]


def components(passages, rows, columns):
    cells = np.arange(rows * columns).reshape(rows, columns)
    ends = np.concatenate(
        [
            np.stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()]),
            np.stack([cells[:-1].ravel(), cells[1:].ravel()]),
        ],
        axis=1,
    )[:, passages.astype(bool)]
    return connected_components(coo_array((np.ones(ends.shape[1]), ends), shape=(cells.size, cells.size)))[0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("generate", GENERATORS.values(), ids=GENERATORS)
def test_every_maze_is_a_spanning_tree(generate, shape):
    for passages in generate(*shape, stream_keys(range(3), "layout")):
        assert passages.sum() == shape[0] * shape[1] - 1
        assert components(passages, *shape) == 1


@pytest.mark.parametrize("generate", GENERATORS.values(), ids=GENERATORS)
def test_a_maze_depends_on_its_own_key_alone(generate):
    keys = stream_keys(range(20), "layout")
    together = generate(6, 7, keys)
    assert all(np.array_equal(generate(6, 7, keys[n : n + 1])[0], together[n]) for n in range(20))
    assert len({row.tobytes() for row in together}) == 20


def test_wilson_is_uniform_over_the_192_trees_of_three_by_three():
    # False-alarm rate 1e-4 under the fixed seeds. Depth-first search, which is not uniform, must be told apart.
    keys = stream_keys(range(19_200), "layout")
    counts = Counter(row.tobytes() for row in wilson(3, 3, keys))
    assert len(counts) == 192
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4
    others = Counter(row.tobytes() for row in depth_first(3, 3, keys))
    assert stats.chisquare(list(others.values()) + [0] * (192 - len(others))).pvalue < 1e-12


def depth_first_law(rows, columns):
    """The exact probability of each maze, by walking every choice."""
    law = defaultdict(float)

    def neighbours(cell):
        row, column = divmod(cell, columns)
        return [
            cell + step
            for step, inside in (
                (-columns, row > 0),
                (1, column < columns - 1),
                (columns, row < rows - 1),
                (-1, column > 0),
            )
            if inside
        ]

    def edge(one, other):
        low = min(one, other)
        row, column = divmod(low, columns)
        return row * (columns - 1) + column if abs(one - other) == 1 else rows * (columns - 1) + low

    def walk(path, seen, edges, chance):
        while path and not (free := [cell for cell in neighbours(path[-1]) if cell not in seen]):
            path = path[:-1]
        if not path:
            law[edges] += chance
            return
        for cell in free:
            walk((*path, cell), seen | {cell}, edges | {edge(path[-1], cell)}, chance / len(free))

    walk((0,), frozenset({0}), frozenset(), 1.0)
    return law


def test_depth_first_follows_its_exact_law():
    # False-alarm rate 1e-4 under the fixed seeds.
    law = depth_first_law(3, 3)
    assert sum(law.values()) == pytest.approx(1)
    mazes = depth_first(3, 3, stream_keys(range(20_000), "layout"))
    counts = Counter(frozenset(np.flatnonzero(row).tolist()) for row in mazes)
    assert counts.keys() <= law.keys()
    expected = np.array(list(law.values())) * len(mazes)
    assert stats.chisquare([counts[tree] for tree in law], expected).pvalue > 1e-4


def test_tiles_of_a_known_maze():
    # two rows of three cells: one passage row on top, the others open to the south
    passages = np.array([1, 1, 0, 0, 1, 1, 1], dtype=np.uint8)
    picture = ["".join("#" if tile == Tile.WALL else "." for tile in row) for row in tiles_of(passages, 2, 3)]
    assert picture == ["#######", "#.....#", "#.#.#.#", "#.#.#.#", "#######"]


@pytest.mark.parametrize("generator", GENERATORS)
def test_maze_world(generator):
    world = maze(rows=4, columns=6, generator=generator)
    tiles = world.scene.tiles
    assert tiles.shape == (9, 13)
    assert world.states == 2 * 24 - 1
    assert world.horizon == 2 * 9 * 13
    assert (tiles[1, 1], tiles[7, 11]) == (Tile.START, Tile.GOAL)
    path = -start_value(world.mdp, solve(world.mdp).value) + 1
    assert path >= 6 + 10
    assert path % 2 == 0  # cells lie two tiles apart


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 1), (1, 5), (5, 1)])
def test_a_maze_of_one_row_or_column_is_a_corridor(generator, rows, columns):
    world = maze(rows, columns, generator)
    assert world.scene.tiles.shape == (2 * rows + 1, 2 * columns + 1)
    assert world.states == 2 * rows * columns - 1
    assert start_value(world.mdp, solve(world.mdp).value) == -(world.states - 2)


def test_layout_comes_from_the_seed_alone():
    assert np.array_equal(maze(seed=4).scene.tiles, maze(seed=4, slip=0.3, time_limit=9).scene.tiles)
    assert not np.array_equal(maze(seed=4).scene.tiles, maze(seed=5).scene.tiles)
    assert maze(rows=3, seed=2).mdp.fingerprint() == maze(rows=3, seed=2).mdp.fingerprint()


def test_names_say_what_differs_from_the_defaults():
    assert maze().name == "daedalus/Maze-v0"
    assert maze(rows=3, slip=0.25, time_limit=None).name == "daedalus/Maze-v0:rows=3,slip=0.25,time_limit=none"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "rows must be at least 1, not 0"),
        ({"columns": -3}, "columns must be at least 1"),
        ({"rows": 1, "columns": 1}, "one cell the start is the goal"),
        ({"generator": "wilsn"}, "did you mean 'wilson'"),
        ({"slip": 1.01}, r"slip must lie in \[0, 1\]"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"time_limit": 0}, "at least 1 step"),
        ({"rows": 10**6, "columns": 10**6}, "bytes of tables"),
    ],
)
def test_refused_mazes(options, message):
    with pytest.raises(UserError, match=message):
        maze(**options)
