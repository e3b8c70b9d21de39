"""Weights against bias: what is rare in the latent space counts for more in training (Amini et al. 2019).

The density of the latent space is taken to be the product of its units' own densities, as histograms of the means of
q(z | x). An example counts in proportion to Π_i 1 / (Q_i(z_i) + α): a small α makes rare ones count for much, a large
one makes all alike. The paper draws examples anew by these chances in each epoch; here each counts by them within its
batch, which has the same mean and less noise, and the histograms follow the encoder as it learns.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

REACH, BINS = 4.0, 40  # of the histograms: from -4 to 4, what lies beyond falls into the outermost bins


def bins(z_BL: Tensor) -> Tensor:
    """The bin of each number, (B, L)."""
    return ((z_BL + REACH) / (2 * REACH) * BINS).long().clamp(0, BINS - 1)


def densities(z_BL: Tensor) -> Tensor:
    """The histogram of each unit as a density, (L, BINS)."""
    return functional.one_hot(bins(z_BL), BINS).float().mean(0) * (BINS / (2 * REACH))


def rarity(z_BL: Tensor, density_LN: Tensor, alpha: float) -> Tensor:
    """Π_i 1 / (Q_i(z_i) + α) by its mean over the batch, (B,) (Amini et al. 2019, eq. 6)."""
    q_BL = density_LN.gather(1, bins(z_BL).T).T
    return torch.softmax(-(q_BL + alpha).log().sum(1), 0) * len(z_BL)


@final
class Resampler(nn.Module):
    """Histograms that follow the encoder: each batch takes the place of 1 − `decay` of what came before."""

    density: Tensor
    seen: Tensor

    def __init__(self, latent: int, alpha: float, decay: float = 0.99) -> None:
        super().__init__()
        self.alpha, self.decay = alpha, decay
        self.register_buffer("density", torch.zeros(latent, BINS))
        self.register_buffer("seen", torch.zeros(()))  # the share of all weights that is given out, 1 in the end

    def forward(self, z_BL: Tensor) -> Tensor:
        """How much each example of a batch counts, (B,), 1 in the mean; the histograms take the batch in."""
        z_BL = z_BL.detach().float()
        if self.training:
            self.density.lerp_(densities(z_BL), 1 - self.decay)
            self.seen.lerp_(torch.ones_like(self.seen), 1 - self.decay)
        return rarity(z_BL, self.density / self.seen.clamp(min=1e-6), self.alpha)
