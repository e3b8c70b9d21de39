"""Transposed convolutions: sizes, a number by hand, weights from the generator."""

import math

import pytest
import torch
from torch import nn

from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.nn.initialise import normal, uniform_fan_in
from daedalus.core.nn.transposed import TransposedCNN, upward


@pytest.mark.parametrize("image", [(1, 8, 8), (3, 7, 11), (1, 28, 28), (2, 5, 2)])
def test_an_image_of_any_size_comes_out(image):
    network = TransposedCNN(image, (6, 4), norm="batch").build((10,), torch_generator(0, "init"))
    assert network(torch.zeros(3, 10)).shape == (3, *image)
    rows, columns = (math.ceil(math.ceil(side / 2) / 2) for side in image[1:])
    assert network.linear.out_features == 6 * rows * columns


def test_a_transposed_convolution_spreads_every_cell_by_its_kernel():
    layer = upward((1, 2, 2), (1, 4, 4), torch_generator(0, "init"), normal)
    y = layer(torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]]))[0, 0]
    wanted = torch.zeros(4, 4)
    wanted[:3, :3] = layer.weight[0, 0, 1:, 1:]  # the kernel's first row and column fall into the padding
    torch.testing.assert_close(y, wanted)


def test_weights_begin_by_the_fan_in_of_the_inputs():
    layer = upward((64, 2, 2), (2, 4, 4), torch_generator(0, "init"), uniform_fan_in)
    bound = 1 / math.sqrt(64 * 16)
    assert 0.95 * bound < layer.weight.abs().max().item() <= bound
    again = upward((64, 2, 2), (2, 4, 4), torch_generator(0, "init"), uniform_fan_in)
    assert torch.equal(layer.weight, again.weight)
    assert isinstance(layer, nn.ConvTranspose2d)


def test_what_does_not_fit_is_refused():
    for spec, said in [
        (TransposedCNN((8, 8)), "makes images"),
        (TransposedCNN((1, 8, 8), ()), "at least one channel"),
        (TransposedCNN((1, 2, 2), (4, 4)), "cannot be halved 2 times"),
    ]:
        with pytest.raises(UserError, match=said):
            spec.build((4,), torch_generator(0, "init"))
