"""The loop around the engine: going on to the bit, the best weights, patience, starting from other weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core import fitting as fitting_module
from daedalus.core.data import ACCURACY, load_data
from daedalus.core.device import compiler, numerics, torch_generator
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, FitConfig, fitting, load, score, weights_of
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.supervised.cnn import CNNConfig, Convolutional
from daedalus.core.supervised.mlp import MLPConfig, Perceptron

SMALL = parse_spec("digits:examples=60")


@pytest.fixture(scope="module")
def data():
    return load_data(SMALL)


def everything() -> MLPConfig:
    """Whatever has a state: momenta, a schedule, an average, dropout, statistics, noise, the best weights."""
    return MLPConfig(
        width=8,
        batch=16,
        dropout=0.3,
        norm="batch",
        ema=0.9,
        schedule=Spec("plateau", (("patience", 1),)),
        augment=parse_spec("noise(scale=.2)"),
        keep="best",
        clip_norm=0.5,
    )


def equal(one: dict, other: dict) -> None:
    assert list(one) == list(other)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize(
    ("model", "config"), [(Perceptron, everything()), (Convolutional, CNNConfig(channels=4, width=8, batch=16))]
)
def test_twenty_steps_are_ten_and_ten_more_to_the_bit(data, model, config):
    whole = Fit(data, model, config, 3, 20)
    for stop in (5, 20):
        whole.run(stop)
        measured = whole.measure()
    first = Fit(data, model, config, 3, 20)
    first.run(5)
    first.measure()
    first.run(10)
    second = Fit(data, model, config, 3, 20)
    second.take_up({name: array.copy() for name, array in first.arrays().items()})
    second.run(20)
    assert second.measure() == measured
    equal(dict(second.arrays()), dict(whole.arrays()))
    equal(dict(second.weights()), dict(whole.weights()))


def test_another_seed_is_another_run(data):
    fits = [Fit(data, Perceptron, MLPConfig(width=8, batch=20), seed, 3) for seed in (0, 1)]
    assert any((a != b).any() for a, b in zip(fits[0].weights().values(), fits[1].weights().values(), strict=True))
    assert (fits[0]._batch(0)["y"] != fits[1]._batch(0)["y"]).any()


def test_the_score_is_the_mean_over_all_examples(data):
    fit = Fit(data, Perceptron, MLPConfig(width=8), 0, 1)
    part = data.train.arrays
    with torch.no_grad():
        logits = fit.fitted.module.eval()(torch.from_numpy(part["x"])).double().numpy()
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    found = score(fit.fitted, ACCURACY, data.train, numerics("cpu"), torch_generator(0, "evaluation"))
    assert found["accuracy"] == pytest.approx((logits.argmax(1) == part["y"]).mean())
    assert found["log_likelihood"] == pytest.approx(log_p[np.arange(60), part["y"]].mean(), rel=1e-5)


def test_the_best_weights_are_those_that_were_evaluated(data):
    config = MLPConfig(width=16, batch=8, keep="best", lr=0.3)  # so fast that it goes up and down
    fit, seen = Fit(data, Perceptron, config, 1, 24), []
    for stop in range(0, 25, 2):
        fit.run(stop)
        measured = fit.measure()
        numbers = measured.numbers
        seen.append((numbers["validation/accuracy"], numbers["test/accuracy"], weights_of(fit.fitted.module)))
        best = max(range(len(seen)), key=lambda n: (seen[n][0], -n))  # the first of equals
        assert measured.score == seen[best][1]
    equal(dict(fit.weights()), seen[best][2])
    assert best < len(seen) - 1  # or the test would show nothing


def test_patience_stops_and_keeps_the_best(data):
    fit = Fit(data, Perceptron, MLPConfig(width=16, batch=8, lr=0.3, patience=2), 1, 100)
    validation = []
    for stop in range(2, 101, 2):
        fit.run(stop)
        validation.append(fit.measure().numbers["validation/accuracy"])
        if fit.stopped:
            break
    assert validation.index(max(validation)) == len(validation) - 3
    kept = fit.weights()
    fit.run(100)
    assert fit.step == 100
    assert fit.engine.steps == 2 * len(validation)
    assert np.isnan(fit.measure().loss)
    equal(dict(fit.weights()), dict(kept))


def test_with_an_average_the_average_is_judged_and_kept(data):
    fit = Fit(data, Perceptron, MLPConfig(width=8, ema=0.5), 0, 4)
    fit.run(4)
    now = weights_of(fit.fitted.module)
    kept = fit.weights()
    assert any((kept[name] != now[name]).any() for name in now)
    judged = fit.measure().score
    load(fit.fitted.module, kept)
    found = score(fit.fitted, ACCURACY, data.test, numerics("cpu"), torch_generator(0, "evaluation"))
    assert found["accuracy"] == judged


def test_layers_are_told_in_their_order(data):
    layers = Fit(data, Perceptron, MLPConfig(width=8, depth=2, norm="layer"), 0, 1).measure().layers
    assert list(layers["weight_norm"]) == ["linear0", "norm0", "linear1", "norm1", "outputs"]
    assert all(norm > 0 for norm in layers["gradient_norm"].values())


def test_a_start_takes_over_all_that_fits_and_refuses_other_networks():
    own = {"a.weight": np.zeros((2, 3)), "a.bias": np.zeros(2), "outputs.weight": np.zeros((5, 2))}
    stored = {"a.weight": np.ones((2, 3)), "a.bias": np.ones(2), "outputs.weight": np.ones((9, 2))}
    found = fitting(own, stored)
    assert found["a.weight"].all()
    assert not found["outputs.weight"].any()  # of another shape: it keeps its own
    with pytest.raises(UserError, match=r"these differ: a\.weight"):
        fitting(own, stored | {"a.weight": np.ones((2, 4))})
    with pytest.raises(UserError, match=r"these differ: b\.weight"):
        fitting(own, stored | {"b.weight": np.ones(1)})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": -1}, "batch must be at least 1, or 0"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0"),
        ({"lr": 0.0}, "lr must be positive"),
        ({"lr": None}, None),
        ({"optimiser": Spec("adamm")}, "did you mean 'adam'"),
        ({"optimiser": Spec("adam", (("lr", 0.1),))}, "give lr beside it, as in lr=0.1"),
        ({"schedule": Spec("cosin")}, "did you mean 'cosine'"),
        ({"ema": 1.0}, "ema: decay must lie in"),
        ({"clip_norm": 0.0}, "clip_norm must be positive"),
        ({"clip_value": -1.0}, "clip_value must be positive"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"l1": -1.0}, "l1 and l2 must be at least 0"),
    ],
)
def test_bad_settings_are_refused_in_a_line(settings, said):
    if said is None:  # the model may know a rate; one that knows none says so
        with pytest.raises(UserError, match="this one knows none"):
            FitConfig(**settings).training(1)
        return
    with pytest.raises(UserError, match=said):
        FitConfig(**settings)


def test_every_setting_reaches_the_engine():
    config = FitConfig(l1=0.5, clip_norm=2.0, clip_value=3.0, accumulate=4, ema=0.9, weight_decay=0.1)
    made = config.training(10)
    assert (made.l1, made.clip_norm, made.clip_value, made.accumulate) == (0.5, 2.0, 3.0, 4)
    assert (made.ema.decay, made.optimiser.weight_decay) == (0.9, 0.1)
    assert replace(config, device="cpu", precision="bfloat16").numerics.autocast == torch.bfloat16
    if compiler():
        assert replace(config, device="cpu", compile=True).numerics.compile


def test_a_batch_in_parts_makes_the_same_step(data):
    whole, parts = (Fit(data, Perceptron, MLPConfig(width=8, batch=30, accumulate=n), 0, 3) for n in (1, 4))
    for fit in (whole, parts):
        fit.run(3)
    for name, array in whole.weights().items():
        np.testing.assert_allclose(parts.weights()[name], array, atol=1e-5)


def test_what_steps_tell_is_their_mean_since_the_last_time_however_often_it_is_read(data, monkeypatch):
    fit = Fit(data, Perceptron, MLPConfig(width=8, batch=20), 0, 7)
    alone, losses = Fit(data, Perceptron, MLPConfig(width=8, batch=20), 0, 7), []
    for step in range(7):
        losses.append(float(alone.engine.step(alone._batch(step))["loss"]))
    monkeypatch.setattr(fitting_module, "_READ", 2)
    fit.run(3)
    assert fit.measure().loss == pytest.approx(np.mean(losses[:3]), rel=1e-12)
    fit.run(7)
    assert fit.measure().loss == pytest.approx(np.mean(losses[3:]), rel=1e-12)


def test_numbers_that_are_not_finite_stop_it_with_the_step(data):
    fit = Fit(data, Perceptron, MLPConfig(lr=1e30, optimiser=Spec("sgd")), 0, 50)
    with pytest.raises(UserError, match="diverged at step"):
        fit.run(50)
