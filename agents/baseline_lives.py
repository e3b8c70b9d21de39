"""The two baselines at work on N seeds, compiled: in bandits and in a finite world."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.lab.experiment import Columns, Experiment, Record, Snapshot
from daedalus.core.planning import evaluation_horizon, solve
from daedalus.core.rng import stream_key, stream_keys
from daedalus.core.sampling import LAWS, tables
from daedalus.core.world import Bandit, World

from .baseline_kernels import ANY, PLACE, SUMS, live, pull_arms
from .evaluation import evaluation_seeds, known_values
from .records import curve_record, episodes_record

#: Steps of one call while a rollout is looking for its end.
_CHUNK = 2**16


class BanditLives:
    """N bandits, one per seed, each pulled at random or always at its best arm."""

    measures_start = False
    snapshots = True

    def __init__(self, bandits: Sequence[Bandit], seeds: Sequence[int], optimal: bool) -> None:
        self.seeds = seeds
        self.law = LAWS[bandits[0].law]
        self.means: Floats = np.array([bandit.means for bandit in bandits])  # (N, A)
        self.fixed: Ints = self.means.argmax(axis=1) if optimal else np.full(len(seeds), ANY)  # (N,)
        self.keys = stream_keys(seeds, "world"), stream_keys(seeds, "policy")
        self.step = 0
        self.pulls: Ints = np.zeros(self.means.shape, dtype=np.int64)
        self.rewards: Floats = np.zeros(self.means.shape)  # summed

    def run(self, until: int, began: float) -> Iterator[Record]:
        """Pull on to `until` pulls and yield the row of that point."""
        pulls_before, rewards_before = self.pulls.copy(), self.rewards.sum(axis=1)
        for n in range(len(self.seeds)):
            keys = self.keys[0][n], self.keys[1][n]
            span = self.step, until
            pull_arms(self.law, self.means[n], self.fixed[n], *keys, *span, self.pulls[n], self.rewards[n])
        since, self.step = until - self.step, until
        best = self.means.max(axis=1, keepdims=True)
        total = self.rewards.sum(axis=1)
        yield curve_record(
            self.seeds,
            until,
            value=total / until,
            optimum=best[:, 0],
            random_value=self.means.mean(axis=1),
            regret=(self.pulls * (best - self.means)).sum(axis=1) / until,
            reward=(total - rewards_before) / since,
            optimal_rate=((self.pulls - pulls_before) * (self.means == best)).sum(axis=1) / since,
            seconds=time.perf_counter() - began,
        )

    def arrays(self) -> Columns:
        """All state."""
        return {"pulls": self.pulls.copy(), "rewards": self.rewards.copy()}

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`."""
        self.step = snapshot.step
        self.pulls, self.rewards = np.array(snapshot.arrays["pulls"]), np.array(snapshot.arrays["rewards"])

    def final(self) -> Columns:
        """Pulls, mean rewards (0 where an arm was never pulled) and true means, (N, A) each."""
        return {"pulls": self.pulls, "estimates": self.rewards / np.maximum(self.pulls, 1), "means": self.means}


class FiniteLives:
    """N walks through one finite world. The value is exact and constant; episodes and visits are lived."""

    measures_start = True
    snapshots = True

    def __init__(self, world: World, seeds: Sequence[int], optimal: bool, experiment: Experiment) -> None:
        self.world, self.seeds, self.every_episode = world, seeds, experiment.episodes
        self.tables = tables(world.mdp)
        self.optimum, self.random_value = known_values(world, experiment.horizon)
        self.value = self.optimum if optimal else self.random_value
        states, count = world.mdp.states, len(seeds)
        self.fixed: Ints = np.asarray(solve(world.mdp).policy, dtype=np.int64) if optimal else np.full(states, ANY)
        self.keys = [stream_keys(seeds, role) for role in ("world", "policy", "start")]
        self.exact = not np.isnan(self.value)
        if not self.exact:  # a world so large that its truth would cost minutes
            limit = evaluation_horizon(world, experiment.horizon)
            self.value = float(np.mean([self._rollout(seed, limit) for seed in evaluation_seeds()]))
        self.step = 0
        self.place: Ints = np.zeros((count, PLACE), dtype=np.int64)
        self.running: Floats = np.zeros((count, 1))
        self.visits: Ints = np.zeros((count, states), dtype=np.int64)

    def run(self, until: int, began: float) -> Iterator[Record]:
        """Walk on to `until` steps and yield the row of that point, and its episodes where they are asked for."""
        first, self.step = self.step, until
        sums = np.zeros((len(self.seeds), SUMS))
        episodes = np.empty((until - first if self.every_episode else 0, 4))
        for n, seed in enumerate(self.seeds):
            world_key, policy_key, start_key = (keys_N[n] for keys_N in self.keys)
            live(
                self.tables,
                self.world.horizon or 0,
                self.fixed,
                world_key,
                policy_key,
                start_key,
                first,
                until,
                self.place[n],
                self.running[n],
                self.visits[n],
                sums[n],
                episodes,
            )
            if finished := int(sums[n, 0]) if self.every_episode else 0:
                yield episodes_record(seed, episodes[:finished])
        yield curve_record(
            self.seeds,
            until,
            value=self.value,
            optimum=self.optimum,
            random_value=self.random_value,
            regret=self.optimum - self.value,
            exact=self.exact,
            seconds=time.perf_counter() - began,
            **lived(sums, until - first),
        )

    def _rollout(self, seed: int, limit: int) -> float:
        """The return of one episode of at most `limit` steps under an evaluation seed."""
        world_key, policy_key, start_key = (np.uint64(stream_key(seed, role)) for role in ("world", "policy", "start"))
        place, running, episodes = np.zeros(PLACE, dtype=np.int64), np.zeros(1), np.empty((_CHUNK, 4))
        unused, first = (np.zeros(self.fixed.size, dtype=np.int64), np.zeros(SUMS)), 0
        while first < limit and place[2] == 0:
            last = min(first + _CHUNK, limit)
            keys = world_key, policy_key, start_key
            live(self.tables, limit, self.fixed, *keys, first, last, place, running, *unused, episodes)
            first = last
        return float(episodes[0, 2] if place[2] else running[0])

    def arrays(self) -> Columns:
        """All state."""
        return {"place": self.place.copy(), "running": self.running.copy(), "visits": self.visits.copy()}

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`."""
        self.step, held = snapshot.step, snapshot.arrays
        self.place, self.running = np.array(held["place"]), np.array(held["running"])
        self.visits = np.array(held["visits"])

    def final(self) -> Columns:
        """The policy (N, S), -1 where it is random, and the visits (N, S)."""
        met = self.world.states  # not the absorbing state that an import added
        return {"policy": np.tile(self.fixed[:met], (len(self.seeds), 1)), "visits": self.visits[:, :met]}


def lived(sums: Floats, steps: int) -> dict[str, Any]:
    """The columns of what was lived since the last row, from sums (N, 4); NaN where nothing was."""
    episodes = sums[:, 0]
    with np.errstate(invalid="ignore"):
        return {
            "episodes": episodes.astype(np.int64),
            "return": sums[:, 1] / episodes,
            "length": sums[:, 2] / episodes,
            "reward": sums[:, 3] / steps,
        }
