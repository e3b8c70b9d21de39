"""The best weights so far, and when to stop looking for better ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from daedalus.core.arrays import Bools, Floats
from daedalus.core.errors import UserError

Arrays = dict[str, np.typing.NDArray[Any]]


@dataclass(frozen=True)
class Patience:
    """Stop after `evaluations` in a row that were no better than the best by more than `least` (Prechelt 1998)."""

    evaluations: int = 10
    least: float = 0.0

    def __post_init__(self) -> None:
        if self.evaluations < 1:
            raise UserError(f"patience: evaluations must be at least 1, not {self.evaluations}")
        if not self.least >= 0:
            raise UserError(f"patience: least must be at least 0, not {self.least:g}")


class Best:
    """Keeps the weights that were evaluated best; higher scores are better, NaN is worse than all.

    Offer a module while it carries the weights that were scored: within `Engine.averaged()` if they are averages. Of a
    population (`slots`) each slot has its own best and runs out of patience by itself; then it is closed, as it would
    be had it been trained alone.
    """

    def __init__(self, patience: Patience | None = None, slots: int | None = None) -> None:
        self.patience, self._population = patience, slots is not None
        self.score_N: Floats = np.full(slots or 1, -np.inf)
        self.step_N = np.full(slots or 1, -1, dtype=np.int64)
        self._waited_N = np.zeros(slots or 1, dtype=np.int64)
        self._weights: Arrays = {}

    @property
    def closed_N(self) -> Bools:
        """Which slots have run out of patience, (N,)."""
        if self.patience is None:
            return np.zeros(len(self._waited_N), dtype=bool)
        return np.asarray(self._waited_N >= self.patience.evaluations)

    @property
    def over(self) -> bool:
        """Whether all have."""
        return bool(self.closed_N.all())

    def offer(self, score: float | Floats, step: int, module: nn.Module) -> Bools:
        """Hear a score, () or (N,), keep the weights of slots that are better than ever, and return which they are."""
        score_N = np.atleast_1d(np.asarray(score, dtype=np.float64))
        if score_N.shape != self.score_N.shape:
            raise UserError(f"{len(self.score_N)} scores are wanted, one a slot, not {len(score_N)}")
        least = self.patience.least if self.patience else 0.0
        first_N = (self.step_N < 0) & ~np.isnan(score_N)
        better_N: Bools = (first_N | (score_N > self.score_N + least)) & ~self.closed_N
        self._waited_N = np.where(better_N, 0, self._waited_N + 1)
        if better_N.any():
            self.score_N = np.where(better_N, score_N, self.score_N)
            self.step_N = np.where(better_N, step, self.step_N)
            self._keep(module, better_N)
        return better_N

    def _keep(self, module: nn.Module, better_N: Bools) -> None:
        for name, tensor in module.state_dict().items():
            array = tensor.detach().cpu().numpy()
            if not self._population or name not in self._weights:
                self._weights[name] = array.copy()
            elif array.ndim and len(array) == len(better_N):
                self._weights[name][better_N] = array[better_N]

    def restore(self, module: nn.Module) -> None:
        """Give the module the best weights of each slot. Raises `UserError` if nothing was offered."""
        if not self._weights:
            raise UserError("no weights were evaluated yet, so none are the best")
        module.load_state_dict({name: torch.from_numpy(array) for name, array in self._weights.items()})

    def arrays(self) -> Arrays:
        """What `take_up` needs to go on."""
        kept = {f"best/{name}": array.copy() for name, array in self._weights.items()}
        return kept | {"score": self.score_N.copy(), "step": self.step_N.copy(), "waited": self._waited_N.copy()}

    def take_up(self, arrays: Mapping[str, np.typing.NDArray[Any]]) -> None:
        """Go on from what `arrays` returned."""
        if any(arrays[key].shape != self.score_N.shape for key in ("score", "step", "waited")):
            raise UserError(f"the saved best weights are of {len(arrays['score'])} slots, not {len(self.score_N)}")
        self.score_N, self.step_N = arrays["score"].copy(), arrays["step"].copy()
        self._waited_N = arrays["waited"].copy()
        found = {path: array for path, array in arrays.items() if path.startswith("best/")}
        self._weights = {path.removeprefix("best/"): array.copy() for path, array in found.items()}
