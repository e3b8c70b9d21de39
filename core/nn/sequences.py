"""What all networks over sequences share: masks of padding, and the checks of what goes in."""

from collections.abc import Sequence

import torch
from torch import Tensor

from daedalus.core.errors import UserError


def mask_of(lengths_B: Tensor, steps: int) -> Tensor:
    """The mask (B, T) of sequences of these lengths, padded at their ends: True where a step is real."""
    return torch.arange(steps, device=lengths_B.device) < lengths_B[:, None]


def features_of(shape: tuple[int, ...], owner: str) -> int:
    """The features of one example of `shape`, (T, F) or (F,). Raises `UserError` for any other."""
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise UserError(f"{owner} takes sequences of shape (steps, features), not {shape}")
    return shape[-1]


def check_sequences(x: Tensor, features: int, owner: str, mask: Tensor | None = None) -> None:
    """Raise `UserError` unless `x` is (B, T, features), T above 0, and a mask is (B, T) of truth values."""
    shape = x.shape
    if len(shape) != 3 or shape[2] != features or not shape[1]:
        raise UserError(f"{owner} takes (batch, steps, {features}), not {tuple(shape)}")
    if mask is not None and (mask.shape != x.shape[:2] or mask.dtype != torch.bool):
        raise UserError(
            f"the mask must be bool of shape {tuple(x.shape[:2])}, True where a step is real, "
            f"not {str(mask.dtype).removeprefix('torch.')} of shape {tuple(mask.shape)}"
        )


def check_positive(owner: str, **sizes: int) -> None:
    """Raise `UserError` naming the first of the sizes that is below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{owner}: {name} must be at least 1, not {size}")


def check_choice(owner: str, name: str, value: str, choices: Sequence[str]) -> None:
    """Raise `UserError` where `value` is none of the choices."""
    if value not in choices:
        raise UserError(f"{owner}: {name} must be one of {', '.join(choices)}, not {value!r}")
