"""What does not belong: examples by how little likely a model finds them."""

import torch
from torch import Tensor

from daedalus.core.generating import Likelihood
from daedalus.core.objective import Batch


def outlier_scores(model: Likelihood, batch: Batch, generator: torch.Generator) -> Tensor:
    """−ln p(x) in nats, or what bounds it, (B,): the higher, the stranger (Bishop 1994).

    A density may well be high where hardly anything lies: of another data set whole it can be higher than of the
    model's own (Nalisnick et al. 2019). It tells strange examples among its own kind.
    """
    return -model.log_prob(batch, generator)


def detection(inside_N: Tensor, outside_M: Tensor) -> float:
    """The chance that an outlier has the higher score of the two, ties halved: the area under the ROC curve."""
    apart_NM = outside_M[None, :] - inside_N[:, None]
    return float(((apart_NM > 0).float() + 0.5 * (apart_NM == 0).float()).mean())
