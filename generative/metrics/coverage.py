"""What of the real distribution samples reach, and whether what they reach is real."""

from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

NEIGHBOURS = 3


def precision_recall(x_ND: Tensor, real_MD: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """The share of samples within the real manifold, and that of real examples within the samples' manifold.

    A manifold is the union of balls around examples, each up to its k-th nearest other (Kynkäänniemi et al. 2019).
    Take about as many samples as examples: the more there are, the smaller the balls.
    """
    if min(len(x_ND), len(real_MD)) <= k:
        raise UserError(f"{k} neighbours need more than {k} of each, not {len(x_ND)} samples, {len(real_MD)} examples")
    distance_NM = torch.cdist(x_ND, real_MD)
    within_real_N = (distance_NM <= _reach(real_MD, k)).any(dim=1)
    within_samples_M = (distance_NM <= _reach(x_ND, k)[:, None]).any(dim=0)
    return float(within_real_N.float().mean()), float(within_samples_M.float().mean())


def _reach(x_ND: Tensor, k: int) -> Tensor:
    """How far each point's k-th nearest other one is, (N,)."""
    distance_NN = torch.cdist(x_ND, x_ND).fill_diagonal_(0.0)
    return distance_NN.kthvalue(k + 1, dim=1).values  # the nearest is itself


@dataclass(frozen=True)
class Modes:
    """Which modes of a mixture samples cover."""

    covered: int  # modes with a sample within three deviations
    high_quality: float  # the share of samples that are as near to a mode


def modes(x_N2: Tensor, centres_K2: Tensor, deviation: float, deviations: float = 3.0) -> Modes:
    """How samples cover modes: one is covered where a sample lies within three deviations of it (Metz et al. 2017)."""
    near_NK = torch.cdist(x_N2, centres_K2.to(x_N2)) <= deviations * deviation
    return Modes(int(near_NK.any(dim=0).sum()), float(near_NK.any(dim=1).float().mean()))


def ring(form: Spec) -> tuple[Tensor, float] | None:
    """The centres (K, 2) and the deviation of the form `points(modes=8,radius=2,deviation=0.1)`; None of others."""
    told = form.mapping
    if not {"modes", "radius", "deviation"} <= set(told):
        return None
    angle = 2 * torch.pi * torch.arange(told["modes"]) / told["modes"]
    return told["radius"] * torch.stack([angle.cos(), angle.sin()], dim=1), float(told["deviation"])
