"""Sight lines against a second, rational construction, and against windows worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from daedalus.core.compiled import compiled
from daedalus.envs.observing.sightlines import passed, passed_in, seen_board, sightlines, whole

HALF = Fraction(1, 2)


@compiled
def look(opaque, bit, between, size):
    return seen_board(opaque, bit, between, whole(size))


def board(picture):
    """The bitboard of the `#` in a picture."""
    return np.uint64(sum(1 << (8 * i + j) for i, line in enumerate(picture) for j, c in enumerate(line) if c == "#"))


def picture_of(bits, size):
    return ["".join("x" if int(bits) >> (8 * i + j) & 1 else "." for j in range(size)) for i in range(size)]


def meets(rows, columns, i, j):
    """Whether the segment (0, 0)-(rows, columns) meets the open unit square around (i, j), by clipping."""
    low, high = Fraction(-1), Fraction(2)
    for way, middle in ((rows, i), (columns, j)):
        if way == 0:
            if middle != 0:
                return False
            continue
        ends = sorted([(middle - HALF) / way, (middle + HALF) / way])
        low, high = max(low, ends[0]), min(high, ends[1])
    return low < high and low < 1 and high > 0


@pytest.mark.parametrize("rows", range(-6, 7))
@pytest.mark.parametrize("columns", range(-6, 7))
def test_segments_pass_the_tiles_that_clipping_finds(rows, columns):
    expected = np.array(
        [[meets(abs(rows), abs(columns), i, j) for j in range(abs(columns) + 1)] for i in range(abs(rows) + 1)]
    )
    expected[0, 0] = expected[-1, -1] = False
    assert np.array_equal(passed(rows, columns), expected)


def test_a_segment_through_a_corner_only_touches():
    assert not passed(1, 1).any()  # between two walls that meet at a corner one sees through
    assert np.argwhere(passed(2, 2)).tolist() == [[1, 1]]
    assert np.argwhere(passed(1, 2)).tolist() == [[0, 1], [1, 1]]
    assert np.argwhere(passed(0, -3)).tolist() == [[0, 1], [0, 2]]


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("turning", [False, True])
def test_the_boards_are_the_tables(size, turning):
    lines = sightlines(size, turning)
    for heading, corner in enumerate(lines.corner):
        between = passed_in(size, tuple(-corner))
        for bit, mask in zip(lines.bit[heading], lines.between[heading], strict=True):
            expected = ["".join("#" if hit else "." for hit in row) for row in between[bit // 8, bit % 8]]
            assert mask == board(expected)


def test_a_turning_window_shows_ahead_first_and_the_right_hand_on_the_right():
    lines = sightlines(3, True)
    ahead = ((-1, 0), (0, 1), (1, 0), (0, -1))
    for heading in range(4):
        forward, right = np.array(ahead[heading]), np.array(ahead[(heading + 1) % 4])
        for k, bit in enumerate(lines.bit[heading]):
            expected = (2 - k // 3) * forward + (k % 3 - 1) * right
            assert (lines.corner[heading] + (bit // 8, bit % 8)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("walls", "seen"),
    [
        (["...", "...", "..."], ["xxx", "xxx", "xxx"]),
        (["###", "#.#", "###"], ["xxx", "xxx", "xxx"]),
        (
            [".....", "..#..", ".....", ".....", "....."],
            ["x...x", "xxxxx", "xxxxx", "xxxxx", "xxxxx"],
        ),
        (  # a corridor: its walls are seen as far as the floor beside them is
            ["##.##", "##.##", "##.##", "#####", "..#.."],
            [".xxx.", ".xxx.", ".xxx.", ".xxx.", "....."],
        ),
        (  # walls that meet at a corner hide nothing beyond it
            [".....", "..#..", ".#...", ".....", "....."],
            ["x...x", ".xxxx", ".xxxx", ".xxxx", "xxxxx"],
        ),
    ],
)
def test_windows_worked_out_by_hand(walls, seen):
    size = len(walls)
    lines = sightlines(size, False)
    shown = look(board(walls), lines.bit[0], lines.between[0], size)
    assert picture_of(shown, size) == seen


def test_what_is_seen_is_what_the_rule_says():
    # the rule, word for word, on random windows of every size
    rng = np.random.default_rng(1)
    for size in (3, 5, 7):
        lines, between = sightlines(size, False), passed_in(size, (size // 2, size // 2))
        for _ in range(200):
            opaque = rng.random((size, size)) < rng.random() * 0.6
            opaque[size // 2, size // 2] = False
            clear = ~opaque & ~(between & opaque).any(axis=(2, 3))
            padded = np.pad(clear, 1)
            near = np.any([padded[i : i + size, j : j + size] for i in range(3) for j in range(3)], axis=0)
            walls = ["".join("#" if wall else "." for wall in row) for row in opaque]
            expected = ["".join("x" if lit else "." for lit in row) for row in clear | near & opaque]
            assert picture_of(look(board(walls), lines.bit[0], lines.between[0], size), size) == expected
