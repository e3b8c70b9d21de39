"""Where in its sequence a step stands: sinusoids, a learned table, and rotations of queries and keys."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError

from .initialise import normal
from .sequences import check_positive, features_of

#: Cosines and sines (T, D/2, 2) of the angles by which a head of width D is rotated at T positions.
Rotation = Tensor


def sinusoids(positions_T: Tensor, width: int, base: float = 10_000.0) -> Tensor:
    """sin(p·base^(−2i/E)) in column 2i and the cosine in column 2i + 1, (T, E) (Vaswani et al. 2017, section 3.5)."""
    angles = _angles(positions_T, width, base)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


def rotation(positions_T: Tensor, width: int, base: float = 10_000.0) -> Rotation:
    """The angles p·base^(−2i/D) of rotary positions (Su et al. 2021, eq. 15), for heads of the given width."""
    angles = _angles(positions_T, width, base)
    return torch.stack((angles.cos(), angles.sin()), dim=-1)


def rotate(x: Tensor, by: Rotation) -> Tensor:
    """Turn each pair of features (2i, 2i + 1) of (…, T, D) by its position's angle, so that a product of two depends on
    their distance alone (Su et al. 2021, eq. 34).

    On the CPU as complex numbers, which takes half the time there.
    """
    pairs = x.view(*x.shape[:-1], -1, 2)
    if x.device.type == "cpu" and x.dtype == by.dtype:
        return torch.view_as_real(torch.view_as_complex(pairs) * torch.view_as_complex(by)).flatten(-2)
    (first, second), (cos, sin) = pairs.unbind(-1), by.unbind(-1)
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), dim=-1)
    return turned.flatten(-2).to(x.dtype)


def _angles(positions_T: Tensor, width: int, base: float) -> Tensor:
    if width < 2 or width % 2:
        raise UserError(f"sinusoids and rotations need an even width, not {width}")
    number = torch.float64 if positions_T.dtype == torch.float64 else torch.float32
    index = torch.arange(0, width, 2, dtype=number, device=positions_T.device)
    return positions_T.to(number)[:, None] * base ** (-index / width)


@final
class SinusoidalPositions(nn.Module):
    """Adds sinusoids to embeddings; it has no weights and no longest sequence."""

    def __init__(self, width: int, base: float) -> None:
        super().__init__()
        self.width, self.base = width, base
        sinusoids(torch.zeros(1), width, base)  # an odd width is refused now

    def forward(self, x_BTE: Tensor, offset: int = 0) -> Tensor:
        """(B, T, E) → (B, T, E); the first step stands at position `offset`."""
        number = torch.float64 if x_BTE.dtype == torch.float64 else torch.float32  # bfloat16 counts to 256
        positions = torch.arange(offset, offset + x_BTE.shape[1], device=x_BTE.device, dtype=number)
        return x_BTE + sinusoids(positions, self.width, self.base).to(x_BTE.dtype)


@final
class LearnedPositions(nn.Module):
    """Adds a learned vector for each position to embeddings."""

    undecayed: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(self, length: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, width))
        normal(self.weight, generator)

    def forward(self, x_BTE: Tensor, offset: int = 0) -> Tensor:
        """(B, T, E) → (B, T, E). Raises `UserError` for a sequence that goes beyond the last position."""
        end, length = offset + x_BTE.shape[1], len(self.weight)
        if end > length:
            raise UserError(f"a sequence of {end} steps is longer than the {length} learned positions; raise length")
        return x_BTE + self.weight[offset:end]


@dataclass(frozen=True)
class Sinusoidal:
    """Fixed sinusoids of geometrically spaced wavelengths (Vaswani et al. 2017)."""

    base: float = 10_000.0

    def build(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> SinusoidalPositions:
        """The module for examples of `shape`, (T, E) or (E,). It draws nothing."""
        return SinusoidalPositions(features_of(shape, "sinusoidal positions"), self.base)


@dataclass(frozen=True)
class Learned:
    """A table of `length` vectors that are trained, drawn from N(0, 0.02²) (Radford et al. 2019)."""

    length: int = 256

    def __post_init__(self) -> None:
        check_positive("learned positions", length=self.length)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> LearnedPositions:
        """The module for examples of `shape`, (T, E) or (E,)."""
        return LearnedPositions(self.length, features_of(shape, "learned positions"), generator)
