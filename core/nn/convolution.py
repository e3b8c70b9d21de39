"""Convolutions of N independent copies: windows are laid out as rows (im2col) and multiplied by slot.

Stacked grids keep the channels last, (N, B, H, W, C), so that a window is copied in long runs. Nobody outside
sees that: `StackedToGrid` turns (N, B, C, H, W) round, and `StackedFlattenGrid` flattens in the single form's order.
"""

from collections.abc import Sequence
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError, unknown

from .dropout import Dropping
from .layers import blank
from .stacked import Plain, Stacked, affine, room

Pooling = Literal["none", "max", "average"]


class StackedConv(Stacked):
    """N copies of `nn.Conv2d` without dilation or groups: weight (N, kh·kw·C, out), bias (N, 1, out)."""

    def __init__(self, singles: Sequence[nn.Conv2d]) -> None:
        super().__init__()
        first = singles[0]
        if first.dilation != (1, 1) or first.groups != 1 or isinstance(first.padding, str) or first.bias is None:
            raise UserError("a stacked convolution has a bias, no dilation, no groups, and padding in numbers")
        self.slots = len(singles)
        self.channels, self.outputs = first.in_channels, first.out_channels
        self.height, self.width = first.kernel_size
        self.stride = first.stride[0], first.stride[1]
        self.padding = first.padding[0], first.padding[1]
        self.weight = nn.Parameter(torch.stack([_rows(single.weight.detach()) for single in singles]))
        self.bias = nn.Parameter(torch.stack([_bias(single).detach()[None] for single in singles]))

    @classmethod
    def of(cls, singles: Sequence[nn.Conv2d]) -> Self:
        """Stack single layers."""
        return cls(singles)

    def take(self, n: int) -> nn.Conv2d:
        """Slot n as `nn.Conv2d`."""
        sizes = self.channels, self.outputs, (self.height, self.width), self.stride, self.padding
        single = blank(nn.Conv2d, *sizes, like=self.weight)
        window = self.weight[n].reshape(self.height, self.width, self.channels, self.outputs)
        with torch.no_grad():
            single.weight.copy_(window.permute(3, 2, 0, 1))
            _bias(single).copy_(self.bias[n, 0])
        return single

    def put(self, n: int, single: nn.Conv2d) -> None:
        """Write `nn.Conv2d` into slot n."""
        with torch.no_grad():
            self.weight[n] = _rows(single.weight)
            self.bias[n, 0] = _bias(single)

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, H, W, C) → (N, B, H', W', out)."""
        down, across = self.padding
        if down or across:
            x = functional.pad(x, (0, 0, across, across, down, down))
        rows, columns = x.shape[2:4]
        rows, columns = (rows - self.height) // self.stride[0] + 1, (columns - self.width) // self.stride[1] + 1
        windows: Tensor = _Windows.apply(x, self.height, self.width, *self.stride)  # type: ignore[no-untyped-call]
        return affine(windows, self.weight, self.bias).reshape(*x.shape[:2], rows, columns, self.outputs)

    def extra_repr(self) -> str:
        """What printing shows."""
        return f"slots={self.slots}, {self.channels}→{self.outputs}, kernel=({self.height}, {self.width})"


def _rows(weight: Tensor) -> Tensor:
    """(out, C, kh, kw) → (kh·kw·C, out)."""
    return weight.permute(2, 3, 1, 0).flatten(0, 2)


def _bias(single: nn.Conv2d) -> Tensor:
    assert single.bias is not None
    return single.bias


class _Windows(torch.autograd.Function):
    """The windows of a grid as rows, (N, B, H, W, C) → (N, B·H'·W', kh·kw·C); the gradient adds them up again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, height: int, width: int, down: int, across: int) -> Tensor:
        """Copy every window."""
        x = x.contiguous()
        slots, batch, rows, columns, channels = ctx.shape = x.shape
        ctx.kernel = height, width, down, across
        out = (rows - height) // down + 1, (columns - width) // across + 1
        line = columns * channels
        windows = x.as_strided(
            (slots, batch, *out, height, width, channels),
            (batch * rows * line, rows * line, down * line, across * channels, line, channels, 1),
        )
        y = room(x, batch * out[0] * out[1], height * width * channels)
        y.as_strided(windows.shape, _inside(y.stride(0), windows.shape)).copy_(windows)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Add each window's gradient to its cells, place by place of the kernel."""
        height, width, down, across = ctx.kernel
        batch, rows, columns, channels = ctx.shape[1:]
        out = (rows - height) // down + 1, (columns - width) // across + 1
        g = grads[0].reshape(-1, batch, *out, height, width, channels)
        total = g.new_zeros(ctx.shape)
        for i in range(height):
            for j in range(width):
                ends = i + down * (out[0] - 1) + 1, j + across * (out[1] - 1) + 1
                total[:, :, i : ends[0] : down, j : ends[1] : across].add_(g[:, :, :, :, i, j])
        return total, None, None, None, None


def _inside(slot: int, shape: tuple[int, ...]) -> list[int]:
    """The strides of a contiguous layout of all axes but the first, whose stride is `slot`."""
    strides = [1]
    for size in shape[:1:-1]:
        strides.insert(0, strides[0] * size)
    return [slot, *strides]


class Pool(nn.Module):
    """The greatest or the mean number of each square of `size` cells, side by side; (…, C, H, W) → (…, C, H', W')."""

    def __init__(self, kind: str, size: int = 2) -> None:
        super().__init__()
        if kind not in ("max", "average"):
            raise unknown("pooling", kind, ("max", "average", "none"))
        self.kind, self.size = kind, size

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H/size, W/size), a rest dropped."""
        return functional.max_pool2d(x, self.size) if self.kind == "max" else functional.avg_pool2d(x, self.size)

    def extra_repr(self) -> str:
        """What printing shows."""
        return f"{self.kind}, size={self.size}"


class ToGrid(nn.Module):
    """What comes in, as numbers divided by `divisor`: 255 for pictures of bytes."""

    def __init__(self, divisor: float = 1.0) -> None:
        super().__init__()
        self.divisor = divisor

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same, floating."""
        x = x if x.is_floating_point() else x.to(torch.get_default_dtype())
        return x if self.divisor == 1 else x / self.divisor


class Flatten(nn.Module):
    """One example's axes become one: (B, …) → (B, F)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, …) → (B, F)."""
        return x.flatten(1)


class FlattenGrid(Flatten):
    """The same, of what convolutions made; the stacked form has the channels elsewhere."""


class StackedToGrid(Plain):
    """(N, B, C, H, W) → (N, B, H, W, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Channels last."""
        return self.single(x).permute(0, 1, 3, 4, 2)  # type: ignore[no-any-return]


class StackedPool(Plain):
    """`Pool` of (N, B, H, W, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, H, W, C) → (N, B, H', W', C)."""
        y = self.single(x.flatten(0, 1).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return y.reshape(*x.shape[:2], *y.shape[1:])  # type: ignore[no-any-return]


class StackedFlatten(Plain):
    """(N, B, …) → (N, B, F)."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, …) → (N, B, F)."""
        return x.flatten(2)


class StackedFlattenGrid(Plain):
    """(N, B, H, W, C) → (N, B, C·H·W)."""

    def forward(self, x: Tensor) -> Tensor:
        """In the order of the single form."""
        if x.requires_grad:
            x.register_hook(Tensor.contiguous)  # type: ignore[no-untyped-call]  # turned round once, not by each layer that it passes going back
        return x.permute(0, 1, 4, 2, 3).flatten(2)


class StackedDropChannels(Plain):
    """`Dropping` of whole channels of (N, B, H, W, C)."""

    single: Dropping

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, H, W, C) → the same."""
        if not self.training or self.single.p == 0:
            return x
        slots, batch, *_, channels = x.shape
        return x * self.single.mask((slots, batch, 1, 1, channels), like=x)
