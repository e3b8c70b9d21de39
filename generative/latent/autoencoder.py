"""The autoencoder: min E‖x − g(f(x))‖² with a code f(x) of few numbers (Hinton & Salakhutdinov 2006).

Of whole numbers it minimises −ln p(x | f(x)) instead. Linear, it finds the plane of the first principal components
(Baldi & Hornik 1989). With `corruption` it is shown x with a share of its numbers set to their mean and has to give
back all of it: a denoising autoencoder (Vincent et al. 2008).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core.data import SQUARED_ERROR, Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.generating import Exhibit
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase

from .coder import Coder, coder
from .config import CoderConfig, check_coder


@dataclass(frozen=True)
class AutoencoderConfig(CoderConfig):
    """`corruption` is the share of x that is hidden in training."""

    corruption: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.corruption < 1:
            raise UserError(f"corruption is a share in [0, 1), not {self.corruption:g}")


class FittedAutoencoder(OnePhase):
    """A code and the way back."""

    config: AutoencoderConfig
    module: Coder

    classes = 0

    def __init__(self, data: Data, config: AutoencoderConfig, generator: torch.Generator) -> None:
        self.coder = coder(data, config, config.latent, config.latent, generator)
        super().__init__(data, config, self.coder)
        self._real = data.fields["x"].values is None

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Σ (x − g(f(x)))² of an example, of whole numbers −ln p(x | f(x)) in nats."""
        x = batch["x"]
        z_BL = self.coder.encode(self._corrupted(x, noise))
        if self._real:
            return self.coder.squared_error(z_BL, x).mean(), {}
        return -self.coder.log_prob(z_BL, x).mean(), {}

    def _corrupted(self, x: Tensor, noise: Noise) -> Tensor:
        if not self.config.corruption:
            return x
        kept = noise.ones(1 - self.config.corruption, *x.shape)
        return torch.where(kept.bool(), x.float(), self.coder.mean * self.coder.top)

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """Minus the squared error, of whole numbers ln p(x | f(x)) too: of x given its code, no likelihood of x."""
        z_BL = self.coder.encode(batch["x"])
        found = {SQUARED_ERROR.name: -self.coder.squared_error(z_BL, batch["x"])}
        return found if self._real else found | {"reconstruction": self.coder.log_prob(z_BL, batch["x"])}

    def code(self, batch: Batch) -> Tensor:
        """F(x), (B, L)."""
        return self.coder.encode(batch["x"])

    def shown(self, z_BL: Tensor, y: Tensor | None = None) -> Tensor:
        """G(z) as shares, (B, …)."""
        return self.coder.expected(z_BL)

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """How much the code's units vary."""
        from .examining import code_facts

        return code_facts(self, part, generator.device)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Reconstructions, and what lies between codes."""
        from .exhibits import autoencoder_exhibits

        return autoencoder_exhibits(self)


class Autoencoder:
    """Dense, linear or of convolutions."""

    config_class = AutoencoderConfig

    @staticmethod
    def check(data: Data, config: AutoencoderConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "autoencoder")
        Autoencoder.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: AutoencoderConfig, generator: torch.Generator) -> FittedAutoencoder:
        """Fresh."""
        return FittedAutoencoder(data, config, generator)
