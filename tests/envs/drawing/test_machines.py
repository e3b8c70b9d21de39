"""Slot machines: bars as high as the estimates, the last arm lit, at any width."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.envs.drawing.digits import short_number, written
from daedalus.envs.drawing.machines import draw_machines, machines_text
from daedalus.envs.drawing.palette import THEMES, value_colours


def area(picture, colour):
    return int((picture == np.array(colour, dtype=np.uint8)).all(axis=2).sum())


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_bars_are_as_long_as_the_estimates(theme):
    estimates = np.array([1.0, 2.0, 4.0, -2.0])
    picture = draw_machines(estimates, np.ones(4, int), theme=theme)
    colours = value_colours(estimates, THEMES[theme])
    areas = np.array([area(picture, colour) for colour in colours])
    # equally wide bars; a row of pixels is added for the line of zero, which is drawn over it
    np.testing.assert_allclose(areas / areas[2], np.abs(estimates) / 4, atol=0.05)


def test_only_the_last_arm_is_lit():
    estimates, pulls = np.array([0.1, 0.5, 0.3]), np.array([3, 4, 5])
    plain, pulled = draw_machines(estimates, pulls), draw_machines(estimates, pulls, last=(1, 2.5))
    changed = np.flatnonzero((plain != pulled).any(axis=(0, 2)))
    middle = plain.shape[1] / 2
    assert abs((changed[0] + changed[-1]) / 2 - middle) < 12
    assert changed[-1] - changed[0] < 132
    assert area(pulled, THEMES["light"].agent) > 100
    assert area(plain, THEMES["light"].agent) == 0


def test_what_is_unknown_has_no_bar():
    known = draw_machines(np.array([0.0, 5.0]), np.ones(2, int))
    unknown = draw_machines(np.array([np.nan, 5.0]), np.array([0, 1]))
    assert known.shape == unknown.shape
    assert area(unknown, value_colours(np.array([0.0, 5.0]), THEMES["light"])[1]) > 500
    assert draw_machines(np.full(3, np.nan), np.zeros(3, int)).shape[1] == 960


def test_pictures_on_one_scale_can_be_compared():
    """A bar of 1 on a scale up to 2 and up to 4: half as long, and of another colour."""
    near, far = (draw_machines(np.array([1.0, 1.0]), np.ones(2, int), reach=(0.0, high)) for high in (2.0, 4.0))
    colours = value_colours(np.array([1 / 2, 1 / 4]), THEMES["light"], (0.0, 1.0))
    assert area(near, colours[0]) == pytest.approx(2 * area(far, colours[1]), rel=0.1)


def test_true_means_are_marked_on_request():
    estimates = np.array([0.2, 0.8])
    plain = draw_machines(estimates, np.ones(2, int))
    marked = draw_machines(estimates, np.ones(2, int), means=np.array([0.5, 0.5]))
    goal = THEMES["light"].goal
    assert area(plain, goal) == 0
    assert area(marked, goal) > 50


@pytest.mark.parametrize("arms", [1, 2, 3, 7, 10, 41, 300])
@pytest.mark.parametrize("width", [26, 27, 101, 640])
def test_any_number_of_arms_at_any_width(arms, width):
    rng = np.random.default_rng(arms)
    shown = draw_machines(rng.normal(size=arms), rng.integers(0, 10**7, arms), rng.normal(size=arms), (0, -1e30), width)
    assert shown.shape[1] == width
    assert shown.dtype == np.uint8


def test_equal_arguments_give_equal_pictures():
    given = np.array([0.1, 0.9]), np.array([5, 6])
    assert np.array_equal(draw_machines(*given), draw_machines(*given))


def test_text_says_the_same():
    text = machines_text(np.array([-1.0, np.nan, 1.0]), np.array([1200, 0, 7]), last=(2, 0.25))
    lines = text.split("\n")
    bars = [line[6:30] for line in lines[:3]]
    assert bars[0].count("█") == bars[2].count("█") > 8
    assert bars[0].rstrip("·").endswith("█")
    assert bars[0].index("█") < bars[2].index("█")
    assert bars[1] == "·" * 24
    assert lines[0].endswith("-1.00  ×1,200")
    assert lines[1].endswith("–  ×0")
    assert lines[2].startswith("►")
    assert lines[2].endswith("1.00  ×7       paid 0.25")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.00"),
        (-0.001, "0.00"),
        (1.234, "1.23"),
        (-12.345, "-12.3"),
        (99999, "99999"),
        (-99999, "-10E4"),
        (np.nan, "--"),
        (1e30, "1E30"),
    ],
)
def test_numbers_fit_their_display(number, text):
    assert short_number(number) == text


def test_an_eight_covers_every_other_digit():
    def drawn(text):
        picture = np.zeros((40, 40, 3), dtype=np.uint8)
        written(picture, text, (20, 20), 30, (255, 255, 255))
        return picture[..., 0].astype(int)

    eight = drawn("8")
    assert eight.any()
    seen = [drawn(digit) for digit in "0123456789-"]
    for one in seen:
        assert (one <= eight).all()
    assert len({one.tobytes() for one in seen}) == 11


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ((np.zeros(2), np.zeros(3)), r"shape \(arms,\)"),
        ((np.zeros(2), np.zeros(2), np.zeros(3)), "means must have shape"),
        ((np.zeros(2), np.zeros(2), None, (2, 0.0)), "one of 0…1"),
        ((np.zeros(2), np.zeros(2), None, None, 5), "at least 26 pixels"),
        ((np.zeros(2), np.zeros(2), None, None, 100, "drak"), "did you mean 'dark'"),
    ],
)
def test_a_wrong_argument_says_so(arguments, fragment):
    with pytest.raises(UserError, match=fragment):
        draw_machines(*arguments)


@pytest.mark.parametrize(("arms", "width"), [(10, 364), (10, 280), (5, 280), (20, 640)])
def test_where_it_is_narrow_the_digits_can_still_be_read(arms, width):
    """They stand in more rows; a number that is not drawn would leave both pictures alike."""
    pulls = np.full(arms, 3)
    first, second = (draw_machines(np.linspace(low, 2, arms), pulls, width=width) for low in (-1.0, -1.01))
    lit = np.array([255, 196, 84])
    shown = [(np.abs(picture.astype(int) - lit).max(axis=-1) < 60) for picture in (first, second)]
    assert shown[0].sum() > 20 * arms
    assert (shown[0] != shown[1]).any()
    assert first.shape[0] < 1.3 * width
