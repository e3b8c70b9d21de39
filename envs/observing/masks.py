"""Which actions are of any use."""

import numpy as np

from daedalus.core.arrays import Bools, Floats
from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import World

_ROUNDING = 1e-12  # of a sum of outcomes, by the largest reward


def action_masks(world: World) -> np.typing.NDArray[np.int8]:
    """0 for each action that is of no use, else 1: (S, A) of all the MDP's states, absorbing ones included.

    Of no use is what surely leads nowhere else, and pays neither more than 0 nor more than the best step away pays
    in any state. All ones where nothing leads away, as in terminal states: a mask must leave something to choose.
    Nobody loses by a mask, within any time limit and at any discount: instead of standing still first, act as if the
    episode ended a step sooner, and where it does not, take one more step away.
    """
    leads, pays = _steps(world.mdp)
    moves = np.asarray(leads.any(axis=1))
    away = np.where(leads | ~moves[:, None], pays, -np.inf).max(axis=1)[~world.mdp.terminal]
    least = min(0.0, away.min(initial=0.0)) + _ROUNDING * np.abs(world.mdp.reward).max(initial=0.0)
    masks: np.typing.NDArray[np.int8] = (leads | (pays > least) | ~moves[:, None]).astype(np.int8)
    masks.flags.writeable = False
    return masks


def _steps(mdp: FiniteMDP) -> tuple[Bools, Floats]:
    """Whether each action can lead to another state, and what it pays in the mean, (S, A)."""
    leads: Bools = np.zeros((mdp.states, mdp.actions), dtype=np.bool_)
    pays: Floats = np.zeros(leads.shape)
    own_S = np.arange(mdp.states)[:, None]
    for k in range(mdp.outcomes):  # one at a time, for the memory's sake
        leads |= (mdp.probability[:, :, k] > 0) & (mdp.next_state[:, :, k] != own_S)
        pays += mdp.probability[:, :, k] * mdp.reward[:, :, k]
    return leads, pays
