"""Layers of N independent copies: parameters with a leading slot axis, activations (N, B, …).

*The law.* On the CPU slot n of N computes the bits that it computes alone, forward and backward. Elementwise
arithmetic and matrix products obey it as long as every slot meets the processor alike: its data begin at the same
place within a cache line (matrix kernels differ by alignment) and its end is treated the same (the last few numbers
of a tensor are computed by scalar code). A tensor whose slots are multiples of `LINE` numbers has both; one slot
alone has it anyway. All others are laid out with a gap between the slots: `torch` then loops over slots.
"""

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import blank

LINE = 32  # numbers: two 64-byte cache lines of float32, and what AVX-512 code takes at a time
ALIGNED = 64  # bytes of a cache line
SMALL = 2**14  # weights: up to here a single row (a decision) is multiplied faster without a call for each slot


class Stacked(nn.Module):
    """A layer of N copies. Its parameters and buffers are those of the single layer with a leading axis N."""

    slots: int

    @classmethod
    @abstractmethod
    def of(cls, singles: Sequence[Any]) -> Self:
        """Stack single layers, each with the numbers that it has."""

    @abstractmethod
    def take(self, n: int) -> nn.Module:
        """Return slot n as a single layer with numbers of its own."""

    @abstractmethod
    def put(self, n: int, single: Any) -> None:
        """Write a single layer's numbers into slot n."""


class Plain(Stacked):
    """The stacked form of a layer without numbers of its own."""

    def __init__(self, singles: Sequence[nn.Module]) -> None:
        super().__init__()
        self.slots = len(singles)
        self.single = singles[0]

    @classmethod
    def of(cls, singles: Sequence[nn.Module]) -> Self:
        """Stack single layers."""
        return cls(singles)

    def take(self, n: int) -> nn.Module:
        """The single layer."""
        return copy.deepcopy(self.single)

    def put(self, n: int, single: nn.Module) -> None:
        """Nothing is to be written."""


class StackedLinear(Stacked):
    """N copies of `nn.Linear`: weight (N, in, out), bias (N, 1, out)."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.slots = weight.shape[0]
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    @classmethod
    def of(cls, singles: Sequence[nn.Linear]) -> Self:
        """Stack single layers."""
        weight = torch.stack([single.weight.detach().T for single in singles]).contiguous()
        return cls(weight, torch.stack([single.bias.detach()[None] for single in singles]))

    def take(self, n: int) -> nn.Linear:
        """Slot n as `nn.Linear`."""
        inputs, outputs = self.weight.shape[1:]
        single = blank(nn.Linear, inputs, outputs, like=self.weight)
        with torch.no_grad():
            single.weight.copy_(self.weight[n].T)
            single.bias.copy_(self.bias[n, 0])
        return single

    def put(self, n: int, single: nn.Linear) -> None:
        """Write `nn.Linear` into slot n."""
        with torch.no_grad():
            self.weight[n] = single.weight.T
            self.bias[n, 0] = single.bias

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, in) → (N, B, out)."""
        return affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """What printing shows."""
        return "slots={}, in={}, out={}".format(*self.weight.shape)


class Lookup(nn.Module):
    """A linear layer of one-hot inputs, given as indices: weight (count, out), bias (out,)."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, index: Tensor) -> Tensor:
        """(…) whole numbers → (…, out)."""
        return functional.embedding(index, self.weight) + self.bias


class StackedLookup(Stacked):
    """N copies of `Lookup`: weight (N, count, out), bias (N, 1, out)."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.slots = weight.shape[0]
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    @classmethod
    def of(cls, singles: Sequence[Lookup]) -> Self:
        """Stack single layers."""
        weights = [single.weight.detach() for single in singles]
        return cls(torch.stack(weights), torch.stack([single.bias.detach()[None] for single in singles]))

    def take(self, n: int) -> Lookup:
        """Slot n as `Lookup`."""
        return Lookup(self.weight[n].detach().clone(), self.bias[n, 0].detach().clone())

    def put(self, n: int, single: Lookup) -> None:
        """Write `Lookup` into slot n."""
        with torch.no_grad():
            self.weight[n] = single.weight
            self.bias[n, 0] = single.bias

    def forward(self, index: Tensor) -> Tensor:
        """(N, B) whole numbers → (N, B, out)."""
        first = torch.arange(self.slots, device=index.device)[:, None] * self.weight.shape[1]
        return functional.embedding(index + first, self.weight.flatten(0, 1)) + self.bias


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """b + x·W of every slot: (N, B, in), (N, in, out), (N, 1, out) → (N, B, out), by the law above."""
    slots, rows, inputs = x.shape
    outputs = weight.shape[-1]
    if careful(x):
        if rows == 1 and inputs * outputs <= SMALL and x.dtype is weight.dtype:
            return (x.mT * weight).sum(1, keepdim=True).add_(bias)
        x = laid(x)
        gaps = slots > 1 and (_gap(rows, inputs) or _gap(rows, outputs) or _gap(inputs, outputs))
        if gaps or weight.data_ptr() % ALIGNED:
            y: Tensor = _Affine.apply(x, weight, bias)  # type: ignore[no-untyped-call]
            return y
    return torch.baddbmm(bias, x, weight)


class _Affine(torch.autograd.Function):
    """`baddbmm` and its gradient, with slots laid out by the law."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """(N, B, in), (N, in, out), (N, 1, out) → (N, B, out)."""
        ctx.save_for_backward(x, weight)  # not a copy of the weight, by which nobody could differentiate
        return torch.baddbmm(bias, x, laid(weight), out=room(x, x.shape[1], weight.shape[2]))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """The gradients; of a gradient's gradient only the value is promised, not the bits."""
        x, weight = ctx.saved_tensors
        (g,) = grads
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        if torch.is_grad_enabled():
            return g.bmm(weight.mT), x.mT.bmm(g), g.sum(1, keepdim=True)
        g, weight = laid(g), laid(weight)
        rows, (inputs, outputs) = x.shape[1], weight.shape[1:]
        return (
            torch.bmm(g, weight.mT, out=room(x, rows, inputs)) if wants_x else None,
            torch.bmm(x.mT, g, out=room(x, inputs, outputs)).contiguous() if wants_weight else None,
            g.sum(1, keepdim=True) if wants_bias else None,
        )


def _gap(rows: int, columns: int) -> int:
    """How many numbers must lie between the slots of (N, rows, columns).

    A single column has a gap always: without one, MKL multiplies it by other code than alone.
    """
    size = rows * columns
    return -size % LINE or (LINE if columns == 1 else 0)


def room(like: Tensor, rows: int, columns: int) -> Tensor:
    """Uninitialised (N, rows, columns) with its slots laid out by the law."""
    stride = rows * columns + _gap(rows, columns)
    return like.new_empty_strided((like.shape[0], rows, columns), (stride, columns, 1))


def careful(x: Tensor) -> bool:
    """Whether the law is asked for: on the CPU, in eager code, at the precision of the tensors."""
    return x.is_cpu and not torch.compiler.is_compiling() and not torch.is_autocast_enabled("cpu")


def laid(x: Tensor) -> Tensor:
    """(N, B, F) itself if its slots are laid out by the law, else a copy that is."""
    slots, rows, columns = x.shape
    apart = rows * columns if x.is_contiguous() else _apart(x)
    if x.data_ptr() % ALIGNED == 0 and (apart % LINE == 0 or (slots == 1 and apart > 0)):
        return x
    copied: Tensor = _Copy.apply(x) if x.requires_grad else room(x, rows, columns).copy_(x)  # type: ignore[no-untyped-call]
    return copied


def _apart(x: Tensor) -> int:
    """How far apart the slots of (N, B, F) lie; −1, which is no multiple, where a slot is not laid out row by row."""
    return x.stride(0) if x.stride(2) == 1 and x.stride(1) == x.shape[2] else -1


class _Copy(torch.autograd.Function):
    """A copy laid out by the law; the gradient passes as it is."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """(N, B, F) → the same."""
        return room(x, *x.shape[1:]).copy_(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """The same."""
        return grads[0]
