"""Single layers that begin from a generator; torch's own constructors would draw from its global one."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from .initialise import Initialiser, affine, uniform_fan_in

Layer = TypeVar("Layer", bound=nn.Module)


def blank(layer: Callable[..., Layer], *sizes: Any, like: Tensor | None = None) -> Layer:
    """A layer, where `like` is, whose numbers are not set: on the device "meta" torch draws none."""
    made = layer(*sizes, device="meta", dtype=None if like is None else like.dtype)
    return made.to_empty(device=torch.get_default_device() if like is None else like.device)


def linear(
    inputs: int, outputs: int, generator: torch.Generator, rule: Initialiser = uniform_fan_in, bias: bool = True
) -> nn.Linear:
    """A linear layer that begins by the rule; the default is torch's own."""
    layer = blank(partial(nn.Linear, bias=bias), inputs, outputs)
    affine(layer.weight, layer.bias, generator, rule)
    return layer


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int, padding: int, generator: torch.Generator, rule: Initialiser
) -> nn.Conv2d:
    """A square convolution that begins by the rule."""
    layer = blank(nn.Conv2d, inputs, outputs, kernel, stride, padding)
    affine(layer.weight, layer.bias, generator, rule)
    return layer
