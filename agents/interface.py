"""The interactive side of every learner: an agent acts, observes one step, and learns from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Step:
    """One step of an environment. `terminated` means the world really ended, `truncated` that a limit cut it."""

    obs: Any
    action: int
    reward: float
    next_obs: Any
    terminated: bool
    truncated: bool

    @property
    def ended(self) -> bool:
        """Whether an episode ended with it."""
        return self.terminated or self.truncated


class Agent(Protocol):
    """A learner for any Gymnasium environment; a thin view of one slot of a population."""

    @property
    def step(self) -> int:
        """Steps learnt from so far."""
        ...

    def begin(self, obs: Any) -> None:
        """Begin an episode at `obs`."""
        ...

    def act(self, obs: Any) -> int:
        """The action to take, exploring."""
        ...

    def greedy(self, obs: Any) -> int:
        """The best action by what is known: the lowest among ties; no randomness, no side effect."""
        ...

    def update(self, step: Step) -> Metrics:
        """Learn from one step."""
        ...
