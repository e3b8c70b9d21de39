"""The T-maze: what was seen at the start decides what to do at the end."""

import numpy as np

from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import TimeLimit, at_least, check_finite, typed
from daedalus.envs.tiling import ACTIONS, MOVES

_UP, _RIGHT, _DOWN, _LEFT = range(4)
_TURNS = (_UP, _DOWN)  # where the goal may be
_SIGNS, _CORRIDOR, _JUNCTION, _ENDS = (0, 1), 2, 3, (4, 5)  # what is shown


def t_maze(
    length: int = 10,
    goal_reward: float = 4.0,
    wrong_reward: float = -0.1,
    stand_reward: float = -0.1,
    time_limit: TimeLimit = "auto",
) -> World:
    """The T-maze, which only an agent with a memory solves.

    ## Description
    A corridor ends in a junction, with the goal up or down. A sign at the start says where; on the way there is
    nothing to be seen. Whoever remembers the sign earns `goal_reward` every time. No policy of the observation
    alone is better than turning the same way always, which is right every second time. The optimum is computed for
    an agent that knows the state; one that remembers its first observation attains it.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left.

    ## Observation Space
    `Discrete(6)`: 0 at a sign that points up, 1 at one that points down, 2 in the corridor, wherever that is, 3 at
    the junction; 4 and 5, at the upper and the lower end, are only seen when all is over. The state behind it knows
    the goal and the tile, 2 · (length + 3) states.

    ## Starting State
    The left end of the corridor, the goal up or down with equal probability.

    ## Rewards
    `goal_reward` for turning to the goal, `wrong_reward` for turning away, `stand_reward` for a move into a wall,
    else 0.

    ## Episode End
    Terminates with the turn, right or wrong; truncates after `time_limit` steps.

    ## Arguments
    - `length`: steps from the start to the junction, at least 1.
    - `goal_reward`, `wrong_reward`, `stand_reward`: as above.
    - `time_limit`: steps, none, or "auto" for 10 · (length + 1).

    ## References
    B. Bakker, Reinforcement learning with long short-term memory, NIPS 14, 2001: there the observations are 011 or
    110 at the start, 101 in the corridor and 010 at the junction, and there is no time limit.

    ## Version History
    - v0: first version.
    """
    given = {
        "length": length,
        "goal_reward": goal_reward,
        "wrong_reward": wrong_reward,
        "stand_reward": stand_reward,
        "time_limit": time_limit,
    }
    name = typed("daedalus/TMaze-v0", t_maze, given)
    at_least(name, 1, length=length)
    check_finite(name, goal_reward=goal_reward, wrong_reward=wrong_reward, stand_reward=stand_reward)
    places = length + 3  # the corridor with the junction, and the two ends
    check_size(len(_TURNS) * places, len(ACTIONS), 1)
    limit = 10 * (length + 1) if time_limit == "auto" else time_limit
    mdp = _mdp(length, goal_reward, wrong_reward, stand_reward)
    shows = np.tile([-1, *[_CORRIDOR] * (length - 1), _JUNCTION, *_ENDS], len(_TURNS))
    shows[::places] = _SIGNS
    return World(name, mdp, limit, ACTIONS, _scene(length), shows=shows.astype(np.int32))


def _mdp(length: int, goal_reward: float, wrong_reward: float, stand_reward: float) -> FiniteMDP:
    """States are numbered goal by goal, up first: the corridor from left to right, the upper end, the lower end."""
    places = length + 3
    reached = np.tile(np.arange(places)[:, None], (1, len(ACTIONS)))
    reached[:length, _RIGHT] += 1
    reached[1 : length + 1, _LEFT] -= 1
    reached[length, list(_TURNS)] = length + 1, length + 2
    next_state = np.concatenate([reached + goal * places for goal in range(len(_TURNS))])
    reward = np.where(reached == np.arange(places)[:, None], stand_reward, 0.0)
    reward[length + 1 :] = 0.0
    rewards = np.concatenate([reward, reward])
    for goal, right in enumerate(_TURNS):
        rewards[goal * places + length, list(_TURNS)] = wrong_reward
        rewards[goal * places + length, right] = goal_reward
    start = np.zeros(2 * places)
    start[::places] = 0.5
    terminal = np.tile(np.arange(places) > length, 2)
    one = (*next_state.shape, 1)
    return FiniteMDP(next_state.reshape(one), np.ones(one), rewards.reshape(one), start, terminal)


def _scene(length: int) -> Scene:
    """Both ends are goals to the eye: only the sign, seen at the start, tells them apart."""
    tiles = np.full((3, length + 1), Tile.WALL, dtype=np.uint8)
    tiles[1], tiles[1, 0], tiles[[0, 2], length] = Tile.FLOOR, Tile.START, Tile.GOAL
    corridor = [(1, column) for column in range(length + 1)]
    cell = np.array([*corridor, (0, length), (2, length)] * 2, dtype=np.int64)
    places, start = length + 3, length + 1  # the start's number in reading order is that of a row's first tile
    signs = []
    for goal, turn in enumerate(_TURNS):
        tile = np.full(2 * places, -1, dtype=np.int32)
        tile[goal * places] = start
        signs.append(Piece(Thing.SIGN, tile, variant=turn))
    return Scene(tiles, cell, MOVES, tuple(signs))
