"""How weights begin. Each rule fills a tensor in place from a generator; formulas are those of `torch.nn.init`.

A weight is (out, in, *kernel): its fan-in is in·∏kernel and its fan-out out·∏kernel. Numbers are drawn where the
generator lives, so that a network on an accelerator begins as it does on the CPU.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import init

from daedalus.core.errors import UserError, unknown

#: A rule that fills a tensor from a generator.
Initialiser = Callable[[Tensor, torch.Generator], object]


def uniform(tensor: Tensor, generator: torch.Generator, bound: float) -> None:
    """U(−bound, bound)."""
    _fill(tensor, generator, lambda fresh: init.uniform_(fresh, -bound, bound, generator=generator))


def normal(tensor: Tensor, generator: torch.Generator, std: float = 0.02) -> None:
    """N(0, std²); 0.02 is GPT-2's (Radford et al. 2019)."""
    _fill(tensor, generator, lambda fresh: init.normal_(fresh, 0.0, std, generator=generator))


def truncated_normal(tensor: Tensor, generator: torch.Generator, std: float = 0.02) -> None:
    """N(0, std²) cut at two standard deviations; what remains has the deviation 0.8796·std."""
    _fill(tensor, generator, lambda fresh: init.trunc_normal_(fresh, 0.0, std, -2 * std, 2 * std, generator=generator))


def uniform_fan_in(tensor: Tensor, generator: torch.Generator) -> None:
    """U(±1/√fan-in), the default of torch's `Linear` and `Conv2d`; LeCun et al. 1998 but for the factor √3."""
    uniform(tensor, generator, 1 / math.sqrt(fan_in(tensor)))


def xavier(tensor: Tensor, generator: torch.Generator, gain: float = 1.0) -> None:
    """U(±gain·√(6/(fan-in + fan-out))) (Glorot & Bengio 2010, eq. 16)."""
    _fill(tensor, generator, lambda fresh: init.xavier_uniform_(fresh, gain, generator=generator))


def he(tensor: Tensor, generator: torch.Generator) -> None:
    """N(0, 2/fan-in), for rectifiers (He et al. 2015, eq. 10)."""
    _fill(tensor, generator, lambda fresh: init.kaiming_normal_(fresh, nonlinearity="relu", generator=generator))


def orthogonal(tensor: Tensor, generator: torch.Generator, gain: float = 1.0) -> None:
    """gain·Q with Q of orthonormal rows or columns, whichever are fewer (Saxe et al. 2014)."""
    _fill(tensor, generator, lambda fresh: init.orthogonal_(fresh, gain, generator=generator))


def identity(tensor: Tensor, generator: torch.Generator | None = None, gain: float = 1.0) -> None:
    """gain·I, for the recurrent weights of a rectifier network (Le, Jaitly & Hinton 2015). Draws nothing."""
    if tensor.ndim != 2:
        raise UserError(f"identity fills a matrix, not a tensor of shape {tuple(tensor.shape)}")
    with torch.no_grad():
        tensor.zero_().diagonal().fill_(gain)


def zeros(tensor: Tensor, generator: torch.Generator | None = None) -> None:
    """Zero everywhere. Draws nothing."""
    with torch.no_grad():
        tensor.zero_()


def fan_in(tensor: Tensor) -> int:
    """How many inputs one output of the weight (out, in, *kernel) sums."""
    if tensor.ndim < 2:
        raise UserError(f"a weight has at least two axes, out and in; this one has shape {tuple(tensor.shape)}")
    return math.prod(tensor.shape[1:])


#: The rules that a spec may name.
INITIALISERS: dict[str, Initialiser] = {
    "uniform_fan_in": uniform_fan_in,
    "orthogonal": orthogonal,
    "orthogonal_relu": partial(orthogonal, gain=math.sqrt(2)),
    "xavier": xavier,
    "he": he,
    "normal": normal,
    "truncated_normal": truncated_normal,
    "zeros": zeros,
}


def initialiser(name: str) -> Initialiser:
    """The rule of that name.

    Raises:
        UserError: there is none; the nearest is named.
    """
    if name not in INITIALISERS:
        raise unknown("initialiser", name, INITIALISERS)
    return INITIALISERS[name]


def affine(weight: Tensor, bias: Tensor | None, generator: torch.Generator, rule: Initialiser = uniform_fan_in) -> None:
    """Begin a layer: the weight by the rule, then the bias.

    Under torch's default rule the bias is U(±1/√fan-in), as in torch; under any other it is 0.
    """
    rule(weight, generator)
    if bias is None:
        return
    if rule is uniform_fan_in:
        uniform(bias, generator, 1 / math.sqrt(fan_in(weight)))
    else:
        zeros(bias)


def _fill(tensor: Tensor, generator: torch.Generator, draw: Callable[[Tensor], object]) -> None:
    """Draw in a fresh tensor where the generator lives and copy it, whatever the layout of `tensor`."""
    fresh = torch.empty(tensor.shape, device=generator.device, dtype=tensor.dtype)
    with torch.no_grad():
        draw(fresh)
        tensor.copy_(fresh)
