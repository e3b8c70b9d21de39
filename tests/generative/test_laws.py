"""Laws that hold for every model of the catalogue, on the smallest data of every sort that it suits."""

import functools
import json

import numpy as np
import pytest
import torch

from daedalus.core.catalogue import of_kind
from daedalus.core.data import load_data, tasked
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, tensors
from daedalus.core.generating import Condition, Exhibitor, Likelihood, Picture, SampleJudge, Sampler
from daedalus.core.lab.encoding import settings_of
from daedalus.core.spec import fill, parse_spec
from daedalus.generative.entries import MODELS

#: Settings under which each is as small as can be, and the data set that it is fitted to.
_BITS, _TILES, _POINTS = "mazes:n=2,tested=20", "mazes:n=2,layout=tiles,tested=20", "gaussians:tested=20"
_DIGITS, _BINARY = "digits:pixels=real", "digits:pixels=binary"
_SMALL = {
    "ngram": ("n=2,counted=50", ["reversal:length=3,examples=50,tested=20", _BITS]),
    "bag_of_words": ("width=8", ["reversal:length=3,tested=20", "copy:length=3,copied=2,tested=20", _BITS]),
    "rnn": ("width=8", ["reversal:length=3,tested=20", "adding:length=6,tested=20", _BITS]),
    "lstm": ("width=8", ["reversal:length=3,tested=20", "copy:length=3,copied=2,tested=20", _TILES]),
    "gru": ("width=8", ["reversal:length=3,tested=20", "adding:length=6,tested=20", _BITS]),
    "tcn": ("width=8,depth=2", ["reversal:length=3,tested=20", "adding:length=6,tested=20", _BITS]),
    "gpt": ("width=8,depth=1,heads=2", ["reversal:length=3,tested=20", "adding:length=6,tested=20", _BITS]),
    "bert": ("width=8,depth=1,heads=2", ["reversal:length=3,tested=20"]),
    "autoencoder": ("width=8,latent=2", [_DIGITS, _BITS, _POINTS]),
    "vae": ("width=8,latent=2", [_BINARY, _DIGITS, _BITS, _POINTS]),
    "beta_vae": ("width=8,latent=2", [_BITS]),
    "iwae": ("width=8,latent=2", [_BITS, _POINTS]),
    "conditional_vae": ("width=8,latent=2", [_BINARY, _POINTS]),
    "vq_vae": ("width=8", [_BINARY, _BITS]),
    "made": ("width=16", [_BITS, _TILES]),
    "pixelcnn": ("width=4,depth=2", [_TILES, _BINARY]),
    "pixelrnn": ("width=4,depth=1", [_TILES]),
    "gan": ("width=8", [_POINTS, _DIGITS, _BITS]),
    "dcgan": ("channels=(4,8)", [_DIGITS]),
    "wgan": ("width=8", [_POINTS]),
    "wgan_gp": ("width=8", [_POINTS, _DIGITS]),
    "conditional_gan": ("width=8", [_POINTS]),
    "ddpm": ("width=8,channels=(8,8),heads=0,times=20,judged_in=5", [_POINTS, _BITS, _DIGITS, _BINARY]),
}
_FITS = [(name, data) for name, (_, sets) in _SMALL.items() for data in sets]
_ENTRIES = {entry.name: entry for entry in MODELS}
_loaded = functools.cache(load_data)


def opened(name, data, steps=40, seed=0, **more):
    """A fresh fit of the model, under its small settings; before its last step few examples are judged."""
    entry = _ENTRIES[name]
    model, loaded = entry.load(), _loaded(tasked(parse_spec(data), [entry]))
    text = ",".join(filter(None, (f"{name}:batch=8,watched=20,{_SMALL[name][0]}", more.get("settings", ""))))
    config = fill(model.config_class, parse_spec(text).mapping, name)
    model.check(loaded, config)
    return Fit(loaded, model, config, seed, steps)


def same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].tobytes() == right[name].tobytes(), name


def test_every_model_is_here():
    assert set(_SMALL) == set(_ENTRIES)
    assert set(_ENTRIES) <= set(of_kind("model"))


@pytest.mark.parametrize(("name", "data"), _FITS)
def test_twenty_steps_are_ten_and_ten_and_leave_torch_s_own_generator_alone(name, data):
    before = torch.get_rng_state()
    whole, first, second = opened(name, data), opened(name, data), opened(name, data)
    whole.run(20)
    first.run(10)
    second.take_up({key: array.copy() for key, array in first.arrays().items()})
    second.run(20)
    same(whole.arrays(), second.arrays())
    assert repr(whole.measure()) == repr(second.measure())  # NaN equals NaN
    assert torch.equal(torch.get_rng_state(), before)
    assert all(np.isfinite(array).all() for array in whole.weights().values())
    if whole.learns:
        other = opened(name, data, seed=1)
        assert any(not np.array_equal(array, whole.weights()[key]) for key, array in other.weights().items())


@pytest.mark.parametrize(("name", "data"), _FITS)
def test_a_model_offers_what_its_tasks_ask_for_and_no_more(name, data):
    fit = opened(name, data)
    model, task = fit.fitted, fit.data.sort
    suits = set(_ENTRIES[name].suits)
    assert isinstance(model, Likelihood) == bool(suits & {"density", "sequence", "tagging"} and task != "regression")
    assert isinstance(model, Sampler) == (bool(suits & {"sampling"}) and task not in ("regression", "tagging"))
    if task == "sampling":
        assert isinstance(model, SampleJudge)
    batch = tensors(fit.data.test, np.arange(5), fit.numerics.device)
    model.objective.module.eval()
    with torch.no_grad():
        if not fit.data.measure.of_samples:
            scores = model.scores(batch, torch_generator(0, "evaluation"))
            assert scores[fit.data.measure.name].shape == (5,)
        if isinstance(model, Likelihood):
            log_p = model.log_prob(batch, torch_generator(0, "evaluation"))
            assert log_p.shape == (5,)
            assert torch.isfinite(log_p).all()
            if fit.data.fields["x"].values is not None:
                assert (log_p <= 0).all()


@pytest.mark.parametrize(("name", "data"), _FITS)
def test_samples_are_examples_and_come_from_the_generator_alone(name, data):
    fit = opened(name, data)
    if not isinstance(fit.fitted, Sampler):
        return
    fit.fitted.objective.module.eval()
    with torch.no_grad():
        one, again, other = (fit.fitted.sample(4, Condition(), torch_generator(seed, "s")) for seed in (0, 0, 1))
    column = fit.data.fields["x"]
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert len(one) == 4
    if fit.data.sort in ("density", "sampling"):
        assert one.shape == (4, *column.shape)
        assert str(one.dtype).removeprefix("torch.") == column.dtype
    if column.values is not None:
        assert 0 <= int(one.min()) <= int(one.max()) < column.values


@pytest.mark.parametrize(("name", "data"), _FITS)
def test_what_is_shown_can_be_stored(name, data):
    fit = opened(name, data)
    fit.run(2)
    shown = fit.exhibits()
    assert isinstance(fit.fitted, Exhibitor) or not shown
    names = [one.name for one in shown]
    assert len(set(names)) == len(names)
    for one in shown:
        assert one.title
        if isinstance(one, Picture):
            assert one.pixels.dtype == np.uint8
            assert one.pixels.ndim == 3
            assert one.pixels.shape[2] == 3
        else:
            assert one.text


@pytest.mark.parametrize("name", _SMALL)
def test_numbers_of_fewer_bits_suffice_as_an_accelerator_has_them(name):
    """What is bfloat16 on CUDA by default: training, scores, and samples as `daedalus sample` draws them."""
    fit = opened(name, _SMALL[name][1][0], settings="precision=bfloat16")
    fit.run(2)
    assert np.isfinite(list(fit.measure().numbers.values())).all()
    if isinstance(fit.fitted, Sampler):
        fit.fitted.objective.module.eval()
        with torch.no_grad(), fit.numerics.cast():
            assert len(fit.fitted.sample(3, Condition(), torch_generator(0, "s"))) == 3


@pytest.mark.parametrize("name", _SMALL)
def test_settings_survive_their_way_through_json(name):
    config = opened(name, _SMALL[name][1][0]).config
    stored = json.loads(json.dumps(settings_of(config)))
    assert fill(type(config), stored, name) == config


@pytest.mark.parametrize("name", _SMALL)
def test_a_model_refuses_what_it_cannot_be_fitted_to(name):
    """Numbers where it needs tokens, no classes where it is of classes, no picture where it needs one: in one line."""
    entry = _ENTRIES[name]
    refused: list[str] = []
    for data in (_BITS, _TILES, _POINTS, _DIGITS, _BINARY, "names", "adding:length=6,tested=20"):
        spec = tasked(parse_spec(data), [entry])
        loaded_entry = of_kind("data")[spec.name]
        if not set(loaded_entry.suits) & set(entry.suits) or spec.name == "names":
            continue
        model, loaded = entry.load(), _loaded(spec)
        config = fill(model.config_class, parse_spec(f"{name}:batch=4,{_SMALL[name][0]}").mapping, name)
        try:
            model.check(loaded, config)
        except UserError as error:
            refused.append(str(error))
            continue
        Fit(loaded, model, config, 0, 1).run(1)  # what it does not refuse, it can be fitted to
    assert all("\n" not in said and len(said) < 240 for said in refused)
