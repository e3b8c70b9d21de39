"""N table learners in one finite world, run as one: the population is the unit, one learner is N = 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.lab.experiment import Columns
from daedalus.core.rng import stream_keys
from daedalus.core.sampling import start_state, tables
from daedalus.core.world import World

from .checked import take_up
from .table_config import TableConfig, learner
from .table_rules import Log, Population, run


@dataclass(frozen=True, eq=False)
class Summary:
    """What happened since the last summary, (N,) each; a mean over nothing is NaN."""

    episodes: Ints
    mean_return: Floats
    mean_length: Floats
    mean_reward: Floats  # per step

    def columns(self) -> dict[str, Floats | Ints]:
        """The same by the names of the "curve" table."""
        return {
            "episodes": self.episodes,
            "return": self.mean_return,
            "length": self.mean_length,
            "reward": self.mean_reward,
        }


class TablePopulation:
    """Learners of one rule and one config, one per seed. Seed i learns the same whoever learns beside it."""

    def __init__(self, world: World, rule: int, config: TableConfig, seeds: Sequence[int]) -> None:
        self.learner = learner(rule, config)
        self._tables = tables(world.mdp)
        self._horizon = world.horizon or 0
        self._world_keys = stream_keys(seeds, "world")
        self._policy_keys = stream_keys(seeds, "policy")
        starts = [start_state(self._tables, key, np.uint64(0)) for key in stream_keys(seeds, "start")]
        shape = (len(seeds), world.mdp.states, world.mdp.actions)
        self.now = fresh_population(shape, config.initial, starts)

    @property
    def step(self) -> int:
        """How many steps every seed has taken."""
        return int(self.now.t[0])

    def run(self, until: int) -> None:
        """Move every seed on to step `until`."""
        self._advance(until, 0)

    def run_logged(self, until: int) -> Columns:
        """`run`, and return what finished: seed (its index here), episode, step, return, length."""
        first_N = self.now.episodes.copy()
        log = self._advance(until, until - self.step)
        return logged(log, first_N)

    def _advance(self, until: int, capacity: int) -> Log:
        log = empty_log(self._world_keys.size, capacity)
        run(
            self.learner,
            self._tables,
            self._horizon,
            self.now,
            self._world_keys,
            self._policy_keys,
            until - self.step,
            log,
            np.empty(self.now.q.shape[2]),
        )
        return log

    def summary(self) -> Summary:
        """Sum up what happened since the last call."""
        return summarise(self.now)

    def greedy(self) -> Ints:
        """The greedy policies, (N, S); the lowest action among ties."""
        policies: Ints = self.now.q.argmax(axis=2)
        return policies

    def arrays(self) -> Columns:
        """All state, for a snapshot."""
        return {name: array.copy() for name, array in self.now._asdict().items()}

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` returned. Raises `UserError` where these are no such state."""
        take_up(arrays, self.now)


def empty_log(seeds: int, capacity: int) -> Log:
    """Room for so many episodes of each seed."""
    shape = (seeds, capacity)
    return Log(np.zeros(seeds, np.int64), np.empty(shape, np.int64), np.empty(shape), np.empty(shape, np.int64))


def logged(log: Log, first_N: Ints) -> Columns:
    """The log's episodes as columns: seed (its index), episode, step, return, length. first_N numbers the first."""
    kept_NC = np.arange(log.step.shape[1]) < log.entries[:, None]
    index, entry = np.nonzero(kept_NC)
    return {
        "seed": index,
        "episode": first_N[index] + entry,
        "step": log.step[kept_NC],
        "return": log.ret[kept_NC],
        "length": log.length[kept_NC],
    }


def summarise(now: Population) -> Summary:
    """Sum up what happened since the last summary, and begin a new one."""
    with np.errstate(invalid="ignore"):
        result = Summary(
            now.recent_episodes.copy(),
            now.returns / now.recent_episodes,
            now.lengths / now.recent_episodes,
            now.rewards / now.recent_steps,
        )
    for sums in (now.recent_steps, now.recent_episodes, now.returns, now.lengths, now.rewards):
        sums[:] = 0
    return result


def fresh_population(shape: tuple[int, int, int], initial: float, starts: Sequence[int] | int) -> Population:
    """N learners that have seen nothing, standing in the given states; shape is (N, S, A)."""
    seeds = shape[0]
    return Population(
        t=np.zeros(seeds, np.int64),
        q=np.full(shape, initial),
        visits=np.zeros(shape, np.int64),
        state=np.array(np.broadcast_to(np.asarray(starts, np.int64), (seeds,))),
        action=np.full(seeds, -1, np.int64),
        length=np.zeros(seeds, np.int64),
        ret=np.zeros(seeds),
        episodes=np.zeros(seeds, np.int64),
        recent_steps=np.zeros(seeds, np.int64),
        recent_episodes=np.zeros(seeds, np.int64),
        returns=np.zeros(seeds),
        lengths=np.zeros(seeds, np.int64),
        rewards=np.zeros(seeds),
    )
