"""MNIST as a data set: its parts, its pixels, and what independent pixels reach."""

import io

import numpy as np
import pytest

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit
from daedalus.core.spec import parse_spec
from daedalus.core.supervised.cnn import CNNConfig, Convolutional
from daedalus.generative.data import images


def packed(train: int = 40, test: int = 12, **changed) -> bytes:
    rng = np.random.Generator(np.random.Philox(3))
    arrays = {}
    for part, size in (("train", train), ("test", test)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (size, 28, 28), dtype=np.uint8)
        arrays[f"y_{part}"] = (np.arange(size) % 10).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in (arrays | changed).items() if array is not None})
    return buffer.getvalue()


@pytest.fixture
def small(stand_in, monkeypatch):
    monkeypatch.setattr(images, "CUT", 30)
    stand_in("mnist.npz", packed())


def whole(part) -> dict[str, np.ndarray]:
    return part.take(np.arange(part.size))


@pytest.mark.parametrize("task", ["classification", "density", "sampling", "reconstruction"])
def test_fields_are_as_they_are_announced(small, task):
    data = load_data(parse_spec(f"mnist:task={task}"))
    assert data.sort == task
    assert [part.size for part in data.parts.values()] == [30, 10, 12]
    assert data.form.name == "image"
    for part in data.parts.values():
        held = whole(part)
        assert held["x"].shape[1:] == data.fields["x"].shape == (1, 28, 28)
        assert {name: array.dtype for name, array in held.items()} == {
            name: np.dtype(field.dtype) for name, field in data.fields.items()
        }
        assert held["y"].max() < data.fields["y"].values
    assert data.measure.name == {
        "classification": "accuracy",
        "density": "log_likelihood",
        "sampling": "minus_sliced_wasserstein",
        "reconstruction": "minus_squared_error",
    }[task]  # fmt: skip


def test_pixels_are_told_in_three_ways(small):
    gray, binary, real = (
        load_data(parse_spec(f"mnist:task=density,pixels={told}")) for told in ("gray", "binary", "real")
    )
    shades = whole(gray.test)["x"]
    assert shades.max() > 250
    np.testing.assert_array_equal(whole(binary.test)["x"], shades > 127)
    np.testing.assert_allclose(whole(real.test)["x"], shades / 255, atol=1e-7)
    assert [data.fields["x"].values for data in (gray, binary, real)] == [256, 2, None]
    assert [data.measure.most for data in (gray, binary, real)] == [0, 0, np.inf]
    assert real.chance is None
    assert load_data(parse_spec("mnist:task=density")).fields["x"].values == 2
    assert load_data(parse_spec("mnist:task=sampling")).fields["x"].values is None


def test_nothing_is_trained_on_that_tests(small):
    plain, all_of_them, few = (
        load_data(parse_spec(f"mnist:task=density{s}")) for s in ("", ",whole=true", ",examples=11")
    )
    for data in (all_of_them, few):
        for part in ("validation", "test"):
            np.testing.assert_array_equal(whole(data.parts[part])["x"], whole(plain.parts[part])["x"])
    assert (all_of_them.train.size, few.train.size) == (40, 11)
    assert "stand for a validation part" in all_of_them.notes[0]
    both = np.concatenate([whole(plain.train)["x"], whole(plain.validation)["x"]])
    np.testing.assert_array_equal(both, whole(all_of_them.train)["x"])


def test_a_classifier_is_fitted_to_it(small):
    data = load_data(parse_spec("mnist"))
    fit = Fit(data, Convolutional, CNNConfig(channels=2, width=4, batch=8), 0, 2)
    fit.run(2)
    assert 0 <= fit.measure().score <= 1
    assert data.chance == pytest.approx(2 / 12)
    assert load_data(parse_spec("mnist:measure=log_likelihood")).chance == pytest.approx(-np.log(10), abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("pixels=binary", "mnist: pixels=binary is of the tasks density"),
        ("task=density,measure=accuracy", "mnist: measure is of task=classification"),
        ("examples=9", "mnist: examples must lie between 10 and 30, not 9"),
        ("task=densities", "did you mean 'density'"),
        ("task=density,pixels=grey", "pixels must be none or 'binary'"),
    ],
)
def test_bad_settings_are_refused_in_a_line(small, settings, said):
    with pytest.raises(UserError, match=said) as error:
        load_data(parse_spec(f"mnist:{settings}"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"no archive", packed(x_test=None)])
def test_a_file_that_is_no_such_archive_is_refused(stand_in, content):
    stand_in("mnist.npz", content)
    with pytest.raises(UserError, match=r"mnist\.npz is damaged"):
        load_data(parse_spec("mnist"))


def test_the_real_pictures_and_what_independent_pixels_reach_on_them(real_data):
    data = load_data(parse_spec("mnist:task=density,whole=true"))
    assert [part.size for part in data.parts.values()] == [60_000, 5_000, 10_000]
    assert data.chance == pytest.approx(-205.846, abs=5e-4)  # ANCHORS
    shades = load_data(parse_spec("mnist:task=sampling"))
    some = shades.train.take(np.arange(0, 55_000, 7))["x"]  # 7,858 × 784 pixels
    assert some.mean() == pytest.approx(0.1307, abs=0.001)
