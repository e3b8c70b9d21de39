"""Random Markov decision processes."""

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.rng import generator
from daedalus.core.world import World
from daedalus.envs.naming import at_least, typed
from daedalus.envs.tabulating import block_scene, even


def garnet(
    states: int = 20, actions: int = 4, branching: int = 3, seed: int = 0, time_limit: int | None = 100
) -> World:
    """A random MDP, about which nothing can be known beforehand.

    ## Description
    Every action of every state leads to one of `branching` different states, drawn without replacement, with
    probabilities that are the gaps between uniformly drawn cuts of [0, 1]. A continuing task: nothing ends it but the
    time limit. The states lie nowhere; they are drawn as a block of tiles.

    ## Action Space
    `Discrete(actions)`.

    ## Observation Space
    `Discrete(states)`.

    ## Starting State
    Any state, all equally likely.

    ## Rewards
    Every transition (state, action, next state) has its own, drawn once from N(0, 1).

    ## Episode End
    Never terminates; truncates after `time_limit` steps.

    ## Arguments
    - `states`, `actions`: at least 2 and 1.
    - `branching`: from 1 to `states`.
    - `seed`: draws everything, once.
    - `time_limit`: steps, or none.

    ## References
    T. Archibald, K. McKinnon and L. Thomas, On the generation of Markov decision processes, Journal of the
    Operational Research Society 46, 1995; with the rewards of S. Bhatnagar et al., Natural actor-critic algorithms,
    Automatica 45, 2009, whose noise around them is left out.

    ## Version History
    - v0: first version.
    """
    given = {"states": states, "actions": actions, "branching": branching, "seed": seed, "time_limit": time_limit}
    name = typed("daedalus/Garnet-v0", garnet, given)
    at_least(name, 2, states=states)
    at_least(name, 1, actions=actions, branching=branching)
    at_least(name, 0, seed=seed)
    if branching > states:
        raise UserError(f"{name}: branching must be at most the number of states, {states}, not {branching}")
    check_size(states, actions, branching)
    rng, shape = generator(seed, "layout"), (states, actions, branching)
    rows = [rng.choice(states, branching, replace=False) for _ in range(states * actions)]
    cuts = np.sort(rng.random((states, actions, branching - 1)), axis=2)
    probability = np.diff(cuts, axis=2, prepend=0.0, append=1.0)
    never = np.zeros(states, dtype=np.bool_)
    mdp = FiniteMDP(
        np.reshape(rows, shape), probability, rng.standard_normal(shape), even(range(states), states), never
    )
    return World(name, mdp, time_limit, tuple(map(str, range(actions))), block_scene(states, actions))
