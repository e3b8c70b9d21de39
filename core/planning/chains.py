"""What a policy earns within a time limit: its distribution over states, pushed forward a step at a time.

Two things spare steps. Where so little is still under way that it cannot matter, the sum ends. And where a stretch of
steps (a lap) does no more than shrink the distribution by a factor λ, the laps left are a geometric series. With a
the distribution before a lap, aλ + d the one after it and R the largest reward, lap j from then on earns λʲ times
what this one did, but for R·steps·|d|·min(j, 1/(1 - λ)) at most, because no lap makes d heavier (|·| is the sum of
absolute values). Laps double, and their lengths are multiples of 60, so that short cycles are no hindrance.
"""

import math
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, States
from daedalus.core.compiled import compiled
from daedalus.core.mdp import FiniteMDP

_NOTHING = 1e-13  # what is left out because little is under way, as a share of the rewards without their signs
_ALIKE = 1e-11  # what taking one lap for the next may cost, as a share of the same
_NEVER = 1e-100  # smaller masses count as none; left alone they would end as slow subnormal numbers
_LAP = 60  # steps of the first lap
_LAPS = 100_000  # more are never skipped at once where λ is measured: its rounding error would add up
CHUNK = 100_000_000  # transitions in one call of compiled code, which cannot be interrupted: about 0.1 s


@dataclass(frozen=True, eq=False)
class Chain:
    """The states that a policy reaches without an end, M of them, nearest to the start first; γ is in the weights."""

    front: Ints  # (M,), how many states can be reached in one step from those up to here
    pointer: Ints  # (M + 1,), the transitions that enter each state, as CSR lists
    origin: States  # (transitions,)
    weight: Floats  # (transitions,)
    reward: Floats  # (M,), expected
    size: Floats  # (M,), expected absolute reward
    start: Floats  # (M,)
    closed: bool  # nothing ever leaves
    largest: float  # absolute reward


def chain_of(mdp: FiniteMDP, policy: Ints, gamma: float) -> Chain:
    """The chain of a deterministic policy (S,)."""
    tables = mdp.next_state, mdp.probability, mdp.reward
    reached, place = _reach(mdp.next_state, mdp.probability, mdp.start, mdp.terminal, policy)
    lists, rewards, closed, largest = _gather(*tables, policy, gamma, reached, place)
    return Chain(*lists, *rewards, mdp.start[reached], closed and gamma == 1.0, largest)


def earned_within(chain: Chain, horizon: int, budget: int | None) -> float:
    """The expected return of `horizon` steps; NaN where `budget` transitions do not settle it (None: no limit)."""
    here, there = chain.start.copy(), np.zeros_like(chain.start)
    lists = chain.front, chain.pointer, chain.origin, chain.weight, chain.reward, chain.size
    sums = np.zeros(2)  # rewards, and rewards without their signs
    left, lap, spent = horizon, _LAP, 0
    while left > 0:
        before, sums_before, span, done = here.copy(), sums.copy(), min(lap, left), 0
        while done < span:
            allowed = CHUNK if budget is None else min(CHUNK, budget - spent)
            if allowed <= 0:
                return math.nan
            steps, work, ended = _push(*lists, here, there, sums, span - done, left - done, chain.largest, allowed)
            done, spent = done + steps, spent + work
            if ended:
                return float(sums[0])
        left -= span
        if left >= lap and span == lap:
            left -= lap * _skip(chain, before, here, sums, sums - sums_before, lap, left // lap)
        lap *= 2
    return float(sums[0])


def _skip(chain: Chain, before: Floats, here: Floats, sums: Floats, lap_sums: Floats, lap: int, laps: int) -> int:
    """Add up to `laps` more laps like the one from `before` to `here`, in place, if they are alike; how many."""
    shrink = 1.0 if chain.closed else min(1.0, float(here.sum() / before.sum()))
    if not chain.closed:
        laps = min(laps, _LAPS)
    count = _series(shrink, laps)
    reach = laps + 2.0  # what is left of a lap afterwards errs less than one more would
    if shrink < 1.0:
        reach = min(reach, 2.0 / (1.0 - shrink))
    error = lap * chain.largest * float(np.abs(here - shrink * before).sum()) * reach * (laps + 1) / 2
    if error > _ALIKE * float(sums[1] + count * lap_sums[1]):
        return 0
    sums += count * lap_sums
    here *= shrink**laps
    return laps


def _series(ratio: float, terms: int) -> float:
    """The sum of ratioʲ for j = 1…terms, without cancellation where the ratio is close to 1."""
    if ratio == 1.0:
        return float(terms)
    if ratio == 0.0:
        return 0.0
    return ratio * math.expm1(terms * math.log(ratio)) / (ratio - 1.0)


@compiled
def _reach(
    next_state: States, probability: Floats, start: Floats, terminal: Bools, policy: Ints
) -> tuple[States, States]:
    """The states reached before an end, breadth-first, and the place of each in that list (S,), else -1."""
    states, _, outcomes = next_state.shape
    reached, place = np.empty(states, dtype=np.int32), np.full(states, -1, dtype=np.int32)
    count, reading = 0, 0
    for s in range(states):
        if start[s] > 0.0 and not terminal[s]:
            reached[count], place[s] = s, count
            count += 1
    while reading < count:
        s = reached[reading]
        reading += 1
        for k in range(outcomes):
            n = next_state[s, policy[s], k]
            if probability[s, policy[s], k] > 0.0 and place[n] < 0 and not terminal[n]:
                reached[count], place[n] = n, count
                count += 1
    return reached[:count].copy(), place


@compiled
def _gather(
    next_state: States,
    probability: Floats,
    reward: Floats,
    policy: Ints,
    gamma: float,
    reached: States,
    place: States,
) -> tuple[tuple[Ints, Ints, States, Floats], tuple[Floats, Floats], bool, float]:
    """The fields of a `Chain` from `front` to `largest`, without `start`."""
    count, outcomes = reached.size, next_state.shape[2]
    front, pointer = np.zeros(count, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
    expected, size = np.zeros(count), np.zeros(count)
    closed, largest, furthest = True, 0.0, 0
    for i in range(count):
        s = reached[i]
        for k in range(outcomes):
            p, r = probability[s, policy[s], k], reward[s, policy[s], k]
            if p == 0.0:
                continue
            expected[i] += p * r
            size[i] += p * abs(r)
            largest = max(largest, abs(r))
            n = place[next_state[s, policy[s], k]]
            if n < 0:
                closed = False
            else:
                pointer[n + 1] += 1
                furthest = max(furthest, n + 1)
        front[i] = max(furthest, i + 1)
    for i in range(count):
        pointer[i + 1] += pointer[i]
    filled = pointer[:-1].copy()
    origin, weight = np.empty(pointer[count], dtype=np.int32), np.empty(pointer[count])
    for i in range(count):
        s = reached[i]
        for k in range(outcomes):
            n = place[next_state[s, policy[s], k]]
            if probability[s, policy[s], k] > 0.0 and n >= 0:
                origin[filled[n]] = i
                weight[filled[n]] = gamma * probability[s, policy[s], k]
                filled[n] += 1
    return (front, pointer, origin, weight), (expected, size), closed, largest


@compiled
def _push(
    front: Ints,
    pointer: Ints,
    origin: States,
    weight: Floats,
    reward: Floats,
    size: Floats,
    here: Floats,
    there: Floats,
    sums: Floats,
    steps: int,
    left: int,
    largest: float,
    allowed: int,
) -> tuple[int, int, bool]:
    """Take up to `steps` of the `left` steps, `here` (M,) changing in place; how many, the work, and whether the
    rest cannot matter."""
    active = here.size
    while active > 0 and here[active - 1] == 0.0:
        active -= 1
    work, done, ended = 0, 0, active == 0
    now, following, old = here, there, there.size  # `old`: how far the values of `following` reach
    while done < steps and work < allowed and not ended:
        alive, earned, absolute = 0.0, 0.0, 0.0  # summed a step at a time: one long sum would round away digits
        for i in range(active):
            alive += now[i]
            earned += now[i] * reward[i]
            absolute += now[i] * size[i]
        sums[0] += earned
        sums[1] += absolute
        before, active = active, front[active - 1]
        for i in range(active):
            mass = 0.0
            for e in range(pointer[i], pointer[i + 1]):
                mass += weight[e] * now[origin[e]]
            following[i] = mass if mass > _NEVER else 0.0
        for i in range(active, old):
            following[i] = 0.0
        now, following, old = following, now, before
        work += pointer[active] + active
        done += 1
        while active > 0 and now[active - 1] == 0.0:
            active -= 1
        ended = active == 0 or alive * largest * (left - done) <= _NOTHING * sums[1]
    if done % 2 == 1:
        here[:], there[:] = there.copy(), here.copy()
    return done, work, ended
