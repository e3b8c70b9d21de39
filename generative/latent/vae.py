"""The variational autoencoder, the β-VAE and the importance-weighted autoencoder.

ln p(x) ≥ E_q[ln p(x | z)] − KL(q(z | x) ‖ p(z)), p(z) = N(0, 1) (Kingma & Welling 2014); times β (Higgins et al. 2017);
ln p(x) ≥ E_q[ln 1/K Σ_k p(x, z_k) / q(z_k | x)] (Burda, Grosse & Salakhutdinov 2016).
"""

from dataclasses import dataclass
from typing import Literal

import torch

from daedalus.core.data import Data
from daedalus.core.errors import UserError

from .bounds import BOUNDS, importance_bound
from .config import check_coder
from .variational import Variational, VariationalConfig


@dataclass(frozen=True)
class VAEConfig(VariationalConfig):
    """With `kl` "exact" the divergence from the prior is in closed form, with "sampled" it is that of the sample."""

    kl: Literal["exact", "sampled"] = "exact"


@dataclass(frozen=True)
class BetaVAEConfig(VAEConfig):
    """The divergence counts `beta` times."""

    beta: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.beta >= 0:
            raise UserError(f"beta must be at least 0, not {self.beta:g}; 1 is the VAE")


@dataclass(frozen=True)
class IWAEConfig(VariationalConfig):
    """K `samples` of each code in training."""

    samples: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples < 1:
            raise UserError(f"samples must be at least 1, not {self.samples}")


class VAE:
    """Kingma & Welling 2014. Of real numbers the deviation is learnt too, one for all (Rybkin et al. 2021)."""

    config_class = VAEConfig

    @staticmethod
    def check(data: Data, config: VAEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "vae")
        VAE.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: VAEConfig, generator: torch.Generator) -> Variational:
        """Fresh."""
        return Variational(data, config, generator, BOUNDS[config.kl])


class BetaVAE:
    """Higgins et al. 2017: with β above 1 codes say less, each unit more by itself."""

    config_class = BetaVAEConfig

    @staticmethod
    def check(data: Data, config: BetaVAEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "beta_vae")
        BetaVAE.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: BetaVAEConfig, generator: torch.Generator) -> Variational:
        """Fresh."""
        return Variational(data, config, generator, BOUNDS[config.kl], beta=config.beta)


class IWAE:
    """Burda, Grosse & Salakhutdinov 2016; with one sample it is the VAE of kl=sampled."""

    config_class = IWAEConfig

    @staticmethod
    def check(data: Data, config: IWAEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "iwae")
        IWAE.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: IWAEConfig, generator: torch.Generator) -> Variational:
        """Fresh."""
        return Variational(data, config, generator, importance_bound, config.samples)
