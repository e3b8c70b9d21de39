"""What is true of a world: the numbers that `daedalus solve` prints and every comparison is judged by."""

import math
from dataclasses import dataclass

import numpy as np

from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import World

from .frame import check_gamma
from .horizon import CHEAP, backward_within, check_horizon, policy_value_within
from .optimal import solve, start_value
from .policies import evaluate_policy, random_policy


@dataclass(frozen=True)
class Truth:
    """The evaluation values of the best and of the random policy; None where computing them would cost minutes."""

    optimum: float | None
    random_value: float | None
    horizon: int


def evaluation_horizon(world: World, horizon: int | None = None) -> int:
    """The time limit of evaluation: the world's, else `horizon`, else 10·S. Raises `UserError` below 1."""
    if horizon is not None:
        check_horizon(horizon)
    return next(limit for limit in (world.horizon, horizon, 10 * world.states) if limit is not None)


def truth(world: World, horizon: int | None = None) -> Truth:
    """The best and the random evaluation value of a world, remembered by the MDP's fingerprint."""
    limit = evaluation_horizon(world, horizon)
    key = world.mdp.fingerprint(), limit
    if key not in _known:
        optimum = optimum_within(world.mdp, limit, 1.0, full=False)
        _known[key] = Truth(optimum, _random_within(world.mdp, limit, 1.0, full=False), limit)
    return _known[key]


_known: dict[tuple[str, int], Truth] = {}


def summary(
    world: World, gamma: float | None = None, horizon: int | None = None, full: bool = False
) -> dict[str, str | int | float | None]:
    """The facts of a world by the names that `daedalus solve --json` prints; all for the start distribution.

    `horizon` overrides the world's time limit. Values are None where they are unbounded, undefined, or would cost
    minutes and `full` is not asked for. Raises `UserError` for γ outside [0, 1] and a time limit below 1.
    """
    mdp, limit = world.mdp, world.horizon if horizon is None else check_horizon(horizon)
    discount = 1.0 if gamma is None else gamma
    check_gamma(discount)
    if limit is not None:
        random_value = _random_within(mdp, limit, discount, full)
    elif full or _work(mdp, mdp.states) <= CHEAP:
        random_value = _finite(start_value(mdp, evaluate_policy(mdp, random_policy(mdp), discount)))
    else:
        random_value = None
    return {
        "world": world.name,
        "states": world.states,
        "actions": mdp.actions,
        "gamma": discount,
        "horizon": limit,
        "optimal_value": _finite(start_value(mdp, solve(mdp, discount).value)),
        "optimal_value_within_horizon": None if limit is None else optimum_within(mdp, limit, discount, full),
        "random_value": random_value,
    }


def optimum_within(mdp: FiniteMDP, horizon: int, gamma: float = 1.0, full: bool = False) -> float | None:
    """The best start value within `horizon` steps; None where it would cost minutes and `full` is not asked for."""
    if mdp.deterministic and gamma == 1.0 and not full and _work(mdp, horizon) > CHEAP:
        certified = _certified(mdp, check_horizon(horizon))
        if certified is not None:
            return certified
    value = backward_within(mdp, horizon, gamma, None if full else CHEAP)
    return None if value is None else start_value(mdp, value)


def _certified(mdp: FiniteMDP, horizon: int) -> float | None:
    """The unlimited optimum, where it is also the limited one.

    The optimal path attains it in time. No other path does better: one that ends in time is worth at most as
    much, and one that does not earns at most `horizon` times the largest reward that does not end the episode.
    """
    solution = solve(mdp)
    best = start_value(mdp, solution.value)
    if not math.isfinite(best) or not math.isclose(policy_value_within(mdp, solution.policy, horizon), best):
        return None
    lasting = ~mdp.terminal[mdp.next_state] & ~mdp.terminal[:, None, None]
    largest = float(np.max(mdp.reward, initial=-np.inf, where=lasting))
    return best if best >= horizon * largest else None


def _random_within(mdp: FiniteMDP, horizon: int, gamma: float, full: bool) -> float | None:
    return _finite(policy_value_within(mdp, random_policy(mdp), horizon, gamma, None if full else CHEAP))


def _work(mdp: FiniteMDP, steps: int) -> int:
    return mdp.states * mdp.actions * mdp.outcomes * steps


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
