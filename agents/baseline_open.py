"""Random actions in worlds of others, through Gymnasium's interface."""

import copy
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.rng import stream_key
from daedalus.core.world import OpenWorld

from .evaluation import evaluation_seeds, rollout_value
from .records import curve_record, episodes_record

if TYPE_CHECKING:
    import gymnasium


def open_baseline(experiment: Experiment, world: OpenWorld, seeds: Sequence[int]) -> Iterator[Record | Final]:
    """Random actions in N copies of an open world; an environment of others cannot be saved, so without snapshots."""
    began = time.perf_counter()
    lives = OpenLives(world, seeds, experiment)
    try:
        for step in evaluation_steps(experiment.steps):
            yield from lives.run(step, began)
    finally:
        lives.close()
    yield Final({})


class OpenLives:
    """Random actions in N copies of an open world; their value is sampled once, for it never changes."""

    def __init__(self, world: OpenWorld, seeds: Sequence[int], experiment: Experiment) -> None:
        self.seeds, self.every_episode = seeds, experiment.episodes
        self.step = 0
        self.values = [_random_rollouts(world, seed, experiment.horizon) for seed in seeds]
        self.envs = [world.make() for _ in seeds]
        for env, seed in zip(self.envs, seeds, strict=True):
            env.reset(seed=seed)
        self.spaces = [_space(env, seed, "policy") for env, seed in zip(self.envs, seeds, strict=True)]
        self.running = np.zeros((len(seeds), 3))  # return and length of the episode under way, episodes finished

    def run(self, until: int, began: float) -> Iterator[Record]:
        """Act on to `until` steps and yield the row of that point, and its episodes where they are asked for."""
        first, self.step = self.step, until
        sums = np.zeros((len(self.seeds), 4))  # episodes finished, their returns, their lengths, rewards
        for n, seed in enumerate(self.seeds):
            rows = [row for t in range(first, until) if (row := self._act(n, t, sums[n]))]
            if rows and self.every_episode:
                yield episodes_record(seed, np.array(rows))
        yield curve_record(
            self.seeds, until, value=self.values, seconds=time.perf_counter() - began, **_happened(sums, until - first)
        )

    def _act(self, n: int, t: int, sums: Floats) -> tuple[float, ...] | None:
        """Take step t of seed n; return the episode's row where it ends."""
        env, running = self.envs[n], self.running[n]
        _, reward, terminated, truncated, _ = env.step(self.spaces[n].sample())
        running[:2] += float(reward), 1
        sums[3] += float(reward)
        if not (terminated or truncated):
            return None
        row = (running[2], t + 1, running[0], running[1])
        sums[:3] += 1, running[0], running[1]
        running[:] = 0, 0, running[2] + 1
        env.reset()
        return row

    def close(self) -> None:
        """Close the environments."""
        for env in self.envs:
            env.close()


def _happened(sums: Floats, steps: int) -> dict[str, Any]:
    """The columns of what was lived since the last row, from sums (N, 4); NaN where nothing was."""
    episodes = sums[:, 0]
    with np.errstate(invalid="ignore"):
        return {
            "episodes": episodes.astype(np.int64),
            "return": sums[:, 1] / episodes,
            "length": sums[:, 2] / episodes,
            "reward": sums[:, 3] / steps,
        }


def _random_rollouts(world: OpenWorld, seed: int, horizon: int | None) -> float:
    env = world.make()
    space = _space(env, seed, "evaluation")
    env.close()
    return rollout_value(
        world.make, lambda observations: [space.sample() for _ in observations], evaluation_seeds(), horizon
    )


def _space(env: "gymnasium.Env[Any, Any]", seed: int, role: str) -> "gymnasium.Space[Any]":
    """A copy of the action space that draws from a stream; environments of one class may share theirs."""
    space = copy.deepcopy(env.action_space)
    space.seed(stream_key(seed, role) % 2**31)
    return space
