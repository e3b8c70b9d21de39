"""Mazes with candies to collect, and one whose candies come and go."""

from typing import Literal

import numpy as np

from daedalus.core import rng
from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Schedule, Tile, World
from daedalus.envs.levels.names import CODES, Generator
from daedalus.envs.naming import TimeLimit, at_least, check_finite, check_slip, typed
from daedalus.envs.things import MOST_ITEMS, Things
from daedalus.envs.tiling import ACTIONS, grid_world

Mode = Literal["drift", "switch"]

_MOST_PHASES, _LONGEST = 100_000, 10**12
_DRIFT = 0.2  # where none is given
_RICH, _POOR = 0.9, 0.1  # chances of a candy, where they switch


def candy_maze(
    rows: int = 6,
    columns: int = 6,
    candies: int = 5,
    candy_reward: float = 10.0,
    step_reward: float = -1.0,
    generator: Generator = "depth_first",
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
) -> World:
    """A maze with candies: collect them all, in the shortest round.

    ## Description
    Candies lie in some cells of a maze. Every step costs, stepping onto a candy eats it, and the last one ends the
    episode; so the best way is the shortest one through all of them, a travelling salesman's without the way home.
    Cells lie at odd rows and columns of the tiles, as in `daedalus/Maze-v0`.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(2^candies · tiles)`: for each set of candies eaten, the index of the tile among all that are not wall, in
    reading order. Bit i of the set's number is candy i, in reading order.

    ## Starting State
    The top left cell, with all candies there.

    ## Rewards
    `step_reward` a step, and `candy_reward` more for each candy.

    ## Episode End
    Terminates with the last candy, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: cells.
    - `candies`: at least 1; each doubles the states.
    - `candy_reward`, `step_reward`: what a candy and a step pay.
    - `generator`: of the maze, as in `daedalus/Maze-v0`.
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws the layout and where the candies are, which resets never change.
    - `time_limit`: steps, none, or "auto" for two steps a tile.

    ## References
    The house's own.

    ## Version History
    - v0: first version.
    """
    given = {
        "rows": rows, "columns": columns, "candies": candies, "candy_reward": candy_reward,
        "step_reward": step_reward, "generator": generator, "slip": slip, "seed": seed, "time_limit": time_limit,
    }  # fmt: skip
    name = typed("daedalus/CandyMaze-v0", candy_maze, given)
    at_least(name, 1, candies=candies)
    check_finite(name, candy_reward=candy_reward, step_reward=step_reward)
    tiles, spots = _maze(name, rows, columns, candies, generator, slip, seed)
    tiles[tiles == Tile.GOAL] = Tile.FLOOR
    things = Things(candies=tuple((spot, candy_reward) for spot in spots))
    return grid_world(name, tiles, slip, time_limit, step_reward=step_reward, things=things)


def drifting_candy_maze(
    rows: int = 5,
    columns: int = 5,
    spots: int = 5,
    candy_reward: float = 20.0,
    step_reward: float = -1.0,
    mode: Mode = "drift",
    period: int = 5000,
    phases: int = 10,
    drift: float = _DRIFT,
    generator: Generator = "depth_first",
    slip: float = 0.0,
    seed: int = 0,
    time_limit: TimeLimit = "auto",
) -> Schedule:
    """A maze whose candies come and go: what was learned of them goes stale.

    ## Description
    A way from the top left to the exit at the bottom right, and spots beside it where a candy may lie. In each
    episode every spot holds one with a chance of its own, which is found out by stepping onto it for the first time.
    A spot is worth a detour where chance times `candy_reward` outweighs it; but the chances change every `period`
    steps, counted across episodes, and nobody tells. `mode="drift"`: they start uniform in [0, 1], and each takes a
    step of a random walk from N(0, drift²), reflected at 0 and 1. `mode="switch"`: half of the spots, rounded up,
    are rich (0.9) and the others poor (0.1), and all change places.

    ## Action Space
    `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. Moving into a wall stays put.

    ## Observation Space
    `Discrete(2^spots · tiles)`: for each set of spots visited in this episode, the index of the tile among all that
    are not wall, in reading order. Bit i of the set's number is spot i, in reading order.

    ## Starting State
    The top left cell, with no spot visited.

    ## Rewards
    `step_reward` a step, 0 for the step out; `candy_reward` more for the first visit to a spot with the chance that it
    has now.

    ## Episode End
    Terminates at the exit, truncates after `time_limit` steps.

    ## Arguments
    - `rows`, `columns`: cells.
    - `spots`: at least 1; each doubles the states.
    - `candy_reward`, `step_reward`: what a candy and a step pay.
    - `mode`: "drift" or "switch".
    - `period`: steps for which the chances stay; `phases`: how many times they are drawn, the last ones staying.
    - `drift`: the standard deviation of a chance's step; it goes with `mode="drift"`.
    - `generator`: of the maze, as in `daedalus/Maze-v0`.
    - `slip`: the probability that a move goes to one of its two sides, each with `slip / 2`.
    - `seed`: draws the layout, the spots and the course of their chances, which resets never change.
    - `time_limit`: steps, none, or "auto" for two steps a tile.

    ## References
    The house's own; a restless bandit (P. Whittle, Restless bandits, Journal of Applied Probability 25A, 1988)
    with a maze around its arms.

    ## Version History
    - v0: first version.
    """
    given = {
        "rows": rows, "columns": columns, "spots": spots, "candy_reward": candy_reward, "step_reward": step_reward,
        "mode": mode, "period": period, "phases": phases, "drift": drift, "generator": generator, "slip": slip,
        "seed": seed, "time_limit": time_limit,
    }  # fmt: skip
    name = typed("daedalus/DriftingCandyMaze-v0", drifting_candy_maze, given)
    at_least(name, 1, spots=spots, period=period, phases=phases)
    check_finite(name, candy_reward=candy_reward, step_reward=step_reward)
    if mode not in ("drift", "switch"):
        raise unknown(f"{name}: mode", mode, ("drift", "switch"))
    if not 0 <= drift < np.inf:
        raise UserError(f"{name}: drift must be at least 0 and finite, not {drift}")
    if mode == "switch" and drift != _DRIFT:
        raise UserError(f"{name}: drift belongs to mode=drift")
    if phases > _MOST_PHASES or period > _LONGEST:
        raise UserError(f"{name}: at most {_MOST_PHASES:,} phases of at most {_LONGEST:,} steps each")
    tiles, where = _maze(name, rows, columns, spots, generator, slip, seed)
    things = Things(candies=tuple((spot, 0.0) for spot in where))
    kinds = phases if mode == "drift" else min(phases, 2)
    check_size(rows * columns * kinds << spots, len(ACTIONS), 6 if slip else 2)
    empty = grid_world(name, tiles, slip, time_limit, step_reward=step_reward, things=things)
    chances = _drifting(spots, kinds, drift, seed) if mode == "drift" else _switching(spots, seed)[:kinds]
    worlds = _phases(empty, candy_reward, chances)
    return Schedule(name, period * np.arange(phases), tuple(worlds[phase % kinds] for phase in range(phases)))


def _maze(
    name: str, rows: int, columns: int, spots: int, generator: Generator, slip: float, seed: int
) -> tuple[Pixels, list[int]]:
    """A maze, and cells of it but start and goal, in reading order. Raises `UserError`."""
    from daedalus.envs.levels.tiles import drawn_tiles

    at_least(name, 1, rows=rows, columns=columns)
    at_least(name, 0, seed=seed)
    check_slip(name, slip)
    if generator not in CODES:
        raise unknown(f"{name}: generator", generator, CODES)
    if spots > MOST_ITEMS:
        raise UserError(f"{name}: {spots} candies; each doubles the states, so at most {MOST_ITEMS} can be")
    check_size(rows * columns << spots, len(ACTIONS), 3 if slip else 1)
    tiles = drawn_tiles(generator, rows, columns, rng.stream_keys([seed], "layout"))[0]
    cells = np.flatnonzero(tiles == Tile.FLOOR)
    row, column = np.divmod(cells, tiles.shape[1])
    free = cells[(row % 2 == 1) & (column % 2 == 1)]
    if spots > free.size:
        raise UserError(f"{name}: {spots} candies in a maze with {free.size} free cells; give more rows or columns")
    chosen = rng.generator(seed, "candies").choice(free, spots, replace=False)
    return tiles, [int(tile) for tile in np.sort(chosen)]


def _drifting(spots: int, phases: int, drift: float, seed: int) -> Floats:
    """Random walks between reflecting walls at 0 and 1, (phases, spots)."""
    draws = rng.generator(seed, "chances")
    walk = np.cumsum(np.concatenate([draws.random((1, spots)), drift * draws.standard_normal((phases - 1, spots))]), 0)
    return 1.0 - np.abs(walk % 2.0 - 1.0)


def _switching(spots: int, seed: int) -> Floats:
    """Half of the spots rich and the others poor, and the other way round, (2, spots)."""
    rich = rng.generator(seed, "chances").permutation(spots) < (spots + 1) // 2
    return np.where([rich, ~rich], _RICH, _POOR)


def _phases(empty: World, candy_reward: float, chances_PI: Floats) -> list[World]:
    """The world in which no candy pays, under each row of chances of one that does.

    Every outcome comes twice, with a candy and without one; all phases share all arrays but the probabilities.
    """
    mdp, spots = empty.mdp, chances_PI.shape[1]
    cells = mdp.states >> spots
    visited: Ints = np.arange(mdp.states)[:, None, None] // cells
    new_SAK = (mdp.next_state // cells) ^ visited  # the bit of a spot visited for the first time, or 0
    next_state = np.concatenate([mdp.next_state, mdp.next_state], axis=2)
    reward = np.concatenate([mdp.reward + candy_reward * (new_SAK > 0), mdp.reward], axis=2)
    next_state.flags.writeable = reward.flags.writeable = False
    worlds = []
    for chances in chances_PI:
        chance_of = np.ones(1 << spots)
        chance_of[1 << np.arange(spots)] = chances
        with_candy = mdp.probability * chance_of[new_SAK]
        probability = np.concatenate([with_candy, mdp.probability - with_candy], axis=2)
        probability.flags.writeable = False
        changed = FiniteMDP(next_state, probability, reward, mdp.start, mdp.terminal)
        worlds.append(World(empty.name, changed, empty.horizon, empty.actions, empty.scene))
    return worlds
