"""Both networks are told the class: the generator makes an example of it, the discriminator judges it as one.

min_G max_D  E ln D(x, y) + E ln(1 − D(G(z, y), y))  (Mirza & Osindero 2014, eq. 2). A class enters as ones and zeros
beside z, and beside x, in a critic of convolutions as a plane each.
"""

from dataclasses import dataclass

import torch

from daedalus.core.data import Data

from .config import AdversarialConfig, Norm
from .gan import NON_SATURATING
from .playing import Adversarial, check, fitted


@dataclass(frozen=True)
class ConditionalGANConfig(AdversarialConfig):
    """As of a GAN, with convolutions for images."""

    norm: Norm | None = "batch"


class ConditionalGAN:
    """Mirza & Osindero (2014)."""

    config_class = ConditionalGANConfig

    @staticmethod
    def check(data: Data, config: ConditionalGANConfig) -> None:
        """Raise `UserError` where it cannot be fitted: where there are no classes."""
        check(data, config, conditional=True)

    @staticmethod
    def build(data: Data, config: ConditionalGANConfig, generator: torch.Generator) -> Adversarial:
        """Both networks, fresh."""
        return fitted(data, config, NON_SATURATING, generator, conditional=True)
