"""The rings of a replay to be saved, and whether arrays from a file may take their place.

Compiled loops check no bounds, so what comes from a file must be met before. Where frames lie is not saved: it follows
from where episodes ended, for an episode of L steps has L + 1 frames.
"""

from collections.abc import Mapping

import numpy as np

from daedalus.core.arrays import Bools, Ints
from daedalus.core.errors import UserError

from .fields import Array
from .ring import ADDED, COLUMNS, NEXT, OLDEST, RUNNING, TRUNCATED, WRITTEN

#: What kinds of arrays there are, as (dtype, shape).
Kinds = Mapping[str, tuple[str, tuple[int, ...]]]


def check_state(state: Array, slots: int, capacity: int, room: int) -> None:
    """Refuse what is no state of N rings. Raises `UserError` saying why."""
    if state.dtype != np.int64 or state.shape != (slots, COLUMNS):
        raise UserError(f"state is {state.dtype} {state.shape}, not int64 {(slots, COLUMNS)}")
    added, oldest, place, written, running = (state[:, k] for k in (ADDED, OLDEST, NEXT, WRITTEN, RUNNING))
    if np.ptp(added):
        raise UserError("slots have lived different numbers of steps")
    good = (oldest >= 0) & (oldest <= added) & (added - oldest <= capacity) & (running >= -1) & (running <= added)
    good &= (added <= written) & (place == written % room) & ((added == 0) | (oldest < added))
    if not good.all():
        raise UserError(f"state holds {state[~good][0].tolist()}")


def check_kinds(arrays: Mapping[str, Array], kinds: Kinds) -> None:
    """Refuse arrays of other names, dtypes or shapes, and floats that are not finite. Raises `UserError`."""
    if odd := set(arrays) ^ set(kinds):
        raise UserError(f"{', '.join(sorted(odd))}: missing or unknown")
    for name, (dtype, shape) in kinds.items():
        array = arrays[name]
        if array.dtype != dtype or array.shape != shape:
            raise UserError(f"{name} is {array.dtype} {array.shape}, not {dtype} {shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UserError(f"{name} holds numbers that are not finite")


def frame_rows(state: Ints, ends: Array, capacity: int, room: int) -> Ints:
    """Where the first frame of every transition lies, (N, C). Raises `UserError` where that cannot be.

    Counted back from the next frame's place: before it stands the frame that is shown now, and before that, where an
    episode has just begun, the last frame of the one before.
    """
    if ends.size and ends.max() > TRUNCATED:
        raise UserError(f"ends holds {ends.max()}")
    rows = np.zeros((len(state), capacity), np.int64)
    for i, (added, oldest, place, written, running) in enumerate(state.tolist()):
        order = np.arange(oldest, added) % capacity
        if not order.size:
            continue
        ended = ends[i, order] > 0
        open_ones = min(max(running, 0), order.size)
        begun_after = order.size - open_ones
        if ended[begun_after:].any() or (begun_after and not ended[begun_after - 1]):
            raise UserError(f"episodes of slot {i} do not end where they should")
        behind = np.append(np.cumsum(1 + ended[:-1][::-1])[::-1], 0)  # frames from each first one to the newest's
        back = behind + (3 if running == 0 else 2)
        if back[0] > min(room, written):
            raise UserError(f"slot {i} has more transitions than frames")
        rows[i, order] = i * room + (place - back) % room
    return rows


def ready(state: Ints, n: int) -> Ints:
    """How many transitions of each slot can be sampled, (N,), from the oldest on: `ring.learnable`."""
    waiting = np.clip(state[:, RUNNING], 0, n - 1)
    done: Ints = np.maximum(state[:, ADDED] - state[:, OLDEST] - waiting, 0)
    return done


def held(state: Ints, ready_N: Ints, used: int, capacity: int) -> Bools:
    """Which of the first `used` places of the rings hold what can be sampled, (N, used)."""
    there = np.zeros((len(state), used), np.bool_)
    for i, count in enumerate(ready_N):
        there[i, (state[i, OLDEST] + np.arange(count)) % capacity] = True
    return there
