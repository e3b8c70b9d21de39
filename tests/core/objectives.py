"""Objectives, networks and batches that the engine is tested with."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.device import Numerics, torch_generator
from daedalus.core.engine import Engine, Training
from daedalus.core.nn.dropout import Dropping
from daedalus.core.nn.mlp import MLP
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase

CPU = Numerics(torch.device("cpu"))
PLAIN = Training()


class Regression:
    """Mean squared error of (…, B, F) → (…, B, 1)."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def phases(self, step: int) -> Sequence[Phase]:
        return (Phase(),)

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        errors = losses.squared(self.module(batch["x"]).squeeze(-1), batch["y"])
        return errors.mean(-1), {"worst": errors.detach().amax(-1)}


class Duel:
    """A GAN of one number: two phases, each training its own part through the other's."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def phases(self, step: int) -> Sequence[Phase]:
        critic = Phase("critic", "critic")
        return (critic, critic, Phase("maker", "maker"))

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        maker, critic = self.module.get_submodule("maker"), self.module.get_submodule("critic")
        made: Tensor = maker(noise.normal(len(batch["x"]), 3))
        if phase.name == "critic":
            real = losses.binary_cross_entropy(critic(batch["x"][:, :1]), torch.ones(len(made), 1))
            return (real + losses.binary_cross_entropy(critic(made), torch.zeros(len(made), 1))).mean(), {}
        return losses.binary_cross_entropy(critic(made), torch.ones(len(made), 1)).mean() * batch.get("scale", 1), {}


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with weights drawn under the seed."""
    generator = torch_generator(seed, "init")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))
    return module


def net(seed: int = 0) -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 1)), seed)


def noisy() -> nn.Module:
    """Dropout's generator and batch norm's statistics are states too."""
    return drawn(nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), Dropping(0.3), nn.Linear(7, 1)))


def population(seeds: Sequence[int], *sizes: int) -> nn.Module:
    features, width = sizes or (5, 7)
    generators = [torch_generator(seed, "init") for seed in seeds]
    return MLP(width=width, depth=2, outputs=1).build_population((features,), generators)


def duel() -> nn.Module:
    return drawn(nn.ModuleDict({"maker": nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)),
                                "critic": nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))}))  # fmt: skip


def batches(count: int, *lead: int, features: int = 5) -> list[dict[str, Tensor]]:
    generator = torch_generator(0, "data")
    return [
        {"x": torch.randn(*lead, features, generator=generator), "y": torch.randn(lead, generator=generator)}
        for _ in range(count)
    ]


def engine(
    module: nn.Module, training: Training | Mapping[str, Training] = PLAIN, where: Numerics = CPU, seed: int = 0
) -> Engine:
    objective = Duel(module) if isinstance(module, nn.ModuleDict) else Regression(module)
    return Engine(objective, training, where, torch_generator(seed, "noise", where.device))


def same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    return set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)
