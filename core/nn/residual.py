"""Residual blocks, of vectors and of grids."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError, unknown

from .activations import activation
from .initialise import initialiser
from .layers import convolution, linear
from .normalise import Normalise

Order = Literal["pre", "post"]


class Residual(nn.Module):
    """after(x + body(x))."""

    def __init__(self, body: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.body, self.after = body, after

    def forward(self, x: Tensor) -> Tensor:
        """(B, …) → (B, …), whatever the body takes."""
        return self.after(x + self.body(x))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class ResidualBlock:
    """Two layers and the way past them.

    "post" is activation(x + norm layer activation norm layer x) (He et al. 2015); "pre" leaves the way past free,
    x + layer activation norm layer activation norm x (He et al. 2016). Layers are linear for (F,) and square
    convolutions of odd `kernel` for (C, H, W), which keep the size.
    """

    order: Order = "pre"
    activation: str = "relu"
    norm: str | None = None
    kernel: int = 3
    weights: str = "uniform_fan_in"
    groups: int = 8

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Residual:
        """Return (B, *shape) → (B, *shape).

        Raises:
            UserError: the shape is neither (F,) nor (C, H, W), or a setting does not fit.
        """
        if self.order not in ("pre", "post"):
            raise unknown("order of a residual block", self.order, ("pre", "post"))
        if len(shape) not in (1, 3) or min(shape) < 1:
            raise UserError(f"a residual block takes (F,) or (C, H, W), not {shape}")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise UserError(f"a residual block keeps the size: its kernel must be odd, not {self.kernel}")
        body = nn.Sequential()
        for number in range(2):
            layer = (f"layer{number}", self._layer(shape, generator))
            norm = [] if self.norm is None else [(f"norm{number}", Normalise(self.norm, shape[0], self.groups))]
            act = [(f"activation{number}", activation(self.activation))]
            parts = [*norm, *act, layer] if self.order == "pre" else [layer, *norm, *(act if number == 0 else [])]
            for name, part in parts:
                body.add_module(name, part)
        return Residual(body, activation(self.activation) if self.order == "post" else nn.Identity())

    def _layer(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Module:
        rule, features = initialiser(self.weights), shape[0]
        if len(shape) == 1:
            return linear(features, features, generator, rule)
        return convolution(features, features, self.kernel, 1, self.kernel // 2, generator, rule)
