"""Worlds of two actions, left and right: a random walk, a short corridor, a river to swim, a deep sea to dive."""

from dataclasses import replace
from typing import Literal

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.naming import at_least, check_finite, typed
from daedalus.envs.tabulating import Outcomes, rule_world

_NAMES = ("left", "right")
_MOVES = ((0, -1), (0, 1))

_POOR, _RICH = 5.0, 10_000.0  # what the two banks of the river pay
_MOVE_COST = 0.01  # of a dive that goes right all the way


def random_walk(states: int = 5, left_reward: float | Literal["auto"] = "auto", time_limit: int | None = 1000) -> World:
    """A corridor with an end on either side, on which prediction is taught.

    ## Description
    States in a row between two ends; the right end pays 1. In the book there is nothing to decide: every step goes
    left or right with equal chance, and the question is what each state is worth. Here both steps are actions, so the
    book's process is the uniformly random policy, and its values are those of that policy: with 5 states 1/6, 2/6,
    3/6, 4/6, 5/6; with 19 states -0.9, -0.8, …, 0.9.

    ## Action Space
    `Discrete(2)`: 0 left, 1 right.

    ## Observation Space
    `Discrete(states + 2)`: the place in the row; 0 is the left end, states + 1 the right one.

    ## Starting State
    The middle.

    ## Rewards
    1 for the step into the right end, `left_reward` for the one into the left end, else 0.

    ## Episode End
    Terminates at either end, truncates after `time_limit` steps. The book has no limit.

    ## Arguments
    - `states`: an odd number, the two ends not counted.
    - `left_reward`: a number, or "auto" for the book's: 0 with 5 states (or fewer), -1 with more.
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, examples 6.2 and 7.1.

    ## Version History
    - v0: first version.
    """
    given = {"states": states, "left_reward": left_reward, "time_limit": time_limit}
    name = typed("daedalus/RandomWalk-v0", random_walk, given)
    at_least(name, 1, states=states)
    if states % 2 == 0:
        raise UserError(f"{name}: states must be odd, so that one is the middle, not {states}")
    check_size(states + 2, 2, 1)
    last, middle = states + 1, (states + 1) // 2
    left = (0.0 if states <= 5 else -1.0) if left_reward == "auto" else left_reward
    check_finite(name, left_reward=left)

    def rule(state: int, action: int) -> Outcomes:
        reached = state + (-1, 1)[action]
        return [(1.0, reached, {0: left, last: 1.0}.get(reached, 0.0))]

    tiles = np.full((1, states + 2), Tile.FLOOR, dtype=np.uint8)
    tiles[0, [0, middle, last]] = Tile.HAZARD, Tile.START, Tile.GOAL
    scene = Scene(tiles, np.argwhere(tiles != Tile.WALL), _MOVES)
    return rule_world(name, states + 2, _NAMES, rule, start=middle, terminal=[0, last], horizon=time_limit, scene=scene)


def short_corridor(time_limit: int | None = 1000) -> World:
    """A corridor in which all places look alike and one of them turns the actions round: only chance gets through.

    ## Description
    Three places in a row, and the goal behind the last. In the second place the actions are switched: right leads to
    the left and left to the right. Whoever always does the same there never arrives. The best policy of what is seen
    goes right with probability 2 - √2, about .59, and returns -(6 + 4√2), about -11.66; the optimum, 3 steps, is
    computed for an agent that knows its place.

    ## Action Space
    `Discrete(2)`: 0 left, 1 right.

    ## Observation Space
    `Discrete(2)`: 0 in every place; 1, at the goal, is only seen when all is over. There are four states behind it.

    ## Starting State
    The first place.

    ## Rewards
    -1 a step. A step left from the first place stays there.

    ## Episode End
    Terminates at the goal, truncates after `time_limit` steps. The book has no limit.

    ## Arguments
    - `time_limit`: steps, or none.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, example 13.1.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/ShortCorridor-v0", short_corridor, {"time_limit": time_limit})
    switched, goal = 1, 3

    def rule(state: int, action: int) -> Outcomes:
        step = (-1, 1)[action] * (-1 if state == switched else 1)
        return [(1.0, max(state + step, 0), -1.0)]

    tiles = np.array([[Tile.START, Tile.FLOOR, Tile.FLOOR, Tile.GOAL]], dtype=np.uint8)
    scene = Scene(tiles, np.argwhere(tiles != Tile.WALL), _MOVES)
    world = rule_world(name, goal + 1, _NAMES, rule, start=0, terminal=[goal], horizon=time_limit, scene=scene)
    return replace(world, shows=np.array([0, 0, 0, 1], dtype=np.int32))


def river_swim(states: int = 6, time_limit: int | None = 100) -> World:
    """A river with a small prize downstream and a large one upstream, against the current.

    ## Description
    Swimming left goes with the current and always succeeds; swimming right goes against it, and more often than not
    fails. Staying at the left bank pays a little, reaching the right bank and holding there pays 2000 times as much,
    so an agent that explores without a plan never finds out. A continuing task: nothing ends it but the time limit,
    which is ours.

    ## Action Space
    `Discrete(2)`: 0 left, 1 right.

    ## Observation Space
    `Discrete(states)`: the place, counted from the left bank.

    ## Starting State
    The second or the third place, equally likely.

    ## Rewards
    5 for action 0 at the left bank; 10,000 for action 1 at the right bank where it stays there; else 0.

    ## Episode End
    Never terminates; truncates after `time_limit` steps.

    ## Arguments
    - `states`: at least 3. Action 1 leads one place to the right with probability 0.3, stays with 0.6, drifts back
      with 0.1; at the left bank it stays with 0.7; at the right bank it stays with 0.3 and drifts back with 0.7.
    - `time_limit`: steps, or none.

    ## References
    A. Strehl and M. Littman, An analysis of model-based interval estimation for Markov decision processes, Journal
    of Computer and System Sciences 74, 2008.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/RiverSwim-v0", river_swim, {"states": states, "time_limit": time_limit})
    at_least(name, 3, states=states)
    check_size(states, 2, 3)
    last = states - 1

    def rule(state: int, action: int) -> Outcomes:
        if action == 0:
            return [(1.0, max(state - 1, 0), _POOR if state == 0 else 0.0)]
        if state == 0:
            return [(0.7, 0, 0.0), (0.3, 1, 0.0)]
        if state == last:
            return [(0.7, last - 1, 0.0), (0.3, last, _RICH)]
        return [(0.1, state - 1, 0.0), (0.6, state, 0.0), (0.3, state + 1, 0.0)]

    tiles = np.full((1, states), Tile.FLOOR, dtype=np.uint8)
    tiles[0, 1:3] = Tile.START
    prizes = tuple(Piece(Thing.CANDY, np.array([place], dtype=np.int32)) for place in (0, last))
    scene = Scene(tiles, np.argwhere(tiles != Tile.WALL), _MOVES, prizes)
    return rule_world(name, states, _NAMES, rule, start=(1, 2), horizon=time_limit, scene=scene)


def deep_sea(size: int = 10, randomized: bool = False, seed: int = 0) -> World:
    """A dive of `size` steps: one way down of 2^size leads to the treasure.

    ## Description
    Every step sinks a row deeper and a column to the left or to the right. Only right, right, right leads to the
    treasure, and every step right costs a little, so what an agent learns first is to keep left. Without deep
    exploration the treasure is found after about 2^size episodes. The water lies as a triangle, and the bottom is
    a row of its own, so that the end of a dive can be seen; bsuite's grid has the same states and dynamics, with the
    bottom left out.

    ## Action Space
    `Discrete(2)`: 0 left, 1 right. With `randomized`, which of the two is which differs from place to place.

    ## Observation Space
    `Discrete((size + 1)(size + 2) / 2)`: the tile's index in reading order, row r having r + 1 of them.

    ## Starting State
    The top.

    ## Rewards
    -0.01 / size for a step right, and 1 for the last one on the way to the treasure; else 0. The best return is 0.99.

    ## Episode End
    Terminates at the bottom, after exactly `size` steps.

    ## Arguments
    - `size`: N of the paper, at least 1.
    - `randomized`: whether each place has its own meaning of the two actions, as in bsuite.
    - `seed`: draws these meanings.

    ## References
    I. Osband et al., Deep exploration via randomized value functions, JMLR 20, 2019; I. Osband et al., Behaviour
    suite for reinforcement learning, ICLR 2020.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/DeepSea-v0", deep_sea, {"size": size, "randomized": randomized, "seed": seed})
    at_least(name, 1, size=size)
    at_least(name, 0, seed=seed)
    if seed and not randomized:
        raise UserError(f"{name}: seed draws the meanings of the actions; give randomized=true with it")
    water, states = size * (size + 1) // 2, (size + 1) * (size + 2) // 2
    check_size(states, 2, 1)
    cell = np.argwhere(np.tri(size + 1, dtype=np.bool_))
    rows = cell[:, 0].tolist()
    swapped = generator(seed, "layout").random(water) < 0.5 if randomized else np.zeros(water, dtype=np.bool_)

    def rule(state: int, action: int) -> Outcomes:
        below = state + rows[state] + 1  # as far right in the next row
        if action == swapped[state]:
            return [(1.0, below - (state > 0 and rows[state - 1] == rows[state]), 0.0)]
        return [(1.0, below + 1, (below + 1 == states - 1) - _MOVE_COST / size)]

    tiles = np.where(np.tri(size + 1, dtype=np.bool_), Tile.FLOOR, Tile.WALL).astype(np.uint8)
    tiles[0, 0], tiles[-1, -1] = Tile.START, Tile.GOAL
    moves = ((0, 0), (0, 0)) if randomized else ((1, -1), (1, 1))
    names = ("first", "second") if randomized else _NAMES
    scene = Scene(tiles, cell, moves)
    return rule_world(name, states, names, rule, start=0, terminal=range(water, states), horizon=size, scene=scene)
