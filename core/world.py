"""Worlds are values: a finite world, one that changes, a bandit, or an open environment that is none of these.

Builders in `daedalus.envs` make them, learners live in them, solvers judge them; this file only says what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .arrays import Floats, Ints, Pixels, States
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


class Thing(IntEnum):
    """What can lie, stand or hang on a tile beside the agent."""

    CANDY = 0
    KEY = 1
    DOOR = 2  # a closed one; where it stands open there is none
    PORTAL = 3
    ONE_WAY = 4  # variant: the action that goes its way
    PLAYER = 5  # the other player
    PASSENGER = 6
    DESTINATION = 7
    WIND = 8  # variant: its strength, in tiles upwards
    SIGN = 9  # variant: the action it points out


@dataclass(frozen=True, eq=False)
class Piece:
    """One thing of a scene, and where it is in every state."""

    thing: Thing
    tile: States  # (S,), or (1,) where it never moves: the tile's number in reading order; -1 where it is nowhere
    variant: int = 0  # a colour for keys, doors, portals and stops; else as `Thing` says


@dataclass(frozen=True, eq=False)
class Scene:
    """Where a world's states lie, for drawing and for what an agent sees. The solver never looks at it.

    A set of levels has `tiles` of each and says in `level` which one a state belongs to.
    """

    tiles: Pixels  # (rows, columns) of `Tile`, uint8; (levels, rows, columns) for a set of levels
    cell: Ints  # (S, 2), row and column of the agent in each state; (-1, -1) where it has no place
    moves: tuple[tuple[int, int], ...]  # rows and columns that each action tries to go; (0, 0) where it is no move
    pieces: tuple[Piece, ...] = ()
    level: States | None = None  # (S,), the level of each state
    heading: States | None = None  # (S,), 0 up, 1 right, 2 down, 3 left: where the agent looks, where that is state


Sight = Literal["index", "coordinates", "one_hot", "symbolic", "pixels", "view", "heading_view"]


@dataclass(frozen=True)
class Observation:
    """What an agent is shown of the state; `daedalus.envs.observing` makes it.

    "index" is the state's number; "coordinates" row and column, and where the pieces are; "one_hot" the index as a
    vector; "symbolic" the grid as planes of 0 and 1; "pixels" the drawing; "view" what is in line of sight around
    the agent, "heading_view" what is in line of sight before it.
    """

    sight: Sight = "index"
    view_size: int = 7  # tiles along a view's side
    tile_size: int = 8  # pixels along a drawn tile's side
    action_mask: bool = False  # whether info["action_mask"] tells which actions do anything


@dataclass(frozen=True, eq=False)
class World:
    """A finite world: an MDP, a time limit in steps (None: no limit) and, where it can be drawn, a scene.

    `states` counts the states an agent can meet; an absorbing state that an import added stands behind them and is
    not counted. Where an agent cannot tell all states apart, `shows` numbers what it sees.
    """

    name: str  # as the user would type it
    mdp: FiniteMDP
    horizon: int | None
    actions: tuple[str, ...]
    scene: Scene | None = None
    states: int = -1
    shows: States | None = None  # (S,), what "index" and "one_hot" show in each state; None: the state itself
    observation: Observation = Observation()

    def __post_init__(self) -> None:
        if self.states < 0:
            object.__setattr__(self, "states", self.mdp.states)
        if self.horizon is not None and self.horizon < 1:
            raise UserError(f"{self.name}: the time limit must be at least 1 step, not {self.horizon}")
        if self.horizon is not None and self.horizon > _LONGEST:
            raise UserError(f"{self.name}: the time limit is longer than {_LONGEST:,} steps; give none instead")

    @property
    def tabular(self) -> bool:
        """Whether the observation is the state's own number, as a table of states needs it."""
        return self.shows is None and self.observation.sight == "index"

    def within(self, horizon: int | None) -> "World":
        """The same world under another time limit."""
        return replace(self, horizon=horizon)


@dataclass(frozen=True, eq=False)
class Schedule:
    """A world that changes in mid-run: from step `since[p]` on, counted since seeding and across episodes, phase p.

    All phases share states, actions, time limit and observation; only what happens differs. The optimum at a
    moment is that of its phase.
    """

    name: str
    since: Ints  # (P,), 0 first, rising
    phases: tuple[World, ...]  # P

    def __post_init__(self) -> None:
        since = np.array(self.since, dtype=np.int64)
        if since.shape != (len(self.phases),) or not since.size or since[0] != 0 or np.any(np.diff(since) < 1):
            raise UserError(f"{self.name}: a schedule needs a first step for each phase, 0 first and rising")
        alike = {
            (one.mdp.states, one.mdp.actions, one.states, one.horizon, one.observation) for one in self.phases
        }
        if len(alike) > 1:
            raise UserError(f"{self.name}: all phases must share states, actions, time limit and observation")
        since.flags.writeable = False
        object.__setattr__(self, "since", since)

    def phase(self, step: int) -> int:
        """The phase in which step number `step` is taken."""
        return int(np.searchsorted(self.since, step, side="right")) - 1

    def at(self, step: int) -> World:
        """The world in which step number `step` is taken."""
        return self.phases[self.phase(step)]


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


Problem = World | Schedule | Bandit | OpenWorld


def sort_of(problem: Problem) -> Literal["finite", "changing", "bandit", "open"]:
    """The word by which agents say where they can live (`Entry.suits`)."""
    match problem:
        case World():
            return "finite"
        case Schedule():
            return "changing"
        case Bandit():
            return "bandit"
        case OpenWorld():
            return "open"
