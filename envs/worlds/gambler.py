"""The gambler's problem of Sutton & Barto."""

from dataclasses import replace

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Tile, World
from daedalus.envs.naming import at_least, typed
from daedalus.envs.tabulating import block_scene, even


def gambler(goal: int = 100, heads: float = 0.4, time_limit: int | None = 1000) -> World:
    """A gambler stakes on coin flips until the goal is reached or everything is lost.

    ## Description
    On heads the stake is won, on tails it is lost. The value of a capital is the probability of reaching the goal.
    With a coin that falls on tails more often, bold play is optimal: it wins from 25, 50 and 75 of 100 with
    probability heads², heads and 1 - (1 - heads)². The tiles show the capital in rows of about √goal, in reading
    order.

    ## Action Space
    `Discrete(goal // 2)`: action a stakes a + 1. A stake beyond the capital, or beyond what is missing to the goal, is
    cut to that; so every action does something in every state. The book's stake of 0 is left out: it never helps.

    ## Observation Space
    `Discrete(goal + 1)`: the capital.

    ## Starting State
    Any capital from 1 to goal - 1, all equally likely; the book names none.

    ## Rewards
    1 for the flip that reaches the goal, else 0.

    ## Episode End
    Terminates at the goal and at 0, truncates after `time_limit` flips.

    ## Arguments
    - `goal`: at least 2.
    - `heads`: the probability of heads.
    - `time_limit`: flips, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 4.3.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/Gambler-v0", gambler, {"goal": goal, "heads": heads, "time_limit": time_limit})
    at_least(name, 2, goal=goal)
    if not 0 <= heads <= 1:
        raise UserError(f"{name}: heads must lie in [0, 1], not {heads}")
    states, actions = goal + 1, goal // 2
    check_size(states, actions, 2)
    capital = np.arange(states, dtype=np.int32)
    stake_SA = np.minimum(
        np.arange(1, actions + 1, dtype=np.int32), np.minimum(capital, goal - capital)[:, None]
    )  # 0 where it is over
    next_state = np.stack([capital[:, None] + stake_SA, capital[:, None] - stake_SA], axis=2)
    reward = np.where((next_state == goal) & (stake_SA > 0)[:, :, None], 1.0, 0.0)
    probability = np.broadcast_to([heads, 1 - heads], next_state.shape)
    start = even(range(1, goal), states)
    mdp = FiniteMDP(next_state, probability, reward, start, np.isin(capital, (0, goal)))
    scene = block_scene(states, actions, round(np.sqrt(goal)), goals=[goal])
    tiles = scene.tiles.copy()
    tiles[0, 0] = Tile.HAZARD
    return World(name, mdp, time_limit, tuple(f"stake {a + 1}" for a in range(actions)), replace(scene, tiles=tiles))
