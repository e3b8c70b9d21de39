"""From a rule to a finite world: whatever is no picture of tiles is tabulated here, state by state."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Scene, Tile, World

#: What may happen: probability, next state, reward; for a state and an action.
Outcomes = Sequence[tuple[float, int, float]]
Rule = Callable[[int, int], Outcomes]

_PLACES = 16  # tiles in a row of a block


def rule_world(
    name: str,
    states: int,
    actions: tuple[str, ...],
    rule: Rule,
    *,
    start: int | Iterable[int],
    terminal: Iterable[int] = (),
    horizon: int | None,
    scene: Scene | None = None,
) -> World:
    """Build a world from a rule: `rule(state, action)` lists what may happen as (probability, next state, reward).

    States and actions are counted from 0. An episode starts in `start`, a state or several that are equally likely;
    it ends in a `terminal` state, of which the rule is not asked, or truncates after `horizon` steps (None: never).
    Without a `scene` the states are drawn as a block of tiles, in reading order. Raises `UserError` where the rule
    is no MDP, naming the state and action.
    """
    starts, ends = ([start] if isinstance(start, int) else list(start)), set(terminal)
    if not starts:
        raise UserError(f"{name}: an episode must start somewhere; give at least one start")
    for state in (*starts, *ends):
        if not 0 <= state < states:
            raise UserError(f"{name}: state {state}; there are states 0…{states - 1}")
    check_size(states, len(actions), 1)
    rows = [
        _outcomes(name, rule, state, action) if state not in ends else ((1.0, state, 0.0),)
        for state in range(states)
        for action in range(len(actions))
    ]
    mdp = _table(rows, states, len(actions), even(starts, states), ends)
    if scene is None:
        scene = block_scene(states, len(actions), starts=starts if 2 * len(starts) < states else (), goals=ends)
    return World(name, mdp, horizon, actions, scene)


def _outcomes(name: str, rule: Rule, state: int, action: int) -> Outcomes:
    row = rule(state, action)
    if not row:
        raise UserError(f"{name}: state {state}, action {action} has no outcomes")
    for outcome in row:
        if len(outcome) != 3:
            raise UserError(
                f"{name}: state {state}, action {action} has the outcome {outcome!r}, "
                "which is no (probability, next state, reward)"
            )
    return row


def _table(rows: Sequence[Outcomes], states: int, actions: int, start: Floats, ends: set[int]) -> FiniteMDP:
    most = max(map(len, rows))
    check_size(states, actions, most)
    shape = (states, actions, most)
    next_state: np.typing.NDArray[Any] = np.repeat(np.arange(states), actions * most)
    probability, reward = np.zeros(next_state.size), np.zeros(next_state.size)
    for index, row in enumerate(rows):
        for entry, (chance, reached, paid) in enumerate(row, index * most):
            next_state[entry], probability[entry], reward[entry] = reached, chance, paid
    terminal = np.isin(np.arange(states), list(ends))
    return FiniteMDP(next_state.reshape(shape), probability.reshape(shape), reward.reshape(shape), start, terminal)


def even(chosen: Sequence[int], states: int) -> Floats:
    """The distribution (S,) under which the chosen states are equally likely and no other can be."""
    law = np.zeros(states)
    law[chosen] = 1 / len(chosen)
    return law


def block_scene(
    states: int, actions: int, columns: int = 0, *, starts: Iterable[int] = (), goals: Iterable[int] = ()
) -> Scene:
    """A scene for states that lie nowhere: a block of tiles in reading order, `columns` in a row.

    By default up to 16 states stand in one row, and more in a square. No action moves anywhere.
    """
    columns = columns or (states if states <= _PLACES else int(np.ceil(np.sqrt(states))))
    tiles = np.full(-(-states // columns) * columns, Tile.WALL, dtype=np.uint8)
    tiles[:states] = Tile.FLOOR
    tiles[list(starts)], tiles[list(goals)] = Tile.START, Tile.GOAL
    cell = np.stack(np.divmod(np.arange(states), columns), axis=1)
    return Scene(tiles.reshape(-1, columns), cell, ((0, 0),) * actions)
