"""Worlds are values: a finite world, a bandit, or an open environment that is neither.

Builders in `daedalus.envs` make them, learners live in them, solvers judge them; this file only says what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .arrays import Floats, Ints, Pixels
from .errors import UserError
from .mdp import FiniteMDP

if TYPE_CHECKING:
    import gymnasium


_LONGEST = 2**62  # steps that compiled code can count


class Tile(IntEnum):
    """What a tile of a scene is."""

    FLOOR = 0
    WALL = 1
    START = 2
    GOAL = 3
    HAZARD = 4


@dataclass(frozen=True, eq=False)
class Scene:
    """Where a world's states lie, for drawing. The solver never sees it."""

    tiles: Pixels  # (rows, columns) of `Tile`, uint8
    cell: Ints  # (S, 2), row and column of each state; (-1, -1) where a state has no place
    moves: tuple[tuple[int, int], ...]  # rows and columns that each action tries to go, for arrows


@dataclass(frozen=True, eq=False)
class World:
    """A finite world: an MDP, a time limit in steps (None: no limit) and, where it can be drawn, a scene.

    The observation is the state's index. `states` counts the states an agent can meet; an absorbing state that
    an import added stands behind them and is not counted.
    """

    name: str  # as the user would type it
    mdp: FiniteMDP
    horizon: int | None
    actions: tuple[str, ...]
    scene: Scene | None = None
    states: int = -1

    def __post_init__(self) -> None:
        if self.states < 0:
            object.__setattr__(self, "states", self.mdp.states)
        if self.horizon is not None and self.horizon < 1:
            raise UserError(f"{self.name}: the time limit must be at least 1 step, not {self.horizon}")
        if self.horizon is not None and self.horizon > _LONGEST:
            raise UserError(f"{self.name}: the time limit is longer than {_LONGEST:,} steps; give none instead")

    def within(self, horizon: int | None) -> "World":
        """The same world under another time limit."""
        return replace(self, horizon=horizon)


@dataclass(frozen=True, eq=False)
class Bandit:
    """A k-armed bandit: rewards are drawn from `law` around each arm's true mean.

    "gaussian" is N(mean, 1), the testbed of Sutton & Barto (2018), section 2.3; "bernoulli" pays 1 with
    probability `mean`, else 0.
    """

    name: str
    law: Literal["gaussian", "bernoulli"]
    means: Floats  # (A,)

    def __post_init__(self) -> None:
        means = np.array(self.means, dtype=np.float64)
        if means.ndim != 1 or means.size < 2:
            raise UserError(f"{self.name}: a bandit needs at least 2 arms")
        if not np.all(np.isfinite(means)):
            raise UserError(f"{self.name}: every arm's mean must be a finite number")
        if self.law == "bernoulli" and not np.all((means >= 0) & (means <= 1)):
            raise UserError(f"{self.name}: Bernoulli means must lie in [0, 1]")
        means.flags.writeable = False
        object.__setattr__(self, "means", means)

    @property
    def arms(self) -> int:
        """A, the number of arms."""
        return int(self.means.size)


@dataclass(frozen=True, eq=False)
class OpenWorld:
    """Any other Gymnasium environment: no exact truth, learners take it through the ordinary interface."""

    name: str
    make: "Callable[[], gymnasium.Env[Any, Any]]"


Problem = World | Bandit | OpenWorld


def sort_of(problem: Problem) -> Literal["finite", "bandit", "open"]:
    """The word by which agents say where they can live (`Entry.suits`)."""
    match problem:
        case World():
            return "finite"
        case Bandit():
            return "bandit"
        case OpenWorld():
            return "open"
