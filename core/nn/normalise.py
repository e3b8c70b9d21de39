"""Normalisations by name, for vectors (B, F) and for grids (B, C, H, W), alone and stacked.

batch   over the batch (and the cells), per feature or channel, with running statistics (Ioffe & Szegedy 2015)
layer   over all of one example, per-channel gain and offset (Ba et al. 2016)
group   over groups of channels (Wu & He 2018)
rms     over all of one example, without centring and offset; of a grid over the channels of a cell
        (Zhang & Sennrich 2019)
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError, unknown

from .stacked import Stacked

Kind = Literal["batch", "layer", "group", "rms"]
KINDS: tuple[Kind, ...] = ("batch", "layer", "group", "rms")
EPSILON, MOMENTUM = 1e-5, 0.1  # torch's defaults


class Normalise(nn.Module):
    """One of the normalisations of (B, F) or (B, F, H, W); gains begin at 1, offsets at 0, and nothing is drawn."""

    undecayed: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(self, kind: str, features: int, groups: int = 8) -> None:
        super().__init__()
        if kind not in KINDS:
            raise unknown("normalisation", kind, KINDS)
        if kind == "group" and (groups < 1 or features % groups):
            raise UserError(
                f"{features} channels do not part into {groups} equal groups; choose another number of groups"
            )
        self.kind, self.features, self.groups = kind, features, groups if kind == "group" else 1
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = None if kind == "rms" else nn.Parameter(torch.zeros(features))
        if kind == "batch":
            self.register_buffer("running_mean", torch.zeros(features))
            self.register_buffer("running_var", torch.ones(features))
        self.running_mean: Tensor
        self.running_var: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(B, F) or (B, F, H, W) → the same shape."""
        if self.kind == "batch":
            if self.training:
                check_batch(x.numel() // x.shape[1])
            return nn.functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.training, MOMENTUM, EPSILON
            )
        if self.kind == "rms":
            scale = torch.rsqrt(x.square().mean(1, keepdim=True) + EPSILON)
            return x * scale * self.weight.reshape(-1, *[1] * (x.ndim - 2))
        check_group(x[:1].numel(), self.groups)
        return nn.functional.group_norm(x, self.groups, self.weight, self.bias, EPSILON)

    def extra_repr(self) -> str:
        """What printing shows."""
        return f"{self.kind}, features={self.features}"


class StackedNormalise(Stacked):
    """N copies of `Normalise` for (N, B, F) or (N, B, H, W, F): features come last."""

    undecayed: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(self, singles: Sequence[Normalise]) -> None:
        super().__init__()
        first = singles[0]
        self.slots = len(singles)
        self.kind, self.features, self.groups = first.kind, first.features, first.groups
        for name, value in [*first.named_parameters(), *first.named_buffers()]:
            tensor = torch.stack([getattr(single, name).detach()[None] for single in singles])  # (N, 1, F)
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)
        self.weight: Tensor
        self.bias: Tensor
        self.running_mean: Tensor
        self.running_var: Tensor

    @classmethod
    def of(cls, singles: Sequence[Normalise]) -> Self:
        """Stack single ones."""
        return cls(singles)

    def take(self, n: int) -> Normalise:
        """Slot n alone."""
        single = Normalise(self.kind, self.features, self.groups).to(self.weight)
        with torch.no_grad():
            for name, value in single.state_dict().items():
                value.copy_(getattr(self, name)[n, 0])
        return single

    def put(self, n: int, single: Normalise) -> None:
        """Write a single one into slot n."""
        with torch.no_grad():
            for name, value in single.state_dict().items():
                getattr(self, name)[n, 0] = value

    def forward(self, x: Tensor) -> Tensor:
        """(N, B, F) or (N, B, H, W, F) → the same shape."""
        shape, x = x.shape, x.to(self.weight.dtype)  # statistics in full precision under autocast, as in torch
        if self.kind == "batch":
            y = self._by_batch(x.flatten(1, -2))
        elif self.kind == "rms":
            y = (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)).flatten(1, -2)
        else:
            y = self._by_group(x).reshape(shape).flatten(1, -2)
        y = y * self.weight
        return (y if self.kind == "rms" else y + self.bias).reshape(shape)

    def _by_batch(self, x: Tensor) -> Tensor:
        """(N, M, F), M the batch times the cells."""
        if not self.training:
            return (x - self.running_mean) * torch.rsqrt(self.running_var + EPSILON)
        count = x.shape[1]
        check_batch(count)
        mean = x.mean(1, keepdim=True)
        centred = x - mean
        variance = centred.square().mean(1, keepdim=True)
        with torch.no_grad():
            self.running_mean.lerp_(mean, MOMENTUM)
            self.running_var.lerp_(variance * (count / (count - 1)), MOMENTUM)
        return centred * torch.rsqrt(variance + EPSILON)

    def _by_group(self, x: Tensor) -> Tensor:
        """(N, B, …, F) → (N, B, cells, groups, F/groups), normalised over cells and the channels of a group."""
        check_group(x[:1, :1].numel(), self.groups)
        parted = x.reshape(*x.shape[:2], -1, self.groups, self.features // self.groups)
        centred = parted - parted.mean((2, 4), keepdim=True)
        return centred * torch.rsqrt(centred.square().mean((2, 4), keepdim=True) + EPSILON)


def check_batch(count: int) -> None:
    """Raise `UserError` where a feature comes only once, so that it has no deviation."""
    if count < 2:
        raise UserError("batch normalisation needs at least two examples in a batch while it trains; raise batch")


def check_group(numbers: int, groups: int) -> None:
    """Raise `UserError` where each of an example's groups is a single number, of which normalising leaves nothing."""
    if numbers == groups:
        raise UserError(
            f"{numbers} numbers normalised in as many groups leave nothing; take fewer groups or more width"
        )
