"""A critic that measures how far made examples are from real ones, kept from growing steep by clipping its weights.

min_G max_f  E f(x) − E f(G(z)),  every weight of f in [−c, c]  (Arjovsky, Chintala & Bottou 2017, algorithm 1): several
steps of the critic to one of the generator, both by RMSProp, since momentum made it unstable.
"""

from dataclasses import dataclass

import torch

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .config import AdversarialConfig
from .losses import Game, wasserstein_critic, wasserstein_generator
from .playing import Adversarial, check, fitted


@dataclass(frozen=True)
class WGANConfig(AdversarialConfig):
    """RMSProp, and how far the critic's weights may be from 0."""

    optimiser: Spec = Spec("rmsprop")  # noqa: RUF009  # frozen
    critic_steps: int = 2  # theirs is 5, which takes so many more steps
    depth: int = 2  # the deeper, the more do clipped weights make slopes vanish
    clip: float = 0.1  # theirs is 0.01, for networks of many more units

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.clip > 0:
            raise UserError(f"clip must be positive, not {self.clip:g}")


class WGAN:
    """Arjovsky, Chintala & Bottou (2017)."""

    config_class = WGANConfig

    @staticmethod
    def check(data: Data, config: WGANConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config)

    @staticmethod
    def build(data: Data, config: WGANConfig, generator: torch.Generator) -> Adversarial:
        """Both networks, fresh."""
        game = Game(wasserstein_critic, wasserstein_generator, bound=config.clip)
        return fitted(data, config, game, generator)
