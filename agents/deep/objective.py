"""What the network of a population is trained for."""

from collections.abc import Callable, Sequence
from typing import final

from torch import Tensor, nn

from daedalus.core.losses import huber, squared
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase

_PHASES = (Phase(),)


def half_square(prediction: Tensor, target: Tensor) -> Tensor:
    """½e², whose slope is Huber's where errors are small."""
    return 0.5 * squared(prediction, target)


#: What one error is charged with, by the words of `DQNConfig.loss`.
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"huber": huber, "squared": half_square}


@final
class ActionValues:
    """The mean loss of Q(s, a) against targets, of N copies: batches hold "seen", "action" and "target", (N, B, …)."""

    def __init__(self, module: nn.Module, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._module, self._loss = module, loss

    @property
    def module(self) -> nn.Module:
        """The online networks."""
        return self._module

    def phases(self, step: int) -> Sequence[Phase]:
        """One."""
        del step
        return _PHASES

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """The loss of each copy, (N,)."""
        del phase, noise  # nothing is drawn
        q_NBA = self._module(batch["seen"])
        q_NB = q_NBA.gather(-1, batch["action"].unsqueeze(-1)).squeeze(-1)
        return self._loss(q_NB, batch["target"]).mean(-1), {}
