"""How far two sets of examples are apart, each a cloud of vectors x (N, D) and y (M, D).

Pure functions: whatever is random is drawn from the generator that is handed in. All but the unbiased estimates, which
may fall below 0, are at least 0, and none is 0 for two sets drawn from the same distribution: print a floor beside it.
"""

import functools

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError


def sliced_wasserstein(x_ND: Tensor, y_MD: Tensor, generator: torch.Generator, lines: int = 128, p: int = 2) -> Tensor:
    """(E W_p^p)^(1/p) over random lines through the origin, onto which both clouds are projected.

    Rabin, Peyré, Delon & Bernot (2012); Bonneel, Rabin, Peyré & Pfister (2015).
    """
    _check(x_ND, y_MD)
    theta_DL = torch.randn(x_ND.shape[1], lines, generator=generator, dtype=x_ND.dtype, device=generator.device)
    theta_DL = (theta_DL / theta_DL.norm(dim=0)).to(x_ND.device)
    cost_L = wasserstein_on_lines(x_ND @ theta_DL, y_MD @ theta_DL, p)
    return cost_L.mean() ** (1 / p)


def wasserstein_on_lines(x_NL: Tensor, y_ML: Tensor, p: int = 2) -> Tensor:
    """W_p^p of N and M numbers on each of L lines, (L,): exact, ∫|F⁻¹(u) − G⁻¹(u)|^p du (Villani 2003, theorem 2.18).

    Both quantile functions are steps, so between two of their steps the integrand is constant.
    """
    first, second, width = _steps(len(x_NL), len(y_ML))
    x, y = x_NL.sort(dim=0).values, y_ML.sort(dim=0).values
    gap = (x[first.to(x.device)] - y[second.to(x.device)]).abs() ** p
    return width.to(gap) @ gap


@functools.lru_cache(maxsize=64)
def _steps(n: int, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pieces into which i/n and j/m cut [0, 1]: which of either sample each is of, and how wide."""
    cuts = torch.unique(torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n]))
    return cuts[:-1] // m, cuts[:-1] // n, torch.diff(cuts).double() / (n * m)


def mmd(x_ND: Tensor, y_MD: Tensor, bandwidth: float | None = None) -> Tensor:
    """The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, eq. 3), kernel exp(−d²/2h²).

    The bandwidth h, where none is given, is the median of all distances within the pooled sample (their section 8).
    """
    _check(x_ND, y_MD)
    pooled = torch.cat([x_ND, y_MD])
    distance = torch.pdist(pooled)
    h = distance.median() if bandwidth is None else torch.tensor(bandwidth)
    if h == 0:  # more than half of all pairs are equal
        h = torch.where(distance.any(), distance.mean(), 1.0)
    return _unbiased(*(torch.exp(-torch.cdist(a, b).square() / (2 * h**2)) for a, b in _pairs(x_ND, y_MD)))


def kernel_distance(x_ND: Tensor, y_MD: Tensor) -> Tensor:
    """The same with the kernel (xᵀy/D + 1)³: the "kernel inception distance" of features (Bińkowski et al. 2018)."""
    _check(x_ND, y_MD)
    return _unbiased(*((a @ b.T / a.shape[1] + 1) ** 3 for a, b in _pairs(x_ND, y_MD)))


def frechet_distance(x_ND: Tensor, y_MD: Tensor) -> Tensor:
    """|μ − ν|² + tr(Σ + Τ − 2(ΣΤ)^½) of the Gaussians with the clouds' moments (Heusel et al. 2017).

    It is torchmetrics' `FrechetInceptionDistance`, handed features in place of Inception's.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    _check(x_ND, y_MD)
    metric = FrechetInceptionDistance(feature=_Given(x_ND.shape[1]), normalize=True)
    metric.update(x_ND.double(), real=False)
    metric.update(y_MD.double(), real=True)
    return torch.as_tensor(metric.compute()).clamp(min=0)


class _Given(nn.Module):
    """Features that are known already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features  # the name that torchmetrics asks for

    def forward(self, x: Tensor) -> Tensor:
        return x


def _pairs(x: Tensor, y: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    return (x, x), (x, y), (y, y)


def _unbiased(k_xx: Tensor, k_xy: Tensor, k_yy: Tensor) -> Tensor:
    """Mean of the kernel over different pairs within each sample, less twice its mean between them."""
    (n, m) = k_xy.shape
    within_x = (k_xx.sum() - k_xx.diagonal().sum()) / (n * (n - 1))
    within_y = (k_yy.sum() - k_yy.diagonal().sum()) / (m * (m - 1))
    return within_x + within_y - 2 * k_xy.mean()


def _check(x_ND: Tensor, y_MD: Tensor) -> None:
    if x_ND.ndim != 2 or y_MD.ndim != 2 or x_ND.shape[1] != y_MD.shape[1]:
        shapes = " and ".join("×".join(map(str, one.shape)) for one in (x_ND, y_MD))
        raise UserError(f"two clouds of vectors of one length are wanted, (N, D) and (M, D), not {shapes}")
    if min(len(x_ND), len(y_MD)) < 2:
        raise UserError(f"a distance between samples needs at least 2 of each, not {len(x_ND)} and {len(y_MD)}")
