"""N table learners in finite worlds, run as one: the population is the unit, one learner is N = 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from daedalus.agents.exploring.rules import CLOSED_FORM
from daedalus.agents.homes import Home, Homes, shared, stretches
from daedalus.agents.memory import Memory
from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.rng import stream_keys
from daedalus.core.sampling import Tables, restart_state, start_state, tables
from daedalus.core.world import World

from .loop import Log, Population, StreamKeys
from .method import Method, Shape


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
    """Learners of one method and one config, one per seed. Seed i learns the same whoever learns beside it.

    They live in one home, or in one each; where that changes in mid-run, the sampling tables change with it.
    """

    def __init__(
        self,
        home: Home | Homes,
        method: Method,
        config: Any,
        seeds: Sequence[int],
        guide: Callable[[World], Ints] | None = None,
        all_seeing: bool = False,
    ) -> None:
        """`guide`, where given, is a policy (S,) for each world: it is written into the table on entering one.

        The table has a row for each number that is shown, or, where `all_seeing`, for each state all the same.
        """
        self.method, self.rule, self._config = method, rule_of(method, config), config
        self._homes = home if isinstance(home, Homes) else shared(home, seeds)
        self._guide = guide
        world = stream_keys(seeds, "world")
        self._keys = StreamKeys(world, stream_keys(seeds, "policy"), stream_keys(seeds, "learning"))
        first = self._homes.first
        self._all_seeing = all_seeing
        rows = first.mdp.states if all_seeing else rows_of(first)
        shape = Shape(len(seeds), rows, first.mdp.actions)
        self.memory = fresh_memory(method, shape, config, first.mdp.states)
        self._horizon = first.horizon or 0
        self._entered = [self._enter(place, 0) for place in range(len(self._homes.of))]
        start_keys = stream_keys(seeds, "start")
        for inside, slot in zip(self._entered, self._homes.slots, strict=True):
            self.now.state[slot] = [start_state(inside.world, key, np.uint64(0)) for key in start_keys[slot]]

    def _enter(self, place: int, phase: int) -> "_Inside":
        """The phase with its tables; only those in force are kept."""
        world = self._homes.of[place].phases[phase]
        if self._guide is not None:
            policy_S = self._guide(world)
            q = self.now.q[self._homes.slots[place]]
            q[...] = 0.0
            q[:, np.arange(policy_S.size), policy_S] = 1.0
        told_apart = world.shows is None or self._all_seeing
        shown = np.empty(0, np.int64) if told_apart else np.asarray(world.shows, np.int64)
        own = type(self.own)._make(array[self._homes.slots[place]] for array in self.own)
        return _Inside(phase, tables(world.mdp), shown, self.method.enter(self.rule, own, self._config, world))

    @property
    def now(self) -> Population:
        """What all learners have."""
        now: Population = self.memory.now
        return now

    @property
    def own(self) -> Any:
        """What only learners of this method have."""
        return self.memory.own

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
        log, begin = empty_log(self.now.t.size, capacity), self.step
        scratch = np.empty(self.now.q.shape[2])
        for place, slot in enumerate(self._homes.slots):
            now, done = Population._make(array[slot] for array in self.now), Log._make(array[slot] for array in log)
            own = type(self.own)._make(array[slot] for array in self.own)
            keys = StreamKeys._make(array[slot] for array in self._keys)
            flat_now, flat_own = flat(now, own)
            for phase, end in stretches(self._homes.of[place], begin, until):
                if phase != self._entered[place].phase:
                    self._entered[place] = self._enter(place, phase)
                    _begin_anew(self._entered[place].world, now, keys.world)
                _, world, shown, rule = self._entered[place]
                steps = end - int(now.t[0])
                self.method.run(rule, world, shown, self._horizon, flat_now, flat_own, keys, steps, done, scratch)
        return log

    def forget(self) -> None:
        """Leave the running episodes: drop what was carried along, and begin others now."""
        self.now.began[:] = self.now.t
        _, own = flat(self.now, self.own)
        seeds: Any = np.arange(self.now.t.size, dtype=np.uint32)  # the loop's own type: nothing is compiled again
        for i in seeds:
            self.method.forget(own, i)

    def summary(self) -> Summary:
        """Sum up what happened since the last call."""
        return summarise(self.now)

    def greedy(self) -> Ints:
        """The greedy policies by state, (N, S); the lowest action among ties."""
        return self.by_state(self.now.q.argmax(axis=2))

    def by_state(self, rows: np.typing.NDArray[Any]) -> np.typing.NDArray[Any]:
        """An array (N, rows, …) of what is shown, as one of the states that show it, (N, S, …)."""
        if all(inside.shown.size == 0 for inside in self._entered):
            return rows
        parts = [rows[slot][:, inside.shown] for inside, slot in zip(self._entered, self._homes.slots, strict=True)]
        return np.concatenate(parts)

    def arrays(self) -> Columns:
        """All state, for a snapshot."""
        return self.memory.copy()

    def restore(self, arrays: Columns) -> None:
        """Take up the state that `arrays` returned. Raises `UserError` where these are no such state."""
        self.memory.take_up(arrays)


class _Inside(NamedTuple):
    """The world that a home is in."""

    phase: int
    world: Tables
    shown: Ints  # (S,) the row of each state; (0,) where each has its own
    rule: Any  # to live by there


def rule_of(method: Method, config: Any) -> Any:
    """The numbers that compiled code needs.

    Raises `UserError` where the method needs probabilities that the strategy has not in closed form.
    """
    rule = method.rule(config)
    if method.needs_probabilities and rule.explore.code not in CLOSED_FORM:
        raise UserError(
            f"{method.name} needs the probability of every action, and {config.explore} has no closed form for it;\n"
            "use q_learning or sarsa, or another strategy"
        )
    return rule


def rows_of(world: World) -> int:
    """How many rows a table of what the world shows has."""
    return world.mdp.states if world.shows is None else int(world.shows.max()) + 1


def fresh_memory(method: Method, shape: Shape, config: Any, states: int) -> Memory:
    """The memory of learners that have seen nothing, standing in state 0 of so many."""
    remembered = config.strategy().memory(shape.actions)
    columns = 1 if method.of_states else shape.actions
    now = fresh_population(shape._replace(actions=columns), config.initial, remembered)
    ranges = {"state": (0, states), "action": (-1, shape.actions)}
    own = {f"own.{name}": limits for name, limits in method.ranges(shape, config).items()}
    return Memory(now, method.fresh(shape, config), ranges | own)


def flat(now: Population, own: Any) -> tuple[Population, Any]:
    """The same arrays with tables (N, S, A) as (N·S, A): views that compiled code takes."""
    shape = now.q.shape
    rows = shape[0] * shape[1]
    parted = now._replace(
        q=now.q.reshape(rows, shape[2]),
        visits=now.visits.reshape(rows, shape[2]),
        memory=now.memory.reshape(rows, now.memory.shape[2]),
    )
    return parted, type(own)._make(a.reshape(rows, shape[2]) if a.shape == shape else a for a in own)


def _begin_anew(world: Tables, now: Population, world_keys: Keys) -> None:
    """An episode that begins with a new phase begins where that phase lets it: with the same draw, in its tables."""
    for i in np.flatnonzero((now.began == now.t) & (now.t > 0)):
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
    paid = now.returns + now.ret - now.before
    with np.errstate(invalid="ignore"):
        result = Summary(
            now.recent_episodes.copy(),
            now.returns / now.recent_episodes,
            now.lengths / now.recent_episodes,
            paid / now.recent_steps,
        )
    now.before[:] = now.ret
    for sums in (now.recent_steps, now.recent_episodes, now.returns, now.lengths):
        sums[:] = 0
    return result


def fresh_population(shape: Shape, initial: float, remembered: int) -> Population:
    """N learners that have seen nothing, with strategies that remember so many numbers of a row."""
    seeds = shape.seeds
    return Population(
        t=np.zeros(seeds, np.int64),
        q=np.full(shape, initial),
        visits=np.zeros(shape, np.int64),
        memory=np.zeros((seeds, shape.states, remembered)),
        state=np.zeros(seeds, np.int64),
        action=np.full(seeds, -1, np.int64),
        began=np.zeros(seeds, np.int64),
        ret=np.zeros(seeds),
        episodes=np.zeros(seeds, np.int64),
        recent_steps=np.zeros(seeds, np.int64),
        recent_episodes=np.zeros(seeds, np.int64),
        returns=np.zeros(seeds),
        lengths=np.zeros(seeds, np.int64),
        before=np.zeros(seeds),
    )
