"""What the models of this floor share: one phase, trained as the config says, and how log-probabilities are told."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.data import LOG_LIKELIHOOD, PER_TOKEN, Data
from daedalus.core.errors import UserError
from daedalus.core.fitting import FitConfig
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.turn import Training


@dataclass(frozen=True)
class ModelConfig(FitConfig):
    """How a model of this floor is fitted. A likelihood costs as much as a step: on the way fewer are asked for."""

    watched: int = 256


class OnePhase(ABC):
    """A model that is its own objective, with one loss for all its weights. It is what is `Fitted` at once."""

    def __init__(self, data: Data, config: FitConfig, module: nn.Module) -> None:
        self.data, self.config, self.module = data, config, module

    @property
    def objective(self) -> "OnePhase":
        """Itself."""
        return self

    def phases(self, step: int) -> Sequence[Phase]:
        """One."""
        return (Phase(),)

    def training(self, steps: int) -> Training:
        """As the config says."""
        return self.config.training(steps)

    @abstractmethod
    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """The mean over the batch of what is minimised, in nats per example where it is a likelihood."""

    @abstractmethod
    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The score of each example, (B,), by the names of measures."""


def likelihood_scores(data: Data, batch: Batch, log_p_B: Tensor) -> Metrics:
    """What a log-probability in nats per example says by the names of measures: of sequences per token too."""
    found = {LOG_LIKELIHOOD.name: log_p_B}
    if "tokens" in batch:
        found[PER_TOKEN.name] = log_p_B / batch["tokens"]
    return found


def log_shares(data: Data, classes: int) -> Tensor:
    """ln p(y) of the training part's classes, (C,), by many of its examples; half a one is added to each count.

    With it a model of p(x | y) is held against others: ln p(x) ≥ ln p(x, y) = ln p(x | y) + ln p(y), since a sum of
    probabilities over y is no less than one of them.
    """
    size = min(data.train.size or _COUNTED, _COUNTED)
    counts = np.bincount(data.train.take(np.arange(size))["y"].astype(np.int64), minlength=classes) + 0.5
    return torch.from_numpy(np.log(counts / counts.sum())).float()


_COUNTED = 100_000


def classes_of_samples(y: Tensor | None, n: int, log_share_C: Tensor, generator: torch.Generator) -> Tensor:
    """The classes (n,) that samples are to be of: those asked for, or drawn as often as the training part has them.

    Raises `UserError` for unknown ones, and where they are not n.
    """
    if y is None:
        share_C = log_share_C.exp().to(generator.device)
        return torch.multinomial(share_C, n, replacement=True, generator=generator)
    classes = len(log_share_C)
    if y.shape != (n,) or (n and not 0 <= int(y.min()) <= int(y.max()) < classes):
        raise UserError(f"classes of {n} samples are as many whole numbers below {classes}")
    return y.to(generator.device)


def bits_per_dimension(log_p: float, data: Data) -> float:
    """−ln p / (D ln 2) of an example of D numbers (Theis, van den Oord & Bethge 2016, section 3.1)."""
    return -log_p / (math.prod(data.fields["x"].shape) * math.log(2))
