"""The first of them: a discriminator that tells real examples from made ones, and a generator that deceives it.

min_G max_D  E ln D(x) + E ln(1 − D(G(z)))  (Goodfellow et al. 2014, eq. 1), where the generator maximises ln D(G(z))
instead. Theirs was of dense layers, with maxout and momentum; here Adam moves rectifiers.
"""

from dataclasses import dataclass

import torch

from daedalus.core.data import Data

from .config import AdversarialConfig, Network
from .losses import Game, discriminator, non_saturating
from .playing import Adversarial, check, fitted

NON_SATURATING = Game(discriminator, non_saturating)


@dataclass(frozen=True)
class GANConfig(AdversarialConfig):
    """Dense networks, whatever the data."""

    network: Network | None = "dense"


class GAN:
    """Goodfellow et al. (2014)."""

    config_class = GANConfig

    @staticmethod
    def check(data: Data, config: GANConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config)

    @staticmethod
    def build(data: Data, config: GANConfig, generator: torch.Generator) -> Adversarial:
        """Both networks, fresh."""
        return fitted(data, config, NON_SATURATING, generator)
