"""The same game between networks of convolutions, which batch normalisation made trainable.

min_G max_D  E ln D(x) + E ln(1 − D(G(z)))  as Radford, Metz & Chintala (2016), section 3, play it: strides in place of
pooling, transposed convolutions in the generator, batch normalisation in both but not where images come in or out,
rectifiers in the generator and leaky ones in the discriminator, weights of N(0, 0.02²), Adam with β₁ = 0.5.

Differences: images are small, so kernels are 3 and 4 wide rather than 5; the range is [0, 1] by a sigmoid, which is
their tanh stretched; the discriminator's first stage is normalised too.
"""

from dataclasses import dataclass

import torch

from daedalus.core.data import Data
from daedalus.core.errors import UserError

from .config import AdversarialConfig, Norm
from .gan import NON_SATURATING
from .networks import sort_of
from .playing import Adversarial, check, fitted


@dataclass(frozen=True)
class DCGANConfig(AdversarialConfig):
    """Convolutions with batch normalisation."""

    norm: Norm | None = "batch"
    critic_norm: Norm | None = "batch"
    weights: str = "normal"


class DCGAN:
    """Radford, Metz & Chintala (2016)."""

    config_class = DCGANConfig

    @staticmethod
    def check(data: Data, config: DCGANConfig) -> None:
        """Raise `UserError` where it cannot be fitted: it is for images and mazes as tiles."""
        if not sort_of(data, conditional=False).image:
            raise UserError(
                f"dcgan makes images (channels, rows, columns), and {data.name} has none; try gan or wgan_gp"
            )
        check(data, config)

    @staticmethod
    def build(data: Data, config: DCGANConfig, generator: torch.Generator) -> Adversarial:
        """Both networks, fresh."""
        return fitted(data, config, NON_SATURATING, generator)
