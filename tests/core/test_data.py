"""Data sets: which examples a step sees, parts that never meet, baselines and ceilings by a second way."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import r2_score

from daedalus.core.catalogue import Entry
from daedalus.core.data import LOG_LIKELIHOOD, Column, Data, Held, is_data, load_data, order, streamed, tasked
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import parse_spec
from daedalus.core.supervised import moons, sets

KEY = stream_key(3, "order")


@pytest.mark.parametrize(("batch", "size"), [(3, 10), (10, 3), (4, 12), (7, 8), (1, 5)])
def test_every_epoch_sees_every_example_once(batch, size):
    seen = np.concatenate([order(KEY, step, batch, size) for step in range(4 * size)])
    for epoch in range(len(seen) // size):
        assert sorted(seen[epoch * size : (epoch + 1) * size]) == list(range(size))


def test_a_step_s_examples_depend_on_the_key_and_the_step_alone():
    first = [order(KEY, step, 3, 10) for step in range(9)]
    for step in (8, 0, 4):  # in any order
        np.testing.assert_array_equal(order(KEY, step, 3, 10), first[step])
    assert any((order(KEY + 1, step, 3, 10) != first[step]).any() for step in range(9))
    epochs = [tuple(np.concatenate(first[3 * e : 3 * e + 3])) for e in range(2)]
    assert epochs[0] != epochs[1]


def test_a_batch_of_all_is_all_in_their_order():
    for batch in (10, 99):
        np.testing.assert_array_equal(order(KEY, 5, batch, 10), np.arange(10))


def test_without_end_every_step_sees_fresh_examples():
    drawn = np.concatenate([order(KEY, step, 50, None) for step in range(200)])
    assert len(set(drawn.tolist())) == drawn.size
    assert drawn.min() >= 0


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast_cancer", "diabetes"])
def test_parts_share_no_example_and_lose_none(name):
    data = load_data(parse_spec(name))
    parts = sets.split(name, sum(part.size for part in data.parts.values()))
    assert [len(part) for part in parts] == [part.size for part in data.parts.values()]
    assert sorted(np.concatenate(parts)) == list(range(sum(map(len, parts))))
    taken = data.train.take(np.array([2, 0]))
    for name, field in data.fields.items():
        assert taken[name].shape == (2, *field.shape)
        assert taken[name].dtype == field.dtype


def test_standardised_is_the_training_part_and_a_constant_column_stays():
    values = np.array([[1.0, 7.0], [3.0, 7.0], [100.0, 8.0]])
    found = sets.standard(values, np.array([0, 1]))
    np.testing.assert_allclose(found[:2], [[-1, 0], [1, 0]])
    np.testing.assert_allclose(found[2], [98, 1])


def test_the_baseline_is_the_best_constant_guess():
    train, test = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    assert sets.constant_guess(train, test, 3, "accuracy") == 0.25
    expected = np.log([0.5, 0.25, 0.25, 0.25]).mean()
    assert sets.constant_guess(train, test, 3, "log_likelihood") == pytest.approx(expected)
    target = np.array([1.0, 2.0, 6.0])
    assert sets.r_squared_of_a_constant(2.5, target) == pytest.approx(r2_score(target, np.full(3, 2.5)))


def test_noise_changes_training_labels_alone_and_examples_cut_them():
    plain, noisy = load_data(parse_spec("digits:examples=500")), load_data(parse_spec("digits:examples=500,noise=.5"))
    changed = plain.train.arrays["y"] != noisy.train.arrays["y"]
    # of half of the labels nine in ten change: 225 of 500 expected, deviation 11; false alarm 1 in 10^5
    assert 175 < changed.sum() < 275
    np.testing.assert_array_equal(plain.test.arrays["y"], noisy.test.arrays["y"])
    assert plain.fingerprint() != noisy.fingerprint()
    assert plain.fingerprint() == load_data(parse_spec("digits:examples=500")).fingerprint()


def test_low_and_high_digits_are_five_classes_each():
    sizes = 0
    for which in ("low", "high"):
        data = load_data(parse_spec(f"digits:only={which}"))
        assert set(data.train.arrays["y"].tolist()) == set(range(5))
        assert data.fields["y"].values == 5
        sizes += sum(part.size for part in data.parts.values())
    assert sizes == 1797


def test_moons_are_those_of_their_law():
    x, y = moons.points(np.arange(40_000), 7, 0.1).values()
    for label, centre in ((0, (0.0, 0.0)), (1, (1.0, 0.5))):
        # the distance from the arc's centre is 1 but for noise: its mean is 1 + σ²/2
        radius = np.hypot(*(x[y == label] - centre).T)
        assert radius.mean() == pytest.approx(1.005, abs=5 * 0.1 / np.sqrt(20_000))
        side = x[y == label][:, 1] - centre[1]
        assert (np.sign(side) == (1 if label == 0 else -1)).mean() > 0.9


def test_the_ceiling_of_moons_is_what_the_bayes_rule_reaches():
    accuracy, entropy = moons.ceilings(0.25)
    x, y = moons.points(np.arange(4_000), 11, 0.25).values()
    theta = (np.arange(150) + 0.5) * np.pi / 150
    arc = np.stack([np.cos(theta), np.sin(theta)], 1)
    chance = [
        stats.norm.pdf(x[:, None, :], centres, 0.25).prod(2).mean(1) for centres in (arc, np.array([1.0, 0.5]) - arc)
    ]
    right = np.where(y == 0, chance[0], chance[1]) / (chance[0] + chance[1])
    # Monte Carlo with 4,000 points: deviations of the means are .0032 and .0036; a false alarm is 1 in 10^4
    assert (right > 0.5).mean() == pytest.approx(accuracy, abs=0.014)
    assert -np.log(right).mean() == pytest.approx(entropy, abs=0.014)
    data = load_data(parse_spec("moons:noise=.25,measure=log_likelihood"))
    assert (data.ceiling, data.chance) == (-entropy, pytest.approx(-np.log(2)))


def test_moons_without_end_are_made_by_index():
    data = load_data(parse_spec("moons:examples=none"))
    assert data.train.size is None
    some = np.array([5, 2**61, 5])
    taken = data.train.take(some)["x"]
    np.testing.assert_array_equal(taken[0], taken[2])
    assert (taken[0] != taken[1]).all()
    assert (data.train.take(some)["x"] != data.test.take(some)["x"]).all()


def test_a_fingerprint_sees_every_number():
    def made(x: float) -> str:
        parts = [Held({"x": np.array([[0.0], [x]]), "y": np.array([0, 1])})] * 3
        fields = {"x": Column((1,), "float64"), "y": Column((), "int64", 2)}
        return Data("d", "classification", fields, *parts, LOG_LIKELIHOOD).fingerprint()

    assert made(1.0) == made(1.0) != made(1.0 + 1e-12)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("digit", "unknown data set 'digit'; did you mean 'digits'"),
        ("digits:example=3", "did you mean 'examples'"),
        ("digits:examples=5", "examples must lie between 10 and 1258"),
        ("digits:noise=2", "noise must lie in"),
        ("moons:noise=0", "noise must be above 0"),
        ("moons:examples=1", "examples must be at least 2"),
        ("iris:measure=accurate", "did you mean 'accuracy'"),
    ],
)
def test_bad_data_is_refused_in_a_line(spec, said):
    with pytest.raises(UserError, match=said):
        load_data(parse_spec(spec))


def test_moved_digits_are_the_same_but_for_their_place():
    plain, moved = load_data(parse_spec("digits")), load_data(parse_spec("digits:moved=1"))
    np.testing.assert_array_equal(plain.train.arrays["x"], moved.train.arrays["x"])
    before, after = plain.test.arrays["x"], moved.test.arrays["x"]
    same = (before == after).all((1, 2, 3)).mean()
    assert 0.02 < same < 0.25  # one of nine places, 270 images; a false alarm is 1 in 10^5
    inner = before[:, :, 1:-1, 1:-1].sum((1, 2, 3))
    assert (after.sum((1, 2, 3)) >= inner - 1e-4).all()  # nothing leaves but what was at the edge


def test_names_of_data_sets_come_before_worlds_and_listing_imports_nothing_heavy():
    assert is_data(parse_spec("digits:noise=.1"))
    assert not is_data(parse_spec("daedalus/Maze-v0"))
    code = (
        "import sys; from daedalus.core.catalogue import entries; entries(); from daedalus.core import data; "
        "print([name for name in ('torch', 'sklearn', 'scipy', 'numba') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_rows_that_read_on_see_their_stretch_in_order():
    seen = np.stack([streamed(step, 4, 12) for step in range(3)])
    assert seen.T.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert streamed(0, 4, 10).tolist() == [0, 2, 5, 7]
    assert streamed(9, 4, 10).tolist() == [9, 1, 4, 6]  # then from the beginning


def models(*suits):
    return [Entry("model", f"m{number}", "", "", tasks) for number, tasks in enumerate(suits)]


@pytest.fixture
def several(monkeypatch):
    from daedalus.core import data

    entries = {
        "many": Entry("data", "many", "", "", ("classification", "density", "sampling")),
        "one": Entry("data", "one", "", "", ("density",)),
    }
    monkeypatch.setattr(data, "of_kind", lambda kind: entries)


@pytest.mark.parametrize(
    ("asked", "suits", "found"),
    [
        ("many", [("classification",)], "many"),  # its own first task goes without saying
        ("many", [("density", "sampling")], "many:task=density"),
        ("many", [("density", "sampling"), ("sampling",)], "many:task=sampling"),
        ("many:task=sampling", [("density", "sampling")], "many:task=sampling"),
        ("many:examples=3", [("sampling",)], "many:examples=3,task=sampling"),
        ("many", [("regression",)], "many"),  # which is refused elsewhere, by name
        ("one", [("density",)], "one"),
        ("strange", [("density",)], "strange"),
        ("many", [], "many"),
    ],
)
def test_the_task_is_what_all_models_suit(several, asked, suits, found):
    assert str(tasked(parse_spec(asked), models(*suits))) == found


def test_models_without_a_task_in_common_are_compared_apart(several):
    with pytest.raises(UserError, match=r"no task suits all .* \(m0 classification; m1 density or sampling\)"):
        tasked(parse_spec("many"), models(("classification",), ("density", "sampling")))
