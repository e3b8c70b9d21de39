"""Pictures of worlds: each state as often as a random policy meets it, drawn as the world draws itself."""

from dataclasses import replace

import numpy as np
import pytest

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.world import Observation
from daedalus.envs.building import seen_as
from daedalus.envs.loading import load_problem
from daedalus.envs.observing.observers import observer_of
from daedalus.generative.data import frames
from daedalus.generative.data.frames import symbols, visits
from daedalus.generative.data.wandering import Wandering

SMALL = "daedalus/Maze-v0(rows=2,columns=2,time_limit=6)"


def data(text):
    return load_data(parse_spec(text))


def world(text="daedalus/Maze-v0:rows=2,columns=2,time_limit=6"):
    return load_problem(parse_spec(text))


def test_visits_are_those_of_the_environment():
    """Held against episodes that the wandering plays itself, which another test holds against probabilities by hand."""
    found = world()
    states, _ = Wandering.of(found).episodes(np.arange(20_000, dtype=np.uint64))
    counts = np.bincount(states[states >= 0], minlength=found.mdp.states)
    assert visits(found) == pytest.approx(counts / counts.sum(), abs=0.005)
    assert visits(found).sum() == pytest.approx(1)


def test_symbolic_pictures_come_as_often_as_their_ceiling_says():
    found = data(f"frames:world={SMALL},picture=symbolic")
    x = found.train.take(np.arange(40_000))["x"]
    assert x.shape[1:] == found.fields["x"].shape == (1, 5, 5)
    assert found.fields["x"].values == 4
    _, counts = np.unique(x.reshape(len(x), -1), axis=0, return_counts=True)
    p = counts / counts.sum()
    assert found.ceiling == pytest.approx((p * np.log(p)).sum(), abs=0.02)
    shares = np.stack([(x == value).mean(axis=0) for value in range(4)])
    assert found.chance == pytest.approx(
        (shares * np.log(shares, where=shares > 0, out=np.zeros_like(shares))).sum(), abs=0.05
    )
    assert found.chance < found.ceiling


def test_symbols_are_what_lies_on_top():
    found = world()
    drawn = symbols(found, np.arange(found.states))
    planes = observer_of(seen_as(found, Observation("symbolic"))).batch(np.arange(found.states, dtype=np.int32))
    assert (drawn[:, 0] == 3).sum() == planes[:, 2].sum() == found.states  # the agent, once in each
    np.testing.assert_array_equal(drawn[:, 0] == 1, planes[:, 0] == 1)


def test_pixels_are_the_worlds_drawing():
    found = data(f"frames:world={SMALL},size=24")
    x = found.test.take(np.arange(50))["x"]
    assert x.shape == (50, 3, 24, 24)
    assert x.dtype == np.float32
    assert (x.min() >= 0) & (x.max() <= 1)
    states = np.arange(world().states, dtype=np.int32)
    real = observer_of(seen_as(world(), Observation("pixels", tile_size=4))).batch(states)  # 5 · 4 = 20 of 24 pixels
    inner = np.rint(x[:, :, 2:22, 2:22].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    known = {one.tobytes() for one in real}
    assert {one.tobytes() for one in inner} <= known
    assert (found.measure.name, found.ceiling) == ("log_likelihood", None)


def test_reconstruction_tells_the_error_of_the_mean():
    for picture in ("pixels", "symbolic"):
        found = data(f"frames:world={SMALL},picture={picture},task=reconstruction")
        x = found.train.take(np.arange(5_000))["x"].astype(np.float64)
        scale = 1 if found.fields["x"].values is None else found.fields["x"].values - 1
        assert found.chance == pytest.approx(-x.var(axis=0).sum() / scale**2, rel=0.05)
        assert found.ceiling == 0
    assert data(f"frames:world={SMALL},task=sampling").measure.name == "minus_sliced_wasserstein"


def test_any_environment_has_pictures():
    found = data(
        "frames:world=daedalus/Maze-v0(layout=per_episode,observation=pixels,rows=2,columns=2),examples=6,tested=4"
    )
    again = data(
        "frames:world=daedalus/Maze-v0(layout=per_episode,observation=pixels,rows=2,columns=2),examples=6,tested=4"
    )
    x = found.train.take(np.arange(6))["x"]
    assert x.shape == (6, 3, 32, 32)
    assert found.train.size == 6
    assert found.fingerprint() == again.fingerprint()
    assert not np.array_equal(x[:4], found.test.take(np.arange(4))["x"])


def test_parts_are_made_by_index():
    found = data("frames:world=daedalus/Maze-v0(rows=4,columns=4)")
    assert found.train.size is None
    np.testing.assert_array_equal(
        found.train.take(np.array([2**61, 3]))["x"][1], found.train.take(np.arange(4))["x"][3]
    )
    assert not np.array_equal(*(part.take(np.arange(20))["x"] for part in (found.train, found.test)))


def test_a_world_without_a_scene_has_no_pictures(monkeypatch):
    monkeypatch.setattr(frames, "problem", lambda spec, owner: replace(world(), scene=None))
    with pytest.raises(UserError, match="has no scene to be drawn"):
        data(f"frames:world={SMALL}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("frames:world=daedalus/Mase-v0", "did you mean 'daedalus/Maze-v0'"),
        ("frames:world=daedalus/Bandit-v0", "no finite world with a scene"),
        ("frames:world=CartPole-v1,picture=symbolic", "no finite world with a scene"),
        ("frames:size=8", "11 × 11 tiles; give size=11 or more"),
        ("frames:size=1000", "size must lie between 8 and 256"),
        ("frames:tested=1", "tested must be at least 2"),
    ],
)
def test_bad_input(text, says):
    with pytest.raises(UserError, match=says):
        data(text)
