"""Distances between samples, held against hand-computed numbers, closed forms, SciPy and torchmetrics."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg, stats
from torchmetrics.image.kid import poly_mmd

from daedalus.core.errors import UserError
from daedalus.generative.metrics.distances import (
    frechet_distance,
    kernel_distance,
    mmd,
    sliced_wasserstein,
    wasserstein_on_lines,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def cloud(n, d, seed=0, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=generator(seed), dtype=torch.float64)


def test_on_a_line_by_hand():
    # The quantile functions: 0 up to 1/2, then 2; and 1 up to 1/3, then 3. |gap| is 1, 3, 1 on [0, 1/3, 1/2, 1].
    x, y = torch.tensor([[2.0], [0.0]]), torch.tensor([[3.0], [1.0], [3.0]])
    assert wasserstein_on_lines(x, y, 1).item() == pytest.approx(1 / 3 + 3 / 6 + 1 / 2)
    assert wasserstein_on_lines(x, y, 2).item() == pytest.approx(1 / 3 + 9 / 6 + 1 / 2)


@pytest.mark.parametrize(("n", "m"), [(5, 5), (7, 5), (4, 12), (2, 101)])
def test_on_a_line_it_is_scipys(n, m):
    x, y = cloud(n, 3), cloud(m, 3, 1, shift=0.4)
    found = wasserstein_on_lines(x, y, 1)
    wanted = [stats.wasserstein_distance(x[:, line], y[:, line]) for line in range(3)]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_sliced_of_a_shift_is_its_length_seen_along_the_lines():
    """|⟨θ, s⟩|² is |s|²/D in the mean over directions, with a deviation that is known: within 4 of them."""
    x, shift = cloud(50, 4), torch.tensor([3.0, 0.0, -4.0, 0.0], dtype=torch.float64)
    found = sliced_wasserstein(x, x + shift, generator(), lines=2_000).item() ** 2
    deviation = 25 * math.sqrt(3 / (4 * 6) - 1 / 16)  # of one line: E cos⁴ = 3 / (D (D + 2))
    assert abs(found - 25 / 4) < 4 * deviation / math.sqrt(2_000)


def test_sliced_in_one_dimension_is_exact_whatever_the_lines():
    x, y = cloud(40, 1), cloud(30, 1, 1)
    found = sliced_wasserstein(x, y, generator(), lines=3, p=1).item()
    assert found == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]))


def test_sliced_knows_no_order_and_is_the_generators_alone():
    x, y = cloud(60, 3), cloud(60, 3, 1)
    one = sliced_wasserstein(x, y, generator())
    assert sliced_wasserstein(x.flip(0), y, generator()) == pytest.approx(one.item(), rel=1e-12)
    assert sliced_wasserstein(x, y, generator()) == one
    assert sliced_wasserstein(x, y, generator(1)) != one
    assert sliced_wasserstein(x, x, generator()) == 0


def test_mmd_by_hand():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [3.0]])
    k = {d: math.exp(-(d**2) / 2) for d in (0, 1, 2, 3)}
    wanted = k[1] + k[3] - 2 * (k[0] + k[3] + k[1] + k[2]) / 4
    assert mmd(x, y, bandwidth=1.0).item() == pytest.approx(wanted, rel=1e-5)
    # The median (the lower of two middle ones) of 0, 1, 1, 2, 3, 3 is 1.
    assert mmd(x, y).item() == pytest.approx(wanted, rel=1e-5)


def test_mmd_and_kernel_distance_are_unbiased():
    """Over 200 pairs of equal distributions the mean is 0 within 4 standard errors: it fails by chance 6 in 100,000."""
    for distance in (lambda x, y: mmd(x, y, 1.0), kernel_distance):
        found = torch.stack([distance(cloud(12, 2, 2 * n), cloud(9, 2, 2 * n + 1)) for n in range(200)])
        assert abs(found.mean()) < 4 * found.std() / math.sqrt(200)
        assert found.min() < 0
        assert distance(cloud(50, 2), cloud(50, 2, 1, shift=1.0)) > 0.1


def test_mmd_of_one_point_many_times_is_finite():
    x = torch.zeros(10, 2)
    assert mmd(x, x).item() == pytest.approx(0, abs=1e-6)
    assert mmd(x, torch.cat([x[:9], torch.ones(1, 2)])).isfinite()


def test_kernel_distance_is_torchmetrics():
    x, y = cloud(40, 6), cloud(40, 6, 1, shift=0.5)
    assert kernel_distance(x, y).item() == pytest.approx(poly_mmd(x, y).item(), rel=1e-10)


def test_frechet_of_the_moments_in_closed_form():
    x, y = cloud(300, 5, scale=2.0), cloud(200, 5, 1, shift=0.7) @ cloud(5, 5, 2)
    first, second = (np.cov(some, rowvar=False) for some in (x, y))
    root = linalg.sqrtm(first)
    cross = np.trace(linalg.sqrtm(root @ second @ root)).real  # the symmetric form of tr (ΣΤ)^½
    wanted = np.square((x.mean(0) - y.mean(0)).numpy()).sum() + np.trace(first) + np.trace(second) - 2 * cross
    assert frechet_distance(x, y).item() == pytest.approx(wanted, rel=1e-6)


def test_frechet_of_gaussians_known_exactly():
    """Clouds made to have the moments: N(0, I) and N(m, diag(s²)) are |m|² + Σ(s − 1)² apart."""
    x = cloud(100, 3)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(x.T)), (x - x.mean(0)).T, upper=False).T
    scale, shift = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([1.0, 0.0, -2.0])
    assert frechet_distance(white, white * scale + shift).item() == pytest.approx(5 + 1 + 0.25, rel=1e-6)
    assert frechet_distance(white, white).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance, mmd])
def test_clouds_that_do_not_fit_are_refused(distance):
    with pytest.raises(UserError, match=r"not 5×2 and 5×3"):
        distance(cloud(5, 2), cloud(5, 3))
    with pytest.raises(UserError, match="at least 2 of each"):
        distance(cloud(1, 2), cloud(5, 2))
