"""Gradient norms and clipping. Of a population, whose gradients have a leading slot axis, each slot for itself.

A slot's numbers do not depend on how many slots stand beside it, to the bit: rows are summed along the last axis,
where torch sums every row alike; along the first it would not.
"""

import torch
from torch import Tensor


def norms(tensors: list[Tensor], slots: int | None = None) -> Tensor:
    """The Euclidean norm of all the numbers, (); of a population's stacked tensors (N, …), that of each slot, (N,)."""
    if slots is None:
        whole: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))
        return whole
    rows = torch.cat([tensor.reshape(slots, -1) for tensor in tensors], 1) if len(tensors) > 1 else tensors[0]
    each: Tensor = torch.linalg.vector_norm(rows.reshape(slots, -1), dim=1)
    return each


def clip_norm(gradients: list[Tensor], norm: Tensor, most: float) -> None:
    """Scale gradients in place to a norm of `most` where theirs, `norm` () or (N,), is larger (Pascanu et al. 2013)."""
    scale = (most / (norm + 1e-6)).clamp(max=1.0)
    if scale.ndim == 0:
        torch._foreach_mul_(gradients, scale)
        return
    for gradient in gradients:
        gradient.mul_(scale.reshape(-1, *[1] * (gradient.ndim - 1)))


def clip_value(gradients: list[Tensor], most: float) -> None:
    """Clip every number of the gradients to ±`most`, in place."""
    torch._foreach_clamp_max_(gradients, most)
    torch._foreach_clamp_min_(gradients, -most)
