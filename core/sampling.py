"""Stepping a finite world: the compiled draws that environments and learners share (`pulls` has those of bandits).

The world's stream has one numbering for both. Step number t (counted since seeding, across episodes) draws its
outcome from number 2t; the start state after an episode that ended with step t comes from number 2t + 1; the very
first start comes from number 0 of the stream "start". Pull t of a bandit uses number 2t.
"""

from typing import NamedTuple

import numpy as np

from .arrays import Bools, Floats, States
from .compiled import inlined, likely
from .draws import uniform
from .mdp import FiniteMDP


class Tables(NamedTuple):
    """An MDP laid out for sampling. Cumulative rows end in exactly 1, so a draw in [0, 1) always falls inside."""

    next_state: States  # (S, A, K)
    cumulative: Floats  # (S, A, K), over the outcomes
    reward: Floats  # (S, A, K)
    terminal: Bools  # (S,)
    starts: States  # (M,), the states where an episode may start
    start_cumulative: Floats  # (M,)


def tables(mdp: FiniteMDP) -> Tables:
    """The sampling tables of `mdp`."""
    starts = np.flatnonzero(mdp.start)
    return Tables(
        mdp.next_state,
        _cumulative(mdp.probability),
        mdp.reward,
        mdp.terminal,
        starts.astype(np.int32),
        _cumulative(mdp.start[starts]),
    )


def _cumulative(probability: Floats) -> Floats:
    """Cumulative sums over the last axis, exactly 1 from the last possible outcome on."""
    sums = np.cumsum(probability, axis=-1)
    possible = (probability > 0).astype(np.int64)
    at_or_after = np.cumsum(possible[..., ::-1], axis=-1)[..., ::-1]
    return np.where(at_or_after - possible > 0, sums, 1.0)


@inlined
def outcome(cumulative: Floats, u: float) -> int:
    """The first index k with u < cumulative[k], for u in [0, 1); cumulative (K,) ends in 1."""
    k = 0
    while k < cumulative.size - 1 and u >= cumulative[k]:
        k += 1
    return k


@inlined
def step_outcome(world: Tables, state: int, action: int, key: np.uint64, t: int) -> int:
    """The outcome k of step number t from the world's stream `key`."""
    if likely(world.next_state.shape[2] == 1):
        return 0  # nothing to draw; the numbering stays
    return outcome(world.cumulative[state, action], uniform(key, np.uint64(2) * np.uint64(t)))


@inlined
def start_state(world: Tables, key: np.uint64, counter: np.uint64) -> int:
    """A start state from draw `counter` of the stream `key`."""
    low, high = 0, world.starts.size - 1
    if high == 0:
        return int(world.starts[0])
    u = uniform(key, counter)
    while low < high:  # bisection: the first index with u < cumulative
        middle = (low + high) // 2
        if u < world.start_cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return int(world.starts[low])


@inlined
def restart_state(world: Tables, key: np.uint64, t: int) -> int:
    """The start state after an episode that ended with step number t, from the world's stream `key`."""
    return start_state(world, key, np.uint64(2) * np.uint64(t) + np.uint64(1))
