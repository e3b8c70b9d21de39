"""Pictures of examples: their sizes, their pixels, what is framed, and which exhibits a model gets."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.generating import Passage, Picture
from daedalus.core.spec import parse_spec
from daedalus.generative.metrics.quality import real
from daedalus.generative.showing.drawing import GROUND, maze_pictures, pixel_pictures
from daedalus.generative.showing.samples import images, mosaic, sample_exhibits, shown, strip
from daedalus.generative.showing.scatter import scatter


class Drawer:
    options_class = None

    def __init__(self, data):
        self.data = data

    def sample(self, n, condition, generator):
        return real(self.data.train, n)


def exhibits(name):
    data = load_data(parse_spec(name))
    return sample_exhibits(data, Drawer(data), torch.Generator().manual_seed(0))


def test_shades_are_squares_of_pixels_from_dark_to_bright():
    x = np.array([[[[0.0, 0.5], [1.0, 0.0]]]])
    (picture,) = pixel_pictures(x)
    assert picture.shape == (60, 60, 3)
    assert (picture[:30, :30] == (10, 11, 14)).all()
    assert (picture[30:, :30] == (250, 248, 243)).all()
    assert 120 < picture[0, 45, 0] < 140


def test_colours_stay_what_they_are_and_strange_channels_are_shades():
    x = np.zeros((1, 3, 64, 40))
    x[:, 1] = 1.0
    assert (pixel_pictures(x) == (0, 255, 0)).all()
    assert pixel_pictures(x).shape == (1, 64, 40, 3)
    two = pixel_pictures(np.stack([np.zeros((1, 4, 4)), np.ones((1, 4, 4))], axis=1))
    assert len(np.unique(two)) <= 3


def test_numbers_beyond_the_scale_and_no_numbers_are_drawn_all_the_same():
    data = load_data(parse_spec("digits:task=sampling"))
    x = torch.tensor([-3.0, 0.0, 1.0, 7.0, torch.nan]).reshape(5, 1, 1, 1).expand(5, 1, 8, 8)
    low, zero, one, high, none = images(data, x)
    assert (low == zero).all()
    assert (none == zero).all()
    assert (high == one).all()


def test_whole_numbers_are_drawn_as_shares_of_the_highest():
    data = load_data(parse_spec("digits:task=density,pixels=gray"))
    x = torch.full((2, 1, 8, 8), 16, dtype=torch.uint8)
    assert images(data, x)[0].max() == 250


def test_a_maze_is_framed_where_it_is_none():
    floor = np.zeros((2, 5, 5), dtype=bool)
    floor[:, 1::2, 1::2] = True
    floor[0, 1, 2] = floor[0, 2, 1] = floor[0, 2, 3] = True
    good, bad = maze_pictures(floor, np.array([True, False]))
    assert (good[0] == GROUND).all()
    assert (bad[[0, -1]] == bad[0, 0]).all()
    assert tuple(bad[0, 0]) != GROUND
    inside = (good[3:-3, 3:-3] == good[8, 8]).all(axis=-1)  # floor; walls are 2 wide and cells 28
    assert inside.shape == (62, 62)
    assert inside[2:30, 2:60].all()
    assert inside[30:32].sum() == 2 * 56
    assert not inside[32:60, 30:32].any()


@pytest.mark.parametrize("layout", ["edges", "tiles"])
def test_mazes_look_the_same_however_they_are_written_down(layout):
    data = load_data(parse_spec(f"mazes:n=4,layout={layout}"))
    found = images(data, real(data.test, 5))
    wanted = images(load_data(parse_spec("mazes:n=4")), real(load_data(parse_spec("mazes:n=4")).test, 5))
    np.testing.assert_array_equal(found, wanted)


def test_a_mosaic_is_nearly_square_with_gaps_and_may_end_early():
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 6, 3), dtype=np.uint8)
    page = mosaic(pictures)
    assert page.shape == (2 * 6 + 2, 3 * 8 + 2, 3)
    assert (page[2:6, 10:16] == 1).all()
    assert (page[8:12, 10:16] == 4).all()
    assert (page[:2] == GROUND).all()
    assert (page[8:, 18:] == GROUND).all()
    assert mosaic(pictures, columns=5, gap=1).shape == (6, 36, 3)
    np.testing.assert_array_equal(strip([pictures[:3], pictures[3:]]), page)


def test_points_lie_where_they_are_and_others_are_left_out():
    """The view is what is real and a margin: (0, 1) lies at the top, not at the bottom."""
    real_points = np.array([(-1.0, -1.0), (1.0, 1.0)])
    inside = np.array([(0.0, 0.9)])
    outside = np.array([(9.0, 0.0), (np.nan, 0.0), (np.inf, 0.0)])
    empty = scatter(np.zeros((0, 2)), real_points)
    assert empty.shape == (480, 480, 3)
    np.testing.assert_array_equal(scatter(outside, real_points), empty)
    changed = (scatter(inside, real_points) != empty).any(axis=-1)
    rows, columns = (axis.mean() for axis in np.nonzero(changed))
    assert abs(columns - 240) < 2
    assert abs(rows - 240 * (1 - 0.9 / 1.16)) < 2
    assert 0 < changed.sum() < 40


def test_samples_stand_beside_real_examples():
    samples, real_ones = exhibits("digits:task=sampling")
    assert isinstance(samples, Picture)
    assert (samples.name, real_ones.name) == ("samples", "real")
    assert samples.pixels.shape == real_ones.pixels.shape == (6 * 66 + 2, 6 * 66 + 2, 3)
    assert (samples.pixels != real_ones.pixels).any()
    assert samples.pixelated


def test_mazes_say_how_many_are_perfect():
    data = load_data(parse_spec("mazes:n=3"))
    x = real(data.test, 4).clone()
    assert "all are perfect" in shown(data, x).note
    x[0] = 1
    assert "3 of 4 are perfect" in shown(data, x).note


def test_points_are_one_picture_that_may_be_smoothed():
    (one,) = exhibits("gaussians:task=sampling")
    assert not one.pixelated
    assert one.pixels.shape == (480, 480, 3)


def test_text_is_a_passage_a_sample_in_each_line(real_data):
    (one,) = exhibits("names")
    assert isinstance(one, Passage)
    assert len(one.text.splitlines()) == 24
    assert one.text.splitlines()[0].isalpha()
    (play,) = exhibits("shakespeare:length=128")
    assert play.text.count("\n\n* * *\n\n") == 3


def test_numbers_are_shown_as_numbers():
    data = load_data(parse_spec("reversal"))
    x = real(data.train, 3)
    found = shown(data, x)
    assert isinstance(found, Passage)
    assert len(found.text.splitlines()) == 3
