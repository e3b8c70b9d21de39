"""Points in the plane: drawn by the law that their exact ceilings are of."""

import numpy as np
import pytest
from scipy.special import logsumexp

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.supervised import mixtures, moons

DRAWN = np.arange(20_000)


def data(text):
    return load_data(parse_spec(text))


def log_density(x, centres, deviation):
    squared = ((x[:, None] - centres) ** 2).sum(-1)
    return logsumexp(-squared / (2 * deviation**2), axis=1) - np.log(len(centres) * 2 * np.pi * deviation**2)


def ring(modes, radius):
    angle = 2 * np.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def along_the_spiral(turns=2.0, radius=2.0, count=400):
    out = np.sqrt((np.arange(count) + 0.5) / count)
    angle = 2 * np.pi * turns * out
    return radius * out[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def two_moons(count=200):
    return np.concatenate(moons.arcs((np.arange(count) + 0.5) * np.pi / count))


@pytest.mark.parametrize(
    ("text", "centres", "deviation"),
    [
        ("gaussians", ring(8, 2), 0.1),
        ("gaussians:modes=5,radius=1,deviation=.7", ring(5, 1), 0.7),
        ("spiral", along_the_spiral(), 0.05),
        ("moons:task=density", two_moons(), 0.2),
    ],
)
def test_the_ceiling_is_the_mean_log_density_of_what_is_drawn(text, centres, deviation):
    found = data(text)
    x = found.test.take(DRAWN[: found.test.size])["x"].astype(np.float64)
    log_p = log_density(x, centres, deviation)
    assert found.ceiling == pytest.approx(log_p.mean(), abs=4.5 * log_p.std() / np.sqrt(len(x)))  # false alarm 1e-5
    gaussian = np.linalg.slogdet(np.cov(x.T))[1] / -2 - 1 - np.log(2 * np.pi)
    assert found.chance == pytest.approx(gaussian, abs=0.05)
    assert found.measure.name == "log_likelihood"
    assert found.chance < found.ceiling


def test_entropies_by_hand():
    one = np.log(2 * np.pi * np.e * 0.01)
    assert mixtures.entropy(np.zeros((1, 2)), 0.1) == pytest.approx(one, abs=1e-9)
    assert mixtures.entropy(ring(8, 2), 0.1) == pytest.approx(one + np.log(8), abs=1e-9)  # 15 deviations apart
    assert mixtures.entropy(np.zeros((4, 2)), 0.1) == pytest.approx(one, abs=1e-9)
    assert mixtures.spread(ring(8, 2), 0.1) == pytest.approx(4.02)
    assert mixtures.normal_log_likelihood(ring(8, 2), 0.1) == pytest.approx(-np.log(2 * np.pi * np.e * 2.01))


def test_modes_lie_on_the_ring():
    found = data("gaussians").train.take(DRAWN)
    x, y = found["x"], found["y"]
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    assert np.bincount(y, minlength=8) == pytest.approx(np.full(8, 2_500), abs=250)  # five deviations and more
    error = x - ring(8, 2)[y]
    assert error.std(axis=0) == pytest.approx([0.1, 0.1], abs=0.003)
    assert abs(np.corrcoef(error.T)[0, 1]) < 0.04


def test_spirals_wind_twice():
    x = data("spiral:noise=.02").train.take(DRAWN)["x"]
    radius = np.linalg.norm(x, axis=1)
    angle = np.arctan2(x[:, 1], x[:, 0])
    gap = np.mod(angle - 2 * np.pi * radius + np.pi, 2 * np.pi) - np.pi  # of the law r = 2·angle / (2π · 2 turns)
    assert np.abs(gap[radius > 0.3]).max() < 0.6
    assert (radius <= 1).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("name", ["gaussians", "spiral", "moons"])
def test_tasks_and_parts(name):
    sampled, again = data(f"{name}:task=sampling"), data(f"{name}:task=reconstruction")
    assert (sampled.measure.name, sampled.ceiling) == ("minus_sliced_wasserstein", 0.0)
    assert again.measure.name == "minus_squared_error"
    x = again.test.take(np.arange(10_000))["x"].astype(np.float64)
    assert again.chance == pytest.approx(-x.var(axis=0).sum(), rel=0.05)
    parts = [part.take(np.arange(100))["x"] for part in sampled.parts.values()]
    assert len({row.tobytes() for x in parts for row in x}) == 300
    far = np.array([2**61, 3])
    np.testing.assert_array_equal(sampled.train.take(far)["x"][1], parts[0][3])
    assert sampled.form.name == "points"


def test_moons_are_for_classes_unless_asked():
    assert data("moons").sort == "classification"
    assert data("moons:task=density,examples=none").train.size is None
    np.testing.assert_array_equal(
        data("moons").test.take(DRAWN[:9])["x"], data("moons:task=sampling").test.take(DRAWN[:9])["x"]
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gaussians:modes=0", "modes must lie between 1 and 100"),
        ("gaussians:radius=-1", "radius must be above 0"),
        ("gaussians:deviation=.001", "deviation must lie between 0.01 and 100 times the radius"),
        ("gaussians:tested=1", "tested must be at least 2"),
        ("spiral:turns=0", "turns must lie above 0"),
        ("spiral:noise=0", "noise must lie between"),
        ("spiral:examples=1", "examples must be at least 2"),
        ("moons:task=density,noise=.001", "noise must be at least 0.02"),
        ("gaussians:task=sequence", "task"),
    ],
)
def test_bad_input(text, says):
    with pytest.raises(UserError, match=says):
        data(text)
