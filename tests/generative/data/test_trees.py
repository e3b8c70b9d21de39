"""Numbers of spanning trees, held against enumeration and against the published table of the suite's anchors."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.envs.levels import passages
from daedalus.generative.data import trees


@pytest.mark.parametrize(
    ("n", "log_count", "nll"),
    [
        (3, 5.2575, 7.5459),
        (4, 11.5164, 15.6484),
        (5, 20.1391, 26.5376),
        (6, 31.1143, 40.2075),
        (8, 60.1002, 75.8785),
        (10, 98.4480, 122.6494),
    ],
)
def test_floors_of_square_mazes(n, log_count, nll):
    assert trees.log_trees(n, n) == pytest.approx(log_count, abs=5e-5)
    assert trees.independent_nll(n, n) == pytest.approx(nll, abs=5e-5)


@pytest.mark.parametrize(("rows", "columns", "count"), [(1, 5, 1), (2, 2, 4), (2, 3, 15), (3, 3, 192), (4, 4, 100_352)])
def test_every_tree_is_listed_once(rows, columns, count):
    every = trees.all_trees(rows, columns)
    assert every.shape == (count, len(trees.ends(rows, columns)))
    assert every.dtype == np.uint8
    assert len(np.unique(every, axis=0)) == count
    assert trees.log_trees(rows, columns) == pytest.approx(np.log(count), abs=1e-9)
    np.testing.assert_allclose(every.mean(axis=0), trees.edge_chances(rows, columns), atol=1e-12)


def test_each_listed_one_joins_all_cells():
    for bits in trees.all_trees(2, 3):
        reached, grew = {0}, True
        while grew:
            chosen = trees.ends(2, 3)[bits > 0].tolist()
            more = {cell for edge in chosen if reached & set(edge) for cell in edge}
            reached, grew = reached | more, not more <= reached
        assert reached == set(range(6))
        assert bits.sum() == 5


def test_edges_stand_in_the_order_of_passages():
    for rows, columns in ((2, 5), (3, 3), (4, 2)):
        expected = [
            (passages.first_cell(edge, rows, columns), passages.second_cell(edge, rows, columns))
            for edge in range(passages.edges(rows, columns))
        ]
        assert trees.ends(rows, columns).tolist() == [list(pair) for pair in expected]


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (2, 4)])
def test_the_chance_that_independent_edges_are_a_tree_is_the_sum_over_all_trees(rows, columns):
    p = trees.edge_chances(rows, columns)
    every = trees.all_trees(rows, columns)
    assert trees.independent_perfect(rows, columns) == pytest.approx(np.where(every, p, 1 - p).prod(1).sum(), rel=1e-9)


def test_a_two_by_two_maze_by_hand():
    # Four edges of a ring, of which one is missing: each holds with 3/4.
    assert trees.edge_chances(2, 2) == pytest.approx(np.full(4, 0.75))
    assert trees.independent_nll(2, 2) == pytest.approx(-4 * (0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert trees.independent_perfect(2, 2) == pytest.approx(4 * 0.75**3 * 0.25)


def test_a_corridor_is_certain():
    assert trees.independent_nll(1, 6) == pytest.approx(0, abs=1e-9)
    assert trees.independent_perfect(1, 6) == pytest.approx(1)


@pytest.mark.parametrize(
    ("ask", "says"),
    [(lambda: trees.log_trees(1, 1), "at least two cells"), (lambda: trees.all_trees(5, 5), "too many to be listed")],
)
def test_bad_input(ask, says):
    with pytest.raises(UserError, match=says):
        ask()
