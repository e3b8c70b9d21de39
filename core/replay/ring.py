"""The rings of a replay, compiled: which transitions there are, where their frames lie, and what n steps of them earn.

Each slot has a ring of frames (room R) and a ring of transitions (capacity C). A step writes one frame, the one that
was reached; the first frame of an episode is written by `begin`. A transition knows where its first frame lies, and
the one it led to always lies right behind. An episode of L steps thus takes L + 1 frames, whatever ended it.

Positions in the rings are kept, not computed by division; a frame's is its row in the frames of all slots, N · R.
The oldest transition goes when its place or its first frame is needed for a new one.
"""

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import bits, uniform

#: The columns of a slot's state: transitions ever added; the oldest that is still there (counted likewise); where the
#: next frame goes (0…R-1); frames ever written; steps of the running episode, or `CLOSED` where none runs.
ADDED, OLDEST, NEXT, WRITTEN, RUNNING = range(5)
COLUMNS = 5

CLOSED = -1

#: How a transition left the world: it goes on, the world ended, or the episode was cut.
GOES_ON, TERMINATED, TRUNCATED = 0, 1, 2

#: What `add` found: all well; an episode that did not begin; a reward that is not finite.
WELL, NOT_BEGUN, NOT_FINITE = range(3)

Bytes = np.typing.NDArray[np.uint8]
Singles = np.typing.NDArray[np.float32]


@inlined
def before(position: int, steps: int, room: int) -> int:
    """The position so many steps earlier in a ring of that room."""
    position -= steps
    return position + room if position < 0 else position


@inlined
def write_frame(state: Ints, rows: Ints, i: int, room: int) -> int:
    """Take the next place of slot i's frames; the transition that began with what lay there is dropped."""
    capacity, at = rows.shape[1], state[i, NEXT]
    row = i * room + at
    oldest = state[i, OLDEST]
    if oldest < state[i, ADDED] and rows[i, oldest % capacity] == row:
        state[i, OLDEST] = oldest + 1
    state[i, NEXT] = at + 1 if at + 1 < room else 0
    state[i, WRITTEN] += 1
    return int(row)


@lean
def begin(state: Ints, rows: Ints, ends: Bytes, chosen: Bools, room: int, write: Ints) -> None:
    """Begin an episode in the chosen slots; `write` (N,) tells the row of each first frame, -1 where none.

    A running episode is cut where it stands, as by a time limit. One that has no step yet is begun anew.
    """
    capacity = rows.shape[1]
    for i in range(state.shape[0]):
        write[i] = -1
        if not chosen[i]:
            continue
        if state[i, RUNNING] == 0:
            write[i] = i * room + before(state[i, NEXT], 1, room)
            continue
        if state[i, RUNNING] > 0:
            ends[i, (state[i, ADDED] - 1) % capacity] = TRUNCATED
        write[i] = write_frame(state, rows, i, room)
        state[i, RUNNING] = 0


@lean
def add(
    state: Ints,
    rows: Ints,
    actions: Ints,
    rewards: Singles,
    ends: Bytes,
    action: Ints,
    reward: Floats,
    terminated: Bools,
    truncated: Bools,
    room: int,
    write: Ints,
) -> int:
    """One step in every slot, action to truncated each (N,); all of it or nothing.

    `write` (N,) tells the row of each frame that was reached.
    """
    capacity = rows.shape[1]
    for i in range(state.shape[0]):
        if state[i, RUNNING] == CLOSED:
            return NOT_BEGUN
        if not np.isfinite(np.float32(reward[i])):  # as it is kept
            return NOT_FINITE
    for i in range(state.shape[0]):
        added = state[i, ADDED]
        if added - state[i, OLDEST] == capacity:
            state[i, OLDEST] += 1
        here = i * room + before(state[i, NEXT], 1, room)
        write[i] = write_frame(state, rows, i, room)
        at = added % capacity
        rows[i, at], actions[i, at], rewards[i, at] = here, action[i], reward[i]
        ends[i, at] = TERMINATED if terminated[i] else (TRUNCATED if truncated[i] else GOES_ON)
        state[i, ADDED] = added + 1
        state[i, RUNNING] = CLOSED if ends[i, at] else state[i, RUNNING] + 1
    return WELL


@inlined
def learnable(state: Ints, i: int, n: int) -> int:
    """How many transitions of slot i may be sampled: from the oldest on, those whose n steps are done or cut."""
    open_ones = min(state[i, RUNNING], n - 1)  # of the running episode, the newest
    return int(max(state[i, ADDED] - state[i, OLDEST] - max(open_ones, 0), 0))


@inlined
def unroll(
    state: Ints,
    rows: Ints,
    actions: Ints,
    rewards: Singles,
    ends: Bytes,
    i: int,
    b: int,
    at: int,
    room: int,
    n: int,
    gamma: float,
    whole: Ints,
    real: Singles,
) -> None:
    """Read the transition at position `at` of slot i's ring into place b of a batch.

    R = Σ_k<m γ^k r_k and γ^m, or 0 where the world ended, with m = n or the steps up to the end of the episode;
    Watkins 1989, Sutton & Barto 2018, eq. 7.1. `whole` (3, N, B): row of the first frame, row of the frame m steps
    on, action; `real` (2, N, B): R and the discount.
    """
    capacity, total, discount, last = rows.shape[1], 0.0, 1.0, at
    for k in range(n):
        last = at + k if at + k < capacity else at + k - capacity
        total += discount * rewards[i, last]
        discount *= gamma
        if ends[i, last]:
            break
    reached = rows[i, last] + 1
    whole[0, i, b] = rows[i, at]
    whole[1, i, b] = reached if reached < (i + 1) * room else i * room
    whole[2, i, b] = actions[i, at]
    real[0, i, b] = total
    real[1, i, b] = 0.0 if ends[i, last] == TERMINATED else discount


@lean
def uniformly(
    state: Ints,
    rows: Ints,
    actions: Ints,
    rewards: Singles,
    ends: Bytes,
    keys: Keys,
    t: int,
    room: int,
    n: int,
    gamma: float,
    whole: Ints,
    real: Singles,
) -> int:
    """A batch in which every transition that may be sampled is equally likely, with replacement.

    Draw b of the stream bits(key, t) is ⌊u · count⌋ with u of 53 bits: no index is likelier than another by more than
    count / 2^53. Returns the first slot that has nothing to sample, or -1.
    """
    capacity = rows.shape[1]
    for i in range(state.shape[0]):
        count = learnable(state, i, n)
        if count == 0:
            return i
        first, key = state[i, OLDEST] % capacity, bits(keys[i], np.uint64(t))
        for b in range(real.shape[2]):
            at = first + int(uniform(key, np.uint64(b)) * count)
            at = at if at < capacity else at - capacity
            unroll(state, rows, actions, rewards, ends, i, b, at, room, n, gamma, whole, real)
    return -1
