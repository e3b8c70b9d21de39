"""The exponential moving average of weights (Polyak & Juditsky 1992; Tarvainen & Valpola 2017)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from daedalus.core.errors import UserError


@dataclass(frozen=True)
class EMA:
    """After each update, average ← decay·average + (1 − decay)·weights.

    With `warm_up` the decay of update t = 1, 2, … is at most (1 + t)/(10 + t), so that the first weights, which are
    random, are soon forgotten.
    """

    decay: float = 0.999
    warm_up: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise UserError(f"ema: decay must lie in [0, 1), not {self.decay:g}")

    def share(self, update: int) -> float:
        """1 − decay of the update number `update`, from 1."""
        decay = min(self.decay, (1 + update) / (10 + update)) if self.warm_up else self.decay
        return 1 - decay


class Average:
    """The average of some weights, as it moves. It begins as the weights themselves.

    Buffers are not averaged: inside `Engine.averaged` the statistics of batch normalisation are those of training.
    """

    def __init__(self, spec: EMA, weights: list[Tensor]) -> None:
        self.spec, self.updates = spec, 0
        self.tensors = [weight.detach().clone() for weight in weights]

    def update(self, weights: list[Tensor]) -> None:
        """Move towards the weights."""
        self.updates += 1
        torch._foreach_lerp_(self.tensors, weights, self.spec.share(self.updates))
