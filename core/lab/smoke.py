"""A small step of training, to see whether a device works."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daedalus.core.device import numerics, threads, torch_generator
from daedalus.core.engine import Engine, Training
from daedalus.core.losses import squared
from daedalus.core.nn.mlp import MLP
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.optimisers import Adam

_STEPS = 20


@dataclass(frozen=True)
class Smoke:
    """A network trained for a few steps: the loss before and after, and the fastest step's time; or why it failed."""

    before: float | None = None
    after: float | None = None
    milliseconds: float | None = None
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it learnt something."""
        return self.before is not None and self.after is not None and self.after < self.before


class _Wave:
    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def phases(self, step: int) -> tuple[Phase, ...]:
        return (Phase(),)

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        return squared(self.module(batch["x"]), batch["y"]).mean(), {}


def smoke(name: str) -> Smoke:
    """Train a small network on a device, on 64 points of a sine wave."""
    try:
        with threads(1):  # as workers have it: threads that wait for one another cost more than such a step
            return _trained(name)
    except Exception as error:  # whatever may be wrong with a driver
        return Smoke(error=" ".join(str(error).split()) or type(error).__name__)


def _trained(name: str) -> Smoke:
    chosen = numerics(name)
    module = MLP(width=32, depth=2, activation="tanh", outputs=1).build((1,), torch_generator(0, "init"))
    engine = Engine(_Wave(module), Training(Adam(lr=0.01)), chosen, torch_generator(0, "doctor", chosen.device))
    x = torch.linspace(-3, 3, 64)[:, None]
    batch = {"x": x, "y": x.sin()}
    losses, seconds = [], []
    for _ in range(_STEPS):
        start = time.perf_counter()
        losses.append(engine.step(batch)["loss"].item())
        seconds.append(time.perf_counter() - start)
    return Smoke(losses[0], losses[-1], 1000 * min(seconds))
