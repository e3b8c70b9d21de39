"""Candy mazes against a travelling salesman who tries every order; candies that come and go, phase by phase."""

from collections import deque
from itertools import pairwise, permutations

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.world import Schedule, Thing, Tile
from daedalus.envs import candy_maze, drifting_candy_maze


def steps_from(tiles, tile):
    """Steps from a tile to every tile that can be reached without passing the goal."""
    steps, queue = {tile: 0}, deque([tile])
    while queue:
        here = queue.popleft()
        if tiles.flat[here] == Tile.GOAL:
            continue
        for there in (here - tiles.shape[1], here + 1, here + tiles.shape[1], here - 1):  # a maze has walls around
            if tiles.flat[there] != Tile.WALL and there not in steps:
                steps[there] = steps[here] + 1
                queue.append(there)
    return steps


def spots_of(world):
    return [int(piece.tile.max()) for piece in world.scene.pieces if piece.thing == Thing.CANDY]


def optimum(world):
    return start_value(world.mdp, solve(world.mdp).value)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("candies", [1, 3, 5])
@pytest.mark.parametrize("generator", ["depth_first", "rooms"])
def test_the_best_round_is_the_travelling_salesmans(seed, candies, generator):
    world = candy_maze(4, 5, candies, seed=seed, generator=generator, candy_reward=7.0, step_reward=-1.5)
    tiles, spots = world.scene.tiles, spots_of(world)
    assert len(spots) == candies
    places = [int(np.flatnonzero(tiles == Tile.START)[0]), *spots]
    steps = [steps_from(tiles, place) for place in places]
    rounds = (
        sum(steps[one][places[other]] for one, other in zip((0, *order), order, strict=False))
        for order in permutations(range(1, candies + 1))
    )
    assert optimum(world) == pytest.approx(7.0 * candies - 1.5 * min(rounds))


def test_a_candy_maze_is_made_as_it_says():
    world = candy_maze()
    tiles, spots = world.scene.tiles, spots_of(world)
    assert (tiles.shape, world.horizon, world.states) == ((13, 13), 2 * 169, 71 * 32)
    assert tiles[1, 1] == Tile.START
    assert not np.any(tiles == Tile.GOAL)
    assert spots == sorted(set(spots))
    for spot in spots:
        row, column = divmod(spot, 13)
        assert row % 2 == column % 2 == 1
        assert tiles[row, column] == Tile.FLOOR
    assert world.mdp.terminal.sum() == 71  # wherever the last candy was eaten
    assert world.name == "daedalus/CandyMaze-v0"
    assert candy_maze(seed=3).name == "daedalus/CandyMaze-v0:seed=3"
    assert candy_maze(candies=3, seed=1).mdp.fingerprint() != candy_maze(candies=3, seed=2).mdp.fingerprint()


@pytest.mark.parametrize(("mode", "seed"), [("drift", 0), ("drift", 1), ("switch", 0), ("switch", 1)])
def test_each_phase_is_worth_what_trying_every_order_finds(mode, seed):
    schedule = drifting_candy_maze(3, 4, 3, candy_reward=15.0, mode=mode, phases=4, seed=seed)
    tiles, spots = schedule.phases[0].scene.tiles, spots_of(schedule.phases[0])
    start, goal = (int(np.flatnonzero(tiles == kind)[0]) for kind in (Tile.START, Tile.GOAL))
    steps = {tile: steps_from(tiles, tile) for tile in (start, *spots)}
    found = set()
    for world in schedule.phases:
        chance = chances_of(world, 15.0)
        best = -np.inf
        for count in range(len(spots) + 1):
            for order in permutations(range(len(spots)), count):
                stops = [start, *(spots[spot] for spot in order), goal]
                length = sum(steps[one].get(other, np.inf) for one, other in pairwise(stops))
                best = max(best, 15.0 * chance[list(order)].sum() - (length - 1))  # the step out is free
        assert optimum(world) == pytest.approx(best)
        found.add(round(best, 6))
    assert len(found) > 1  # the change matters


def chances_of(world, candy_reward):
    """The chance of a candy at each spot, read off a first step onto it."""
    mdp, chances = world.mdp, []
    for piece in (piece for piece in world.scene.pieces if piece.thing == Thing.CANDY):
        here = piece.tile >= 0
        found = set()
        for state in np.flatnonzero(here & ~mdp.terminal):
            for action in range(4):
                rows = [
                    (mdp.next_state[state, action, k], mdp.reward[state, action, k], mdp.probability[state, action, k])
                    for k in range(mdp.outcomes)
                ]
                if not here[rows[0][0]]:
                    assert rows[0][0] == rows[1][0]
                    assert (rows[0][1], rows[1][1]) == (-1 + candy_reward, -1)
                    assert rows[0][2] + rows[1][2] == pytest.approx(1)
                    found.add(round(rows[0][2], 12))
        assert len(found) == 1
        chances.append(found.pop())
    return np.array(chances)


def test_the_chances_walk_within_their_bounds():
    schedule = drifting_candy_maze(3, 3, 4, phases=60, drift=0.3, seed=1)
    chances = np.array([chances_of(world, 20.0) for world in schedule.phases])
    assert chances.min() >= 0
    assert chances.max() <= 1
    steps = np.diff(chances, axis=0)
    assert np.all(np.abs(steps).max(axis=0) > 0.1)
    assert 0.15 < steps.std() < 0.3  # reflection takes some of 0.3
    still = drifting_candy_maze(3, 3, 4, phases=5, drift=0.0, seed=1)
    assert all(np.array_equal(chances_of(world, 20.0), chances[0]) for world in still.phases)


def test_rich_and_poor_change_places():
    schedule = drifting_candy_maze(3, 3, 5, mode="switch", phases=3)
    first, second, third = (chances_of(world, 20.0) for world in schedule.phases)
    assert sorted(first) == pytest.approx([0.1, 0.1, 0.9, 0.9, 0.9])
    assert first + second == pytest.approx(np.ones(5))
    assert first == pytest.approx(third)


def test_a_spot_pays_once_an_episode_and_phases_begin_when_they_should():
    schedule = drifting_candy_maze(2, 3, 2, period=7, phases=3, slip=0.2)
    assert isinstance(schedule, Schedule)
    assert schedule.since.tolist() == [0, 7, 14]
    assert [schedule.phase(step) for step in (0, 6, 7, 13, 14, 999)] == [0, 0, 1, 1, 2, 2]
    world = schedule.phases[0]
    places = len(np.unique(world.scene.cell, axis=0))
    assert world.states == 4 * places
    last = slice(3 * places, 4 * places)  # both spots visited
    assert set(np.unique(world.mdp.reward[last])) == {-1.0, 0.0}
    assert world.mdp.outcomes == 6
    assert world.mdp.terminal.sum() == 4


def test_phases_share_what_does_not_change():
    schedule = drifting_candy_maze(phases=20)
    first = schedule.phases[0].mdp
    for world in schedule.phases[1:]:
        assert world.mdp.next_state is first.next_state
        assert world.mdp.reward is first.reward
        assert world.scene is schedule.phases[0].scene
    switching = drifting_candy_maze(mode="switch", phases=1000)
    assert len({id(world) for world in switching.phases}) == 2


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (candy_maze, {"candies": 0}, "candies must be at least 1"),
        (candy_maze, {"candies": 36}, "36 candies; each doubles the states, so at most 27"),
        (candy_maze, {"rows": 2, "columns": 2, "candies": 3}, "3 candies in a maze with 2 free cells"),
        (candy_maze, {"rows": 10**4, "columns": 10**4}, "bytes of tables"),
        (candy_maze, {"candies": 27}, "bytes of tables"),
        (candy_maze, {"generator": "prime"}, "did you mean 'prim'"),
        (candy_maze, {"candy_reward": float("inf")}, "must be a finite number"),
        (candy_maze, {"slip": 2}, "slip must lie in"),
        (candy_maze, {"rows": 0}, "rows must be at least 1"),
        (candy_maze, {"seed": -1}, "seed must be at least 0"),
        (drifting_candy_maze, {"mode": "jump"}, "unknown .*mode 'jump'"),
        (drifting_candy_maze, {"spots": 0}, "spots must be at least 1"),
        (drifting_candy_maze, {"period": 0}, "period must be at least 1"),
        (drifting_candy_maze, {"phases": 0}, "phases must be at least 1"),
        (drifting_candy_maze, {"phases": 10**9, "mode": "switch"}, "at most 100,000 phases"),
        (drifting_candy_maze, {"period": 10**20}, "at most 100,000 phases of at most 1,000,000,000,000 steps"),
        (drifting_candy_maze, {"mode": "switch", "drift": 3.0}, "drift belongs to mode=drift"),
        (drifting_candy_maze, {"drift": -0.1}, "drift must be at least 0"),
        (drifting_candy_maze, {"candy_reward": float("nan")}, "candy_reward must be a finite number"),
        (drifting_candy_maze, {"spots": 15, "phases": 10**5}, "bytes of tables"),
    ],
)
def test_refused_candy_mazes(build, options, message):
    with pytest.raises(UserError, match=message):
        build(**options)
