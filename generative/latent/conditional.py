"""The conditional VAE: ln p(x | y) ≥ E_q[ln p(x | z, y)] − KL(q(z | x, y) ‖ p(z)) (Sohn, Lee & Yan 2015, eq. 4).

Unlike theirs the prior of z is the same for all classes, so that one z shows what classes have in common.
"""

import torch

from daedalus.core.data import Data
from daedalus.core.errors import UserError

from .bounds import BOUNDS
from .config import check_coder
from .vae import VAEConfig
from .variational import Variational


class ConditionalVAE:
    """Encoder and decoder both know the class; its log-likelihood is a bound of ln p(x, y)."""

    config_class = VAEConfig

    @staticmethod
    def check(data: Data, config: VAEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "conditional_vae")
        if "y" not in data.fields or data.fields["y"].values is None:
            raise UserError(f"conditional_vae needs classes, and {data.name} has none; try vae")
        ConditionalVAE.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: VAEConfig, generator: torch.Generator) -> Variational:
        """Fresh."""
        classes = data.fields["y"].values
        assert classes is not None  # `check`
        return Variational(data, config, generator, BOUNDS[config.kl], classes=classes)
