"""Networks on digits, augmentations by hand, and what cannot be fitted."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit
from daedalus.core.spec import parse_spec
from daedalus.core.supervised.augment import Rotate, Shift, augmentation
from daedalus.core.supervised.cnn import CNNConfig, Convolutional
from daedalus.core.supervised.heads import SVM, Logistic, LogisticConfig, SVMConfig
from daedalus.core.supervised.mlp import MLPConfig, Perceptron
from daedalus.core.supervised.objective import SupervisedConfig


@pytest.mark.parametrize(
    ("model", "config", "steps"),
    [(Perceptron, MLPConfig(), 1000), (Convolutional, CNNConfig(channels=8, norm="batch"), 500)],
)
def test_digits_are_read_above_97_percent(model, config, steps):
    fit = Fit(load_data(parse_spec("digits")), model, config, 0, steps)
    fit.run(steps)
    assert fit.measure().score > 0.97


def test_widths_and_channels_are_one_for_all_or_one_for_each():
    def shapes(model, config) -> list[tuple[int, ...]]:
        module = model.build(load_data(parse_spec("digits")), config, generator()).module
        return [tuple(parameter.shape) for name, parameter in module.named_parameters() if name.endswith("weight")]

    assert shapes(Perceptron, MLPConfig(width=(32, 7, 5))) == [(32, 64), (7, 32), (5, 7), (10, 5)]
    assert shapes(Perceptron, MLPConfig(width=(8, 8))) == shapes(Perceptron, MLPConfig(width=8, depth=2))
    found = shapes(Convolutional, CNNConfig(channels=(3, 5), width=None))
    assert found == [(3, 1, 3, 3), (5, 3, 3, 3), (10, 5 * 2 * 2)]
    assert CNNConfig(channels=3, depth=3).stages == (3, 6, 12)


def test_numbers_are_fitted_too():
    fit = Fit(load_data(parse_spec("diabetes")), Perceptron, MLPConfig(width=16, depth=1, weight_decay=0.01), 0, 150)
    fit.run(150)
    assert fit.measure().score > 0.3  # least squares reach about .4


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_shift_moves_every_image_by_whole_pixels():
    images = torch.arange(1, 1 + 200 * 2 * 9, dtype=torch.float32).reshape(200, 2, 3, 3)
    moved = Shift(1)(images, generator())
    offsets = set()
    for before, after in zip(images, moved, strict=True):
        padded = torch.nn.functional.pad(before, [1] * 4)
        fits = [(y, x) for y in range(3) for x in range(3) if torch.equal(padded[:, y : y + 3, x : x + 3], after)]
        assert len(fits) == 1
        offsets.add(fits[0])
    assert len(offsets) == 9  # all ways are drawn


def test_rotate_keeps_the_middle_and_turns_the_rest():
    image = torch.zeros(64, 1, 5, 5)
    image[:, 0, 2, 2] = 1.0
    turned = Rotate(45.0)(image, generator())
    np.testing.assert_allclose(turned[:, 0, 2, 2], 1.0, atol=1e-5)
    image = torch.zeros(64, 1, 5, 5)
    image[:, 0, 2, 4] = 1.0  # to the right of the middle: it rises or falls, never to the left
    turned = Rotate(45.0)(image, generator())
    assert turned[:, :, :, :2].abs().max() < 1e-5
    assert (turned[:, 0, :2].sum((1, 2)) > 0.3).any()
    assert (turned[:, 0, 3:].sum((1, 2)) > 0.3).any()


def test_copies_are_averaged_as_probabilities():
    data = load_data(parse_spec("digits:examples=20"))
    config = MLPConfig(width=8, augment=parse_spec("noise(scale=.5)"), test_copies=2)
    fitted = Perceptron.build(data, config, generator())
    fitted.module.eval()
    x, y = torch.from_numpy(data.test.arrays["x"][:7]), torch.from_numpy(data.test.arrays["y"][:7])
    with torch.no_grad():
        found = fitted.scores({"x": x, "y": y}, generator())
        noise = generator()
        inputs = [x, *(x + 0.5 * torch.randn(x.shape, generator=noise) for _ in range(2))]
        chance = torch.stack([fitted.module(one).softmax(1) for one in inputs]).mean(0)
    np.testing.assert_allclose(found["log_likelihood"], chance.log()[torch.arange(7), y], rtol=1e-5)
    np.testing.assert_array_equal(found["accuracy"], (chance.argmax(1) == y).float())


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (
            lambda: Convolutional.check(load_data(parse_spec("iris")), CNNConfig()),
            "cnn takes images .* shape 4; try mlp",
        ),
        (lambda: Convolutional.check(load_data(parse_spec("digits")), CNNConfig(depth=5)), "too small|8"),
        (
            lambda: Perceptron.check(load_data(parse_spec("iris")), MLPConfig(augment=parse_spec("shift"))),
            "shift is for images",
        ),
        (
            lambda: SVM.check(load_data(parse_spec("iris:measure=log_likelihood")), SVMConfig()),
            "svm gives no probabilities",
        ),
        (
            lambda: Logistic.check(load_data(parse_spec("moons:examples=none")), LogisticConfig()),
            "without end; give a batch",
        ),
        (lambda: SupervisedConfig(test_copies=3), "test_copies needs an augmentation"),
        (lambda: augmentation(parse_spec("shifted")), "did you mean 'shift'"),
        (lambda: augmentation(parse_spec("shift(pixels=0)")), "pixels must be at least 1"),
        (lambda: LogisticConfig(c=0.0), "c must be positive"),
        (lambda: MLPConfig(width=0), "^width must be at least 1, not 0"),
        (lambda: MLPConfig(width=(8, 0)), r"^width must be at least 1 in every layer, not \(8,0\)"),
        (lambda: MLPConfig(depth=-1), "depth must be at least 0"),
        (lambda: CNNConfig(channels=()), "channels must name at least one stage"),
        (lambda: CNNConfig(depth=0), "depth must be at least 1"),
        (lambda: CNNConfig(width=0), "none leaves the hidden layer out"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_a_line(attempt, said):
    with pytest.raises(UserError, match=said):
        attempt()
