"""What a network is trained for. The engine minimises it; whoever owns the data calls the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from .noise import Noise

#: Named tensors of one batch, leading axis B; of a population (N, B).
Batch = Mapping[str, Tensor]

#: Named numbers without gradient, () or, of a population, (N,).
Metrics = Mapping[str, Tensor]


@dataclass(frozen=True)
class Phase:
    """One of the turns in which an objective is minimised: VAE and DQN have one, a GAN has two.

    `part` is the attribute path of the sub-module that it trains, "" for all of it. Of the engine's optimisers, it
    takes the one of its name.
    """

    name: str = "train"
    part: str = ""


class Objective(Protocol):
    """A network and the loss it is trained with."""

    @property
    def module(self) -> nn.Module:
        """Everything that is trained and saved."""
        ...

    def phases(self, step: int) -> Sequence[Phase]:
        """The turns of one step, in order; each sees the same batch."""
        ...

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """What the phase minimises and what is told of it. Whatever it draws, it draws from `noise`.

        The loss is a scalar, or (N,) for a population of N independent copies, each with a loss of its own; shapes
        drawn from `noise` then begin with N, and each copy draws what it would draw alone.
        """
        ...
