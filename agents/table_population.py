"""N table learners in finite worlds, run as one: the population is the unit, one learner is N = 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.lab.experiment import Columns
from daedalus.core.rng import stream_keys
from daedalus.core.sampling import Tables, restart_state, start_state, tables
from daedalus.core.world import World

from .checked import take_up
from .homes import Home, Homes, shared, stretches
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
    """Learners of one rule and one config, one per seed. Seed i learns the same whoever learns beside it.

    They live in one home, or in one each; where that changes in mid-run, the sampling tables change with it.
    """

    def __init__(
        self,
        home: Home | Homes,
        rule: int,
        config: TableConfig,
        seeds: Sequence[int],
        guide: Callable[[World], Ints] | None = None,
    ) -> None:
        """`guide`, where given, is a policy (S,) for each world: it is written into the table on entering one."""
        self.learner = learner(rule, config)
        self._homes = home if isinstance(home, Homes) else shared(home, seeds)
        self._guide = guide
        self._world_keys = stream_keys(seeds, "world")
        self._policy_keys = stream_keys(seeds, "policy")
        first = self._homes.first
        self.now = fresh_population((len(seeds), first.mdp.states, first.mdp.actions), config.initial, 0)
        self._horizon = first.horizon or 0
        self._entered = [self._enter(place, 0) for place in range(len(self._homes.of))]
        start_keys = stream_keys(seeds, "start")
        for (_, world), slot in zip(self._entered, self._homes.slots, strict=True):
            self.now.state[slot] = [start_state(world, key, np.uint64(0)) for key in start_keys[slot]]

    def _enter(self, place: int, phase: int) -> tuple[int, Tables]:
        """The phase and its sampling tables; only those in force are kept."""
        world = self._homes.of[place].phases[phase]
        if self._guide is not None:
            policy_S = self._guide(world)
            q = self.now.q[self._homes.slots[place]]
            q[...] = 0.0
            q[:, np.arange(policy_S.size), policy_S] = 1.0
        return phase, tables(world.mdp)

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
        log, begin = empty_log(self._world_keys.size, capacity), self.step
        scratch = np.empty(self.now.q.shape[2])
        for place, slot in enumerate(self._homes.slots):
            now, done = Population._make(array[slot] for array in self.now), Log._make(array[slot] for array in log)
            keys = self._world_keys[slot], self._policy_keys[slot]
            for phase, end in stretches(self._homes.of[place], begin, until):
                if phase != self._entered[place][0]:
                    self._entered[place] = self._enter(place, phase)
                    _begin_anew(self._entered[place][1], now, keys[0])
                world, steps = self._entered[place][1], end - int(now.t[0])
                run(self.learner, world, self._horizon, now, *keys, steps, done, scratch)
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


def _begin_anew(world: Tables, now: Population, world_keys: Keys) -> None:
    """An episode that begins with a new phase begins where that phase lets it: with the same draw, in its tables."""
    for i in np.flatnonzero((now.length == 0) & (now.t > 0)):
        now.state[i] = restart_state(world, world_keys[i], now.t[i] - 1)


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
