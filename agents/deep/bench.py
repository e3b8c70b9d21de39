"""What `daedalus bench deep` measures: deep Q-networks on CartPole beside others, and what bounds each rate.

A bound is what the same work would take if nothing but its matrix products and the environment's own steps were done:
how far ours is from it is what a loop in Python and torch's bookkeeping cost.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from daedalus.core.catalogue import find
from daedalus.core.device import numerics, threads, torch_generator
from daedalus.core.engine import Engine, Training
from daedalus.core.lab.bench import Row, rate
from daedalus.core.nn.mlp import MLP
from daedalus.core.optim.optimisers import Adam
from daedalus.core.spec import parse_spec
from daedalus.core.world import OpenWorld

from .bench_peers import Work, bare_update, one_batch, plain_loop, products, stable_baselines3, steps_alone
from .config import DQNConfig
from .objective import LOSSES, ActionValues
from .open import OpenLiving
from .population import DQNPopulation
from .quick import QuickTrainer, Rows

_CARTPOLE = "CartPole-v1"


@dataclass(frozen=True)
class Recipe:
    """Settings, and how many steps are taken at a time."""

    config: DQNConfig
    burst: int
    seeds: int = 1


#: rl-zoo3's recipe, beyond the time in which ε falls.
_RL_ZOO3 = DQNConfig(
    learning_rate=2.3e-3, batch_size=64, buffer_size=100_000, learning_starts=1000, target_update_interval=10,
    train_freq=256, gradient_steps=128, exploration_fraction=0.0, exploration_final_eps=0.04, width=256, depth=2,
)  # fmt: skip
#: CleanRL's, likewise.
_CLEANRL = DQNConfig(
    learning_rate=2.5e-4, batch_size=128, buffer_size=10_000, learning_starts=10_000, target_update_interval=500,
    train_freq=10, gradient_steps=1, exploration_fraction=0.0, exploration_final_eps=0.05, max_grad_norm=None,
    width=(120, 84), loss="squared",
)  # fmt: skip


def bench_deep(quick: bool) -> Iterator[Row]:
    """Rows for rl-zoo3's recipe, for CleanRL's with 1 and 16 seeds on one and two processes, and for one update."""

    def measured(work: Work) -> float:
        return rate(*work, quick)

    with threads(1):
        env = measured(steps_alone(_CARTPOLE))
        yield from _rl_zoo3(measured, env, quick)
        yield from _cleanrl(measured, env, quick)
        yield from _update(measured)


def _rl_zoo3(measured: Callable[[Work], float], env: float, quick: bool) -> Iterator[Row]:
    name, config = "rl-zoo3's recipe", _RL_ZOO3
    ours = measured(population(Recipe(config, 256 if quick else 1024)))
    theirs = measured(stable_baselines3(_CARTPOLE, config, 256 if quick else 1024))
    per_step = config.gradient_steps / config.train_freq  # updates
    yield Row(f"{name}: steps", ours, "Stable-Baselines3's DQN", theirs)
    yield Row(f"{name}: updates, steps between them", ours * per_step, "Stable-Baselines3's DQN", theirs * per_step)
    bound = 1 / (1 / env + per_step / measured(products((4, *config.widths, 2), config.batch_size)))
    yield Row(f"{name}: steps", ours, "the bound: env.step and matrix products", bound)


def _cleanrl(measured: Callable[[Work], float], env: float, quick: bool) -> Iterator[Row]:
    config = replace(_CLEANRL, buffer_size=1000, learning_starts=200) if quick else _CLEANRL
    burst = 100 if quick else 500
    matrix = measured(products((4, *config.widths, 2), config.batch_size))
    bound = 1 / (1 / env + 1 / (config.train_freq * matrix))
    loop = measured(plain_loop(_CARTPOLE, config, burst))
    for seeds in (1, 16):
        name = f"CleanRL's recipe, {seeds} seed{'s' * (seeds > 1)}"
        ours = measured(population(Recipe(config, burst, seeds)))
        yield Row(f"{name}: steps", ours, "a plain torch loop", loop)
        yield Row(f"{name}: steps", ours, "the bound: env.step and matrix products", bound)
    with ExitStack() as stack:
        loops = stack.enter_context(TwoProcesses(plain_loop, _CARTPOLE, config, burst))
        both = measured(loops.work)
    for seeds in (1, 16):
        with TwoProcesses(population, Recipe(config, burst, seeds)) as pair:
            ours = measured(pair.work)
        name = f"CleanRL's recipe, {seeds} seed{'s' * (seeds > 1)} in each of two processes"
        yield Row(f"{name}: steps", ours, "a plain torch loop in each", both)


def _update(measured: Callable[[Work], float]) -> Iterator[Row]:
    """One update of a 4-120-84-2 network on a batch of 128."""
    sizes, batch = (4, *_CLEANRL.widths, 2), one_batch(128)
    written_out = measured(_quick_update(batch))
    ours, bare = measured(_engine_update(batch)), measured(bare_update(_CLEANRL.widths, batch))
    yield Row("one update by the engine, 4-120-84-2, batch of 128", ours, "bare torch: autograd, fused Adam", bare)
    yield Row("one update, 4-120-84-2, batch of 128", written_out, "bare torch: autograd, fused Adam", bare)
    yield Row(
        "one update, 4-120-84-2, batch of 128",
        written_out,
        "the bound: its matrix products",
        measured(products(sizes, 128)),
    )


def population(recipe: Recipe) -> Work:
    """DQN in CartPole, past its random beginning: it lives on for a burst at each call; steps of all seeds count."""
    problem = find("service", "load_problem").load()(parse_spec(_CARTPOLE), 0)
    assert isinstance(problem, OpenWorld)
    cpu, seeds, config = numerics("cpu", "float32"), range(recipe.seeds), recipe.config
    living = OpenLiving([problem.make() for _ in seeds], seeds, lambda seen: cpu.device, problem.name)
    learners = DQNPopulation(living, config, seeds, 1, cpu, config.buffer_size)
    learners.run(config.learning_starts + config.train_freq)
    return lambda: learners.run(learners.t + recipe.burst), recipe.burst * recipe.seeds


def _engine_update(batch: dict[str, Any]) -> Work:
    network = MLP(_CLEANRL.widths, outputs=2).build_population((4,), [torch_generator(0, "init")])
    engine = Engine(
        ActionValues(network, LOSSES["huber"]), Training(optimiser=Adam(lr=2.5e-4)), numerics("cpu", "float32"),
        [torch_generator(0, "learning")],
    )  # fmt: skip
    stacked = {name: tensor.unsqueeze(0) for name, tensor in batch.items()}
    return lambda: engine.step(stacked), 1


def _quick_update(batch: dict[str, Any]) -> Work:
    """As DQN makes it: the gradient written out."""
    plan = MLP(_CLEANRL.widths, outputs=2)
    trainer = QuickTrainer(Rows(plan.build_population((4,), [torch_generator(0, "init")])), 2.5e-4, None, True)
    stacked = {name: tensor.unsqueeze(0) for name, tensor in batch.items()}
    return lambda: trainer.step(stacked), 1


class TwoProcesses:
    """The same work in each of two fresh processes at once, each of one thread. Use it as a context manager."""

    def __init__(self, make: Callable[..., Work], *given: Any) -> None:
        self._halves = [ProcessPoolExecutor(1, get_context("spawn"), _begin, (make, *given)) for _ in range(2)]

    def __enter__(self) -> "TwoProcesses":
        return self

    def __exit__(self, *_: object) -> None:
        for half in self._halves:
            half.shutdown()

    @property
    def work(self) -> Work:
        """Both do it once; units of both count."""
        units = sum(half.submit(_units).result() for half in self._halves)

        def together() -> None:
            for done in [half.submit(_do) for half in self._halves]:
                done.result()

        return together, units


_mine: list[Work] = []  # of this process, where it is one of two


def _begin(make: Callable[..., Work], *given: Any) -> None:
    import torch

    torch.set_num_threads(1)
    _mine.append(make(*given))


def _units() -> int:
    return _mine[0][1]


def _do() -> None:
    _mine[0][0]()
