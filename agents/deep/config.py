"""The settings of deep Q-networks; importing this imports no torch."""

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from daedalus.core.errors import UserError

#: What an error of the value is charged with: Huber's loss with δ = 1, or half the square.
Loss = Literal["huber", "squared"]
#: "auto" is convolutions for pictures and grids of planes, else a multilayer perceptron.
NetworkName = Literal["auto", "mlp", "cnn"]
OptimiserName = Literal["adam", "rmsprop", "sgd"]


@dataclass(frozen=True)
class DQNConfig:
    """Settings of `DQN`, named as Stable-Baselines3 names them; the defaults suit worlds of some hundred states.

    With the last two off it is what Mnih et al. (2015) show to fail: learning from what was just lived, towards
    targets that move with every update.
    """

    learning_rate: float = 1e-3
    buffer_size: int = 50_000  # transitions
    learning_starts: int = 500  # steps of random actions before the first update
    batch_size: int = 64
    tau: float = 1.0  # of the target network: 1 copies the weights, less moves them that part of the way
    gamma: float = 0.99
    train_freq: int = 1  # steps between two trainings
    gradient_steps: int = 1  # updates in one training; -1: as many as steps
    target_update_interval: int = 50  # steps between two updates of the target network
    exploration_fraction: float = 0.3  # of all steps, over which ε falls
    exploration_initial_eps: float = 1.0
    exploration_final_eps: float = 0.05
    max_grad_norm: float | None = 10.0  # none: gradients are not clipped
    width: int | tuple[int, ...] = 256  # of the hidden layers; width=(120,84) gives each its own, whatever depth says
    depth: int = 1  # hidden layers; 0: linear in what is seen
    network: NetworkName = "auto"
    loss: Loss = "huber"
    optimiser: OptimiserName = "adam"
    replay: bool = True  # off: each update learns from the newest transitions, in their order
    target_network: bool = True  # off: targets come from the network that is trained

    def __post_init__(self) -> None:
        for name in ("buffer_size", "batch_size", "train_freq", "target_update_interval"):
            _within(self, name, 1, math.inf)
        widths = self.width if isinstance(self.width, tuple) else (self.width,)
        if not widths or not all(1 <= width < math.inf for width in widths):
            raise UserError(f"width must be at least 1, or a width for each layer such as (120,84), not {self.width}")
        for name in ("learning_starts", "depth"):
            _within(self, name, 0, math.inf)
        for name in ("gamma", "exploration_fraction", "exploration_initial_eps", "exploration_final_eps"):
            _within(self, name, 0, 1)
        if self.gradient_steps != -1:
            _within(self, "gradient_steps", 1, math.inf)
        for name in ("learning_rate", "tau", "max_grad_norm"):
            if (value := getattr(self, name)) is not None and not 0 < value < math.inf:
                raise UserError(f"{name} must be a finite number above 0, not {value}")
        _within(self, "tau", 0, 1)
        if self.exploration_final_eps > self.exploration_initial_eps:
            raise UserError(
                f"exploration_final_eps must not exceed exploration_initial_eps: "
                f"{self.exploration_final_eps} > {self.exploration_initial_eps}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the hidden layers."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth

    @property
    def updates(self) -> int:
        """Updates in one training."""
        return self.train_freq if self.gradient_steps == -1 else self.gradient_steps

    def epsilon(self, step: int, span: int) -> float:
        """ε at the decision after `step` steps of `span`: it falls in a straight line, then stays."""
        falls = self.exploration_fraction * span
        if step >= falls:
            return self.exploration_final_eps
        return self.exploration_initial_eps + (self.exploration_final_eps - self.exploration_initial_eps) * step / falls


def settings(config: DQNConfig) -> dict[str, Any]:
    """The parameters by name."""
    return {field.name: getattr(config, field.name) for field in fields(config)}


def _within(config: Any, name: str, low: float, high: float) -> None:
    value = getattr(config, name)
    if not low <= value <= high or value == math.inf:
        reach = f"at least {low}" if high == math.inf else f"in [{low}, {high}]"
        raise UserError(f"{name} must be {reach}, not {value}")
