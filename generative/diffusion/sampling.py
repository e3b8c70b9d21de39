"""From noise back to data: the steps of DDPM and of DDIM, and the way that they go. Pure functions of a denoiser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from daedalus.core.errors import UserError
from daedalus.core.noise import Noise

from .schedule import NoiseSchedule

Method = Literal["ddim", "ddpm"]
#: The variance of a step back: "posterior" is β̃, that of q(x_s | x_t, x_0); "beta" that of the step that added noise.
Variance = Literal["posterior", "beta"]
#: x_t (B, …) and t (B,) → the x_0 that is expected, (B, …).
Denoise = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class DiffusionOptions:
    """How samples are drawn from noise.

    `steps` of the diffusion's times are gone through, evenly; none: all. DDIM adds no noise with `eta` 0 and as much as
    DDPM with 1. `guidance` w asks the network with and without the class and takes (1 + w)·with − w·without (Ho &
    Salimans 2022, eq. 6): 0 is the conditional model itself.
    """

    method: Method = "ddim"
    steps: int | None = 50
    eta: float = 0.0
    guidance: float = 0.0

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise UserError(f"steps must be at least 1, or none for all times of the diffusion, not {self.steps}")
        if not 0 <= self.eta <= 1:
            raise UserError(f"eta must lie in [0, 1], not {self.eta:g}")
        if self.eta and self.method == "ddpm":
            raise UserError("eta is a setting of method=ddim; ddpm always adds noise")
        if not self.guidance >= -1:
            raise UserError(f"guidance must be at least -1, which is without the class, not {self.guidance:g}")


def ddpm_step(
    schedule: NoiseSchedule, noisy: Tensor, x: Tensor, s: int, t: int, z: Tensor, variance: Variance = "posterior"
) -> Tensor:
    """x_s ~ p(x_s | x_t): the bridge's mean with the expected x_0, and noise z (Ho et al. 2020, algorithm 2).

    At s = 0 there is no noise, as theirs at the last step. (B, …).
    """
    bridge = schedule.bridge(torch.tensor(s), torch.tensor(t))
    spread = bridge.variance if variance == "posterior" or s == 0 else bridge.forward
    return float(bridge.of_data) * x + float(bridge.of_noisy) * noisy + float(spread.sqrt()) * z


def ddim_step(schedule: NoiseSchedule, noisy: Tensor, x: Tensor, s: int, t: int, eta: float, z: Tensor) -> Tensor:
    """x_s = α_s x_0 + √(σ_s² − η²β̃) ε + η √β̃ z (Song, Meng & Ermon 2021, eq. 12 and 16). (B, …)."""
    early, late = torch.tensor(s), torch.tensor(t)
    added = eta**2 * schedule.bridge(early, late).variance
    kept = ((1 - schedule.at(early)) - added).clamp(min=0).sqrt()
    alpha, sigma = (float(part) for part in schedule.alpha_sigma(late))
    noise = (noisy - alpha * x) / sigma
    return float(schedule.at(early).sqrt()) * x + float(kept) * noise + float(added.sqrt()) * z


def way(
    schedule: NoiseSchedule,
    denoise: Denoise,
    noisy: Tensor,
    options: DiffusionOptions,
    noise: Noise,
    variance: Variance,
) -> Iterator[tuple[int, Tensor]]:
    """The times t = T … 0 that are gone through and x_t (B, …) at each; at 0 it is the sample."""
    times = schedule.times(options.steps)
    yield times[0], noisy
    for t, s in pairwise(times):
        t_B = torch.full((len(noisy),), t, device=noisy.device)
        x = denoise(noisy, t_B)
        drawn = (options.method == "ddpm" or options.eta > 0) and s > 0
        z = noise.normal(*noisy.shape) if drawn else torch.zeros_like(noisy)
        if options.method == "ddpm":
            noisy = ddpm_step(schedule, noisy, x, s, t, z, variance)
        else:
            noisy = ddim_step(schedule, noisy, x, s, t, options.eta, z)
        yield s, noisy
