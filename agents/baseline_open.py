"""The two baselines in open worlds, through Gymnasium's interface; the best actions only where they are known."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.rng import stream_key
from daedalus.core.world import OpenWorld

from .evaluation import evaluation_seeds, prospective, rollout_value
from .records import curve_record, episodes_record

if TYPE_CHECKING:
    import gymnasium

#: From what is seen to what is done.
Act = Callable[[Any], Any]


def open_baseline(
    experiment: Experiment, worlds: Sequence[OpenWorld], seeds: Sequence[int], optimal: bool
) -> Iterator[Record | Final]:
    """A life in each of N open worlds, without snapshots: an environment of others cannot be saved."""
    began = time.perf_counter()
    lives = OpenLives(worlds, seeds, experiment, optimal)
    try:
        for step in evaluation_steps(experiment.steps):
            yield from lives.run(step, began)
    finally:
        lives.close()
    yield Final({})


class OpenLives:
    """Random or the best actions in N open worlds; what they are worth is found once, for it never changes."""

    def __init__(
        self, worlds: Sequence[OpenWorld], seeds: Sequence[int], experiment: Experiment, optimal: bool
    ) -> None:
        self.seeds, self.every_episode = seeds, experiment.episodes
        self.step = 0
        self.worth = _worth(worlds, seeds, experiment.horizon, optimal)
        self.envs = [world.make() for world in worlds]
        self.seen = [env.reset(seed=seed)[0] for env, seed in zip(self.envs, seeds, strict=True)]
        self.acts = [
            _best(world) if optimal else _random(env, seed, "policy")
            for world, env, seed in zip(worlds, self.envs, seeds, strict=True)
        ]
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
            self.seeds, until, seconds=time.perf_counter() - began, **self.worth, **_happened(sums, until - first)
        )

    def _act(self, n: int, t: int, sums: Floats) -> tuple[float, ...] | None:
        """Take step t of seed n; return the episode's row where it ends."""
        env, running = self.envs[n], self.running[n]
        self.seen[n], reward, terminated, truncated, _ = env.step(self.acts[n](self.seen[n]))
        running[:2] += float(reward), 1
        sums[3] += float(reward)
        if not (terminated or truncated):
            return None
        row = (running[2], t + 1, running[0], running[1])
        sums[:3] += 1, running[0], running[1]
        running[:] = 0, 0, running[2] + 1
        self.seen[n], _ = env.reset()
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


def _worth(worlds: Sequence[OpenWorld], seeds: Sequence[int], horizon: int | None, optimal: bool) -> dict[str, Any]:
    """The columns of a curve that say what the actions are worth."""
    known = [world.prospects for world in worlds if world.prospects]
    if known:
        return prospective(known, [one.optimum if optimal else one.random_value for one in known])
    return {"value": [_random_rollouts(world, seed, horizon) for world, seed in zip(worlds, seeds, strict=True)]}


def _random_rollouts(world: OpenWorld, seed: int, horizon: int | None) -> float:
    env = world.make()
    act = _random(env, seed, "evaluation")
    env.close()
    return rollout_value(
        world.make, lambda observations: [act(seen) for seen in observations], evaluation_seeds(), horizon
    )


def _best(world: OpenWorld) -> Act:
    """The action of the highest mean. Raises `UserError` where the means are not known."""
    prospects = world.prospects
    if prospects is None:
        raise UserError(f"{world.name}: nobody knows the best actions there; leave the agent optimal out")
    return lambda seen: int(prospects.means(np.array([seen]))[0].argmax())


def _random(env: "gymnasium.Env[Any, Any]", seed: int, role: str) -> Act:
    """Draws from a stream, with a copy of the action space; environments of one class may share theirs."""
    space = copy.deepcopy(env.action_space)
    space.seed(stream_key(seed, role) % 2**31)
    return lambda _: space.sample()
