"""Tasks of memory: their fields by hand, and what is reached without memory, exactly."""

import itertools
import math

import numpy as np
import pytest

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit
from daedalus.core.spec import parse_spec
from daedalus.core.supervised.mlp import MLPConfig, Perceptron

DRAWN = np.arange(5_000)


def data(text):
    return load_data(parse_spec(text))


def test_adding_sums_what_is_marked():
    found = data("adding")
    held = found.train.take(DRAWN)
    numbers, marks = held["x"][..., 0], held["x"][..., 1]
    assert held["x"].shape == (5_000, 100, 2)
    assert (marks[:, :50].sum(1) == 1).all()
    assert (marks[:, 50:].sum(1) == 1).all()
    np.testing.assert_allclose((numbers * marks).sum(1), held["y"], rtol=1e-5)
    assert np.bincount(marks.argmax(1), minlength=50).min() > 50  # every place of the first half has its turn, of 100
    assert numbers.mean() == pytest.approx(0.5, abs=0.003)


@pytest.mark.parametrize("length", [2, 5, 100])
def test_the_best_guess_without_numbers_is_one_and_its_error_a_sixth(length):
    """E(u + v − 1)² = 2 · 1/12; the exact law is integrated, not sampled."""
    middle = (np.arange(1_000) + 0.5) / 1_000
    exact = ((middle[:, None] + middle - 1) ** 2).mean()
    found = data(f"adding:length={length}")
    assert -found.chance == pytest.approx(exact, abs=1e-6) == pytest.approx(1 / 6)
    y = found.test.take(np.arange(2_000))["y"].astype(np.float64)
    # the deviation of (u + v − 1)² is √(1/15 − 1/36) = .197; 4.5 of the mean's
    assert ((y - 1) ** 2).mean() == pytest.approx(1 / 6, abs=4.5 * 0.197 / math.sqrt(2_000))
    assert found.test.take(DRAWN[:3])["variance"] == pytest.approx(np.full(3, 1 / 6))
    assert (found.measure.name, found.ceiling) == ("minus_squared_error", 0.0)


def test_a_perceptron_is_judged_on_adding():
    found = data("adding:length=4,tested=100")
    life = Fit(found, Perceptron, MLPConfig(device="cpu"), 0, 300)
    before = life.measure().score
    life.run(300)
    measured = life.measure()
    assert before < measured.score
    assert measured.score > -1 / 6 / 4
    numbers = measured.numbers
    assert numbers["test/r_squared"] == pytest.approx(1 + 6 * numbers["test/minus_squared_error"], abs=1e-5)


def test_copy_by_hand():
    found = data("copy:length=3,copied=2,symbols=4")
    one = found.test.take(np.arange(1))
    (a, b), blank, signal = one["x"][0, :2], 4, 5
    assert one["x"][0].tolist() == [a, b, blank, blank, signal, blank, blank]
    assert one["y"][0].tolist() == [blank] * 5 + [a, b]
    assert one["w"][0].tolist() == [1] * 7
    assert one["tokens"].tolist() == [7]
    assert found.fields["x"].values == 6
    assert found.vocabulary.decode(one["x"][0]) == f"{'abcd'[a]}{'abcd'[b]}__>__"
    assert (found.sort, found.measure.name) == ("tagging", "log_likelihood_per_token")


def test_a_model_without_memory_copies_as_well_as_chance():
    """The best distribution of each place of y when nothing before it is known, over every example that there is."""
    found = data("copy:length=3,copied=2,symbols=4")
    every = np.full((16, 7), 4)
    every[:, -2:] = list(itertools.product(range(4), repeat=2))
    log_p = 0.0
    for place in every.T:
        share = np.bincount(place) / 16
        log_p += np.log(share[place]).mean()
    assert found.chance == pytest.approx(log_p / 7) == pytest.approx(-2 * math.log(4) / 7)
    assert data("copy").chance == pytest.approx(-10 * math.log(8) / 50)
    y = found.train.take(DRAWN)["y"]
    assert np.bincount(y[:, -1], minlength=4) == pytest.approx(np.full(4, 1_250), abs=150)  # 4.9 deviations


def test_reversal_by_hand():
    found = data("reversal:length=3,symbols=5")
    one = found.test.take(np.arange(1))
    a, b, c = one["x"][0, :3]
    assert one["x"][0].tolist() == [a, b, c, 5, c, b]
    assert one["y"][0].tolist() == [b, c, 5, c, b, a]
    assert one["w"][0].tolist() == [0, 0, 0, 1, 1, 1]
    assert one["tokens"].tolist() == [3]
    assert (found.ceiling, found.chance) == (0.0, -math.log(5))
    masked = data("reversal:task=masked,length=3,symbols=5")
    np.testing.assert_array_equal(masked.test.take(np.arange(1))["x"], one["x"])
    assert (masked.measure.name, masked.ceiling, masked.chance) == ("masked_log_likelihood", None, None)
    assert masked.test.take(np.arange(1))["w"].tolist() == [[1] * 6]


@pytest.mark.parametrize("text", ["adding", "copy", "reversal", "reversal:task=masked"])
def test_parts_are_apart_and_made_by_index(text):
    found = data(text)
    x = [part.take(np.arange(100))["x"] for part in found.parts.values()]
    assert len({row.tobytes() for part in x for row in part}) == 300
    np.testing.assert_array_equal(found.train.take(np.array([2**61, 3]))["x"][1], x[0][3])
    assert found.train.size is None
    assert data(f"{text}{',' if ':' in text else ':'}examples=20").train.size == 20
    first = found.train.take(np.arange(2))
    for name, column in found.fields.items():
        assert first[name].shape[1:] == column.shape
        assert str(first[name].dtype) == column.dtype


def test_symbols_are_read_and_written():
    symbols = data("reversal").vocabulary
    assert symbols.size == 9
    assert symbols.decode(symbols.encode("abc>cba")) == "abc>cba"
    with pytest.raises(UserError, match="'z' is no symbol"):
        symbols.encode("az")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("adding:length=1", "length must lie between 2 and 10,000"),
        ("adding:tested=1", "tested must be at least 2"),
        ("copy:symbols=1", "symbols must lie between 2 and 26"),
        ("copy:length=0", "length must lie between 1"),
        ("copy:copied=0", "copied must lie between 1 and 1,000"),
        ("reversal:length=0", "length must lie between 1"),
        ("reversal:symbols=27", "symbols must lie between 2 and 26"),
        ("reversal:examples=1", "examples must be at least 2"),
    ],
)
def test_bad_input(text, says):
    with pytest.raises(UserError, match=says):
        data(text)
