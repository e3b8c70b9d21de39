"""Single layers: by torch's distribution from a generator alone, and nothing drawn from the global one."""

import math

import torch
from torch import nn

from daedalus.core.nn.initialise import orthogonal
from daedalus.core.nn.layers import blank, convolution, linear

from .oracle import seeded


def test_layers_draw_from_their_generator_alone() -> None:
    before = torch.get_rng_state()
    one, other = (linear(5, 300, *seeded(1)) for _ in range(2))
    grid = convolution(2, 4, 3, 2, 1, *seeded(2), orthogonal)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.weight, other.weight)
    for tensor in (one.weight, one.bias):  # U(±1/√5): the largest of 300 and more is near the bound
        assert 0.95 / math.sqrt(5) < tensor.abs().max().item() <= 1 / math.sqrt(5)
    flat = grid.weight.detach().flatten(1)
    torch.testing.assert_close(flat @ flat.T, torch.eye(4))
    assert grid(torch.zeros(1, 2, 5, 5)).abs().sum() == 0  # other rules begin with biases of 0
    assert linear(5, 3, *seeded(1), bias=False).bias is None


def test_a_blank_layer_is_like_another_tensor(where: torch.device) -> None:
    layer = blank(nn.Linear, 3, 2, like=torch.zeros(1, dtype=torch.float64, device=where))
    assert (layer.weight.shape, layer.weight.dtype, layer.weight.device) == ((2, 3), torch.float64, where)
