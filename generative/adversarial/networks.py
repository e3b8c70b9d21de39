"""The two networks: from noise to an example, and from an example to a score."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.mlp import MLP
from daedalus.core.nn.transposed import TransposedCNN

from .config import AdversarialConfig

LEAKY = "leaky_relu_0.2"


@dataclass(frozen=True)
class Sort:
    """What the networks know of a data set: the shape of an x, its range, and how many classes they are told."""

    shape: tuple[int, ...]
    range: Literal["real", "unit", "bits"]  # any numbers, those in [0, 1], zeros and ones
    classes: int = 0

    @property
    def image(self) -> bool:
        """Whether an x has rows and columns."""
        return len(self.shape) == 3


def sort_of(data: Data, conditional: bool) -> Sort:
    """Raises `UserError` for data that no generator can make."""
    x = data.fields["x"]
    if x.values is not None and x.values != 2:
        raise UserError(
            f"{data.name} has whole numbers up to {x.values - 1}, and no gradient goes through such; "
            "take real ones or bits, as pictures do with pixels=real"
        )
    if conditional and ("y" not in data.fields or data.fields["y"].values is None):
        raise UserError(f"{data.name} has no classes to be conditioned on; try gan or wgan_gp")
    classes = data.fields["y"].values or 0 if conditional else 0
    unit = data.form.name == "image"
    return Sort(x.shape, "bits" if x.values == 2 else "unit" if unit else "real", classes)


class Generator(nn.Module):
    """G(z), and with classes G(z, y): real numbers as they are, numbers in [0, 1] by a sigmoid, bits drawn.

    A bit is 1 with the probability σ(logit). What goes back through it is the gradient of the relaxed bit σ(logit + l),
    where l is the logistic noise that it was drawn by (Maddison et al. 2017; straight-through as in Jang et al. 2017).
    """

    def __init__(self, body: nn.Module, sort: Sort) -> None:
        super().__init__()
        self.body, self.sort = body, sort

    __call__: Callable[..., Tensor]

    def forward(self, z_BZ: Tensor, u: Tensor | None = None, y_B: Tensor | None = None) -> Tensor:
        """Noise (B, Z), for bits alone uniform numbers (B, …) too, and classes (B,) → examples (B, …) as floats."""
        if y_B is not None:
            z_BZ = torch.cat([z_BZ, functional.one_hot(y_B, self.sort.classes).to(z_BZ.dtype)], 1)  # (B, Z + K)
        logits: Tensor = self.body(z_BZ).reshape(-1, *self.sort.shape)  # (B, …)
        if self.sort.range == "real":
            return logits
        if u is None:
            return torch.sigmoid(logits)
        soft = torch.sigmoid(logits + torch.logit(u, eps=1e-6))
        return (soft > 0.5).to(soft.dtype) + (soft - soft.detach())


class Critic(nn.Module):
    """f(x), and with classes f(x, y). Numbers in [0, 1] are stretched to [−1, 1] first."""

    def __init__(self, body: nn.Module, sort: Sort, dense: bool) -> None:
        super().__init__()
        self.body, self.sort, self.dense = body, sort, dense

    __call__: Callable[..., Tensor]

    def forward(self, x: Tensor, y_B: Tensor | None = None) -> Tensor:
        """Examples (B, …) and classes (B,) → scores (B,)."""
        x = x if self.sort.range == "real" else 2 * x - 1
        x = x.flatten(1) if self.dense else x  # (B, D) or (B, C, H, W)
        if y_B is not None:
            told = functional.one_hot(y_B, self.sort.classes).to(x.dtype)  # (B, K)
            told = told if self.dense else told[:, :, None, None].expand(-1, -1, *x.shape[2:])  # (B, K, H, W)
            x = torch.cat([x, told], 1)
        return self.body(x)[:, 0]  # type: ignore[no-any-return]


def networks(sort: Sort, config: AdversarialConfig, generator: torch.Generator) -> nn.ModuleDict:
    """Both, under "critic" and "generator". Raises `UserError` where a setting does not fit."""
    dense = (config.network or ("convolutions" if sort.image else "dense")) == "dense"
    if not dense and not sort.image:
        raise UserError(f"convolutions make images (channels, rows, columns), not {sort.shape}; take network=dense")
    (critic, seen), (maker, given) = (_dense if dense else _convolutions)(sort, config)
    return nn.ModuleDict(
        {
            "critic": Critic(critic.build(seen, generator), sort, dense),
            "generator": Generator(maker.build(given, generator), sort),
        }
    )


_Built = tuple[MLP | CNN | TransposedCNN, tuple[int, ...]]  # a network, and the shape that goes in


def _dense(sort: Sort, config: AdversarialConfig) -> tuple[_Built, _Built]:
    numbers, rule = math.prod(sort.shape), config.weights
    critic = MLP(config.width, config.depth, LEAKY, 1, config.critic_norm, weights=rule)
    maker = MLP(config.width, config.depth, "relu", numbers, config.norm, weights=rule)
    return (critic, (numbers + sort.classes,)), (maker, (config.latent + sort.classes,))


def _convolutions(sort: Sort, config: AdversarialConfig) -> tuple[_Built, _Built]:
    channels, rows, columns = sort.shape
    critic = CNN(
        config.channels, config.kernel, 2, width=None, activation=LEAKY, outputs=1, norm=config.critic_norm,
        weights=config.weights,
    )  # fmt: skip
    image = (channels, rows, columns)
    maker = TransposedCNN(image, config.channels[::-1], norm=config.norm, weights=config.weights)
    return (critic, (channels + sort.classes, rows, columns)), (maker, (config.latent + sort.classes,))


def still(module: nn.Module, *given: Tensor | None) -> Tensor:
    """What a module makes of its inputs as it trains, without moving its statistics: those of copies move."""
    copies = {name: buffer.clone() for name, buffer in module.named_buffers()}
    return functional_call(module, copies, given) if copies else module(*given)  # type: ignore[no-any-return]
