"""Augmentations: random changes of inputs that leave their targets true, drawn from a generator.

shift(pixels=1)     every image is moved by up to so many pixels each way; what comes in is 0
rotate(degrees=10)  every image is turned about its middle by up to so many degrees either way, bilinearly
noise(scale=0.1)    normal noise of that deviation on every number
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec, fill


@dataclass(frozen=True)
class Shift:
    """Images (B, C, H, W) moved by whole pixels, each its own way."""

    pixels: int = 1
    images: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.pixels < 1:
            raise UserError(f"shift: pixels must be at least 1, not {self.pixels}")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        batch, channels, height, width = x.shape
        reach = self.pixels
        offset = torch.randint(0, 2 * reach + 1, (2, batch, 1), generator=generator, device=x.device)
        rows = torch.arange(height, device=x.device) + offset[0]  # (B, H), in the padded image
        columns = torch.arange(width, device=x.device) + offset[1]
        padded = functional.pad(x, [reach] * 4)
        one = torch.arange(batch, device=x.device)[:, None, None, None]
        channel = torch.arange(channels, device=x.device)[None, :, None, None]
        return padded[one, channel, rows[:, None, :, None], columns[:, None, None, :]]


@dataclass(frozen=True)
class Rotate:
    """Images (B, C, H, W) turned about their middle, each by its own angle."""

    degrees: float = 10.0
    images: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.degrees <= 180:
            raise UserError(f"rotate: degrees must lie in (0, 180], not {self.degrees:g}")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        drawn = torch.rand(len(x), generator=generator, device=x.device)
        angle = (2 * drawn - 1) * math.radians(self.degrees)
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        turn = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
        grid = functional.affine_grid(turn, list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, align_corners=False)


@dataclass(frozen=True)
class Noise:
    """Normal noise on every number."""

    scale: float = 0.1
    images: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise UserError(f"noise: scale must be positive and finite, not {self.scale:g}")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """(B, …) → the same shape."""
        return x + self.scale * torch.randn(x.shape, generator=generator, device=x.device)


Augment = Shift | Rotate | Noise

_KNOWN: dict[str, Callable[..., Augment]] = {"shift": Shift, "rotate": Rotate, "noise": Noise}


def augmentation(spec: Spec) -> Augment:
    """Read `shift(pixels=1)`. Raises `UserError` that names the nearest known one."""
    if spec.name not in _KNOWN:
        raise unknown("augmentation", spec.name, _KNOWN)
    return fill(_KNOWN[spec.name], spec.mapping, spec.name)
