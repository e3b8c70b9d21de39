"""The picture of all worlds: each has a place, and everything fits."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.envs.drawing.gallery import gallery
from daedalus.envs.drawing.palette import THEMES

SOME = ("daedalus/Bandit-v0", "daedalus/Cliff-v0", "daedalus/FrozenLake-v0", "daedalus/Windy-v0")


@pytest.mark.parametrize("theme", sorted(THEMES))
@pytest.mark.parametrize(("width", "columns"), [(1280, None), (640, 2), (360, 1)])
def test_a_gallery_has_its_width_and_something_in_every_column(theme, width, columns):
    picture = gallery(columns, width, theme, SOME)
    assert picture.shape[1:] == (width, 3)
    count = columns or 4
    inked = (picture != np.array(THEMES[theme].floor, dtype=np.uint8)).any(axis=(0, 2))
    for column in range(count):
        assert inked[column * width // count : (column + 1) * width // count].mean() > 0.4


@pytest.mark.parametrize("name", ["daedalus/ContextualBandit-v0", "daedalus/Bandit-v0", "daedalus/Taxi-v0"])
def test_a_dark_gallery_has_nothing_of_the_light_one(name):
    dark = gallery(1, 420, "dark", [name])
    assert not (dark == np.array(THEMES["light"].floor, dtype=np.uint8)).all(axis=-1).any()


def test_fewer_columns_make_it_higher():
    heights = [gallery(columns, 800, "light", SOME).shape[0] for columns in (1, 2)]
    assert heights[0] > heights[1]


def test_what_does_not_fit_says_so():
    with pytest.raises(UserError, match="do not fit"):
        gallery(20, 400, "light", SOME)
    with pytest.raises(UserError, match="did you mean 'dark'"):
        gallery(2, 400, "drak", SOME)
