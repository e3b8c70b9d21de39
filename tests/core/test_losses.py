"""Losses by hand, against torch's own, and without a hidden reduction."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from daedalus.core import losses
from daedalus.core.errors import UserError


def numbers(*values: float, where: torch.device | None = None) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device=where)


def given(wanted: list[float], found: Tensor) -> None:
    assert found.tolist() == pytest.approx(wanted, abs=1e-12)


def test_losses_of_numbers_by_hand(where: torch.device) -> None:
    prediction, target = numbers(1, 2, -3, where=where), numbers(1.5, 5, -1, where=where)  # errors −0.5, −3, −2
    given([0.25, 9, 4], losses.squared(prediction, target))
    given([0.5, 3, 2], losses.absolute(prediction, target))
    given([0.125, 2.5, 1.5], losses.huber(prediction, target))  # ½·0.25, 3 − ½, 2 − ½
    given([0.125, 4, 2], losses.huber(prediction, target, delta=2))  # 2(3 − 1), 2(2 − 1)
    given([0.05, 0.3, 0.2], losses.quantile(prediction, target, 0.1))  # all predictions too low: τ·e
    given([0.45, 2.7, 1.8], losses.quantile(target, prediction, 0.1))  # all too high: (1 − τ)·e


def test_quantile_huber_by_hand(where: torch.device) -> None:
    # M = 2 quantiles at ¼ and ¾, K = 2 samples; errors target − prediction: [[1, 3], [−1, 1]].
    prediction, target, tau = (numbers(*v, where=where) for v in ((0, 2), (1, 3), (0.25, 0.75)))
    # κ = 1: Huber(1) = ½, Huber(3) = 2½; ¼·½, ¼·2½ | ¼·½, ¾·½; the mean over K, then the sum over M.
    given([(0.125 + 0.625) / 2 + (0.125 + 0.375) / 2], losses.quantile_huber(prediction[None], target[None], tau))
    given([(0.25 + 0.75) / 2 + (0.25 + 0.75) / 2], losses.quantile_huber(prediction[None], target[None], tau, 0))


def test_quantile_huber_is_least_at_the_quantiles() -> None:
    """A law: its gradient vanishes where the fraction τ of the samples lies below (κ → 0)."""
    target = torch.arange(100, dtype=torch.float64)[None]
    prediction = numbers(24.5, 74.5)[None].requires_grad_()
    losses.quantile_huber(prediction, target, numbers(0.25, 0.75), 0).sum().backward()
    given([0, 0], prediction.grad[0])  # type: ignore[index]


def test_classification_by_hand(where: torch.device) -> None:
    logits = numbers(0, math.log(3), where=where).repeat(2, 1)  # probabilities ¼, ¾
    target = torch.tensor([1, 0], device=where)
    given([math.log(4 / 3), math.log(4)], losses.cross_entropy(logits, target))
    smooth = [0.8 * -math.log(p) + 0.2 * -(math.log(0.25) + math.log(0.75)) / 2 for p in (0.75, 0.25)]
    given(smooth, losses.cross_entropy(logits, target, smoothing=0.2))
    logit = numbers(math.log(3), math.log(3), -1000, where=where)
    given([math.log(4 / 3), math.log(4), 0], losses.binary_cross_entropy(logit, numbers(1, 0, 0, where=where)))


def test_hinges_by_hand(where: torch.device) -> None:
    score, sign = numbers(2, 0.5, -1, where=where), numbers(1, 1, 1, where=where)
    given([0, 0.5, 2], losses.hinge(score, sign))
    given([0, 0.25, 4], losses.hinge(score, sign, power=2))
    given([3, 1.5, 0], losses.hinge(score, -sign))
    scores = numbers(2, 0.5, -1, where=where).repeat(2, 1)
    target = torch.tensor([0, 1], device=where)
    given([0, 2.5], losses.hinge_crammer_singer(scores, target))  # 1 + 0.5 − 2 < 0; 1 + 2 − 0.5
    given([0 + 1.5 + 0, 3 + 0.5 + 0], losses.hinge_one_vs_rest(scores, target))


def test_gaussians_by_hand(where: torch.device) -> None:
    mean, log_std = numbers(0, 1, where=where), numbers(0, math.log(2), where=where)
    half = 0.5 * math.log(2 * math.pi)
    given([half + 0.5, half + math.log(2) + 0.5 * 1.0], losses.gaussian(mean, log_std, numbers(1, 3, where=where)))
    given([0, 0.5 * (4 + 1 - 1) - math.log(2)], losses.kl_gaussian(mean, log_std))
    given([0.5 * (0.25 + 1 / 4 - 1) + math.log(2)], losses.kl_gaussian(mean[:1], log_std[:1], 1.0, math.log(2)))


def test_kl_equals_torchs() -> None:
    numbers = torch.randn(4, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ours = losses.kl_gaussian(*numbers)
    first, second = (torch.distributions.Normal(m, s.exp()) for m, s in ((numbers[0], numbers[1]), numbers[2:]))
    torch.testing.assert_close(ours, torch.distributions.kl_divergence(first, second))


def test_penalties_by_hand(where: torch.device) -> None:
    weights = [numbers(1, -2, where=where).reshape(2, 1), numbers(3, 0, 4, -1, where=where).reshape(2, 2)]
    assert losses.l1(weights).item() == 11
    assert losses.l2(weights).item() == 0.5 * 31
    given([4, 7], losses.l1(weights, slots=2))
    given([0.5 * 10, 0.5 * 21], losses.l2(weights, slots=2))


FUNCTIONAL: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "squared": (losses.squared, functional.mse_loss),
    "absolute": (losses.absolute, functional.l1_loss),
    "huber": (losses.huber, functional.huber_loss),
}


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_regression_equals_torchs(name: str, where: torch.device) -> None:
    ours, torchs = FUNCTIONAL[name]
    one, other = 3 * torch.randn(2, 5, 40, generator=torch.Generator().manual_seed(0)).to(where)
    torch.testing.assert_close(ours(one, other), torchs(one, other, reduction="none"))


def test_classification_equals_torchs(where: torch.device) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(64, 7, generator=generator).to(where)
    target = torch.randint(7, (64,), generator=generator).to(where)
    for s in (0.0, 0.1):
        wanted = functional.cross_entropy(scores, target, reduction="none", label_smoothing=s)
        torch.testing.assert_close(losses.cross_entropy(scores, target, smoothing=s), wanted)
    soft = torch.rand(64, generator=generator).to(where)
    wanted = functional.binary_cross_entropy_with_logits(scores[:, 0], soft, reduction="none")
    torch.testing.assert_close(losses.binary_cross_entropy(scores[:, 0], soft), wanted)
    rows = [functional.multilabel_margin_loss(s[None], _padded(t, 7)) * 7 for s, t in zip(scores, target, strict=True)]
    over_all = (1 + scores - scores.gather(1, target[:, None])).clamp(min=0).sum(1) - 1  # Weston & Watkins' form
    torch.testing.assert_close(torch.stack(rows), over_all)
    assert (losses.hinge_crammer_singer(scores, target) <= over_all + 1e-6).all()  # the best rival, not all of them


def _padded(target: Tensor, classes: int) -> Tensor:
    return functional.pad(target[None, None], (0, classes - 1), value=-1)


def test_a_population_keeps_its_axes_and_its_bits() -> None:
    """(N, B) stays, and what is said of a slot does not depend on those beside it."""
    generator = torch.Generator().manual_seed(0)
    logits, target = torch.randn(5, 33, 7, generator=generator), torch.randint(7, (5, 33), generator=generator)
    quantiles, tau = torch.randn(5, 33, 7, generator=generator), torch.rand(7, generator=generator)
    weights = [torch.randn(5, 7, 3, generator=generator), torch.randn(5, 1, generator=generator)] * 9
    for n in range(5):
        one = slice(n, n + 1)
        for loss in (losses.cross_entropy, losses.hinge_crammer_singer, losses.hinge_one_vs_rest):
            assert loss(logits, target).shape == (5, 33)
            assert torch.equal(loss(logits, target)[one], loss(logits[one], target[one]))
        whole = losses.quantile_huber(quantiles, logits, tau)
        assert torch.equal(whole[one], losses.quantile_huber(quantiles[one], logits[one], tau))
        for penalty in (losses.l1, losses.l2):
            assert torch.equal(penalty(weights, 5)[one], penalty([weight[one] for weight in weights], 1))


def test_shapes_that_would_broadcast_silently_are_refused() -> None:
    for loss in (losses.squared, losses.huber, losses.hinge, losses.binary_cross_entropy):
        with pytest.raises(UserError, match=r"prediction \(4,\) and target \(4, 1\) must have one shape"):
            loss(torch.zeros(4), torch.zeros(4, 1))
    with pytest.raises(UserError, match="must have one shape"):
        losses.gaussian(torch.zeros(4), torch.zeros(4), torch.zeros(4, 1))
    for loss in (losses.cross_entropy, losses.hinge_one_vs_rest, losses.hinge_crammer_singer):
        with pytest.raises(UserError, match=r"logits \(4, 3\) need targets \(4,\), not \(4, 1\)"):
            loss(torch.zeros(4, 3), torch.zeros(4, 1, dtype=torch.int64))
    for samples, levels in ((torch.zeros(1, 5), torch.zeros(3)), (torch.zeros(4, 5), torch.zeros(1))):
        with pytest.raises(UserError, match=r"prediction \(4, 3\), target .* must be \(…, M\), \(…, K\) and"):
            losses.quantile_huber(torch.zeros(4, 3), samples, levels)
    with pytest.raises(UserError, match="delta must be positive, not 0"):
        losses.huber(torch.zeros(1), torch.zeros(1), delta=0)
