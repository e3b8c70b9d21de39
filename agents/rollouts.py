"""What a policy is worth in a finite world, sampled: one compiled episode under each evaluation seed."""

import functools
from collections.abc import Sequence

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import lean
from daedalus.core.draws import uniform
from daedalus.core.mdp import FiniteMDP
from daedalus.core.rng import stream_key
from daedalus.core.sampling import Tables, start_state, step_outcome, tables

#: In a policy, in place of an action: any, with equal probability.
ANY = -1

#: Steps after which a sampled episode is no longer followed: ten of them take about a tenth of a second.
FOLLOWED = 1_000_000

#: Steps of one call of compiled code, which cannot be interrupted.
_CHUNK = 2**17


def sampled_value(mdp: FiniteMDP, policy: Ints, horizon: int, seeds: Sequence[int]) -> float:
    """The mean return of a policy (S,) over one episode per seed, each as `WorldEnv` lives it under that seed.

    An episode under way after `FOLLOWED` of more steps counts as if it went on earning what it earned per step.
    """
    return float(np.mean([_return(_tables(mdp), policy, horizon, seed) for seed in seeds]))


@functools.lru_cache(maxsize=1)
def _tables(mdp: FiniteMDP) -> Tables:
    return tables(mdp)


def _return(world: Tables, policy: Ints, horizon: int, seed: int) -> float:
    keys = np.uint64(stream_key(seed, "world")), np.uint64(stream_key(seed, "policy"))
    start = start_state(world, np.uint64(stream_key(seed, "start")), np.uint64(0))
    place, total, followed = np.array([start, 0]), np.zeros(1), min(horizon, FOLLOWED)
    while place[1] < followed and not world.terminal[place[0]]:
        _walk(world, policy, *keys, min(_CHUNK, followed - int(place[1])), place, total)
    ended = world.terminal[place[0]]
    return float(total[0] if ended else total[0] * (horizon / followed))


@lean
def _walk(
    world: Tables, policy: Ints, world_key: np.uint64, policy_key: np.uint64, steps: int, place: Ints, total: Floats
) -> None:
    """Take up to `steps` more, until the end; `place` holds the state and the steps taken, `total` (1,) the return."""
    state, first, actions = place[0], place[1], world.next_state.shape[1]
    t = first
    while t < first + steps and not world.terminal[state]:
        action = policy[state]
        if action < 0:
            action = int(uniform(policy_key, np.uint64(2) * np.uint64(t) + np.uint64(1)) * actions)
        k = step_outcome(world, state, action, world_key, t)
        total[0] += world.reward[state, action, k]
        state = world.next_state[state, action, k]
        t += 1
    place[0], place[1] = state, t
