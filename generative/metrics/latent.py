"""What a latent space holds, by the posteriors q(z | x_n) of N examples: normal, independent units, (N, L)."""

import math

import torch
from torch import Tensor

from daedalus.core import losses

#: A unit whose mean varies less over examples says nothing of them (Burda, Grosse & Salakhutdinov 2016).
ACTIVE = 0.01

_AT_ONCE = 256  # codes that are held against all posteriors at a time


def activity(mean_NL: Tensor) -> Tensor:
    """Var_x(E_q[z]) of each unit, (L,) (Burda, Grosse & Salakhutdinov 2016, section 5.2)."""
    return mean_NL.float().var(0, correction=0)


def active_units(mean_NL: Tensor, threshold: float = ACTIVE) -> int:
    """How many units vary by more than the threshold."""
    return int((activity(mean_NL) > threshold).sum())


def log_aggregated(z_ML: Tensor, mean_NL: Tensor, log_std_NL: Tensor) -> Tensor:
    """ln q(z) of the aggregated posterior q(z) = 1/N Σ_n q(z | x_n), (M,)."""
    found = []
    for z in torch.split(z_ML, _AT_ONCE):
        shape = (len(z), *mean_NL.shape)
        nats_MNL = losses.gaussian(mean_NL.expand(shape), log_std_NL.expand(shape), z[:, None].expand(shape))
        found.append(torch.logsumexp(-nats_MNL.sum(-1), 1))
    return torch.cat(found) - math.log(len(mean_NL))


def surgery(mean_NL: Tensor, log_std_NL: Tensor, noise_NL: Tensor) -> tuple[float, float]:
    """The mean KL(q(z | x) ‖ p) in two: what z says of which example it is, and KL(q(z) ‖ p) (Hoffman & Johnson 2016).

    p = N(0, 1). The first, the mutual information, is at most ln N; both are measured by a code of each example, drawn
    with the noise.
    """
    z_NL = mean_NL + log_std_NL.exp() * noise_NL
    log_q = -losses.gaussian(mean_NL, log_std_NL, z_NL).sum(1)
    log_p = -0.5 * (z_NL.square() + math.log(2 * math.pi)).sum(1)
    aggregated = log_aggregated(z_NL, mean_NL, log_std_NL)
    return float((log_q - aggregated).mean()), float((aggregated - log_p).mean())
