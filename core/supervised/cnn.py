"""A small convolutional network on images x."""

from dataclasses import dataclass
from typing import Literal

import torch

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN

from .mlp import check_sizes, loss_of
from .objective import Supervised, SupervisedConfig, check, check_images, outputs_of


@dataclass(frozen=True)
class CNNConfig(SupervisedConfig):
    """`depth` stages of 3×3 convolutions, each with twice the channels of the one before, then a hidden layer.

    `channels` may be those of each stage, as in channels=(16,32,32), whatever `depth` says.
    """

    channels: int | tuple[int, ...] = 16  # of the first stage
    depth: int = 2
    width: int | None = 64  # of the hidden layer; none: there is none
    pooling: Literal["none", "max", "average"] = "max"  # after each stage
    activation: str = "relu"
    norm: Literal["batch", "layer", "group", "rms"] | None = None
    dropout: float = 0.0
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("channels", self.channels, "stage")
        if self.depth < 1:
            raise UserError(f"depth must be at least 1, not {self.depth}")
        if self.width is not None and self.width < 1:
            raise UserError(f"width must be at least 1, not {self.width}; none leaves the hidden layer out")

    @property
    def stages(self) -> tuple[int, ...]:
        """The channels of each stage."""
        if isinstance(self.channels, tuple):
            return self.channels
        return tuple(self.channels * 2**stage for stage in range(self.depth))

    def network(self, outputs: int) -> CNN:
        """What is built."""
        return CNN(
            channels=self.stages,
            pooling=self.pooling,
            width=self.width,
            activation=self.activation,
            outputs=outputs,
            norm=self.norm,
            dropout=self.dropout,
            weights=self.weights,
        )


class Convolutional:
    """Cross-entropy of classes, squared error of numbers (LeCun et al. 1998)."""

    config_class = CNNConfig

    @staticmethod
    def check(data: Data, config: CNNConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_images(data, "cnn")
        check(data, config, "cnn")
        Convolutional.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: CNNConfig, generator: torch.Generator) -> Supervised:
        """Weights by the rule `weights`."""
        module = config.network(outputs_of(data)).build(data.fields["x"].shape, generator)
        return Supervised(module, loss_of(data), config, data.sort == "classification")
