"""The taxi is Gymnasium's, transition by transition, dry and in the rain."""

import gymnasium
import numpy as np
import pytest

from daedalus.core.planning import solve, start_value
from daedalus.core.spec import Spec
from daedalus.core.world import Thing, Tile
from daedalus.envs import load_problem, taxi

#: Gymnasium's numbers of our actions up, right, down, left, pick up, drop off.
THEIRS = [1, 2, 0, 3, 4, 5]


@pytest.mark.parametrize("rain", [False, True])
def test_every_transition_is_gymnasiums(rain):
    env = gymnasium.make("Taxi-v4", is_rainy=rain).unwrapped
    world = taxi(slip=0.2 if rain else 0.0)
    assert world.states == len(env.P) == 500
    np.testing.assert_allclose(world.mdp.start, env.initial_state_distrib)
    for state, action in np.ndindex(500, 6):
        passenger, destination = env.decode(state)[2:]
        if passenger == destination:
            assert world.mdp.terminal[state]
            continue
        law, mine = {}, {}
        for chance, reached, paid, done in env.P[state][THEIRS[action]]:
            law[reached, float(paid), done] = law.get((reached, float(paid), done), 0.0) + chance
        for k in np.flatnonzero(world.mdp.probability[state, action]):
            reached = int(world.mdp.next_state[state, action, k])
            key = reached, float(world.mdp.reward[state, action, k]), bool(world.mdp.terminal[reached])
            mine[key] = mine.get(key, 0.0) + world.mdp.probability[state, action, k]
        assert mine == pytest.approx(law, abs=1e-12)


def test_its_optimum_is_that_of_gymnasiums_table():
    theirs = load_problem(Spec("Taxi-v4"))
    assert start_value(theirs.mdp, solve(theirs.mdp).value) == pytest.approx(7.93)
    assert start_value(taxi().mdp, solve(taxi().mdp).value) == pytest.approx(7.93)


def test_it_is_drawn_as_a_town_with_walls():
    scene = taxi().scene
    assert scene.tiles.shape == (11, 11)
    drawn = gymnasium.make("Taxi-v4").unwrapped.desc
    for row, column in np.ndindex(5, 4):  # a wall between two places side by side
        wall = drawn[1 + row, 2 * column + 2] == b"|"
        assert (scene.tiles[2 * row + 1, 2 * column + 2] == Tile.WALL) == wall
    for row, column in np.ndindex(4, 5):
        assert scene.tiles[2 * row + 2, 2 * column + 1] == Tile.FLOOR
    destination, passenger = scene.pieces
    assert (destination.thing, passenger.thing) == (Thing.DESTINATION, Thing.PASSENGER)
    state = 4 * 5 * (5 * 2 + 3)  # taxi at (2, 3), passenger and destination red
    stops = [11 * row + column for row, column in ((1, 1), (1, 9), (9, 1), (9, 7))]
    assert passenger.tile[state : state + 20 : 4].tolist() == [*stops, -1]
    assert destination.tile[state : state + 4].tolist() == stops
    assert scene.cell[state].tolist() == [5, 7]
