"""A package of somebody else's: one agent and its trial, announced by an entry point, for the tests of the lab.

The agent draws numbers in a bandit and can be told to be slow, to fail or to die. Importing the package makes every
snapshot be saved, so that tests need not wait for the seconds between snapshots.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.catalogue import Entry
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.lab.store import writer
from daedalus.core.spec import fill

writer.SNAPSHOT_SECONDS = 0.0

CATALOGUE = (
    Entry("agent", "drawer", "third_party:Drawer", "draws numbers", ("bandit",), "draw", 2),
    Entry("trial", "draw", "third_party:draw", "draws numbers"),
)


@dataclass(frozen=True)
class DrawerConfig:
    """What goes wrong, and how slowly."""

    delay: float = 0.0
    mean: float = 0.0
    fails: str = "never"  # never, mendable, fault, death
    snapshots: bool = True
    loud: bool = False

    def __post_init__(self) -> None:
        if self.delay < 0:
            raise UserError(f"drawer: delay must be at least 0, not {self.delay}")


class Drawer:
    config_class = DrawerConfig


def draw(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Snapshot | Final]:
    """A walk for every seed; the same whichever seeds run beside it and however often it is interrupted."""
    config = fill(DrawerConfig, experiment.agent.mapping, "drawer")
    began = time.perf_counter()
    total_N = np.zeros(len(seeds)) if resume is None else resume.arrays["total"].copy()
    if config.loud:
        print("a library that prints to stdout", flush=True)  # noqa: T201
    for step in evaluation_steps(experiment.steps)[1:]:
        if resume is not None and step <= resume.step:
            continue
        time.sleep(config.delay)
        if step == experiment.steps:
            fail(config.fails)
        for index, seed in enumerate(seeds):
            total_N[index] += np.random.Generator(np.random.Philox(key=[seed, step])).normal(config.mean)
        full = np.full(len(seeds), 1.0)
        yield Record(
            "curve",
            {
                "seed": np.array(seeds),
                "step": np.full(len(seeds), step),
                "value": total_N.copy(),
                "optimum": 100 * full,
                "random_value": 0 * full,
                "regret": 100 - total_N,
                "exact": full > 0,
                "reward": total_N.copy(),
                "optimal_rate": 0.5 * full,
                "seconds": full * (time.perf_counter() - began),
            },
        )
        if experiment.episodes:
            ends = {"episode": np.full(len(seeds), step), "step": np.full(len(seeds), step)}
            lengths = {"return": total_N.copy(), "length": np.full(len(seeds), 3)}
            yield Record("episodes", {"seed": np.array(seeds), **ends, **lengths})
        if config.snapshots:
            yield Snapshot(step, {"total": total_N})
    yield Final({"total": total_N})


def fail(how: str) -> None:
    match how:
        case "mendable":
            raise UserError("the drawer is out of paper; put some in")
        case "fault":
            raise ZeroDivisionError("the drawer divided by zero")
        case "death":
            os.kill(os.getpid(), signal.SIGKILL)
