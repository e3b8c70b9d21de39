"""The policies whose values are learnt: named ones, or an array of action probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError, unknown
from daedalus.core.planning import soften
from daedalus.core.spec import Spec, fill
from daedalus.core.world import World

#: The name of a policy that was handed over as an array, and stands in the learner's memory.
GIVEN = "given"


def random(world: World) -> Floats:
    """Every action with equal probability."""
    return np.full((_rows(world), world.mdp.actions), 1.0 / world.mdp.actions)


def optimal(world: World, epsilon: float = 0.0) -> Floats:
    """The exact solution, and with probability `epsilon` any action. Raises `UserError` where states look alike."""
    from daedalus.agents.baseline_finite import best_policy

    if world.shows is not None:
        raise UserError(f"{world.name} does not show which state it is in, so its optimal policy cannot be followed")
    return soften(best_policy(world, None), epsilon, world.mdp.actions)


def random_config() -> None:
    """`random` has no parameters."""


def optimal_config(epsilon: float = 0.0) -> None:
    """How often `optimal` takes any action, in [0, 1]."""
    if not 0 <= epsilon <= 1:
        raise UserError(f"epsilon must lie in [0, 1], not {epsilon}")


_KNOWN: dict[str, tuple[Callable[..., Floats], Callable[..., None]]] = {
    "random": (random, random_config),
    "optimal": (optimal, optimal_config),
}


def check_name(policy: Spec) -> None:
    """Raise `UserError` where a policy is none that has a name, or its parameters do not fit."""
    if policy.name == GIVEN and not policy.params:
        return
    if policy.name not in _KNOWN:
        raise unknown("policy", policy.name, _KNOWN)
    fill(_KNOWN[policy.name][1], policy.mapping, policy.name)


def policy_in(policy: Spec, world: World) -> Floats:
    """The action probabilities (R, A) of a named policy, a row for each number that the world shows."""
    return _KNOWN[policy.name][0](world, **policy.mapping)


def checked(policy: Any, rows: int, actions: int, most: int) -> Floats:
    """An array as action probabilities (most, A): (S, A) of them, or (S,) actions, for S of `rows` to `most` states.

    The states behind them, which an import added and nobody meets, get uniform ones. Raises `UserError`.
    """
    given = np.asarray(policy)
    if given.dtype.kind not in "iuf" or given.ndim not in (1, 2) or not rows <= len(given) <= most:
        raise UserError(
            f"a policy must be named or an array of shape ({rows},) or ({rows}, {actions}), not {given.shape} of "
            f"{given.dtype}"
        )
    known = soften(given if given.ndim == 1 else given.astype(np.float64), 0.0, actions)
    return np.concatenate([known, np.full((most - len(known), actions), 1.0 / actions)])


def thresholds(probability: Floats) -> Floats:
    """Cumulative probabilities (R, A + 1) from 0 to exactly 1, which they reach with the last possible action."""
    later = np.cumsum(probability[:, ::-1], axis=1)[:, ::-1] - probability
    sums = np.where(later > 0, np.cumsum(probability, axis=1), 1.0)
    return np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)


def probabilities(chances: Floats) -> Floats:
    """The action probabilities that thresholds (…, A + 1) stand for; the last digits, lost in sums, left out."""
    return np.asarray(np.round(np.diff(chances, axis=-1), 12))


def _rows(world: World) -> int:
    return world.mdp.states if world.shows is None else int(world.shows.max()) + 1
