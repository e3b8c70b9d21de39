"""What is known exactly of a diffusion whose data are a mixture of normals of one deviation, in one or more dimensions.

At time t they are a mixture too: of means α m_k and variance α²s² + σ². So the expected x_0, and with it ε, is known.
"""

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import LOG_LIKELIHOOD, Column, Data, Held
from daedalus.core.spec import Spec


class Mixture:
    """Σ_k w_k N(m_k, s² I): `means` (K, D), `weights` (K,)."""

    def __init__(self, means, deviation, weights=None):
        self.means = torch.as_tensor(means, dtype=torch.float64)
        self.s = deviation
        w = torch.ones(len(self.means)) if weights is None else torch.as_tensor(weights)
        self.weights = w.double() / w.double().sum()

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        shape = (n, self.means.shape[1])
        return self.means[k] + self.s * torch.randn(shape, generator=generator, dtype=torch.float64)

    def log_p(self, x_BD: Tensor, alpha: float = 1.0, sigma: float = 0.0) -> Tensor:
        return self._joint(x_BD, alpha, sigma).logsumexp(1)

    def _joint(self, x_BD: Tensor, alpha, sigma) -> Tensor:
        alpha, sigma = torch.as_tensor(alpha).reshape(-1, 1, 1), torch.as_tensor(sigma).reshape(-1, 1, 1)
        variance = alpha**2 * self.s**2 + sigma**2  # (B or 1, 1, 1)
        far = ((x_BD[:, None] - alpha * self.means).square() / variance + (2 * np.pi * variance).log()).sum(2)
        return self.weights.log() - far / 2

    def expected(self, x_BD: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """E[x_0 | x_t], (B, D)."""
        r_BK1 = self._joint(x_BD, alpha, sigma).softmax(1)[..., None]
        a, v = alpha.reshape(-1, 1, 1), (alpha**2 * self.s**2 + sigma**2).reshape(-1, 1, 1)
        each = self.means + a * self.s**2 / v * (x_BD[:, None] - a * self.means)
        return (r_BK1 * each).sum(1)

    def bayes(self, alpha: float, sigma: float) -> float:
        """The least mean of (ε − f(x_t))² in one dimension: 1 − E[E[ε | x_t]²], by the trapezoidal rule."""
        reach = float(alpha * self.means.abs().max() + 12 * np.sqrt(alpha**2 * self.s**2 + sigma**2))
        x = torch.linspace(-reach, reach, 40_001, dtype=torch.float64)[:, None]
        p = self.log_p(x, alpha, sigma).exp()
        noise = (x - alpha * self.expected(x, torch.tensor(alpha), torch.tensor(sigma))) / sigma
        return 1 - float(torch.trapezoid(p * noise[:, 0].square(), x[:, 0]))


class Oracle(torch.nn.Module):
    """The denoiser that a network can at best become, in the place of one: it answers with E[ε | x_t] or E[v | x_t]."""

    def __init__(self, mixture: Mixture, schedule, predict: str) -> None:
        super().__init__()
        self.mixture, self.schedule, self.predict = mixture, schedule, predict

    def forward(self, x: Tensor, share_B: Tensor, y_B: Tensor | None = None) -> Tensor:
        t_B = (share_B * self.schedule.steps).round().long()
        alpha, sigma = self.schedule.alpha_sigma(t_B)
        noisy = x.double()
        clean = self.mixture.expected(noisy, alpha, sigma)
        noise = (noisy - alpha[:, None] * clean) / sigma[:, None]
        return (noise if self.predict == "noise" else alpha[:, None] * noise - sigma[:, None] * clean).to(x)


def as_data(x: np.ndarray, form: str = "points", y: np.ndarray | None = None, values: int | None = None) -> Data:
    """The same examples in all three parts."""
    fields = {"x": Column(x.shape[1:], str(x.dtype), values)}
    arrays = {"x": x}
    if y is not None:
        fields["y"], arrays["y"] = Column((), "int64", int(y.max()) + 1), y.astype(np.int64)
    part = Held(arrays)
    return Data("made", "density", fields, part, part, part, LOG_LIKELIHOOD, form=Spec(form))
