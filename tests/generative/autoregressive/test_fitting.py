"""Autoregressive models are fitted to the bit as they should be, and refuse what they cannot be fitted to."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.data import Column, load_data
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit, load
from daedalus.core.spec import Spec, parse_spec
from daedalus.generative.autoregressive.made import MADE, MADEConfig
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig
from daedalus.generative.autoregressive.pixelrnn import PixelRNN, PixelRNNConfig

from .models import SMALL, seeded, striped


@pytest.mark.parametrize("name", SMALL)
def test_twenty_steps_are_ten_and_ten_more_to_the_bit(name):
    model, config = SMALL[name]
    config = replace(config, ema=0.9, keep="best", schedule=Spec("cosine"), clip_norm=0.5)
    whole, first, second = (Fit(striped(), model, config, 3, 20) for _ in range(3))
    whole.run(20)
    first.run(10)
    second.take_up({key: array.copy() for key, array in first.arrays().items()})
    second.run(20)
    assert whole.measure() == second.measure()
    one, other = whole.arrays(), second.arrays()
    assert list(one) == list(other)
    for key, array in one.items():
        np.testing.assert_array_equal(array, other[key], err_msg=key)


@pytest.mark.parametrize("name", SMALL)
def test_weights_that_are_loaded_are_the_same_model(name):
    model, config = SMALL[name]
    fit = Fit(striped(), model, config, 0, 5)
    fit.run(5)
    again = model.build(striped(), config, seeded(99))  # other orders, too, until they are loaded
    load(again.module, fit.weights())
    x = torch.from_numpy(striped().test.arrays["x"])
    fit.fitted.module.eval(), again.module.eval()
    assert fit.fitted.log_prob({"x": x}, seeded()).equal(again.log_prob({"x": x}, seeded()))


@pytest.mark.parametrize("name", ["made, drawn order", "pixelcnn, residual", "pixelrnn"])
def test_units_are_dropped_in_training_alone(name):
    fit = Fit(striped(), *SMALL[name], 0, 1)
    x, module = torch.from_numpy(striped().train.arrays["x"]).flatten(1).long(), fit.fitted.module
    for training in (True, False):
        module.train(training)
        with torch.no_grad():
            one, other = (module.log_prob(x, None, None) for _ in range(2))
        assert one.equal(other) is not training


@pytest.mark.parametrize("model", [MADE, PixelCNN, PixelRNN])
def test_real_numbers_and_other_tasks_are_refused(model):
    real = replace(striped(), fields={"x": Column((1, 3, 4), "float32")})
    with pytest.raises(UserError, match="density of whole numbers, which striped with task=density is not; real"):
        model.check(real, model.config_class())
    with pytest.raises(UserError, match="which striped with task=reconstruction is not"):
        model.check(replace(striped(), sort="reconstruction"), model.config_class())


@pytest.mark.parametrize("model", [PixelCNN, PixelRNN])
def test_what_is_no_image_is_refused_with_a_hint(model):
    with pytest.raises(UserError, match=r"x of shape \(12,\); try layout=tiles"):
        model.check(load_data(parse_spec("mazes:n=3")), model.config_class())
    flat = replace(striped(), fields={"x": Column((12,), "uint8", 2)})
    with pytest.raises(UserError, match="made takes any shape"):
        model.check(flat, model.config_class())
    with pytest.raises(UserError, match="width must be at least 3, the channels of the images, not 2"):
        model.check(striped((3, 2, 2)), model.config_class(width=2))


def test_classes_that_are_not_there_are_refused():
    with pytest.raises(UserError, match="conditional=true needs classes, and mazes has none"):
        PixelCNN.check(load_data(parse_spec("mazes:n=3,layout=tiles")), PixelCNNConfig(conditional=True))


@pytest.mark.parametrize(
    ("config", "settings", "said"),
    [
        (MADEConfig, {"width": 0}, "made: width and depth must be at least 1"),
        (MADEConfig, {"width": ()}, "made: width and depth must be at least 1"),
        (MADEConfig, {"depth": 0}, "made: width and depth must be at least 1"),
        (MADEConfig, {"masks": 0}, "made: masks must be at least 1, not 0"),
        (MADEConfig, {"activation": "rleu"}, "did you mean 'relu'"),
        (PixelCNNConfig, {"depth": 0}, "pixelcnn: depth must be at least 1, not 0"),
        (PixelCNNConfig, {"kernel": 4}, "pixelcnn: kernel must be an odd number of at least 3, not 4"),
        (PixelCNNConfig, {"first": 1}, "pixelcnn: first must be an odd number of at least 3, not 1"),
        (PixelRNNConfig, {"width": 0}, "pixelrnn: width must be at least 1, not 0"),
        (PixelRNNConfig, {"kernel": 2}, "pixelrnn: kernel must be an odd"),
        (MADEConfig, {"dropout": 1.0}, "dropout is a chance in"),
        (PixelCNNConfig, {"dropout": -0.1}, "dropout is a chance in"),
        (PixelRNNConfig, {"dropout": 1.5}, "dropout is a chance in"),
    ],
)
def test_bad_settings_are_refused_in_a_line(config, settings, said):
    with pytest.raises(UserError, match=said):
        config(**settings)
