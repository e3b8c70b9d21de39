"""The compiled loop that runs table learners through a finite world, written once for all of them.

A learner is two functions, `decide` and `learn`, which `bind` puts into a copy of `live`. The interactive agent calls
the same two with the same draws, so both give the same bits. Decision t of a seed reads draws 2t and 2t + 1 of its
stream "policy"; what a learner draws besides comes from its own stream "learning".

Tables (N, S, A) stand flat in compiled code, (N·S, A): seed i's row of state s is i·S + s, and slicing one seed's
table off would cost more than a step. A few seeds are taken in turns, step by step, so that the processor works on one
while another waits for its memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from daedalus.agents.exploring.rules import choose
from daedalus.core.arrays import Floats, Ints, Keys, Row
from daedalus.core.compiled import bind, granted, inlined, likely
from daedalus.core.sampling import Tables, restart_state, step_outcome

#: Seeds taken in turns.
_TURNS = 8

#: Flipping the top bit of a key moves its stream on by 2^63 draws.
FAR = np.uint64(1 << 63)


class Population(NamedTuple):
    """What all N learners have: arrays with leading N. A learner's own arrays stand beside it."""

    t: Ints  # (N,), steps taken
    q: Floats  # (N, S, A), what the greedy policy goes by
    visits: Ints  # (N, S, A), how often each action was taken
    memory: Floats  # (N, S, M), what the exploration strategy remembers
    state: Ints  # (N,), where the environment stands
    action: Ints  # (N,), what is already chosen there, else -1
    began: Ints  # (N,), the number of the running episode's first step
    ret: Floats  # (N,), its undiscounted return so far
    episodes: Ints  # (N,), finished so far
    recent_steps: Ints  # (N,), since the last summary; so are all below
    recent_episodes: Ints  # (N,), finished
    returns: Floats  # (N,), the sum of their returns
    lengths: Ints  # (N,), the sum of their lengths
    before: Floats  # (N,), what the running episode had paid when they began


class Log(NamedTuple):
    """Finished episodes, a row per seed; those beyond its C columns are not kept."""

    entries: Ints  # (N,), how many of its columns are filled
    step: Ints  # (N, C), the number of steps taken at an episode's end
    ret: Floats  # (N, C), its undiscounted return
    length: Ints  # (N, C)


class StreamKeys(NamedTuple):
    """The keys of each seed's streams, (N,) each."""

    world: Keys
    policy: Keys
    learning: Keys


class Move(NamedTuple):
    """One step of seed `i`, as a learner sees it: (s, a, r, s') and how it ended."""

    i: int
    state: int
    action: int
    reward: float
    state_next: int
    row: np.uint64  # of `state` in flat tables; unsigned, because an index that may be negative costs a check
    row_next: np.uint64  # of `state_next`
    terminated: bool  # the world really ended: nothing is bootstrapped
    ended: bool  # that, or a time limit cut the episode: then values are bootstrapped
    t: int  # the number of the step, from 0
    key: np.uint64  # of the stream "policy"
    learning: np.uint64  # of the stream "learning"
    scratch: Floats  # (A,), free to write on


def decide(rule: Any, now: Population, own: Any, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """Choose an action in a row. Each learner puts its own, or `chosen`, in this place."""
    raise NotImplementedError


def learn(rule: Any, now: Population, own: Any, move: Move) -> int:
    """Learn from a step; return the action already chosen for the next decision, or -1. Each learner has its own.

    It counts the visit, and lets the strategy `observe` the sample. An action is chosen ahead only where the episode
    goes on.
    """
    raise NotImplementedError


@inlined
def usual(rule: Any, world: Tables, shown: Ints, now: Population) -> bool:
    """What a copy of `live` takes for granted. Nothing; or what `twice` was given."""
    return True


def live(
    rule: Any,
    world: Tables,
    shown: Ints,  # (S,) the row of each state, or (0,) where each state has its own
    horizon: int,  # 0: no limit
    now: Population,  # flat
    own: Any,  # the learner's own arrays, flat
    keys: StreamKeys,
    steps: int,
    log: Log,
    scratch: Floats,  # (A,)
) -> None:
    """Move every seed on by `steps` steps, in place."""
    granted(usual(rule, world, shown, now))
    seeds, size = now.t.size, world.reward.size
    rows = np.uint64(now.q.shape[0] // seeds)
    actions, outcomes = np.uint64(world.reward.shape[1]), np.uint64(world.reward.shape[2])
    rewards, next_states = world.reward.reshape(size), world.next_state.reshape(size)  # one index for both
    for first in range(0, seeds, _TURNS):
        last, begin = min(first + _TURNS, seeds), now.t[first]
        for t in range(begin, begin + steps):
            late = t + 1 - horizon if horizon > 0 else -1  # an episode that began then has reached the limit
            for seed in range(first, last):
                i = index(seed)
                state, base = now.state[i], np.uint64(i) * rows
                row = base + row_of(shown, state)
                action = now.action[i]
                if action < 0:
                    action = decide(rule, now, own, i, row, keys.policy[i], t)
                action = index(action)
                k = np.uint64(step_outcome(world, state, action, keys.world[i], t))
                at = (np.uint64(state) * actions + np.uint64(action)) * outcomes + k
                reward, state_next = rewards[at], int(next_states[at])
                now.ret[i] += reward
                terminated = world.terminal[np.uint64(state_next)]
                ended = terminated | (now.began[i] <= late)
                row_next = base + row_of(shown, state_next)
                move = Move(  # signed states: what authors subtract would wrap around, and with ints become a float
                    i, int(np.int64(row - base)), action, reward, int(np.int64(row_next - base)), row, row_next,
                    terminated, ended, t, keys.policy[i], keys.learning[i], scratch,
                )  # fmt: skip
                now.action[i] = learn(rule, now, own, move)
                if likely(not ended):
                    now.state[i] = state_next
                else:
                    finish(now, log, i, t + 1)
                    now.state[i] = restart_state(world, keys.world[i], t)
        for i in range(first, last):
            now.t[i] += steps
            now.recent_steps[i] += steps


@dataclass(frozen=True, eq=False)
class Twice:
    """Two copies of `live`: one for where the usual holds, which takes it for granted, and one for anywhere else.

    A step is a hundred instructions. What the first need not ask, and the calls that it will never make, are a fifth
    of the time; each copy is compiled when it is first used.
    """

    usual: Callable[..., bool]
    common: Callable[..., None]
    other: Callable[..., None]

    def __call__(self, rule: Any, world: Tables, shown: Ints, horizon: int, now: Population, *rest: Any) -> None:
        """As `live`."""
        copy = self.common if self.usual(rule, world, shown, now) else self.other
        copy(rule, world, shown, horizon, now, *rest)


def twice(home: str, usual: Callable[..., bool], **parts: Callable[..., Any]) -> Twice:
    """Both copies, bound in the module `home` to these parts; `usual` is inlined."""
    python: Any = usual
    return Twice(python.py_func, bind(live, home, usual=usual, **parts), bind(live, home, **parts))


@inlined
def index(number: int) -> int:
    """The same number, below 2^32 and known not to be negative: each use of an index that may be costs a check."""
    return int(np.uint32(number))


@inlined
def row_of(shown: Ints, state: Row) -> np.uint64:
    """The number of the row where a state is seen."""
    return np.uint64(state) if likely(shown.size == 0) else np.uint64(shown[state])


@inlined
def finish(now: Population, log: Log, i: int, step: int) -> None:
    """Count the finished episode of seed i, log it where there is room, and begin the next one's sums."""
    now.episodes[i] += 1
    now.recent_episodes[i] += 1
    now.returns[i] += now.ret[i]
    now.lengths[i] += step - now.began[i]
    entry = log.entries[i]
    if entry < log.step.shape[1]:
        log.step[i, entry], log.ret[i, entry], log.length[i, entry] = step, now.ret[i], step - now.began[i]
        log.entries[i] = entry + 1
    now.began[i], now.ret[i] = step, 0.0


@inlined
def chosen(rule: Any, now: Population, own: Any, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """`decide` of most learners: what the exploration strategy chooses by the values in q."""
    return choose(rule.explore, now.q, now.visits, now.memory, row, key, t)


@inlined
def chosen_ahead(rule: Any, now: Population, move: Move) -> int:
    """The action of the next decision, where a learner needs it before it updates; 0 where the world ended.

    Where a time limit cut the episode the action will not be taken: it is drawn 2^63 draws further on, so that the
    next decision, in the new episode, is independent of it.
    """
    if move.terminated:
        return 0
    stream = move.key ^ FAR if move.ended else move.key
    return choose(rule.explore, now.q, now.visits, now.memory, move.row_next, stream, move.t + 1)
