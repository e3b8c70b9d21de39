"""The variational bound of a diffusion on ln p(x), term by term, in nats of an example (Ho et al. 2020, eq. 5).

−ln p(x_0) ≤ KL(q(x_T|x_0) ‖ N(0, I)) + Σ_{t=2…T} KL(q(x_{t−1}|x_t,x_0) ‖ p(x_{t−1}|x_t)) − ln p(x_0|x_1)
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core import losses

from .sampling import Denoise, Variance
from .schedule import NoiseSchedule


@dataclass(frozen=True, eq=False)
class Bound:
    """The bound's terms. `values` V: x stands at V even places of [−1, 1], otherwise it is real, and p a density.

    A small x_t tells bits for certain, but of real numbers only as much as noise leaves: so "posterior" is the variance
    for the first, and for the second, with which it would cost about ½γ = .29 nats a number or more, it is "beta".
    """

    schedule: NoiseSchedule
    values: int | None = None
    variance: Variance = "posterior"

    def prior(self, x: Tensor) -> Tensor:
        """KL(q(x_T | x_0) ‖ N(0, I)), (B,)."""
        alpha, sigma = self.schedule.alpha_sigma(torch.tensor(self.schedule.steps))
        log_sigma = torch.full_like(x, float(sigma.log()))
        return losses.kl_gaussian(float(alpha) * x, log_sigma).flatten(1).sum(1)

    def term(self, denoise: Denoise, x: Tensor, t_B: Tensor, noise: Tensor) -> Tensor:
        """The term of time t ≥ 1, (B,), at the x_t that this noise (B, …) leads to: its mean over noise is the term."""
        found = denoise(self.schedule.noised(x, t_B, noise), t_B)
        return torch.where(t_B == 1, self._decoder(x, found), self._step(x, found, t_B))

    def estimate(self, denoise: Denoise, x: Tensor, strata: int, generator: torch.Generator) -> Tensor:
        """An unbiased estimate of the bound on −ln p(x), (B,): the term of time 1, and of so many later times.

        Times are drawn as often as standard normal data would have nats there, one from each of `strata` equal
        shares, within which the batch is spread evenly from one random start (Kingma et al. 2021, appendix I.1).
        """
        size, where = len(x), generator.device
        chances_T, start_K = self.chances(), torch.rand(strata, generator=generator, device=where)
        even_B, reached_T = torch.arange(size, device=where) / size, chances_T.cumsum(0)
        total = self.prior(x) + self._at_one(denoise, x, generator)
        for k in range(strata):
            share_B = (k + (start_K[k] + even_B) % 1).double().cpu() / strata
            late_B = torch.searchsorted(reached_T, share_B).clamp(max=len(chances_T) - 1)  # t − 2
            found_B = self.term(denoise, x, (late_B + 2).to(x.device), _normal(x, generator))
            total = total + found_B / (strata * chances_T[late_B]).to(x)
        return total

    def chances(self) -> Tensor:
        """How the bound on standard normal data is shared out among the times 2 … T, (T − 1,) float64.

        The term of time t is ½ (SNR(t−1) − SNR(t)) · E‖x_0 − E[x_0|x_t]‖², and the last is 1/(1 + SNR(t)) of a number.
        Of a fair bit it is 1 − E tanh(SNR + √SNR z), z ~ N(0, 1): half of the times of bits are drawn so.
        """
        snr_T = self.schedule.snr(torch.arange(1, self.schedule.steps + 1))
        fallen_T, late_T = snr_T[:-1] - snr_T[1:], snr_T[1:]
        missed = [1 / (1 + late_T)]
        if self.values == 2:
            z_Z = torch.linspace(-9, 9, 361, dtype=torch.float64)
            p_Z = (-z_Z.square() / 2).exp()
            missed.append(1 - torch.tanh(late_T[:, None] + late_T.sqrt()[:, None] * z_Z) @ (p_Z / p_Z.sum()))
        nats = [fallen_T * one for one in missed]
        return torch.stack([one / one.sum() for one in nats]).mean(0)

    def terms(self, denoise: Denoise, x: Tensor, generator: torch.Generator) -> Tensor:
        """Every term from t = 1 to T, (T, B), each at one noise."""
        times = range(2, self.schedule.steps + 1)
        later = [self.term(denoise, x, torch.full((len(x),), t, device=x.device), _normal(x, generator)) for t in times]
        return torch.stack([self._at_one(denoise, x, generator), *later])

    def _at_one(self, denoise: Denoise, x: Tensor, generator: torch.Generator) -> Tensor:
        t_B = torch.ones(len(x), dtype=torch.int64, device=x.device)
        return self.term(denoise, x, t_B, _normal(x, generator))

    def _step(self, x: Tensor, found: Tensor, t_B: Tensor) -> Tensor:
        """KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t)), (B,): two normals whose means differ by what x_0 is missed."""
        bridge = self.schedule.bridge((t_B - 1).clamp(min=1), t_B.clamp(min=2))
        own = bridge.variance if self.variance == "posterior" else bridge.forward
        ratio = bridge.variance / own
        spread = 0.5 * (ratio - 1 - ratio.log()) * math.prod(x.shape[1:])
        missed = losses.squared(found, x).flatten(1).sum(1)
        return (0.5 * bridge.of_data.square() / own).to(x) * missed + spread.to(x)

    def _decoder(self, x: Tensor, mean: Tensor) -> Tensor:
        """−ln p(x_0 | x_1), (B,): the deviation is √β_1."""
        _, sigma = self.schedule.alpha_sigma(torch.tensor(1))
        if self.values is None:
            each = losses.gaussian(mean, torch.full_like(mean, float(sigma.log())), x)
        else:
            each = -discretised(x, mean, float(sigma), self.values)
        return each.flatten(1).sum(1)


def discretised(x: Tensor, mean: Tensor, deviation: float, values: int) -> Tensor:
    """ln ∫ N(u; mean, deviation²) du over what is nearer to x than to the other of V even places in [−1, 1]. (…).

    The outermost reach to ±∞, so that the V probabilities sum to 1 (Ho et al. 2020, eq. 13).
    """
    half = 1 / (values - 1)
    upper, lower = (x + half - mean) / deviation, (x - half - mean) / deviation
    upper = torch.where(x > 1 - half, torch.inf, upper)
    lower = torch.where(x < half - 1, -torch.inf, lower)
    # Of a stretch right of the mean its mirror image is taken: there the tail's logarithm is precise.
    right = lower > 0
    upper, lower = torch.where(right, -lower, upper), torch.where(right, -upper, lower)
    log_upper: Tensor = torch.special.log_ndtr(upper)
    gap = (torch.special.log_ndtr(lower) - log_upper).clamp(max=-1e-30)
    return log_upper + torch.log(-torch.expm1(gap))


def _normal(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype)
