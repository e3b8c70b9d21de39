"""Gymnasium's toy-text tables as worlds: what `env.unwrapped.P` says, exactly."""

from operator import index
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Scene, Tile, World

from .tables import own_kind
from .tiling import ACTIONS, MOVES

_DIRECTIONS = dict(zip(ACTIONS, MOVES, strict=True))
_LAKE = {b"S": Tile.START, b"F": Tile.FLOOR, b"H": Tile.HAZARD, b"G": Tile.GOAL}

#: The names of the actions of Gymnasium's own tables, by class.
_NAMES = {
    "FrozenLakeEnv": ("left", "down", "right", "up"),
    "CliffWalkingEnv": ACTIONS,
    "TaxiEnv": ("south", "north", "east", "west", "pick up", "drop off"),
}


def from_table(name: str, env: Any, horizon: int | None) -> World:
    """Build a world from the unwrapped `env`'s table of state → action → [(probability, next state, reward, done)].

    Transitions flagged done lead to one absorbing state added behind the others; `World.states` does not count it.
    Raises `UserError` for a table that is no MDP, naming the state and action.
    """
    table, states = env.P, len(env.P)
    actions, outcomes = _extent(name, table)
    check_size(states + 1, actions, outcomes)
    shape = (states + 1, actions, outcomes)
    next_state = np.full(shape, states, dtype=np.int32)
    probability, reward = np.zeros(shape), np.zeros(shape)
    probability[states, :, 0] = 1.0
    for state, choices in table.items():
        for action, row in choices.items():
            for k, outcome in enumerate(row):
                try:
                    chance, reached, paid, done = outcome
                    next_state[state, action, k] = states if done else index(reached)
                    probability[state, action, k], reward[state, action, k] = chance, paid
                except (TypeError, ValueError, OverflowError):
                    raise UserError(
                        f"{name}: state {state}, action {action} has the outcome {outcome!r}, "
                        "which is no (probability, next state, reward, done)"
                    ) from None
    terminal = np.arange(states + 1) == states
    try:
        start: Floats = np.append(np.asarray(env.initial_state_distrib, dtype=np.float64), 0.0)
    except (TypeError, ValueError):
        raise UserError(f"{name}: initial_state_distrib holds no {states} probabilities") from None
    mdp = FiniteMDP(next_state, probability, reward, start, terminal)
    names = _NAMES.get(own_kind(env), ())
    names = names if len(names) == actions else tuple(str(action) for action in range(actions))
    return World(name, mdp, horizon, names, _scene(env, names), states)


def _extent(name: str, table: dict[Any, Any]) -> tuple[int, int]:
    """The table's actions, and the most outcomes that one has. Raises `UserError` unless all are counted from 0."""
    if not table or set(table) != set(range(len(table))):
        raise UserError(f"{name}: the table's states are not 0…{len(table) - 1}")
    actions = len(table[0]) if isinstance(table[0], dict) else 0
    for state, choices in table.items():
        if isinstance(choices, dict) and len(choices) != actions:
            raise UserError(f"{name}: state {state} has {len(choices)} actions, where state 0 has {actions}")
        if not isinstance(choices, dict) or set(choices) != set(range(actions)):
            raise UserError(f"{name}: state {state} has other actions than 0…{actions - 1}")
        for action, row in choices.items():
            if not isinstance(row, list | tuple) or not row:
                raise UserError(f"{name}: state {state}, action {action} has no outcomes")
    return actions, max(len(row) for choices in table.values() for row in choices.values())


def _scene(env: Any, names: tuple[str, ...]) -> Scene | None:
    tiles = _tiles(env)
    if tiles is None:
        return None
    cell: Ints = np.append(np.argwhere(np.ones(tiles.shape, dtype=np.bool_)), [[-1, -1]], axis=0)
    return Scene(tiles, cell, tuple(_DIRECTIONS[name] for name in names))


def _tiles(env: Any) -> Pixels | None:
    """The tiles of the two grids that Gymnasium itself draws as such."""
    match own_kind(env):
        case "FrozenLakeEnv":
            return np.array([[_LAKE[letter] for letter in row] for row in env.desc.tolist()], dtype=np.uint8)
        case "CliffWalkingEnv":
            tiles = np.full(env.shape, Tile.FLOOR, dtype=np.uint8)
            tiles[-1, 1:-1] = Tile.HAZARD
            tiles[-1, 0], tiles[-1, -1] = Tile.START, Tile.GOAL
            return tiles
    return None
