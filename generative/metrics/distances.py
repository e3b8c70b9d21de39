"""How far two sets of examples are apart, each a cloud of vectors x (N, D) and y (M, D).

Pure functions: whatever is random is drawn from the generator that is handed in. All but the unbiased estimates, which
may fall below 0, are at least 0, and none is 0 for two sets drawn from the same distribution: print a floor beside it.
"""

import functools

import torch
from torch import Tensor

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
    if not h > 0:
        return torch.zeros(())  # nearly all points are one point
    return _unbiased(*(torch.exp(-torch.cdist(a, b).square() / (2 * h**2)) for a, b in _pairs(x_ND, y_MD)))


def kernel_distance(x_ND: Tensor, y_MD: Tensor) -> Tensor:
    """The same with the kernel (xᵀy/D + 1)³: the "kernel inception distance" of features (Bińkowski et al. 2018)."""
    _check(x_ND, y_MD)
    return _unbiased(*((a @ b.T / a.shape[1] + 1) ** 3 for a, b in _pairs(x_ND, y_MD)))


def frechet_distance(x_ND: Tensor, y_MD: Tensor) -> Tensor:
    """|μ − ν|² + tr(Σ + Τ − 2(ΣΤ)^½) of the Gaussians with the clouds' moments (Heusel et al. 2017).

    tr (ΣΤ)^½ is the sum of the singular values of AᵀB where Σ = AAᵀ and Τ = BBᵀ, so no square root of a matrix that is
    not symmetric is taken, nor of a number that rounding made negative.
    """
    _check(x_ND, y_MD)
    (mean_x, root_x), (mean_y, root_y) = _moments(x_ND.double()), _moments(y_MD.double())
    shared = torch.linalg.svdvals(root_x @ root_y.T).sum()
    return (mean_x - mean_y).square().sum() + root_x.square().sum() + root_y.square().sum() - 2 * shared


def _moments(x_ND: Tensor) -> tuple[Tensor, Tensor]:
    """The mean, and the centred cloud whose square R^T R is the covariance; no more than D rows of it."""
    mean = x_ND.mean(dim=0)
    centred = (x_ND - mean) / max(len(x_ND) - 1, 1) ** 0.5
    return mean, torch.linalg.qr(centred, mode="r").R if len(x_ND) > x_ND.shape[1] else centred


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
