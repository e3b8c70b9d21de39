"""The settings that all models with a latent code share."""

from dataclasses import dataclass
from typing import Literal

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.fitting import check_batch
from daedalus.core.nn.activations import activation
from daedalus.generative.fitted import ModelConfig

#: An image of at least so many pixels a side is read by convolutions, where nobody says otherwise: of smaller ones
#: dense layers see all at once, and take less time on a CPU.
LARGE = 32


@dataclass(frozen=True)
class CoderConfig(ModelConfig):
    """What encodes and what decodes.

    Dense: `depth` hidden layers of `width` units on each side, with depth=0 the code is a linear function of x. Conv:
    a convolution of stride 2 for each number of `channels`, then a hidden layer of `width`, and transposed
    convolutions the way back.
    """

    latent: int = 16
    width: int = 256
    depth: int = 2
    network: Literal["auto", "dense", "conv"] = "auto"  # auto: conv for images of 32 pixels a side or more
    channels: tuple[int, ...] = (32, 64)
    activation: str = "silu"
    norm: Literal["batch", "layer", "group", "rms"] | None = None
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, size in (("latent", self.latent), ("width", self.width), *(("channels", c) for c in self.channels)):
            if size < 1:
                raise UserError(f"{name} must be at least 1, not {size}")
        if self.depth < 0:
            raise UserError(f"depth must be at least 0, not {self.depth}")
        activation(self.activation)

    def convolves(self, data: Data) -> bool:
        """Whether convolutions read x."""
        shape = data.fields["x"].shape
        if self.network == "auto":
            return len(shape) == 3 and min(shape[1:]) >= LARGE
        return self.network == "conv"


def check_coder(data: Data, config: CoderConfig, name: str) -> None:
    """Raise `UserError` where nothing can encode the x of a data set."""
    check_batch(data, config)
    x = data.fields.get("x")
    if x is None or not x.shape or data.sort not in ("density", "sampling", "reconstruction"):
        raise UserError(f"{name} is a model of x alone, and {data.name} asks for {data.sort}; try mlp or gpt")
    if config.network == "conv" and len(x.shape) != 3:
        raise UserError(f"{name}: convolutions read images (channels, rows, columns), not {x.shape}; network=dense")
    if x.values is not None and x.values < 2:
        raise UserError(f"{name}: x of {data.name} has only one value, so there is nothing to learn")
