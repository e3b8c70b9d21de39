"""The two decisions of Sutton & Barto's figure 6.5, where a maximum over noise looks like a prize."""

import math
from statistics import NormalDist

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.mdp import check_size
from daedalus.core.world import Scene, Tile, World
from daedalus.envs.naming import at_least, check_finite, typed
from daedalus.envs.tabulating import Outcomes, rule_world

_END, _B, _A = 0, 1, 2
_MOVES = ((0, -1), (0, 1))
_DRAWS = 50  # equally likely values that stand for a normal law


def maximization_bias(actions: int = 10, mean: float = -0.1, spread: float = 1.0) -> World:
    """Right ends it for nothing; left leads to many noisy actions, which are worth less but look better.

    ## Description
    Four states in a row: an end, B, A and an end. From A one step right ends the episode and pays nothing, one step
    left leads to B, whose actions all end it with a noisy reward below 0 on average. Who takes the highest of many
    noisy estimates for the value of B goes left far too often.

    ## Action Space
    `Discrete(actions)`. In A the even actions go left and the odd ones right: half of them each, because the book's A
    has only these two. In B all go left.

    ## Observation Space
    `Discrete(4)`: the place, counted from the left; A is 2.

    ## Starting State
    A.

    ## Rewards
    0 in A. In B normally distributed with that `mean` and `spread`; 50 equally likely values, the middles of as many
    equal parts of the law, stand for it, stretched to its exact spread.

    ## Episode End
    Terminates after one step or two.

    ## Arguments
    - `actions`: an even number; the book does not say how many B has.
    - `mean`: of the rewards in B; with one above 0 left is right.
    - `spread`: their standard deviation, at least 0.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 6.7 and figure 6.5.

    ## Version History
    - v0: first version.
    """
    given = {"actions": actions, "mean": mean, "spread": spread}
    name = typed("daedalus/MaximizationBias-v0", maximization_bias, given)
    at_least(name, 2, actions=actions)
    check_finite(name, mean=mean, spread=spread)
    if actions % 2:
        raise UserError(f"{name}: actions must be even, so that half of them go left in A, not {actions}")
    if spread < 0:
        raise UserError(f"{name}: spread must be at least 0, not {spread}")
    check_size(4, actions, _DRAWS)
    noisy: Outcomes = [(1 / _DRAWS, _END, mean + spread * float(one)) for one in _normal()]

    def rule(state: int, action: int) -> Outcomes:
        return noisy if state == _B else [(1.0, _A + _MOVES[action % 2][1], 0.0)]

    tiles = np.full((1, 4), Tile.FLOOR, dtype=np.uint8)
    tiles[0, [_END, _A, _A + 1]] = Tile.HAZARD, Tile.START, Tile.GOAL
    scene = Scene(tiles, np.argwhere(tiles != Tile.WALL), _MOVES * (actions // 2))
    names = tuple(f"{way} {n + 1}" for n in range(actions // 2) for way in ("left", "right"))
    return rule_world(
        name, 4, names if actions > 2 else ("left", "right"), rule, start=_A, terminal=(_END, _A + 1), horizon=2,
        scene=scene,
    )  # fmt: skip


def _normal() -> Floats:
    """Equally likely values of mean 0 and standard deviation 1."""
    value = np.array([NormalDist().inv_cdf((k + 0.5) / _DRAWS) for k in range(_DRAWS)])
    return value / math.sqrt(float((value**2).mean()))
