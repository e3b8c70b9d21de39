"""Noise that a module draws while it trains: dropout, and how its generators reach it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError
from daedalus.core.noise import Noise


class Drawing(nn.Module):
    """A module that draws numbers when it is called in training mode. Before that, `supply` gives it generators."""

    noise: Noise | None = None

    def kept(self, shape: tuple[int, ...], chance: float, like: Tensor) -> Tensor:
        """Draw ones with the chance given, otherwise zeros: (*shape), of the dtype and on the device of `like`."""
        if self.noise is None:
            raise UserError(f"{type(self).__name__} draws numbers: supply(module, generator) must come before training")
        return self.noise.ones(chance, *shape).to(like)


def supply(module: nn.Module, generators: torch.Generator | Sequence[torch.Generator]) -> None:
    """Hand the generator, or one for each slot of a population (`Noise`), to every part of the module that draws."""
    given = Noise(generators)
    for part in module.modules():
        if isinstance(part, Drawing):
            part.noise = given


class Dropping(Drawing):
    """Inverted dropout: in training mode each number is 0 with chance p, otherwise divided by 1 − p.

    The last `shared` axes are dropped together: 2 drops whole channels of (…, C, H, W).
    """

    def __init__(self, p: float, shared: int = 0) -> None:
        super().__init__()
        self.p, self.shared = check_chance(p), shared

    def forward(self, x: Tensor) -> Tensor:
        """(…) → (…)."""
        if not self.training or self.p == 0:
            return x
        own = x.ndim - self.shared
        return x * self.mask((*x.shape[:own], *[1] * self.shared), like=x)

    def mask(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Draw what numbers are multiplied by, 0 or 1/(1 − p)."""
        return self.kept(shape, 1 - self.p, like).div_(1 - self.p)

    def extra_repr(self) -> str:
        """What printing shows."""
        return f"p={self.p}, shared={self.shared}"


@dataclass(frozen=True)
class Dropout:
    """Dropout (Srivastava et al. 2014), or of whole channels with `shared=2` (Tompson et al. 2015)."""

    p: float = 0.5
    shared: int = 0

    def build(self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None) -> Dropping:
        """Return the module; it fits any shape and draws nothing to begin with."""
        return Dropping(self.p, self.shared)


def check_chance(p: float) -> float:
    """Return p, the chance of dropping a number.

    Raises:
        UserError: it is not in [0, 1).
    """
    if not 0 <= p < 1:
        raise UserError(f"dropout is a chance in [0, 1), not {p}; 0 switches it off")
    return p
