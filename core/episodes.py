"""One episode of a policy in a finite world, to be shown: the states it meets, as an environment would live them."""

from collections.abc import Sequence

import numpy as np

from .arrays import Floats, Ints, States
from .draws import uniform
from .rng import stream_key
from .world import World

#: Steps of an episode that is shown; a longer one says no more.
SHOWN = 200


def greedy_episode(world: World, policy: Ints, seed: int, most: int = SHOWN) -> States:
    """The states (T,) of an episode under `seed`, from the start to the end, the time limit or `most` steps.

    `policy` (S,) holds actions, or -1 for any at random. The step into an absorbing state that an import added
    shows the state before it. The world's and the policy's streams are numbered as in `daedalus.core.sampling`.
    """
    mdp = world.mdp
    world_key, policy_key = np.uint64(stream_key(seed, "world")), np.uint64(stream_key(seed, "policy"))
    starts = np.flatnonzero(mdp.start)
    draw = uniform(np.uint64(stream_key(seed, "start")), np.uint64(0))
    state = int(starts[_drawn(mdp.start[starts], draw)])
    states = [state]
    for t in range(most if world.horizon is None else min(most, world.horizon)):
        if mdp.terminal[state]:
            break
        action = int(policy[state])
        if action < 0:
            action = int(uniform(policy_key, np.uint64(2 * t + 1)) * mdp.actions)
        k = _drawn(mdp.probability[state, action], uniform(world_key, np.uint64(2 * t)))
        state = int(mdp.next_state[state, action, k])
        if state >= world.states:
            states.append(states[-1])
            break
        states.append(state)
    return np.array(states, dtype=np.int32)


def greedy_episodes(worlds: Sequence[World], policy: Ints, seeds: Sequence[int]) -> States:
    """An episode for each seed of its policy (N, S) in its world, or in the one of all: (N, SHOWN + 1), then -1."""
    episodes = np.full((len(seeds), SHOWN + 1), -1, dtype=np.int32)
    for n, seed in enumerate(seeds):
        states = greedy_episode(worlds[n if len(worlds) > 1 else 0], policy[n], seed)
        episodes[n, : states.size] = states
    return episodes


def _drawn(probability: Floats, u: float) -> int:
    """The outcome that u in [0, 1) draws: the first with u below its cumulative probability, else the last possible."""
    last = int(np.flatnonzero(probability)[-1])
    return min(int(np.searchsorted(np.cumsum(probability), u, side="right")), last)
