"""From a picture of tiles, and the things on them, to a finite world: every grid of the suite is built here."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from daedalus.core.arrays import Bools, Floats, Pixels, States
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Scene, Tile, World

from .naming import TimeLimit, check_slip
from .things import NOTHING, Things, check_pieces, check_things, pieces_of

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
    goal_reward: float | Sequence[float] = 0.0,
    hazard_reward: float = -100.0,
    things: Things = NOTHING,
) -> World:
    """Build a world from `tiles`, (rows, columns) of `Tile`, and the `things` on them.

    An episode starts on any START tile, all equally likely, and ends on a GOAL; where there are candies and no goal,
    it ends with the last candy. A move into a wall or off the grid stays put; with probability `slip` a move goes to
    one of its two sides instead. Every step pays `step_reward`, the one into a goal `goal_reward` (one number, or
    one for each goal in reading order), the one onto a hazard `hazard_reward`, after which the agent stands on the
    start again and keeps what it has taken.

    Cells are all tiles but walls, in reading order, C of them. State n·C + c stands on cell c when the items of the
    set n have been taken: bit i of n is item i, the keys in their order first and then the candies. Without keys and
    candies the states are the cells. `horizon` is the time limit in steps; "auto" allows two steps a tile, and as
    many again for each key. Raises `UserError`, without start or goal too.
    """
    tiles = np.array(tiles, dtype=np.uint8)
    cells = np.argwhere(tiles != Tile.WALL)
    kind = tiles[cells[:, 0], cells[:, 1]]
    starts, goals = np.flatnonzero(kind == Tile.START), kind == Tile.GOAL
    _check(name, tiles, kind, slip, things)
    index = np.full(tiles.size, -1, dtype=np.int32)  # from a tile's number to its cell's
    index[np.flatnonzero(tiles != Tile.WALL)] = np.arange(len(cells))
    entered_SA = _entered(tiles, index, things)
    reached_SA = _landed(entered_SA, index, things)
    reward_SA = np.full(entered_SA.shape, step_reward, dtype=np.float64)
    at_goal, at_hazard = goals[entered_SA], (kind == Tile.HAZARD)[entered_SA]
    reward_SA[at_goal] = _goal_rewards(name, goals, goal_reward)[entered_SA[at_goal]]
    reward_SA[at_hazard] = hazard_reward
    reached_SA[at_hazard] = starts[0]
    if things.items or things.doors:
        reached_SA, reward_SA = _with_items(reached_SA, reward_SA, index, things)
    terminal = np.tile(goals, things.sets) if goals.any() else np.repeat(things.eaten(), len(cells))
    reward_SA[terminal] = 0.0
    reached_SA[terminal] = np.flatnonzero(terminal)[:, None]

    start = np.zeros(len(terminal))
    start[starts] = 1 / starts.size
    sides = (0, -1, 1) if slip else (0,)
    mdp = FiniteMDP(
        next_state=_frozen(_outcomes(reached_SA, sides)),
        probability=_frozen(_probabilities(len(terminal), slip)),
        reward=_frozen(_outcomes(reward_SA, sides)),
        start=start,
        terminal=terminal,
    )
    limit = 2 * tiles.size * (1 + len(things.keys)) if horizon == "auto" else horizon
    cell = np.tile(cells, (things.sets, 1))
    scene = Scene(_frozen(tiles), _frozen(cell), MOVES, pieces_of(things, len(cells)))
    return World(name, mdp, limit, ACTIONS, scene)


def neighbours(tiles: Pixels) -> States:
    """The cell that each move from each cell leads to, (C, A); the cell itself before a wall and at the grid's edge.

    Cells are all tiles but walls, in reading order.
    """
    bordered = np.pad(tiles, 1, constant_values=Tile.WALL)
    place = np.flatnonzero(bordered != Tile.WALL)
    own = np.arange(place.size, dtype=np.int32)
    index = np.full(bordered.size, -1, dtype=np.int32)  # from a tile's number to its cell's
    index[place] = own
    entered = np.empty((place.size, len(MOVES)), dtype=np.int32)
    for action, (down, right) in enumerate(MOVES):
        target = index[place + down * bordered.shape[1] + right]
        entered[:, action] = np.where(target < 0, own, target)
    return entered


def _check(name: str, tiles: Pixels, kind: Pixels, slip: float, things: Things) -> None:
    """Refuse what is no world, or too large a one, before memory is taken. Raises `UserError`."""
    check_slip(name, slip)
    check_things(name, things, tiles)
    starts, goals = np.count_nonzero(kind == Tile.START), np.any(kind == Tile.GOAL)
    if not starts or not (goals or things.candies):
        raise UserError(f"{name}: the grid has no {'goal' if starts else 'start'}")
    if starts > 1 and np.any(kind == Tile.HAZARD):
        raise UserError(f"{name}: a grid with hazards needs exactly one start to go back to, not {starts}")
    check_size(kind.size * things.sets, len(MOVES), 3 if slip else 1)
    check_pieces(name, things, kind.size)


def _entered(tiles: Pixels, index: States, things: Things) -> States:
    """The cell that each move enters, (C, A): the neighbour, or the cell itself where a wall or an arrow bars it."""
    entered_CA = neighbours(tiles)
    if not things.one_way:
        return entered_CA
    barred_C = np.full(len(entered_CA), -1, dtype=np.int32)  # the action that a one-way cell bars
    for tile, action in things.one_way:
        barred_C[index[tile]] = (action + 2) % len(MOVES)
    own, actions = np.arange(len(entered_CA), dtype=np.int32)[:, None], np.arange(len(MOVES))
    shut_CA = (barred_C[:, None] == actions) | (barred_C[entered_CA] == actions)
    return np.where(shut_CA, own, entered_CA)


def _landed(entered_CA: States, index: States, things: Things) -> States:
    """Where one stands who enters those cells, (C, A): at the other end, where a step leads onto a portal."""
    landed_C = np.arange(len(entered_CA), dtype=np.int32)
    for one, other in things.portals:
        landed_C[index[[one, other]]] = index[[other, one]]
    own = np.arange(len(entered_CA))[:, None]
    return np.where(entered_CA == own, entered_CA, landed_C[entered_CA])


def _with_items(reached_CA: States, reward_CA: Floats, index: States, things: Things) -> tuple[States, Floats]:
    """The same moves in every set of taken items: states reached and rewards, (sets · C, A)."""
    cells, sets = len(reached_CA), np.arange(things.sets, dtype=np.int32)[:, None, None]
    bit_C, worth_C = np.zeros(cells, dtype=np.int32), np.zeros(cells)
    for item, tile in enumerate(things.items):
        bit_C[index[tile]] = 1 << item
    for tile, reward in things.candies:
        worth_C[index[tile]] = reward
    open_NC = np.ones((things.sets, cells), dtype=np.bool_)
    for tile, colour in things.doors:
        open_NC[:, index[tile]] = things.held(colour)
    own = np.arange(cells, dtype=np.int32)[:, None]
    reached_NCA = np.where(open_NC[:, reached_CA], reached_CA, own)
    after_NCA = sets | bit_C[reached_NCA]
    reward_NCA = reward_CA + np.where(after_NCA != sets, worth_C[reached_NCA], 0.0)
    state_NCA = after_NCA * np.int32(cells) + reached_NCA
    return state_NCA.reshape(-1, len(MOVES)), reward_NCA.reshape(-1, len(MOVES))


def _goal_rewards(name: str, goals: Bools, goal_reward: float | Sequence[float]) -> Floats:
    """What the step into each cell pays, (C,), 0 where it is no goal."""
    rewards = np.array(goal_reward, dtype=np.float64)
    if rewards.ndim and rewards.shape != (goals.sum(),):
        raise UserError(f"{name}: {rewards.size} goal rewards for {goals.sum()} goals; give one, or one for each")
    reward_C = np.zeros(len(goals))
    reward_C[goals] = rewards
    return reward_C


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
