"""Activations by name."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import unknown

from .stacked import LINE, Plain, careful

#: What a spec may name; each computes number by number.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU,
    "leaky_relu_0.2": partial(nn.LeakyReLU, 0.2),  # of Radford, Metz & Chintala 2016
    "mish": nn.Mish,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "identity": nn.Identity,
}


def activation(name: str) -> nn.Module:
    """A new activation of that name.

    Raises:
        UserError: there is none; the nearest is named.
    """
    if name not in ACTIVATIONS:
        raise unknown("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]()


class StackedActivation(Plain):
    """A smooth activation of N copies, (N, …) → the same; rectifiers need no such care.

    The last numbers of a tensor are computed by other code than the rest, so each slot is filled up to full lines.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, …) → (N, …)."""
        size = x[0].numel()
        if size % LINE == 0 or not careful(x):
            return self.single(x)  # type: ignore[no-any-return]
        y: Tensor = self.single(functional.pad(x.flatten(1), (0, -size % LINE)))
        return y[:, :size].view(x.shape)


#: Activations made of comparisons and products alone give the same bits wherever a number stands.
RECTIFIERS = (nn.ReLU, nn.LeakyReLU, nn.Identity)
