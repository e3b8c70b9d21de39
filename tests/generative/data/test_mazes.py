"""Mazes as data: uniform where they are said to be, parts apart, pure functions of their index."""

import numpy as np
import pytest
from scipy import stats

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.envs.levels.names import CODES
from daedalus.envs.levels.tiles import tiles_of
from daedalus.generative.data.mazes import open_tiles
from daedalus.generative.data.trees import all_trees, edge_chances

MANY = np.arange(19_200)


def data(text):
    return load_data(parse_spec(text))


def x_of(text, part="train", indices=MANY):
    return data(text).parts[part].take(indices)["x"]


@pytest.mark.parametrize("generator", ["wilson", "aldous_broder"])
def test_uniform_generators_draw_every_tree_as_often(generator):
    every = {tree.tobytes(): place for place, tree in enumerate(all_trees(3, 3))}
    counts = np.bincount([every[x.tobytes()] for x in x_of(f"mazes:n=3,generator={generator}")], minlength=192)
    assert stats.chisquare(counts).pvalue > 1e-4  # the seed is fixed; another would fail once in 10,000


@pytest.mark.parametrize("generator", [name for name in CODES if name != "rooms"])
def test_each_generator_makes_trees(generator):
    x = x_of(f"mazes:rows=3,columns=4,generator={generator}", indices=np.arange(50))
    assert x.shape == (50, 17)
    assert (x.sum(axis=1) == 11).all()


def test_tiles_are_the_same_mazes():
    edges, tiles = (
        x_of(f"mazes:rows=3,columns=4,layout={layout}", indices=np.arange(20)) for layout in ("edges", "tiles")
    )
    assert tiles.shape == (20, 1, 7, 9)
    assert tiles.dtype == np.uint8
    np.testing.assert_array_equal(tiles[:, 0], open_tiles(edges, 3, 4))
    np.testing.assert_array_equal(tiles[3, 0] == 0, tiles_of(edges[3], 3, 4) != 0)
    assert (tiles.sum(axis=(1, 2, 3)) == 12 + 11).all()  # cells and passages


def test_what_is_declared_is_what_comes():
    for text in ("mazes", "mazes:layout=tiles", "mazes:n=3,task=reconstruction,generator=rooms"):
        found = data(text)
        assert found.train.size is None
        assert found.test.size == found.validation.size == 2_000
        for part in found.parts.values():
            x = part.take(np.arange(3))["x"]
            assert x.shape[1:] == found.fields["x"].shape
            assert str(x.dtype) == found.fields["x"].dtype
            assert x.max() < found.fields["x"].values


def test_an_example_is_a_function_of_part_and_index():
    found = data("mazes:n=8")
    far = np.array([2**61 + 5, 7, 2**61 + 5])
    x = found.train.take(far)["x"]
    np.testing.assert_array_equal(x[0], x[2])
    np.testing.assert_array_equal(x[1], found.train.take(np.arange(10))["x"][7])
    drawn = {row.tobytes() for part in found.parts.values() for row in part.take(np.arange(300))["x"]}
    assert len(drawn) == 900  # of e^60 mazes no two are alike
    assert found.fingerprint() == data("mazes:n=8").fingerprint() != data("mazes:n=8,generator=prim").fingerprint()


def test_as_many_examples_as_are_asked_for():
    assert data("mazes:examples=100,tested=50").train.size == 100
    assert data("mazes:examples=100,tested=50").test.size == 50


def test_ceiling_and_chance():
    found = data("mazes:n=5")
    assert found.measure.name == "log_likelihood"
    assert (found.ceiling, found.chance) == (pytest.approx(-20.1391, abs=1e-4), pytest.approx(-26.5376, abs=1e-4))
    assert data("mazes:layout=tiles").ceiling == found.ceiling
    prim = data("mazes:generator=prim")
    assert (prim.ceiling, prim.chance) == (None, None)
    assert data("mazes:braid=0.5").ceiling is None
    perfect = data("mazes:n=3,task=sampling")
    assert (perfect.measure.name, perfect.ceiling) == ("perfect", 1.0)
    again = data("mazes:n=3,task=reconstruction")
    p = edge_chances(3, 3)
    errors = (x_of("mazes:n=3") - p) ** 2
    assert again.chance == pytest.approx(-errors.sum(1).mean(), abs=0.01)  # 0.4 % of it, six deviations of the mean
    assert again.measure.name == "minus_squared_error"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mazes:n=1", "rows must lie between 2 and 64"),
        ("mazes:columns=100", "columns must lie between 2 and 64"),
        ("mazes:examples=1", "examples must be at least 2"),
        ("mazes:tested=0", "tested must be at least 2"),
        ("mazes:braid=2", "braid must lie in"),
        ("mazes:generator=wilsn", "did you mean 'wilson'"),
        ("mazes:layout=tile", "did you mean 'tiles'"),
        ("mazes:task=sampling,braid=.1", "with braid=0.1 none is"),
        ("mazes:task=sampling,generator=rooms", "with generator=rooms none is"),
        ("mazes:size=3", "unknown parameter"),
    ],
)
def test_bad_input(text, says):
    with pytest.raises(UserError, match=says):
        data(text)
