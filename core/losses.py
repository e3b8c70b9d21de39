"""Losses as pure functions, without hidden reductions.

Leading axes "…" are examples, (B,) or of a population (N, B), and stay; the objective takes its mean over the last of
them. A loss of numbers (squared, absolute, huber, quantile, binary cross-entropy, hinge, Gaussian) works element by
element: where an example is a vector of numbers, sum over its axis. A loss of vectors takes the last axis itself.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from .errors import UserError


def squared(prediction: Tensor, target: Tensor) -> Tensor:
    """(prediction − target)², without ½. Both (…); returns (…)."""
    return (_alike(prediction, target) - target).square()


def absolute(prediction: Tensor, target: Tensor) -> Tensor:
    """|prediction − target|. Both (…); returns (…)."""
    return (_alike(prediction, target) - target).abs()


def huber(prediction: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """½e² where |e| ≤ δ, δ(|e| − ½δ) beyond (Huber 1964). Its slope is e clipped to ±δ, as Mnih et al. 2015 clip it.

    Both (…); returns (…).
    """
    return functional.huber_loss(_alike(prediction, target), target, reduction="none", delta=_positive(delta, "delta"))


def quantile(prediction: Tensor, target: Tensor, tau: float | Tensor) -> Tensor:
    """e(τ − [e < 0]) with e = target − prediction, least at the quantile τ (Koenker & Bassett 1978). (…) → (…)."""
    error = target - _alike(prediction, target)
    return error * (tau - (error < 0).to(error.dtype))


def quantile_huber(prediction: Tensor, target: Tensor, tau: Tensor, kappa: float = 1.0) -> Tensor:
    """Quantile regression of a distribution given by samples (Dabney et al. 2018, eq. 9–10; κ = 0: without Huber).

    `prediction` (…, M) at the fractions `tau` (M,) or (…, M), `target` (…, K); returns (…), the sum over M of the
    mean over K.
    """
    if prediction.shape[:-1] != target.shape[:-1] or tau.shape[-1:] != prediction.shape[-1:]:
        shapes = f"prediction {tuple(prediction.shape)}, target {tuple(target.shape)} and tau {tuple(tau.shape)}"
        raise UserError(f"{shapes} must be (…, M), (…, K) and (M,) or (…, M)")
    error = target.unsqueeze(-2) - prediction.unsqueeze(-1)  # (…, M, K)
    if kappa:
        size = functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=kappa) / kappa
    else:
        size = error.abs()
    weight = (tau.unsqueeze(-1) - (error.detach() < 0).to(error.dtype)).abs()
    return (weight * size).mean(-1).sum(-1)


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """−ln softmax(logits)[target] in nats. `logits` (…, C), `target` int64 (…); returns (…).

    With `smoothing` s the target is (1 − s) of that class and s/C of every class (Szegedy et al. 2016).
    """
    _classes(logits, target)
    log_p = functional.log_softmax(logits, dim=-1)
    loss = -log_p.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    return loss if not smoothing else (1 - smoothing) * loss - smoothing * log_p.mean(-1)


def binary_cross_entropy(logit: Tensor, target: Tensor) -> Tensor:
    """−t ln σ(x) − (1 − t) ln(1 − σ(x)) in nats, of a target in [0, 1]. Both (…); returns (…)."""
    target = target.to(logit.dtype)
    return functional.binary_cross_entropy_with_logits(_alike(logit, target), target, reduction="none")


def hinge(score: Tensor, target: Tensor, power: int = 1) -> Tensor:
    """max(0, 1 − y·score)^power with y = ±1 (Cortes & Vapnik 1995). Both (…); returns (…)."""
    return (1 - _alike(score, target) * target).clamp(min=0).pow(power)


def hinge_one_vs_rest(scores: Tensor, target: Tensor, power: int = 1) -> Tensor:
    """The sum over classes of each one's hinge against the rest. `scores` (…, C), `target` int64 (…); returns (…)."""
    _classes(scores, target)
    sign = 2 * functional.one_hot(target, scores.shape[-1]).to(scores.dtype) - 1
    return hinge(scores, sign, power).sum(-1)


def hinge_crammer_singer(scores: Tensor, target: Tensor) -> Tensor:
    """max(0, 1 + the best wrong score − the right one) (Crammer & Singer 2001).

    `scores` (…, C), `target` int64 (…); returns (…).
    """
    _classes(scores, target)
    right = scores.gather(-1, target.unsqueeze(-1))
    rival = scores.scatter(-1, target.unsqueeze(-1), -math.inf).amax(-1)
    return (1 + rival - right.squeeze(-1)).clamp(min=0)


def gaussian(mean: Tensor, log_std: Tensor, target: Tensor) -> Tensor:
    """−ln N(target; mean, exp(log_std)²) in nats, of each number. All (…); returns (…)."""
    return log_std + 0.5 * (((target - _alike(mean, target)) * torch.exp(-log_std)).square() + math.log(2 * math.pi))


def kl_gaussian(
    mean: Tensor, log_std: Tensor, to_mean: float | Tensor = 0.0, to_log_std: float | Tensor = 0.0
) -> Tensor:
    """KL(N(mean, e^log_std) ‖ N(to_mean, e^to_log_std)) in nats, of each number; by default to the standard normal.

    Kingma & Welling 2014, appendix B. All (…); returns (…).
    """
    apart = torch.as_tensor(to_log_std, dtype=log_std.dtype, device=log_std.device)
    ratio = log_std - apart
    return 0.5 * ((2 * ratio).exp() + ((mean - to_mean) * torch.exp(-apart)).square() - 1) - ratio


def l1(weights: Iterable[Tensor], slots: int | None = None) -> Tensor:
    """Σ|w| over all weights, (); of a population, whose weights have a leading axis of `slots`, (N,)."""
    return _total([weight.abs() for weight in weights], slots)


def l2(weights: Iterable[Tensor], slots: int | None = None) -> Tensor:
    """½Σw² over all weights, (); of a population (N,). Its gradient is w, as of torch's `weight_decay`."""
    return 0.5 * _total([weight.square() for weight in weights], slots)


def _total(terms: list[Tensor], slots: int | None) -> Tensor:
    if slots is None:
        return torch.stack([term.sum() for term in terms]).sum()
    # Along the last axis: summed along the first, a slot's bits would depend on how many stand beside it.
    return torch.stack([term.reshape(slots, -1).sum(1) for term in terms], 1).sum(1)


def _alike(prediction: Tensor, target: Tensor) -> Tensor:
    """Broadcasting (B,) against (B, 1) is a classic silent mistake."""
    if prediction.shape != target.shape:
        raise UserError(f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} must have one shape")
    return prediction


def _classes(logits: Tensor, target: Tensor) -> None:
    if logits.shape[:-1] != target.shape:
        wanted = tuple(logits.shape[:-1])
        raise UserError(f"logits {tuple(logits.shape)} need targets {wanted}, not {tuple(target.shape)}")


def _positive(value: float, name: str) -> float:
    if not value > 0:
        raise UserError(f"{name} must be positive, not {value:g}")
    return value
