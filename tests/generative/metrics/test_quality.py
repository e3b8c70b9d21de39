"""Samples judged by the form of the data: who draws the truth is told so, and who draws anything else as well."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition, Sampler
from daedalus.core.spec import parse_spec
from daedalus.generative.metrics import features as module
from daedalus.generative.metrics import quality
from daedalus.generative.metrics.features import features
from daedalus.generative.metrics.quality import as_numbers, drawn, examine_samples, judge_samples, real


class Drawer:
    """Draws examples of a part, one after another, changed by `change`; it follows classes where `follows`."""

    options_class = None

    def __init__(self, data, part="train", change=lambda x: x, follows=False):
        self.data, self.change, self.follows, self.at = data, change, follows, 0
        self.part, self.asked = data.parts[part], []

    def sample(self, n, condition: Condition, generator):
        self.asked.append(n)
        if condition.y is not None:
            if not self.follows:
                raise UserError("it follows no classes")
            y = real(self.data.train, self.data.train.size, "y")
            places = [int((y == one).nonzero()[place % 50, 0]) for place, one in enumerate(condition.y)]
        else:
            places = (np.arange(n) + self.at) % (self.part.size or 2**40)
            self.at += n
        return self.change(torch.from_numpy(self.part.take(np.asarray(places))["x"]))


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path_factory):
    monkeypatch.setattr(module, "STEPS", 200)
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path_factory.getbasetemp() / "features of few steps"))
    yield
    features.cache_clear()


def generator():
    return torch.Generator().manual_seed(0)


def test_samples_are_drawn_some_at_a_time():
    data = load_data(parse_spec("mazes:n=3"))
    model = Drawer(data)
    assert isinstance(model, Sampler)
    assert drawn(model, 1_200, generator()).shape == (1_200, 12)
    assert model.asked == [500, 500, 200]


def test_whole_numbers_become_shares_and_no_numbers_nothing():
    data = load_data(parse_spec("digits:task=density,pixels=gray"))
    assert as_numbers(data, torch.tensor([[0, 8, 16]], dtype=torch.uint8)).tolist() == [[0.0, 0.5, 1.0]]
    data = load_data(parse_spec("moons:task=sampling"))
    assert as_numbers(data, torch.tensor([[torch.nan, -2.0]])).tolist() == [[0.0, -2.0]]
    assert as_numbers(data, torch.tensor([[torch.inf, -3e38]])).tolist() == [[1e6, -1e6]]


def test_points_by_their_distance_and_modes():
    data = load_data(parse_spec("gaussians:task=sampling"))
    good = judge_samples(data, Drawer(data), data.test, generator())
    one = judge_samples(data, Drawer(data, change=lambda x: x * 0 + torch.tensor([2.0, 0.0])), data.test, generator())
    assert good["modes"] == 8
    assert good["high_quality"] > 0.97  # 1 - exp(-9/2) = .989 of a normal one
    assert one["modes"] == 1
    assert one["minus_sliced_wasserstein"] < -1 < -0.15 < good["minus_sliced_wasserstein"] < 0
    assert good == judge_samples(data, Drawer(data), data.test, torch.Generator().manual_seed(9))  # the same lines


def test_points_at_length(monkeypatch):
    monkeypatch.setitem(quality.SAMPLES, "points", 400)
    data = load_data(parse_spec("gaussians:task=sampling,examples=500"))
    found = examine_samples(data, Drawer(data), data.test, generator())
    assert found["samples"] == 400
    assert found["mmd"] == found["mmd_floor"]  # it drew what the floor is measured with
    assert found["sliced_wasserstein"] == found["sliced_wasserstein_floor"] > 0
    assert (found["precision"], found["recall"]) == (found["precision_real"], found["recall_real"])
    assert found["copies"] == 1
    assert found["nearer_than_test"] > 0.99
    fresh = examine_samples(data, Drawer(data, "validation"), data.test, generator())
    assert fresh["copies"] == 0
    assert abs(fresh["nearer_than_test"] - 0.5) < 0.1
    assert "copies" not in examine_samples(*endless(), generator())


def endless():
    data = load_data(parse_spec("gaussians:task=sampling"))
    return data, Drawer(data), data.test


@pytest.mark.parametrize("layout", ["edges", "tiles"])
def test_mazes_by_the_share_of_perfect_ones(layout):
    data = load_data(parse_spec(f"mazes:n=3,layout={layout},task=sampling"))
    assert judge_samples(data, Drawer(data), data.test, generator()) == {"perfect": 1.0, "solvable": 1.0}
    half = Drawer(data, change=lambda x: x * (torch.arange(len(x)) % 2).reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype))
    assert judge_samples(data, half, data.test, generator()) == {"perfect": 0.5, "solvable": 0.5}
    found = examine_samples(data, half, data.test, generator())
    assert (found["perfect"], found["samples"]) == (0.5, 500)
    assert 100 < found["modes"] <= 192
    assert found["steps_distance_real"] < 2


def test_images_at_length_beside_their_floors():
    data = load_data(parse_spec("digits:task=sampling"))
    good = examine_samples(data, Drawer(data), data.test, generator())
    for name in ("sliced_wasserstein", "frechet_distance", "kernel_distance"):
        assert good[name] == good[f"{name.removesuffix('_distance')}_floor"]
    assert good["copies"] == 1
    assert good["classes_seen"] == 10
    assert "class_agreement" not in good
    noise = lambda x: torch.rand(x.shape, generator=generator())  # noqa: E731
    bad = examine_samples(data, Drawer(data, change=noise), data.test, generator())
    assert bad["frechet_distance"] > 3 * bad["frechet_floor"]
    assert bad["kernel_distance"] > 0.1 > 3 * abs(bad["kernel_floor"])
    assert bad["recall"] < 0.2 < 0.5 < bad["recall_real"]
    assert bad["copies"] == 0


def test_who_follows_classes_is_told_how_well():
    data = load_data(parse_spec("digits:task=sampling"))
    found = examine_samples(data, Drawer(data, follows=True), data.test, generator())
    assert found["class_agreement"] > 0.8
    assert found["class_agreement_real"] > 0.8
    other = load_data(parse_spec("digits:task=sampling"))
    blind = Drawer(other, follows=True, change=lambda x: x.flip(0))
    assert examine_samples(other, blind, other.test, generator())["class_agreement"] < 0.4


def test_images_of_worlds_by_random_features():
    data = load_data(parse_spec("frames:size=16,task=sampling,tested=60"))
    found = examine_samples(data, Drawer(data), data.test, generator())
    assert found["random_frechet_distance"] == found["random_frechet_floor"]
    assert "classes_seen" not in found


def test_names_by_how_many_are_new(real_data):
    data = load_data(parse_spec("names"))
    found = examine_samples(data, Drawer(data), data.test, generator())
    assert found["novel"] == 0
    assert found["distinct"] > 0.99  # some stand twice in the file
    assert found["novel_real"] > 0.8
    flipped = examine_samples(data, Drawer(data, change=lambda x: (x + 1) % 27), data.test, generator())
    assert flipped["novel"] > 0.9


def test_where_nothing_can_be_told_of_samples_none_are_drawn(monkeypatch):
    data = load_data(parse_spec("reversal"))
    monkeypatch.setattr(Drawer, "sample", lambda *_: pytest.fail("samples are drawn"))
    assert examine_samples(data, Drawer(data), data.test, generator()) == {}
