"""How many copies of a finite world move: the compiled passes behind `finite.FiniteKernel`.

A batch is worked through in blocks that stay in the first cache, each in several short loops: the loops over plain
arithmetic become vector instructions, and only the look-ups in the world's table go one by one. New states go to a
second buffer, so that nothing has moved if an action turns out to be none.
"""

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Keys, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import uniform

_BLOCK = 512
_STATE, _END, _REWARD = 0x7FFFFFFF, 31, 32  # where a word's parts lie: `packed.STATE_BITS`
_FEW = 8  # outcomes that are counted; more are bisected


@lean
def move(
    words: Ints,
    rewards: Floats,
    actions_N: Ints,
    state_2N: States,
    side: int,
    over_N: Bools,
    began_N: Ints,
    shown_N: Ints,
    reward_N: Floats,
    terminated_N: Bools,
    truncated_N: Bools,
    actions: int,
    clock: int,
    limit: int,
) -> bool:
    """One step where nothing is drawn, from side to side of the state's buffer; False where an action is none.

    Where an episode is over another begins, whatever the action. `clock` counts the batch's steps, `began_N` says at
    which an episode began. The last of `words` rests: it leads to the start. `shown_N` and `reward_N` serve as
    scratch before they hold the result.
    """
    bad = np.uint8(0)
    rest, now = words.size - 1, clock + 1
    for low in range(0, actions_N.size, _BLOCK):
        high = min(low + _BLOCK, actions_N.size)
        action, over, shown = actions_N[low:high], over_N[low:high], shown_N[low:high]
        state = state_2N[side, low:high]
        for i in range(shown.size):
            known = np.uint64(action[i]) < np.uint64(actions)
            bad |= np.uint8((not known) & (not over[i]))
            shown[i] = np.int64(state[i]) * actions + action[i] if known & (not over[i]) else rest
        for i in range(shown.size):
            shown[i] = words[shown[i]]
        truncated, began = truncated_N[low:high], began_N[low:high]
        _unpack(shown, rewards, state_2N[1 - side, low:high], reward_N[low:high], terminated_N[low:high])
        _cut(truncated, terminated_N[low:high], over, now, began, limit)
    if bad != 0:
        return False
    for low in range(0, actions_N.size, _BLOCK):
        high = min(low + _BLOCK, actions_N.size)
        over, began = over_N[low:high], began_N[low:high]
        if _any(over):
            for i in range(over.size):
                if over[i]:
                    began[i] = now
        _end(over, terminated_N[low:high], truncated_N[low:high])
    return True


@lean
def draw_and_move(
    words_RK: Ints,
    cumulative_RK: Floats,
    rewards: Floats,
    since: Ints,
    which: Ints,
    starts_WM: Ints,
    start_cumulative_WM: Floats,
    actions_N: Ints,
    state_2N: States,
    side: int,
    over_N: Bools,
    time_2N: Ints,
    key_N: Keys,
    shown_N: Ints,
    reward_N: Floats,
    terminated_N: Bools,
    truncated_N: Bools,
    actions: int,
    limit: int,
) -> bool:
    """One step of any finite world; False where an action is none, and nothing has moved then.

    `time_2N` holds each environment's steps since seeding, and how many those were when its episode began.
    """
    bad = np.uint8(0)
    rest = words_RK.shape[0] - 1
    world_rows = rest // starts_WM.shape[0]
    for low in range(0, actions_N.size, _BLOCK):
        high = min(low + _BLOCK, actions_N.size)
        action, over, shown, reward = actions_N[low:high], over_N[low:high], shown_N[low:high], reward_N[low:high]
        state, t, key = state_2N[side, low:high], time_2N[0, low:high], key_N[low:high]
        for i in range(shown.size):
            known = np.uint64(action[i]) < np.uint64(actions)
            bad |= np.uint8((not known) & (not over[i]))
            shown[i] = np.int64(state[i]) * actions + action[i] if known & (not over[i]) else -rest
        if since.size > 1:
            _enter(since, which, world_rows, t, shown)
        for i in range(shown.size):
            shown[i] = shown[i] if shown[i] >= 0 else rest
        _draw(words_RK, cumulative_RK, shown, reward, key, t)
        following, truncated = state_2N[1 - side, low:high], truncated_N[low:high]
        _unpack(shown, rewards, following, reward, terminated_N[low:high])
        for i in range(truncated.size):
            truncated[i] = (t[i] + 1 - time_2N[1, low + i] >= limit) & (not terminated_N[low + i])
            truncated[i] &= not over[i]
        if _any(over):
            _restart(since, which, starts_WM, start_cumulative_WM, over, t, key, shown, following)
    if bad != 0:
        return False
    for low in range(0, actions_N.size, _BLOCK):
        high = min(low + _BLOCK, actions_N.size)
        over = over_N[low:high]
        _count(over, time_2N[0, low:high], time_2N[1, low:high])
        _end(over, terminated_N[low:high], truncated_N[low:high])
    return True


@lean
def begin(
    mask_N: Bools,
    since: Ints,
    which: Ints,
    starts_WM: Ints,
    start_cumulative_WM: Floats,
    state_N: States,
    time_2N: Ints,
    key_N: Keys,
    start_key_N: Keys,
    extra_N: Ints,
) -> None:
    """Begin an episode where the mask is true: after steps from the world's stream, else from the stream of starts."""
    for i in range(mask_N.size):
        if mask_N[i]:
            t = time_2N[0, i]
            if t > time_2N[1, i]:
                u = uniform(key_N[i], np.uint64(2) * np.uint64(t - 1) + np.uint64(1))
            else:
                u = uniform(start_key_N[i], np.uint64(extra_N[i]))
                extra_N[i] += 1
            w = which[_phase(since, t, 0, since.size - 1)]
            state_N[i] = starts_WM[w, _bisected(start_cumulative_WM[w], u)]
            time_2N[1, i] = t


@inlined
def _unpack(shown: Ints, rewards: Floats, state: States, reward: Floats, terminated: Bools) -> None:
    """Take the words in `shown` apart; `shown` then holds the states."""
    for i in range(shown.size):
        reward[i] = rewards[shown[i] >> _REWARD]
    for i in range(shown.size):
        word = shown[i]
        shown[i] = word & _STATE
        state[i] = np.int32(word & _STATE)
        terminated[i] = ((word >> _END) & 1) != 0


@inlined
def _enter(since: Ints, which: Ints, world_rows: int, t: Ints, shown: Ints) -> None:
    """Move the rows in `shown`, of the first world, on to those of the world in force: mostly one for all."""
    earliest, latest = t[0], t[0]
    for i in range(t.size):
        earliest, latest = min(earliest, t[i]), max(latest, t[i])
    first = _phase(since, earliest, 0, since.size - 1)
    last = _phase(since, latest, first, since.size - 1)
    if first == last:
        for i in range(shown.size):
            shown[i] += world_rows * which[first]
    else:
        for i in range(shown.size):
            shown[i] += world_rows * which[_phase(since, t[i], first, last)]


@inlined
def _draw(words_RK: Ints, cumulative_RK: Floats, shown: Ints, u: Floats, key: Keys, t: Ints) -> None:
    """Replace the rows in `shown` by the words of what is drawn there; `u` is scratch."""
    if words_RK.shape[1] == 1:
        for i in range(shown.size):
            shown[i] = words_RK[shown[i], 0]
        return
    for i in range(shown.size):
        u[i] = uniform(key[i], np.uint64(2) * np.uint64(t[i]))
    for i in range(shown.size):
        shown[i] = words_RK[shown[i], _chosen(cumulative_RK[shown[i]], u[i])]


@inlined
def _restart(
    since: Ints,
    which: Ints,
    starts_WM: Ints,
    start_cumulative_WM: Floats,
    over: Bools,
    t: Ints,
    key: Keys,
    shown: Ints,
    state: States,
) -> None:
    """Where an episode is over, begin the next (`sampling.restart_state`)."""
    for i in range(over.size):
        if over[i]:
            u = uniform(key[i], np.uint64(2) * np.uint64(t[i] - 1) + np.uint64(1))
            w = which[_phase(since, t[i], 0, since.size - 1)]
            shown[i] = starts_WM[w, _bisected(start_cumulative_WM[w], u)]
            state[i] = shown[i]


@inlined
def _cut(truncated: Bools, terminated: Bools, over: Bools, now: int, began: Ints, limit: int) -> None:
    for i in range(truncated.size):
        truncated[i] = (now - began[i] >= limit) & (not terminated[i]) & (not over[i])


@inlined
def _count(over: Bools, t: Ints, began: Ints) -> None:
    """Count the step where one was taken; where an episode was over, the next has begun instead."""
    if not _any(over):
        for i in range(over.size):
            t[i] += 1
        return
    for i in range(over.size):
        if over[i]:
            began[i] = t[i]
        else:
            t[i] += 1


@inlined
def _end(over: Bools, terminated: Bools, truncated: Bools) -> None:
    for i in range(over.size):
        over[i] = terminated[i] | truncated[i]


@inlined
def _any(mask: Bools) -> bool:
    found = np.uint8(0)
    for i in range(mask.size):
        found |= np.uint8(mask[i])
    return bool(found != 0)


@inlined
def _phase(since: Ints, t: int, low: int, high: int) -> int:
    """`Schedule.phase`, which is known to lie in low…high."""
    while low < high:
        middle = (low + high + 1) // 2
        if t >= since[middle]:
            low = middle
        else:
            high = middle - 1
    return low


@inlined
def _chosen(cumulative: Floats, u: float) -> int:
    """`sampling.outcome`, without branches where there are few outcomes."""
    if cumulative.size > _FEW:
        return _bisected(cumulative, u)
    k = 0
    for j in range(cumulative.size - 1):
        k += u >= cumulative[j]
    return k


@inlined
def _bisected(cumulative: Floats, u: float) -> int:
    low, high = 0, cumulative.size - 1
    while low < high:
        middle = (low + high) // 2
        if u < cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return low
