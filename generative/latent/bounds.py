"""Lower bounds of ln p(x) by samples z_k ~ q(z | x), as pure functions; K samples stand on the first axis.

With ln w = ln p(x | z) + ln p(z) − ln q(z | x) all are means or sums of w.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core import losses


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z | x): independent normal numbers, mean and logarithm of the deviation (B, L)."""

    mean: Tensor
    log_std: Tensor

    @classmethod
    def of(cls, encoded_BN: Tensor) -> "Posterior":
        """The two halves of what an encoder says, (B, 2L)."""
        mean, log_std = encoded_BN.float().chunk(2, dim=-1)
        return cls(mean, log_std)

    def at(self, noise_KBL: Tensor) -> Tensor:
        """z = mean + deviation · noise (Kingma & Welling 2014, section 2.4), (K, B, L)."""
        return self.mean + self.log_std.exp() * noise_KBL

    def kl(self) -> Tensor:
        """KL(q ‖ N(0, 1)) of each unit (B, L) (Kingma & Welling 2014, appendix B)."""
        return losses.kl_gaussian(self.mean, self.log_std)

    def log_ratio(self, z_KBL: Tensor) -> Tensor:
        """ln p(z) − ln q(z | x) with p = N(0, 1), (K, B)."""
        log_q = -losses.gaussian(self.mean.expand_as(z_KBL), self.log_std, z_KBL)
        log_p = -0.5 * (z_KBL.square() + math.log(2 * math.pi))
        return (log_p - log_q).sum(-1)


#: (ln p(x | z) (K, B), q, z (K, B, L), weight of the prior's part) → what is maximised, (B,).
Bound = Callable[[Tensor, Posterior, Tensor, float], Tensor]


def elbo(log_p_KB: Tensor, q: Posterior, z_KBL: Tensor, weight: float = 1.0) -> Tensor:
    """E_q[ln p(x | z)] − weight · KL(q ‖ p), the divergence in closed form (Kingma & Welling 2014, eq. 7).

    The weight is β (Higgins et al. 2017, eq. 4); above 1 it bounds ln p(x) loosely, below 1 not at all.
    """
    return log_p_KB.mean(0) - weight * q.kl().sum(-1)


def sampled_elbo(log_p_KB: Tensor, q: Posterior, z_KBL: Tensor, weight: float = 1.0) -> Tensor:
    """E_q[ln p(x | z) + weight · (ln p(z) − ln q(z | x))], both by samples (Kingma & Welling 2014, eq. 6)."""
    return (log_p_KB + weight * q.log_ratio(z_KBL)).mean(0)


def importance_bound(log_p_KB: Tensor, q: Posterior, z_KBL: Tensor, weight: float = 1.0) -> Tensor:
    """ln 1/K Σ_k w_k (Burda, Grosse & Salakhutdinov 2016, eq. 8): with more samples, nearer to ln p(x)."""
    log_w_KB = log_p_KB + weight * q.log_ratio(z_KBL)
    return torch.logsumexp(log_w_KB, 0) - math.log(len(log_w_KB))


#: What a model may be trained by.
BOUNDS: dict[str, Bound] = {"exact": elbo, "sampled": sampled_elbo}
