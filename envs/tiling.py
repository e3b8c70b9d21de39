"""From a picture of tiles to a finite world: every grid of the suite is built here."""

from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels, States
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Scene, Tile, World

from .naming import TimeLimit, check_slip

#: The actions of every grid and where each tries to go, as (rows, columns).
ACTIONS = ("up", "right", "down", "left")
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


def grid_world(
    name: str,
    tiles: Pixels,
    slip: float = 0.0,
    horizon: TimeLimit = "auto",
    *,
    step_reward: float = -1.0,
    goal_reward: float = 0.0,
    hazard_reward: float = -100.0,
) -> World:
    """Build a world from `tiles`, (rows, columns) of `Tile`.

    States are all tiles but walls, in reading order; an episode starts on any START tile, all equally likely, and
    ends on a GOAL. A move into a wall or off the grid stays put; with probability `slip` a move goes to one of
    its two sides instead. Every step pays `step_reward`, the one into a goal `goal_reward`, the one onto a hazard
    `hazard_reward`, after which the agent stands on the start again. `horizon` is the time limit in steps; "auto"
    allows two steps a tile. Raises `UserError` without start or goal.
    """
    check_slip(name, slip)
    tiles = np.array(tiles, dtype=np.uint8)
    cells = np.argwhere(tiles != Tile.WALL)
    kind = tiles[cells[:, 0], cells[:, 1]]
    starts, goals = np.flatnonzero(kind == Tile.START), kind == Tile.GOAL
    if not starts.size or not goals.any():
        raise UserError(f"{name}: the grid has no {'start' if goals.any() else 'goal'}")
    if starts.size > 1 and np.any(kind == Tile.HAZARD):
        raise UserError(f"{name}: a grid with hazards needs exactly one start to go back to, not {starts.size}")
    check_size(len(cells), len(MOVES), 3 if slip else 1)

    reached_SA = _reached(tiles, cells)
    reached_kind = kind[reached_SA]
    reward_SA = np.full(reached_SA.shape, step_reward)
    reward_SA[reached_kind == Tile.GOAL] = goal_reward
    hazard = reached_kind == Tile.HAZARD
    reward_SA[hazard] = hazard_reward
    reached_SA[hazard] = starts[0]
    reward_SA[goals] = 0.0
    reached_SA[goals] = np.flatnonzero(goals)[:, None]

    start = np.zeros(len(cells))
    start[starts] = 1 / starts.size
    sides = (0, -1, 1) if slip else (0,)
    mdp = FiniteMDP(
        next_state=_frozen(_outcomes(reached_SA, sides)),
        probability=_frozen(_probabilities(len(cells), slip)),
        reward=_frozen(_outcomes(reward_SA, sides)),
        start=start,
        terminal=goals,
    )
    limit = 2 * tiles.size if horizon == "auto" else horizon
    return World(name, mdp, limit, ACTIONS, Scene(_frozen(tiles), _frozen(cells), MOVES))


def _reached(tiles: Pixels, cells: Ints) -> States:
    """The state that each move leads to, (S, A): the neighbour, or the state itself before a wall."""
    own = np.arange(len(cells), dtype=np.int32)
    index = np.full((tiles.shape[0] + 2, tiles.shape[1] + 2), -1, dtype=np.int32)  # a border of wall
    index[cells[:, 0] + 1, cells[:, 1] + 1] = own
    reached = np.empty((len(cells), len(MOVES)), dtype=np.int32)
    for action, (down, right) in enumerate(MOVES):
        target = index[cells[:, 0] + 1 + down, cells[:, 1] + 1 + right]
        reached[:, action] = np.where(target < 0, own, target)
    return reached


def _outcomes(table_SA: np.typing.NDArray[Any], sides: tuple[int, ...]) -> np.typing.NDArray[Any]:
    """What happens when the move is turned by each of `sides`, (S, A, K)."""
    return np.stack([np.roll(table_SA, -side, axis=1) for side in sides], axis=2)


def _probabilities(states: int, slip: float) -> Floats:
    law = (1 - slip, slip / 2, slip / 2) if slip else (1.0,)
    return np.ascontiguousarray(np.broadcast_to(law, (states, len(MOVES), len(law))))


def _frozen(array: np.typing.NDArray[Any]) -> np.typing.NDArray[Any]:
    """The same array, read-only, so that the MDP need not copy it."""
    array.flags.writeable = False
    return array
