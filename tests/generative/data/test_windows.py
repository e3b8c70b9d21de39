"""Windows of a text: every place, or every token once."""

import numpy as np
import pytest

from daedalus.core.data import order, streamed
from daedalus.core.errors import UserError
from daedalus.generative.data.windows import Windows, constant_guess

STREAM = np.arange(10, 33, dtype=np.uint16)  # 23 tokens


def test_windows_one_after_another_are_filled_up_with_what_does_not_count():
    windows = Windows(STREAM, 5)
    held = windows.take(np.arange(windows.size))
    assert windows.size == 5  # 22 are predicted
    assert held["x"].tolist()[:2] == [[10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]
    assert held["y"].tolist()[-1] == [31, 32, 0, 0, 0]
    assert held["w"].tolist()[-1] == [1, 1, 0, 0, 0]
    assert held["tokens"] == pytest.approx(22 / 5)
    assert {name: array.dtype.str for name, array in held.items()} == {
        "x": "<i8", "y": "<i8", "w": "<f4", "tokens": "<f4"
    }  # fmt: skip


def test_windows_everywhere_begin_at_every_place_and_the_next_goes_on():
    windows = Windows(STREAM, 5, everywhere=True)
    held = windows.take(np.arange(windows.size))
    begins = held["x"][:, 0] - 10
    assert windows.size == len(set(begins.tolist())) == 15  # three rows of windows, from five places
    assert sorted(begins) == list(range(15))
    assert (held["y"] == held["x"] + 1).all()
    assert (held["w"] == 1).all()
    assert (held["tokens"] == 5).all()
    goes_on = held["y"][:-1, -1] == held["x"][1:, 0]
    np.testing.assert_array_equal(goes_on, (np.arange(14) + 1) % 3 != 0)  # but from row to row


def test_read_on_in_stretches_every_row_goes_on_where_it_was():
    windows = Windows(np.arange(1000), 4, everywhere=True)
    for step in range(30):
        now, then = (windows.take(streamed(at, 4, windows.size)) for at in (step, step + 1))
        np.testing.assert_array_equal(now["y"][:, -1], then["x"][:, 0])


def test_windows_are_a_function_of_their_indices():
    windows = Windows(STREAM, 3, everywhere=True)
    some = order(7, 0, 6, windows.size)
    held = windows.take(some)
    for place, index in enumerate(some):
        np.testing.assert_array_equal(windows.take(np.array([index]))["x"][0], held["x"][place])


@pytest.mark.parametrize(("length", "everywhere"), [(0, False), (23, False), (12, True), (-1, True)])
def test_a_length_that_the_text_has_not_is_refused(length, everywhere):
    with pytest.raises(UserError, match=f"length must lie between 1 and {11 if everywhere else 22}, .* not {length}"):
        Windows(STREAM, length, everywhere)
    assert Windows(STREAM, 11 if everywhere else 22, everywhere).size


def test_the_constant_guess_by_hand():
    # counts 3, 1, 0 and a half each: 3.5, 1.5, .5 of 5.5
    expected = (np.log(3.5 / 5.5) + np.log(0.5 / 5.5)) / 2
    assert constant_guess(np.array([0, 0, 1, 0]), np.array([0, 2]), 3) == pytest.approx(expected)
