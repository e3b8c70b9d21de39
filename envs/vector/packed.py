"""A finite world laid out for batches: everything that a step needs to know in one 64-bit word for each outcome."""

from typing import NamedTuple, TypeVar

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.sampling import tables
from daedalus.core.world import Schedule, World

T = TypeVar("T", Floats, Ints)

#: Bits 0…30 of a word are the state that is shown next; bit 31 is set where the episode ends; the bits above
#: number the reward.
STATE_BITS = 31


class Packed(NamedTuple):
    """The rows (world, state, action) of a problem's worlds in that order, R = W · S · A, and one more that rests.

    A world that does not change is W = P = 1; phases that are the same world share their rows.
    """

    words: Ints  # (R + 1, K); the last row's outcomes pay 0 and end nothing: what happens where an episode begins
    cumulative: Floats  # (R + 1, K), over the outcomes
    rewards: Floats  # the rewards that the words number
    since: Ints  # (P,), the step since seeding from which a phase holds
    which: Ints  # (P,), the number of each phase's world
    starts: Ints  # (W, M), the states where an episode may start
    start_cumulative: Floats  # (W, M)


def phases_of(problem: World | Schedule) -> tuple[World, ...]:
    """The phases of a world that changes; a world that does not is one."""
    return (problem,) if isinstance(problem, World) else problem.phases


def worlds_of(problem: World | Schedule) -> tuple[World, ...]:
    """The worlds among the phases of a world that changes, each once; a world that does not is the only one."""
    return (problem,) if isinstance(problem, World) else problem.worlds


def pack(problem: World | Schedule) -> Packed:
    """Lay a world out. Where worlds differ in outcomes or starts, the smaller are filled up with impossible ones."""
    worlds = worlds_of(problem)
    laid = [tables(world.mdp) for world in worlds]
    outcomes = max(table.next_state.shape[2] for table in laid)
    starts = max(table.starts.size for table in laid)
    rewards = np.unique(np.concatenate([_bits(table.reward) for table in laid] + [_bits(np.zeros(1))]))
    words, cumulative = [], []
    for world, table in zip(worlds, laid, strict=True):
        number = np.searchsorted(rewards, _bits(table.reward)).reshape(table.reward.shape)
        ends = table.terminal[table.next_state].astype(np.int64)
        # An absorbing state that an import added is never shown: the state before it stands for it.
        own = np.arange(world.mdp.states).reshape(-1, 1, 1)
        shown = np.where(table.next_state < world.states, table.next_state, own).astype(np.int64)
        words.append(_filled(shown | ends << STATE_BITS | number << (STATE_BITS + 1), outcomes))
        cumulative.append(_filled(table.cumulative, outcomes))
    rest = np.searchsorted(rewards, _bits(np.zeros(1))) << (STATE_BITS + 1)
    words.append(np.full((1, outcomes), rest, dtype=np.int64))
    cumulative.append(np.ones((1, outcomes)))
    since, which = (
        np.zeros((2, 1), dtype=np.int64) if isinstance(problem, World) else (problem.since.copy(), problem.which)
    )
    return Packed(
        np.concatenate(words),
        np.concatenate(cumulative),
        rewards.view(np.float64),
        since,
        which,
        np.stack([_padded(table.starts.astype(np.int64), starts) for table in laid]),
        np.stack([_padded(table.start_cumulative, starts) for table in laid]),
    )


def _bits(rewards: Floats) -> Ints:
    """The numbers' bits, so that -0.0 stays what it is."""
    return np.ascontiguousarray(rewards).reshape(-1).view(np.int64)


def _filled(table_SAK: T, outcomes: int) -> T:
    """The rows (S · A, K) with the last outcome repeated: behind a cumulative 1, no draw finds it."""
    rows = table_SAK.reshape(-1, table_SAK.shape[2])
    return np.pad(rows, ((0, 0), (0, outcomes - rows.shape[1])), mode="edge")


def _padded(table_M: T, size: int) -> T:
    return np.pad(table_M, (0, size - table_M.size), mode="edge")
