"""The compiled lives of the two baselines: a fixed choice, or a uniformly random one."""

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import compiled
from daedalus.core.draws import uniform
from daedalus.core.sampling import Tables, pull, restart_state, start_state, step_outcome

#: In place of an action: choose uniformly at random.
ANY = -1

#: The columns of a life's place: state, steps into the episode, episodes finished.
PLACE = 3

#: The columns of a life's sums since the last row: episodes finished, their returns, their lengths, rewards.
SUMS = 4


@compiled
def choose(fixed: int, actions: int, key: np.uint64, t: int) -> int:
    """Decision number t: the fixed action, or any of `actions` by the policy stream `key`."""
    if fixed >= 0:
        return fixed
    return int(uniform(key, np.uint64(2) * np.uint64(t)) * actions)


@compiled
def live(
    world: Tables,
    horizon: int,
    fixed: Ints,
    world_key: np.uint64,
    policy_key: np.uint64,
    start_key: np.uint64,
    first: int,
    last: int,
    place: Ints,
    running: Floats,
    visits: Ints,
    sums: Floats,
    episodes: Floats,
) -> None:
    """Take environment steps first…last-1 of one seed, changing its arrays in place.

    `fixed` (S,) holds an action per state or `ANY`; `horizon` 0 is no time limit; `running` (1,) is the return of
    the episode under way; `episodes` (M, 4) receives index, end step, return and length where M > 0.
    """
    actions = world.next_state.shape[1]
    state, clock, finished = place[0], place[1], place[2]
    if first == 0:
        state = start_state(world, start_key, np.uint64(0))
    rows = 0
    for t in range(first, last):
        visits[state] += 1
        action = choose(fixed[state], actions, policy_key, t)
        k = step_outcome(world, state, action, world_key, t)
        reward = world.reward[state, action, k]
        state = world.next_state[state, action, k]
        clock += 1
        running[0] += reward
        sums[3] += reward
        if world.terminal[state] or clock == horizon:
            if episodes.shape[0] > 0:
                episodes[rows, 0] = finished
                episodes[rows, 1] = t + 1
                episodes[rows, 2] = running[0]
                episodes[rows, 3] = clock
                rows += 1
            sums[0] += 1
            sums[1] += running[0]
            sums[2] += clock
            finished += 1
            running[0] = 0.0
            clock = 0
            state = restart_state(world, world_key, t)
    place[0], place[1], place[2] = state, clock, finished


@compiled
def pull_arms(
    law: int,
    means: Floats,
    fixed: int,
    world_key: np.uint64,
    policy_key: np.uint64,
    first: int,
    last: int,
    pulls: Ints,
    rewards: Floats,
) -> None:
    """Pull arms first…last-1 of one seed, adding to `pulls` (A,) and the reward sums `rewards` (A,)."""
    for t in range(first, last):
        arm = choose(fixed, means.size, policy_key, t)
        rewards[arm] += pull(law, means[arm], world_key, t)
        pulls[arm] += 1
