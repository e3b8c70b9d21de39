"""The critic of WGAN with slopes of 1 asked for instead of clipped weights.

min_G max_f  E f(x) − E f(G(z)) − λ E(‖∇f(x̂)‖ − 1)²,  x̂ between a real and a made example  (Gulrajani et al. 2017,
algorithm 1). The penalty is of each example by itself, so the critic has no batch normalisation.
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
class WGANGPConfig(AdversarialConfig):
    """Adam with hardly any momentum, and the weight of the penalty."""

    optimiser: Spec = Spec("adam", (("beta1", 0.0), ("beta2", 0.9)))  # noqa: RUF009  # frozen
    lr: float | None = 2e-3
    critic_steps: int = 2  # theirs is 5, which takes so many more steps
    penalty: float | None = None  # λ; none: theirs, 10 for images and 0.1 for points

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.penalty is not None and not self.penalty > 0:
            raise UserError(f"penalty must be positive, not {self.penalty:g}; without it the model is wgan's")


class WGANGP:
    """Gulrajani et al. (2017)."""

    config_class = WGANGPConfig

    @staticmethod
    def check(data: Data, config: WGANGPConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config, penalised=True)

    @staticmethod
    def build(data: Data, config: WGANGPConfig, generator: torch.Generator) -> Adversarial:
        """Both networks, fresh."""
        usual = 0.1 if data.form.name == "points" else 10.0
        game = Game(wasserstein_critic, wasserstein_generator, penalty=config.penalty or usual)
        return fitted(data, config, game, generator)
