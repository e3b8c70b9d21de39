"""How a diffusion adds noise: ᾱ by time, and all that follows from it, as an object of its own.

q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I) for t = 0 … T, with ᾱ_0 = 1: at time 0 nothing is noise, at T almost all is
(Ho, Jain & Abbeel 2020, eq. 4). Written α_t = √ᾱ_t and σ_t = √(1 − ᾱ_t), so that α² + σ² = 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from daedalus.core.errors import UserError, unknown

#: What a network answers: the noise ε; the velocity v = α ε − σ x_0 (Salimans & Ho 2022, section 4); or, where x_0 is
#: −1 or 1, half the log-odds of each number by all the others.
Predict = Literal["noise", "velocity", "logits"]
Name = Literal["linear", "cosine"]

_MOST_BETA = 0.999  # Nichol & Dhariwal 2021, section 3.2


class Bridge(NamedTuple):
    """q(x_s | x_t, x_0) = N(of_data · x_0 + of_noisy · x_t, variance), each (B,) float64."""

    of_data: Tensor
    of_noisy: Tensor
    variance: Tensor
    forward: Tensor  # the variance of q(x_t | α_{t|s} x_s): β_t where s = t − 1


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """ᾱ_0 … ᾱ_T, (T + 1,) float64 on the CPU, falling from 1 and above 0. Times are (B,) int64, on any device."""

    alpha_bar: Tensor

    def __post_init__(self) -> None:
        bar = self.alpha_bar
        falling = bar.ndim == 1 and len(bar) > 1 and bool((bar.diff() < 0).all())
        if not falling or bar.dtype != torch.float64 or float(bar[0]) != 1 or not float(bar[-1]) > 0:
            raise UserError("a noise schedule is ᾱ_0 … ᾱ_T, float64, that begins with 1 and falls, but not to 0")

    @property
    def steps(self) -> int:
        """T."""
        return len(self.alpha_bar) - 1

    def at(self, t_B: Tensor) -> Tensor:
        """ᾱ_t, (B,) float64; on the CPU where the device knows no such numbers."""
        home = t_B.device if t_B.device.type != "mps" else torch.device("cpu")
        return self.alpha_bar.to(home)[t_B.to(home)]

    def alpha_sigma(self, t_B: Tensor) -> tuple[Tensor, Tensor]:
        """α_t and σ_t, (B,) float64."""
        bar = self.at(t_B)
        return bar.sqrt(), (1 - bar).sqrt()

    def snr(self, t_B: Tensor) -> Tensor:
        """The signal-to-noise ratio ᾱ/(1 − ᾱ), (B,) float64; infinite at time 0."""
        bar = self.at(t_B)
        return bar / (1 - bar)

    def noised(self, x: Tensor, t_B: Tensor, noise: Tensor) -> Tensor:
        """x_t = α_t x_0 + σ_t ε (Ho et al. 2020, eq. 4). (B, …)."""
        alpha, sigma = (_along(part, x) for part in self.alpha_sigma(t_B))
        return alpha * x + sigma * noise

    def target(self, x: Tensor, t_B: Tensor, noise: Tensor, predict: Predict) -> Tensor:
        """What the answer is held against, (B, …): ε, or v = α ε − σ x_0."""
        if predict == "noise":
            return noise
        alpha, sigma = (_along(part, x) for part in self.alpha_sigma(t_B))
        return alpha * noise - sigma * x

    def data(self, output: Tensor, noisy: Tensor, t_B: Tensor, predict: Predict) -> Tensor:
        """The x_0 that an answer of the network means: (x_t − σ ε)/α, or α x_t − σ v. (B, …).

        Of bits E[x_0 | x_t] = tanh(logit + α x_t/σ²), where the second term is what a number says of itself: so no
        error of the network outweighs what is plain, which at little noise would cost many nats.
        """
        alpha, sigma = (_along(part, noisy) for part in self.alpha_sigma(t_B))
        if predict == "logits":
            return torch.tanh(output + alpha / sigma.square() * noisy)
        return (noisy - sigma * output) / alpha if predict == "noise" else alpha * noisy - sigma * output

    def missed(self, found: Tensor, x: Tensor, t_B: Tensor) -> Tensor:
        """v − v̂ where x_0 is expected to be `found`: (x̂_0 − x_0)/σ, (B, …)."""
        _, sigma = (_along(part, x) for part in self.alpha_sigma(t_B))
        return (found - x) / sigma

    def noise(self, x: Tensor, noisy: Tensor, t_B: Tensor) -> Tensor:
        """The ε that led from x_0 to x_t, t > 0: (x_t − α x_0)/σ. (B, …)."""
        alpha, sigma = (_along(part, x) for part in self.alpha_sigma(t_B))
        return (noisy - alpha * x) / sigma

    def bridge(self, s_B: Tensor, t_B: Tensor) -> Bridge:
        """What is known of an earlier time s < t when x_t and x_0 are: Ho et al. 2020, eq. 6 and 7, for s = t − 1."""
        early, late = self.at(s_B), self.at(t_B)
        ratio = late / early  # ᾱ_t / ᾱ_s
        forward = 1 - ratio
        rest = (1 - early) / (1 - late)
        return Bridge(early.sqrt() * forward / (1 - late), ratio.sqrt() * rest, forward * rest, forward)

    def begun(self, deviation: float) -> "NoiseSchedule":
        """The same way in as many steps, whose first adds at once noise of that deviation, σ_1.

        Nichol & Dhariwal 2021 (section 3.2) let σ_1 be just below the width of a pixel's bin. The bins of bits are
        wide, and at less noise nothing is left to learn, only what a network misses to be paid.
        """
        own_T, wanted = self.alpha_bar[1:].numpy(), 1 - deviation**2
        if not own_T[-1] < wanted < own_T[0]:
            return self
        log_T, times_T = np.log(own_T) - np.log1p(-own_T), np.arange(1.0, self.steps + 1)
        first = np.interp(-np.log(wanted / (1 - wanted)), -log_T, times_T)
        late_T = np.interp(np.linspace(first, self.steps, self.steps), times_T, log_T)
        return NoiseSchedule(torch.cat([self.alpha_bar[:1], torch.from_numpy(1 / (1 + np.exp(-late_T)))]))

    def times(self, count: int | None) -> list[int]:
        """About `count` even steps from T down to 0, both included; all of them where it is None."""
        if count is None:
            return list(range(self.steps, -1, -1))
        if not 1 <= count <= self.steps:
            raise UserError(f"steps must lie between 1 and the {self.steps} times of the diffusion, not {count}")
        return [round(self.steps * k / count) for k in range(count, -1, -1)]


def linear(steps: int, first: float = 1e-4, last: float = 0.02) -> NoiseSchedule:
    """β_t evenly from `first` to `last` (Ho et al. 2020, section 4) for 1,000 steps; fewer take larger ones."""
    beta = torch.linspace(first, last, steps, dtype=torch.float64) * 1000 / steps
    return of_betas(beta)


def cosine(steps: int, offset: float = 0.008) -> NoiseSchedule:
    """ᾱ_t = f(t)/f(0), f(t) = cos²(π/2 · (t/T + s)/(1 + s)), β_t at most .999 (Nichol & Dhariwal 2021, eq. 17)."""
    share = torch.arange(steps + 1, dtype=torch.float64) / steps
    f = torch.cos(math.pi / 2 * (share + offset) / (1 + offset)).square()
    return of_betas(1 - f[1:] / f[:-1])


def of_betas(beta_T: Tensor) -> NoiseSchedule:
    """ᾱ_t = ∏ (1 − β) (Ho et al. 2020, section 2)."""
    kept = torch.cat([torch.ones(1, dtype=torch.float64), 1 - beta_T.clamp(max=_MOST_BETA)])
    return NoiseSchedule(kept.cumprod(0))


def noise_schedule(name: str, steps: int) -> NoiseSchedule:
    """The schedule of that name. Raises `UserError` for an unknown one, and for fewer than two steps."""
    known: dict[str, Callable[[int], NoiseSchedule]] = {"linear": linear, "cosine": cosine}
    if name not in known:
        raise unknown("noise schedule", name, known)
    if steps < 2:
        raise UserError(f"a diffusion takes at least 2 steps, not {steps}")
    return known[name](steps)


def _along(part_B: Tensor, x: Tensor) -> Tensor:
    """(B,) → (B, 1, …), of the dtype and on the device of x."""
    return part_B.to(device=x.device, dtype=x.dtype).reshape(-1, *[1] * (x.ndim - 1))
