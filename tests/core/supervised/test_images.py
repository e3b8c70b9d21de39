"""Pictures as data sets, on the digits that scikit-learn carries."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.supervised.images import Pictures, independent


def whole(part) -> dict[str, np.ndarray]:
    return part.take(np.arange(part.size))


def test_digits_are_cut_in_the_order_of_the_file():
    x, y = load_digits(return_X_y=True)
    data = load_data(parse_spec("digits:task=density,pixels=real"))
    assert [part.size for part in data.parts.values()] == [1350, 150, 297]
    held = [whole(part) for part in data.parts.values()]
    np.testing.assert_allclose(np.concatenate([one["x"] for one in held]).reshape(-1, 64), x / 16)
    np.testing.assert_array_equal(np.concatenate([one["y"] for one in held]), y)
    more = load_data(parse_spec("digits:task=density,pixels=real,whole=true"))
    np.testing.assert_allclose(whole(more.train)["x"].reshape(-1, 64), x[:1500] / 16)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(whole(more.parts[part])["x"], whole(data.parts[part])["x"])


def test_independent_pixels_reach_on_bits_what_others_measured():
    # half of one added to each count, bits 1 from 8 of 16 on: 24.581 (ANCHORS)
    assert load_data(parse_spec("digits:task=density,whole=true")).chance == pytest.approx(-24.581, abs=5e-4)


def test_independent_pixels_by_hand():
    train = np.array([[0, 1], [0, 1], [0, 2]], dtype=np.uint8).reshape(3, 1, 1, 2)
    test = np.array([[0, 2], [1, 1]], dtype=np.uint8).reshape(2, 1, 1, 2)
    first, second = np.array([3.5, 0.5, 0.5]) / 4.5, np.array([0.5, 2.5, 1.5]) / 4.5
    expected = np.log(first[0] * second[2] * first[1] * second[1]) / 2
    assert independent(train, test, 3) == pytest.approx(expected)


@pytest.mark.parametrize("pixels", ["binary", "gray", "real"])
def test_the_mean_picture_is_the_best_constant_guess(pixels):
    data = load_data(parse_spec(f"digits:task=reconstruction,pixels={pixels}"))
    top = {"binary": 1, "gray": 16, "real": 1}[pixels]
    train, test = (whole(part)["x"].reshape(part.size, -1) / top for part in (data.train, data.test))
    assert data.chance == pytest.approx(-np.square(test - train.mean(0)).sum(1).mean(), rel=1e-6)


def test_a_few_digits_of_some_classes():
    data = load_data(parse_spec("digits:task=sampling,only=high,examples=20"))
    assert data.train.size == 20
    assert set(whole(data.test)["y"].tolist()) == set(range(5))
    every = [load_data(parse_spec(f"digits:task=density,only={only}")) for only in ("low", "high")]
    assert sum(part.size for data in every for part in data.parts.values()) == 1797


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("whole=true", "digits: whole is of the tasks density"),
        ("pixels=binary", "digits: pixels is of the tasks density"),
        ("task=density,noise=.1", "digits: noise is of task=classification"),
        ("task=sampling,moved=1", "digits: moved is of task=classification"),
        ("task=sampling,measure=accuracy", "digits: measure is of task=classification"),
        ("task=density,examples=1351", "digits: examples must lie between 1 and 1350"),
    ],
)
def test_what_a_task_has_not_is_refused(settings, said):
    with pytest.raises(UserError, match=said):
        load_data(parse_spec(f"digits:{settings}"))


def test_the_chance_of_reconstruction_is_told_in_the_pixels_that_are_asked_for():
    x = np.array([0, 4, 2, 0], dtype=np.uint8).reshape(4, 1, 1, 1)
    parts = [(x[:2], np.zeros(2, np.int64)), (x[2:3], np.zeros(1, np.int64)), (x[3:], np.zeros(1, np.int64))]
    pictures = Pictures("made", parts, 1, top=4, threshold=2)
    assert pictures.dense("reconstruction", "gray").chance == pytest.approx(-0.25)  # 0 against a half
    assert pictures.dense("reconstruction", "binary").chance == pytest.approx(-0.25)
    assert whole(pictures.dense("sampling").train)["x"].ravel().tolist() == [0, 1]
    assert whole(pictures.dense("density").validation)["x"].ravel().tolist() == [1]
