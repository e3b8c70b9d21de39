"""Generated mazes are connected, have as many loops as promised, and follow their laws."""

import hashlib
from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from daedalus.core.rng import stream_keys
from daedalus.core.world import Tile
from daedalus.envs.levels.generating import goal_cells, passages
from daedalus.envs.levels.names import CODES
from daedalus.envs.levels.tiles import drawn_tiles, tiles_of

TREES = [name for name in CODES if name != "rooms"]
UNIFORM = ["wilson", "aldous_broder"]
SHAPES = [(1, 2), (2, 1), (1, 7), (2, 2), (3, 5), (10, 10), (60, 40)]


def keys(count):
    return stream_keys(range(count), "layout")


def ends_of(rows, columns):
    """The two cells of each passage, (E, 2)."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    east = np.stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()], axis=1)
    south = np.stack([cells[:-1].ravel(), cells[1:].ravel()], axis=1)
    return np.concatenate([east, south])


def parts(bits, rows, columns):
    """The number of cells that have a passage, and of the parts they fall into."""
    ends = ends_of(rows, columns)[bits.astype(bool)].T
    live, numbered = np.unique(ends, return_inverse=True)
    graph = coo_array((np.ones(ends.shape[1]), numbered.reshape(ends.shape)), shape=(live.size, live.size))
    return live.size, connected_components(graph)[0]


def squares(bits, rows, columns):
    """How many corners lie between four open passages."""
    east = bits[: rows * (columns - 1)].reshape(rows, columns - 1)
    south = bits[rows * (columns - 1) :].reshape(rows - 1, columns)
    return int((east[:-1] & east[1:] & south[:, :-1] & south[:, 1:]).sum())


def closed_between(bits, rows, columns):
    """How many closed passages lie between cells of the maze."""
    ends = ends_of(rows, columns)
    live = np.zeros(rows * columns, bool)
    live[ends[bits.astype(bool)]] = True
    return int((live[ends].all(axis=1) & (bits == 0)).sum())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("generator", TREES)
def test_every_perfect_maze_is_a_spanning_tree(generator, shape):
    for bits in passages(generator, *shape, keys(20)):
        assert bits.sum() == shape[0] * shape[1] - 1
        assert parts(bits, *shape) == (shape[0] * shape[1], 1)


@pytest.mark.parametrize("braid", [0.01, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("generator", TREES)
def test_braiding_opens_exactly_the_promised_loops(generator, braid):
    for rows, columns in SHAPES[:-1]:
        loops = int(np.floor(braid * (rows - 1) * (columns - 1) + 0.5))
        for bits in passages(generator, rows, columns, keys(20), braid):
            assert bits.sum() == rows * columns - 1 + loops
            assert parts(bits, rows, columns) == (rows * columns, 1)


@pytest.mark.parametrize("generator", CODES)
def test_braiding_only_opens_and_begins_at_dead_ends(generator):
    def dead_ends(bits):
        return np.bincount(ends_of(12, 9)[bits.astype(bool)].ravel(), minlength=108) == 1

    plain = passages(generator, 12, 9, keys(30))
    for braid in (0.05, 0.1):
        for before, after in zip(plain, passages(generator, 12, 9, keys(30), braid), strict=True):
            assert np.all(after >= before)
            opened = ends_of(12, 9)[(after > before)]
            if dead_ends(after).any():  # while any is left, every opening begins at one
                assert dead_ends(before)[opened].any(axis=1).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("braid", [0.0, 0.2])
def test_rooms_are_joined_and_their_loops_are_counted(shape, braid):
    plain = passages("rooms", *shape, keys(30))
    for before, after in zip(plain, passages("rooms", *shape, keys(30), braid), strict=True):
        live, count = parts(after, *shape)
        assert count == 1
        opened = int(np.floor(braid * closed_between(before, *shape) + 0.5))
        # a room of h × w cells has (h - 1)·(w - 1) loops and as many corners between open passages
        assert after.sum() == live - 1 + squares(before, *shape) + opened
        ends = ends_of(*shape)[after.astype(bool)]
        assert {0, shape[0] * shape[1] - 1} <= set(ends.ravel().tolist())


def test_there_are_rooms_and_corridors_without_dead_ends():
    for bits in passages("rooms", 15, 15, keys(20)):
        assert squares(bits, 15, 15) >= 4
        inside = tiles_of(bits, 15, 15, rooms=True)[2:-2:2, 2:-2:2] == Tile.FLOOR
        assert inside.sum() == squares(bits, 15, 15)
        ways = np.bincount(ends_of(15, 15)[bits.astype(bool)].ravel(), minlength=225)
        ends = np.flatnonzero(ways == 1)
        assert not ends.size  # no room is of one cell here, so a dead end would be a corridor's


@pytest.mark.parametrize("generator", CODES)
def test_a_maze_depends_on_its_own_key_alone(generator):
    together = passages(generator, 6, 7, keys(20), 0.2)
    goals = goal_cells(together, 6, 7, keys(20), 5)
    for n in range(20):
        alone = passages(generator, 6, 7, keys(20)[n : n + 1], 0.2)
        assert np.array_equal(alone[0], together[n])
        assert np.array_equal(goal_cells(alone, 6, 7, keys(20)[n : n + 1], 5)[0], goals[n])
    assert len({row.tobytes() for row in together}) == 20


def test_mazes_stay_what_they_were():
    # the same seed draws the same maze in every version
    drawn = {name: hashlib.sha256(passages(name, 10, 10, keys(2)).tobytes()).hexdigest()[:16] for name in CODES}
    assert drawn == {
        "depth_first": "0c5ea06ea1266a8c",
        "prim": "d48a9e187f1319a8",
        "kruskal": "b4d28f6b932e1a27",
        "wilson": "9805b191b7530328",
        "aldous_broder": "bc53af44f1a32e79",
        "division": "7addb0637fc48650",
        "rooms": "5b55897a577b2d1b",
    }


@pytest.mark.parametrize("generator", UNIFORM)
def test_uniform_over_the_192_trees_of_three_by_three(generator):
    # False-alarm rate 1e-4 for each under the fixed seeds.
    counts = Counter(row.tobytes() for row in passages(generator, 3, 3, keys(19_200)))
    assert len(counts) == 192
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize("generator", [name for name in TREES if name not in UNIFORM])
def test_the_other_generators_are_not_uniform(generator):
    # so the test above can tell
    counts = Counter(row.tobytes() for row in passages(generator, 3, 3, keys(19_200)))
    assert stats.chisquare(list(counts.values()) + [0] * (192 - len(counts))).pvalue < 1e-12


def neighbours(cell, rows, columns):
    row, column = divmod(cell, columns)
    ways = ((-columns, row > 0), (1, column < columns - 1), (columns, row < rows - 1), (-1, column > 0))
    return [cell + step for step, inside in ways if inside]


def edge(one, other):
    return min(one, other), max(one, other)


def depth_first_law(rows, columns):
    """The exact probability of each maze, by walking every choice."""
    law = defaultdict(float)

    def walk(path, seen, opened, chance):
        while path and not (free := [cell for cell in neighbours(path[-1], rows, columns) if cell not in seen]):
            path = path[:-1]
        if not path:
            law[opened] += chance
            return
        for cell in free:
            walk((*path, cell), seen | {cell}, opened | {edge(path[-1], cell)}, chance / len(free))

    walk((0,), frozenset({0}), frozenset(), 1.0)
    return law


def prim_law(rows, columns):
    """The same for growth from the middle cell: each passage on the border is as likely as another."""
    law = defaultdict(float)
    alive = {(frozenset({(rows // 2) * columns + columns // 2}), frozenset()): 1.0}
    for _ in range(rows * columns - 1):
        after = defaultdict(float)
        for (within, opened), chance in alive.items():
            border = [(a, b) for a in within for b in neighbours(a, rows, columns) if b not in within]
            for a, b in border:
                after[within | {b}, opened | {edge(a, b)}] += chance / len(border)
        alive = after
    for (_, opened), chance in alive.items():
        law[opened] += chance
    return law


def kruskal_law(rows, columns):
    """The same for passages opened in random order: the next to join two parts is any of those that would."""
    law = defaultdict(float)
    every = {edge(a, b) for a in range(rows * columns) for b in neighbours(a, rows, columns)}
    alive = {(frozenset(), tuple(range(rows * columns))): 1.0}
    for _ in range(rows * columns - 1):
        after = defaultdict(float)
        for (opened, part), chance in alive.items():
            joining = [(a, b) for a, b in every if part[a] != part[b]]
            for a, b in joining:
                merged = tuple(part[a] if p == part[b] else p for p in part)
                low = tuple(merged.index(p) for p in merged)  # one name for each way of falling into parts
                after[opened | {(a, b)}, low] += chance / len(joining)
        alive = after
    for (opened, _), chance in alive.items():
        law[opened] += chance
    return law


def division_law(rows, columns):
    """The same for recursive division: the closed passages of every wall, its place and its gap."""

    def divide(top, left, height, width):
        if height == 1 or width == 1:
            return {frozenset(): 1.0}
        law = defaultdict(float)
        ways = [True] if height > width else [False] if width > height else [True, False]
        for across in ways:
            long, short = (width, height) if across else (height, width)
            for before in range(1, short):
                if across:
                    wall = [((top + before - 1) * columns + left + i, columns) for i in range(long)]
                    halves = ((top, left, before, width), (top + before, left, height - before, width))
                else:
                    wall = [((top + i) * columns + left + before - 1, 1) for i in range(long)]
                    halves = ((top, left, height, before), (top, left + before, height, width - before))
                for gap in range(long):
                    closed = frozenset((cell, cell + step) for i, (cell, step) in enumerate(wall) if i != gap)
                    for one, p in divide(*halves[0]).items():
                        for other, q in divide(*halves[1]).items():
                            law[closed | one | other] += p * q / (len(ways) * (short - 1) * long)
        return law

    every = frozenset(edge(a, b) for a in range(rows * columns) for b in neighbours(a, rows, columns))
    return {every - closed: chance for closed, chance in divide(0, 0, rows, columns).items()}


LAWS = {"depth_first": depth_first_law, "prim": prim_law, "kruskal": kruskal_law, "division": division_law}


@pytest.mark.parametrize("generator", LAWS)
def test_mazes_follow_their_exact_law(generator):
    # False-alarm rate 1e-4 for each under the fixed seeds. Classes with few expected are put together.
    law = LAWS[generator](3, 3)
    assert sum(law.values()) == pytest.approx(1)
    mazes = passages(generator, 3, 3, keys(20_000))
    ends = [tuple(pair) for pair in ends_of(3, 3).tolist()]
    counts = Counter(frozenset(ends[e] for e in np.flatnonzero(row)) for row in mazes)
    assert counts.keys() <= law.keys()
    expected = np.array(list(law.values())) * len(mazes)
    observed = np.array([counts[tree] for tree in law])
    rare = expected < 5
    if rare.any():
        expected = np.append(expected[~rare], expected[rare].sum())
        observed = np.append(observed[~rare], observed[rare].sum())
    assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_goals_are_different_cells_of_the_maze():
    for generator in CODES:
        mazes = passages(generator, 5, 4, keys(50))
        for bits, cells in zip(mazes, goal_cells(mazes, 5, 4, keys(50), 6), strict=True):
            assert cells[0] == 19
            assert len(set(cells.tolist())) == 6
            assert set(cells.tolist()) <= set(ends_of(5, 4)[bits.astype(bool)].ravel().tolist()) - {0}


def test_every_cell_may_be_a_goal_alike():
    # False-alarm rate 1e-4 under the fixed seeds.
    mazes = passages("wilson", 3, 4, keys(6_000))
    others = goal_cells(mazes, 3, 4, keys(6_000), 3)[:, 1:]
    counts = np.bincount(others.ravel(), minlength=12)
    assert counts[[0, 11]].tolist() == [0, 0]
    assert stats.chisquare(counts[1:11]).pvalue > 1e-4


def test_tiles_of_a_known_maze():
    # two rows of three cells: one passage row on top, the others open to the south
    bits = np.array([1, 1, 0, 0, 1, 1, 1], dtype=np.uint8)
    assert picture(tiles_of(bits, 2, 3)) == ["#######", "#.....#", "#.#.#.#", "#.#.#.#", "#######"]


def test_tiles_of_a_known_room():
    # 2 × 2 cells with all passages open, and one cell that is no part of the maze
    bits = np.array([1, 0, 1, 0, 1, 1, 0], dtype=np.uint8)
    assert picture(tiles_of(bits, 2, 3)) == ["#######", "#...###", "#.#.###", "#...###", "#######"]
    assert picture(tiles_of(bits, 2, 3, rooms=True)) == ["#######", "#...###", "#...###", "#...###", "#######"]


def picture(tiles):
    return ["".join("#" if tile == Tile.WALL else "." for tile in row) for row in tiles]


def test_drawn_tiles_have_a_start_and_goals():
    tiles = drawn_tiles("prim", 4, 6, keys(3), 0.1, 3)
    assert tiles.shape == (3, 9, 13)
    assert np.all(tiles[:, 1, 1] == Tile.START)
    assert np.all(tiles[:, 7, 11] == Tile.GOAL)
    assert np.all((tiles == Tile.GOAL).sum(axis=(1, 2)) == 3)
