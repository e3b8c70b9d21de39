"""Which actions do anything."""

import numpy as np

from daedalus.core.world import World


def action_masks(world: World) -> np.typing.NDArray[np.int8]:
    """1 for each action that can lead to another state, (S, A) of all the MDP's states, absorbing ones included.

    All ones where no action does, as in terminal states: a mask must leave something to choose.
    """
    mdp = world.mdp
    leads = np.zeros((mdp.states, mdp.actions), dtype=np.bool_)
    own_S = np.arange(mdp.states)[:, None]
    for k in range(mdp.outcomes):  # one at a time, for the memory's sake
        leads |= (mdp.probability[:, :, k] > 0) & (mdp.next_state[:, :, k] != own_S)
    leads[~leads.any(axis=1)] = True
    masks: np.typing.NDArray[np.int8] = leads.astype(np.int8)
    masks.flags.writeable = False
    return masks
