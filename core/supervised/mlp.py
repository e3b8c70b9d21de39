"""The multilayer perceptron on inputs x, images flattened."""

from dataclasses import dataclass
from typing import Literal

import torch

from daedalus.core import losses
from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.mlp import MLP
from daedalus.core.spec import show

from .objective import Loss, Supervised, SupervisedConfig, check, outputs_of


@dataclass(frozen=True)
class MLPConfig(SupervisedConfig):
    """`depth` hidden layers of `width` units; or the width of each, as in width=(128,64), whatever `depth` says."""

    width: int | tuple[int, ...] = 128
    depth: int = 2
    activation: str = "relu"
    norm: Literal["batch", "layer", "group", "rms"] | None = None
    dropout: float = 0.0
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("width", self.width, "layer")
        if self.depth < 0:
            raise UserError(f"depth must be at least 0, not {self.depth}")

    def network(self, outputs: int) -> MLP:
        """What is built."""
        return MLP(self.width, self.depth, self.activation, outputs, self.norm, self.dropout, self.weights)


class Perceptron:
    """Cross-entropy of classes, squared error of numbers (Rumelhart, Hinton & Williams 1986)."""

    config_class = MLPConfig

    @staticmethod
    def check(data: Data, config: MLPConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config, "mlp")
        Perceptron.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: MLPConfig, generator: torch.Generator) -> Supervised:
        """Weights by the rule `weights`."""
        module = config.network(outputs_of(data)).build(data.fields["x"].shape, generator)
        return Supervised(module, loss_of(data), config, data.sort == "classification")


def check_sizes(name: str, sizes: int | tuple[int, ...], of: str) -> None:
    """Raise `UserError` unless it is a positive number, or some."""
    if sizes == ():
        raise UserError(f"{name} must name at least one {of}, as in {name}=(64,), not ()")
    if min(sizes if isinstance(sizes, tuple) else (sizes,)) < 1:
        raise UserError(f"{name} must be at least 1{f' in every {of}' * isinstance(sizes, tuple)}, not {show(sizes)}")


def loss_of(data: Data) -> Loss:
    """Cross-entropy of classes in nats, or the squared error of a number."""
    return losses.cross_entropy if data.sort == "classification" else _squared


def _squared(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return losses.squared(outputs[:, 0], target)
