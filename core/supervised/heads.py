"""Linear models, with scikit-learn's objectives: least squares, logistic regression, and support vector machines.

Those are sums over all training examples; what is minimised here is the same divided by their number n, which moves no
minimum. The bias is not penalised. The weights begin at zero and every step sees all examples, unless `batch` says
otherwise, so all seeds give the same.

Where no rate is given it is 1/L of the smooth objectives, L being the largest curvature that they can have, under
Nesterov's momentum (Nesterov 1983), which takes of the order of √(L / least curvature) steps.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core import losses
from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.nn.mlp import MLP
from daedalus.core.optim.turn import Training
from daedalus.core.spec import Spec

from .objective import Loss, Supervised, SupervisedConfig, check, outputs_of

_NESTEROV = Spec("sgd", (("momentum", 0.98), ("nesterov", True)))
_SEEN = 10_000  # examples of which the curvature is judged


@dataclass(frozen=True)
class HeadConfig(SupervisedConfig):
    """What the linear models share."""

    lr: float | None = None  # none: 1 / the largest curvature
    batch: int = 0
    optimiser: Spec = _NESTEROV


@dataclass(frozen=True)
class LinearConfig(HeadConfig):
    """Ridge regression."""

    alpha: float = 1.0  # of the penalty; 0: plain least squares

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.alpha < np.inf:
            raise UserError(f"alpha must be at least 0 and finite, not {self.alpha:g}")


@dataclass(frozen=True)
class LogisticConfig(HeadConfig):
    """Logistic regression."""

    c: float = 1.0  # of the loss, against the penalty

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_c(self.c)


@dataclass(frozen=True)
class SVMConfig(HeadConfig):
    """A linear support vector machine."""

    c: float = 1.0  # of the loss, against the penalty
    loss: Literal["squared_hinge", "hinge", "crammer_singer"] = "squared_hinge"  # the first two: each class against all

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_c(self.c)


class Linear:
    """Σ(y − ŷ)² + α‖W‖² (Hoerl & Kennard 1970); classes are least squares on 1 for the right one and 0 for others."""

    config_class = LinearConfig

    @staticmethod
    def check(data: Data, config: LinearConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config, "linear", likely=False)

    @staticmethod
    def build(data: Data, config: LinearConfig, generator: torch.Generator) -> Supervised:
        """Weights of zero."""
        return _head(data, config, _least_squares, penalty=2 * config.alpha, curvature=2.0, likely=False)


class Logistic:
    """½‖W‖² + C Σ −ln softmax(Wx + b)[y]; of two classes it has one row of weights, that of the second."""

    config_class = LogisticConfig

    @staticmethod
    def check(data: Data, config: LogisticConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config, "logistic")

    @staticmethod
    def build(data: Data, config: LogisticConfig, generator: torch.Generator) -> Supervised:
        """Weights of zero."""
        # Böhning (1992): the Hessian of ln Σ exp by its arguments is at most (I − 11ᵀ/K)/2
        return _head(data, config, losses.cross_entropy, penalty=1 / config.c, curvature=0.5, likely=True)


_HINGES: dict[str, Loss] = {
    "hinge": losses.hinge_one_vs_rest,
    "squared_hinge": partial(losses.hinge_one_vs_rest, power=2),
    "crammer_singer": losses.hinge_crammer_singer,
}


class SVM:
    """½‖W‖² + C Σ hinge, of each class against the rest (Cortes & Vapnik 1995) or of all at once (Crammer & Singer
    2001). Only the squared hinge is smooth; the others take a falling rate: lr=0.1, optimiser=adam, schedule=cosine."""

    config_class = SVMConfig

    @staticmethod
    def check(data: Data, config: SVMConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check(data, config, "svm", likely=False)

    @staticmethod
    def build(data: Data, config: SVMConfig, generator: torch.Generator) -> Supervised:
        """Weights of zero."""
        return _head(data, config, _HINGES[config.loss], penalty=1 / config.c, curvature=2.0, likely=False)


def _head(data: Data, config: HeadConfig, loss: Loss, penalty: float, curvature: float, likely: bool) -> Supervised:
    """A linear map with Σ loss + penalty·½‖W‖², divided by the number of training examples."""
    classes = outputs_of(data)
    single = classes == 2 and likely  # as in scikit-learn: two rows would halve the penalty
    module = MLP(depth=0, outputs=1 if single else classes, weights="zeros").build(data.fields["x"].shape, _nothing())
    if single:
        module.add_module("against", Against())
    size = data.train.size
    l2 = penalty / size if size else 0.0
    rate = None if config.lr is not None else 1 / (curvature * largest_curvature(data) + l2)

    def training(steps: int) -> Training:
        return replace(config.training(steps, rate), l2=l2)

    return Supervised(module, loss, config, data.sort == "classification", likely, training)


class Against(nn.Module):
    """(B, 1) → (B, 2): the log-odds of the second class, beside a zero for the first."""

    def forward(self, x: Tensor) -> Tensor:
        """Put the zero before it."""
        return functional.pad(x, (1, 0))


def largest_curvature(data: Data) -> float:
    """The largest eigenvalue of XᵀX/n, where X (n, F + 1) are training examples with a one at each end."""
    part = data.train
    x = part.take(np.arange(min(part.size or _SEEN, _SEEN)))["x"]
    flat = np.column_stack([x.reshape(len(x), -1).astype(np.float64), np.ones(len(x))])
    return float(np.linalg.norm(flat, 2) ** 2 / len(flat))


def _least_squares(outputs: Tensor, target: Tensor) -> Tensor:
    if outputs.shape[1] > 1:
        target = functional.one_hot(target, outputs.shape[1]).to(outputs.dtype)
    return losses.squared(outputs, target.reshape(outputs.shape)).sum(1)


def _nothing() -> torch.Generator:
    return torch.Generator()  # the rule "zeros" draws none


def _check_c(c: float) -> None:
    if not 0 < c < np.inf:
        raise UserError(f"c must be positive and finite, not {c:g}")
