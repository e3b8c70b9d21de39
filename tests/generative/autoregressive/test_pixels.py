"""PixelCNN and PixelRNN: their layers by hand, and classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from daedalus.core.errors import UserError
from daedalus.core.fitting import Fit
from daedalus.core.generating import Condition
from daedalus.core.spec import Spec
from daedalus.generative.autoregressive.grids import Grid
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig, gated
from daedalus.generative.autoregressive.pixelrnn import PixelRNNConfig, RowLSTM

from .models import built, seeded, striped

CLASSES = PixelCNNConfig(width=8, depth=2, first=3, conditional=True, batch=0, lr=0.02)


def test_the_gate_by_hand():
    a = torch.tensor([0.5, -1.0]).view(1, 2, 1, 1)
    assert gated(a).item() == pytest.approx(np.tanh(0.5) / (1 + np.exp(1.0)))


def test_the_first_layer_sees_the_rows_above_and_the_pixels_to_the_left_by_hand():
    fitted = built((PixelCNN, PixelCNNConfig(width=1, depth=1, first=3)), striped((1, 2, 3)))
    layer = fitted.module.layers[0]
    with torch.no_grad():
        for weights in layer.parameters():
            weights.zero_()
        layer.vertical.weight[0] = torch.tensor([1.0, 10.0, 100.0])
        layer.link.weight[0, 0] = 1.0
        x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).view(1, 1, 2, 3)
        a_v = layer.above(functional.pad(x, (1, 1, 1, -1)), None)
        layer.horizontal.weight[0, 0, 0, 0] = 1000.0
        a_h = layer.horizontal(functional.pad(x, (1, 0))) + layer.link(a_v)
    assert a_v[0, 0].tolist() == [[0, 0, 0], [210, 321, 32]]
    assert a_h[0, 0].tolist() == [[0, 1000, 2000], [210, 4321, 5032]]
    assert layer.horizontal.mask[..., -1].logical_not().all()  # its own place is hidden


def test_a_row_lstm_by_the_papers_equations():
    layer = RowLSTM(PixelRNNConfig(width=2), Grid(1, 3, 4, 2), seeded(3))
    x = torch.randn(2, 4, 3, 4, generator=seeded(4))
    with torch.no_grad():
        kernel_ss = layer.state.weight.view(8, 3, 2).transpose(1, 2)  # (4·width, width, three pixels)
        h = c = torch.zeros(2, 2, 4)
        rows = []
        for row in x.unbind(2):
            inward = functional.conv1d(functional.pad(row, (1, 0)), layer.inwards.weight[:, :, 0], layer.inwards.bias)
            gates = inward + functional.conv1d(h, kernel_ss, layer.state.bias, padding=1)
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            rows.append(row + functional.conv1d(h, layer.outwards.weight[..., 0], layer.outwards.bias))
        torch.testing.assert_close(layer(x), torch.stack(rows, 2))


def test_given_classes_it_is_a_distribution_for_each_of_them():
    data = striped((1, 2, 3))
    fitted = built((PixelCNN, CLASSES), data)
    assert not fitted.exact
    bits = np.arange(64)[:, None] >> np.arange(6) & 1
    x = torch.from_numpy(bits.reshape(-1, 1, 2, 3).astype(np.uint8))
    with torch.no_grad():
        each = [fitted.log_prob({"x": x, "y": torch.full((64,), y)}, seeded()).double().exp() for y in (0, 1)]
    shares = np.bincount(data.train.arrays["y"], minlength=2) + 0.5
    assert [one.sum().item() for one in each] == pytest.approx(list(shares / shares.sum()), abs=1e-5)  # p(x, y)
    assert (each[0] - each[1]).abs().max() > 1e-4


def test_classes_are_learnt_and_followed():
    data = striped((1, 2, 3), examples=200)
    fit = Fit(data, PixelCNN, CLASSES, 0, 150)
    fit.run(150)
    fit.fitted.module.eval()
    asked = torch.arange(2).repeat(200)
    x = fit.fitted.sample(400, Condition(y=asked), seeded())
    means = [float(x[asked == y].float().mean()) for y in (0, 1)]
    assert means[0] < 0.2 < 0.8 < means[1]  # a number is its class but for one in ten
    free = fit.fitted.sample(400, Condition(), seeded()).float().mean()
    share = np.asarray(data.train.arrays["y"]).mean()
    # Classes drawn as the training part has them: five standard errors of 400 draws.
    assert abs(free - (means[1] * share + means[0] * (1 - share))) < 5 * 0.5 / 20
    with pytest.raises(UserError, match="classes of 3 samples are as many whole numbers below 2"):
        fit.fitted.sample(3, Condition(y=torch.tensor([0, 1, 2])), seeded())
    with pytest.raises(UserError, match="classes of 4 samples"):
        fit.fitted.sample(4, Condition(y=torch.tensor([0, 1, 1])), seeded())


def test_without_classes_none_can_be_asked_for():
    plain = replace(CLASSES, conditional=False)
    fitted = built((PixelCNN, plain), striped())
    with pytest.raises(UserError, match="knows no classes: fit it with conditional=true"):
        fitted.sample(2, Condition(y=torch.tensor([0, 1])), seeded())


@pytest.mark.parametrize("name", ["pixelcnn", "pixelcnn, residual", "pixelrnn"])
def test_images_are_learnt_better_than_pixel_by_pixel(name):
    from .models import SMALL

    model, config = SMALL[name]
    data = striped(examples=400)
    fit = Fit(data, model, replace(config, batch=50, lr=0.01, schedule=Spec("cosine")), 0, 120)
    fit.run(120)
    score = fit.measure().score
    p = np.asarray(data.train.arrays["x"]).mean(0)
    x = np.asarray(data.test.arrays["x"])
    single = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()
    assert score > single + 2  # nats: a class is 0.7 of them, and eleven more numbers follow from it
