"""What is decided before any number is computed: where the optimal value is finite, and a policy to start from.

At γ = 1 without a time limit the total reward need not exist. A value is finite where some policy ends with
probability 1, in a terminal state or in an end component of reward 0 (staying there is worth 0), and no end
component of positive average reward can be joined on the way. Of the policies that end, the solvers find the best:
started from one that ends, they never leave that class as long as ties keep the old action (Bertsekas & Tsitsiklis
1991, "An analysis of stochastic shortest path problems"; Bertsekas & Yu 2016 for rewards of any sign).
"""

import math
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, States
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP

from .components import best_gain, end_components
from .graph import Predecessors, Search, almost_surely, closed_pairs, descending, predecessors, search

_ZERO = 1e-12  # rewards below this, relative to the largest, count as 0
_GAIN = 1e3  # average rewards below this many times as much do: a linear program is less exact


@dataclass(frozen=True, eq=False)
class Frame:
    """A problem ready for a solver."""

    mdp: FiniteMDP
    gamma: float
    before: Predecessors
    unit: float  # a power of 2 near the largest absolute reward
    reward: Floats  # (S, A), expected, in units; -inf where the pair must not be used
    stay: Bools  # (S,), where staying for ever is worth 0
    stay_action: States  # (S,), an action that stays; -1 elsewhere
    order: States  # the states to solve, nearest to an end first
    parent: States  # (S,), a nearer neighbour, so that all are a forest; -1 where there is none
    depth: int  # the most steps to an end, taken the shortest way
    policy: States  # (S,), ends from every state in `order`; -1 means stay
    outside: Floats  # (S,), 0 where solved or terminal; +inf, -inf or NaN where there is no finite value

    @property
    def pairs(self) -> Bools:
        """The pairs (S, A) that may be used."""
        return np.asarray(self.reward > -np.inf)


def expected_reward(mdp: FiniteMDP) -> Floats:
    """The expected reward of each state and action, (S, A)."""
    return np.asarray(np.einsum("sak,sak->sa", mdp.probability, mdp.reward))


def reward_unit(mdp: FiniteMDP) -> float:
    """The largest power of 2 up to the largest absolute reward that can occur; 1 where all are 0.

    Solvers count in it, so that their thresholds mean the same however large a world's rewards are.
    """
    largest = float(np.abs(mdp.reward).max(initial=0.0, where=mdp.probability > 0))
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0


def check_gamma(gamma: float) -> None:
    """Raise `UserError` where γ lies outside [0, 1] or is NaN."""
    if not 0.0 <= gamma <= 1.0:
        raise UserError(f"gamma must lie in [0, 1], not {gamma:g}")


def frame(mdp: FiniteMDP, gamma: float) -> Frame:
    """Prepare an MDP for the solvers. Raises `UserError` where γ lies outside [0, 1]."""
    check_gamma(gamma)
    return _total(mdp) if gamma == 1.0 else _discounted(mdp, gamma)


def _discounted(mdp: FiniteMDP, gamma: float) -> Frame:
    before = predecessors(mdp)
    pairs = np.ones((mdp.states, mdp.actions), dtype=np.bool_)
    roots = mdp.terminal if mdp.terminal.any() else np.arange(mdp.states) == mdp.start.argmax()
    found = search(mdp, before, roots, pairs)
    rest = np.flatnonzero(~found.found).astype(np.int32)
    order = np.concatenate([found.order[~mdp.terminal[found.order]], rest])
    policy = np.maximum(descending(mdp, found, pairs), 0)
    nowhere = np.full(mdp.states, -1, dtype=np.int32)
    zeros, unit = np.zeros(mdp.states), reward_unit(mdp)
    return Frame(
        mdp,
        gamma,
        before,
        unit,
        expected_reward(mdp) / unit,
        mdp.terminal,
        nowhere,
        order,
        found.parent,
        _depth(found),
        policy,
        zeros,
    )


def _depth(found: Search) -> int:
    return max(0, int(found.level.max()))


def _total(mdp: FiniteMDP) -> Frame:
    before, unit = predecessors(mdp), reward_unit(mdp)
    reward_SA, small = expected_reward(mdp) / unit, _ZERO
    idle = end_components(mdp, before, (np.abs(reward_SA) <= small) & ~mdp.terminal[:, None])
    stay = mdp.terminal | (idle.label >= 0)
    positive, undefined = _paying(mdp, before, reward_SA, small)
    ends = almost_surely(mdp, before, stay | positive)
    pairs = closed_pairs(mdp, ends.found)
    outside = np.where(ends.found, 0.0, -np.inf)
    if positive.any() or undefined.any():
        everything = np.ones_like(pairs)
        outside[~ends.found & search(mdp, before, positive | undefined, everything).found] = np.nan
        outside[search(mdp, before, positive, pairs).found] = np.inf
    inside = outside == 0.0
    pairs &= inside[:, None]
    found = search(mdp, before, stay & inside, pairs)
    stay_action = np.where(idle.label >= 0, idle.pairs.argmax(axis=1), -1).astype(np.int32)
    order = found.order[~mdp.terminal[found.order]]
    reward_SA[~pairs] = -np.inf
    policy = descending(mdp, found, pairs)
    return Frame(
        mdp,
        1.0,
        before,
        unit,
        reward_SA,
        stay & inside,
        stay_action,
        order,
        found.parent,
        _depth(found),
        policy,
        outside,
    )


def _paying(mdp: FiniteMDP, before: Predecessors, reward_SA: Floats, small: float) -> tuple[Bools, Bools]:
    """States in end components whose best average reward is positive, and in those whose total only oscillates."""
    positive, undefined = np.zeros(mdp.states, dtype=np.bool_), np.zeros(mdp.states, dtype=np.bool_)
    lasting = closed_pairs(mdp, ~mdp.terminal)
    if not (reward_SA[lasting] > small).any():
        return positive, undefined
    components = end_components(mdp, before, lasting)
    gainful = np.any(components.pairs & (reward_SA > small), axis=1)
    losing = np.any(components.pairs & (reward_SA < -small), axis=1)
    for label in np.unique(components.label[gainful]):
        members = components.label == label
        gain = np.inf
        if losing[members].any():
            gain = best_gain(mdp, np.flatnonzero(members), components.pairs, reward_SA)
        positive |= members & (gain > _GAIN * small)
        undefined |= members & (abs(gain) <= _GAIN * small)
    return positive, undefined
