"""The classifier that images are seen by: the same for all, kept once fitted, and of use."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.generative.metrics import features as module
from daedalus.generative.metrics.features import features
from daedalus.generative.metrics.quality import as_numbers, real


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, for a fit of few steps, with nothing remembered from others."""
    monkeypatch.setenv("DAEDALUS_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "STEPS", 150)
    features.cache_clear()
    yield tmp_path
    features.cache_clear()


def test_a_classifier_is_fitted_once_kept_and_fitted_again_where_that_is_damaged(cache, monkeypatch):
    data = load_data(parse_spec("digits:task=sampling,pixels=gray"))
    x, y = real(data.test, 300), real(data.test, 300, "y")
    first = features(data)
    seen = first(as_numbers(data, x))
    assert seen.shape == (297, 64)
    assert (first.classes(as_numbers(data, x)) == y).double().mean() > 0.7
    (kept,) = (cache / "features").iterdir()
    features.cache_clear()
    monkeypatch.setattr(module.Fit, "run", lambda *_: pytest.fail("it is fitted again"))
    assert torch.equal(features(data)(as_numbers(data, x)), seen)
    features.cache_clear()
    monkeypatch.undo()
    monkeypatch.setenv("DAEDALUS_CACHE", str(cache))
    monkeypatch.setattr(module, "STEPS", 150)
    kept.write_bytes(b"what is this?")
    assert torch.equal(features(data)(as_numbers(data, x)), seen)  # to the bit, after another fit


def test_features_of_the_training_part_stand_by_their_mean_and_deviation(cache):
    data = load_data(parse_spec("digits:task=density"))
    seen = features(data)(as_numbers(data, real(data.train, 2_000)))
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-5)
    deviation = seen.std(0)
    assert torch.allclose(deviation[deviation > 0], torch.ones(()).double(), atol=1e-5)
    assert (deviation > 0).sum() > 20


def test_images_without_classes_are_seen_by_a_network_that_is_drawn(cache):
    data = load_data(parse_spec("frames:size=16,task=sampling,tested=40"))
    network = features(data)
    assert not network.fitted
    seen = network(real(data.test, 40))
    assert seen.shape == (40, 64)
    features.cache_clear()
    assert torch.equal(features(data)(real(data.test, 40)), seen)
    assert not (cache / "features").exists()
    with pytest.raises(UserError, match="no classifier"):
        network.classes(real(data.test, 40))
