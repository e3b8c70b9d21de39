"""What holds exactly of every model: probabilities sum to 1, nothing sees what comes later, a walk is a pass."""

import numpy as np
import pytest
import torch

from daedalus.core.data import load_data
from daedalus.core.spec import parse_spec
from daedalus.generative.autoregressive.causal import scaled
from daedalus.generative.autoregressive.made import MADE, MADEConfig
from daedalus.generative.autoregressive.pixelcnn import PixelCNN, PixelCNNConfig
from daedalus.generative.autoregressive.pixelrnn import PixelRNN, PixelRNNConfig

from .models import SMALL, built, seeded, striped

COLOURS = {
    "made": (MADE, MADEConfig(width=40)),
    "pixelcnn": (PixelCNN, PixelCNNConfig(width=9, depth=3)),
    "pixelrnn": (PixelRNN, PixelRNNConfig(width=12, depth=2)),
}


def all_images(shape: tuple[int, ...]) -> torch.Tensor:
    count = int(np.prod(shape))
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    return torch.from_numpy(bits.reshape(-1, *shape).astype(np.uint8))


def order_of(fitted, shape: tuple[int, ...]) -> torch.Tensor:
    """The place of every number of x, flattened, in the order in which it is drawn."""
    if hasattr(fitted.module, "order"):
        return fitted.module.order[0]
    channels, rows, columns = shape
    return torch.arange(rows * columns * channels).view(rows, columns, channels).permute(2, 0, 1).flatten()


def seen(network, count: int, values: int) -> torch.Tensor:
    """Which answers (D, of them) depend on which numbers (D,), by the Jacobian at 32 random images."""
    x = torch.rand(32, count, generator=seeded(1)) * 2 - 1
    weights = torch.randn(values, generator=seeded(2))  # the sum of a softmax's logits may stay the same
    jacobian = torch.autograd.functional.jacobian(lambda x: (network(x) @ weights).sum(0), x)  # (D, 32, D)
    return jacobian.abs().amax(1) > 0


@pytest.mark.parametrize("name", SMALL)
def test_probabilities_of_all_images_sum_to_one(name):
    fitted = built(name, striped())
    with torch.no_grad():
        log_p = fitted.log_prob({"x": all_images((1, 3, 4))}, seeded()).double()
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert log_p.std() > 0.05  # and they are not all the same


def test_probabilities_of_all_sets_of_edges_sum_to_one():
    fitted = built("made", load_data(parse_spec("mazes:n=3")))
    with torch.no_grad():
        log_p = fitted.log_prob({"x": all_images((12,))}, seeded()).double()
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", [name for name in SMALL if name != "made, a mixture"])
def test_every_answer_depends_on_all_before_it_and_on_nothing_else(name):
    fitted = built(name, striped())
    order = order_of(fitted, (1, 3, 4))
    assert seen(fitted.module, 12, 2).equal(order[None, :] < order[:, None])


def test_each_part_of_a_mixture_has_an_order_of_its_own():
    network = built("made, a mixture", striped()).module
    for number, order in enumerate(network.order):
        later = order[None, :] >= order[:, None]
        assert not (seen(lambda x, number=number: network(x, number), 12, 2) & later).any()
    assert not network.order[0].equal(network.order[1])


@pytest.mark.parametrize("name", COLOURS)
def test_colours_of_a_pixel_come_one_after_the_other(name):
    shape = (3, 2, 3)
    fitted = built(COLOURS[name], striped(shape, values=3))
    order = torch.arange(18) if name == "made" else order_of(fitted, shape)  # MADE goes channel by channel
    found, before = seen(fitted.module, 18, 3), order[None, :] < order[:, None]
    if name == "made":
        assert found.equal(before)
    else:
        assert not (found & ~before).any()
        assert found.equal(before)


@pytest.mark.parametrize("residual", ["horizontal", "both"])
def test_pixelcnn_has_no_blind_spot(residual):
    # One layer more for each column that lies between: the corner to the right above is seen too.
    config = PixelCNNConfig(width=6, depth=6, first=3, residual=residual)
    fitted = built((PixelCNN, config), striped((1, 5, 6)))
    order = torch.arange(30)
    assert seen(fitted.module, 30, 2).equal(order[None, :] < order[:, None])


@pytest.mark.parametrize("name", [*SMALL, *(f"{name} of colours" for name in COLOURS)])
def test_a_walk_answers_as_a_pass_does(name):
    pair, data = SMALL.get(name), striped()
    if pair is None:
        pair, data = COLOURS[name.removesuffix(" of colours")], striped((3, 2, 3), values=3)
    fitted, values = built(pair, data), data.fields["x"].values
    x = torch.from_numpy(data.train.arrays["x"]).flatten(1).long()
    filled, log_p, places = torch.zeros(x.shape), torch.zeros(len(x)), torch.zeros(x.shape)
    chosen = torch.zeros(len(x), dtype=torch.long)
    with torch.no_grad():
        parts = fitted.module.order if hasattr(fitted.module, "order") else [None]
        each = [fitted.module(scaled(x, values), *([] if len(parts) == 1 else [n])) for n in range(len(parts))]
        number, last = -1, None
        for rows, place, logits in fitted.module.walk(filled, None, seeded()):
            if rows != last:
                number, last = number + 1, rows
                while number and not _starts(parts[number], place):  # a part may have got no rows
                    number += 1
            chosen[rows] = number
            torch.testing.assert_close(logits, each[number][rows, place], atol=1e-5, rtol=1e-5)
            log_p[rows] += torch.log_softmax(logits, -1).gather(1, x[rows, place, None])[:, 0]
            filled[rows, place] = scaled(x[rows, place], values)
            places[rows, place] += 1
    assert (places == 1).all()
    if len(parts) == 1:
        torch.testing.assert_close(log_p, fitted.module.log_prob(x, None, None), atol=1e-4, rtol=1e-5)
    assert chosen.unique().tolist() == list(range(len(parts)))


def _starts(order: torch.Tensor, place: int) -> bool:
    return int(order.argmin()) == place
