"""What tests of networks share: generators, and one network's answer and gradients beside another's."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def answers(module: Callable[[Tensor], Tensor], x: Tensor, parameters: Sequence[Tensor] = ()) -> list[Tensor]:
    """The answer and the gradients of its weighted sum by the input and the parameters."""
    x = x.clone().requires_grad_()
    y = module(x)
    weights = torch.arange(1, y.numel() + 1, dtype=y.dtype, device=y.device).reshape(y.shape).sin()
    return [y.detach(), *torch.autograd.grad((y * weights).sum(), [x, *parameters])]


def close(ours: Sequence[Tensor], torchs: Sequence[Tensor]) -> None:
    assert len(ours) == len(torchs)
    for a, b in zip(ours, torchs, strict=True):
        assert a.shape == b.shape
        assert torch.allclose(a, b, rtol=1e-6, atol=1e-6 * max(1.0, b.abs().max().item())), (a - b).abs().max()


def close_modules(ours: nn.Module, torchs: nn.Module, x: Tensor) -> None:
    """The same parameters in the same order, the same answers and gradients."""
    close(answers(ours, x, list(ours.parameters())), answers(torchs, x, list(torchs.parameters())))
