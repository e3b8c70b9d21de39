"""The multilayer perceptron on inputs x, images flattened."""

from dataclasses import dataclass
from typing import Literal

import torch

from daedalus.core import losses
from daedalus.core.data import Data
from daedalus.core.nn.mlp import MLP

from .objective import Loss, Supervised, SupervisedConfig, check, outputs_of


@dataclass(frozen=True)
class MLPConfig(SupervisedConfig):
    """`depth` hidden layers of `width` units."""

    width: int = 128
    depth: int = 2
    activation: str = "relu"
    norm: Literal["batch", "layer", "group", "rms"] | None = None
    dropout: float = 0.0
    weights: str = "uniform_fan_in"

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


def loss_of(data: Data) -> Loss:
    """Cross-entropy of classes in nats, or the squared error of a number."""
    return losses.cross_entropy if data.sort == "classification" else _squared


def _squared(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return losses.squared(outputs[:, 0], target)
