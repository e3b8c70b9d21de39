"""The windy gridworld: the book's path and lengths, and every single step against a second implementation."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import policy_value_within, solve, start_value
from daedalus.core.world import Thing
from daedalus.envs import windy

WIND = "0001112210"
STEPS = {
    "four": [(-1, 0), (0, 1), (1, 0), (0, -1)],
    "king": [(-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)],
}
STEPS["king_stay"] = [*STEPS["king"], (0, 0)]


@pytest.mark.parametrize(("moves", "steps"), [("four", 15), ("king", 7), ("king_stay", 7)])
def test_shortest_way(moves, steps):
    world = windy(moves=moves)
    solution = solve(world.mdp)
    assert start_value(world.mdp, solution.value) == -steps
    assert policy_value_within(world.mdp, solution.policy, steps) == -steps


def test_the_path_of_the_book():
    # Right along the middle row, which the wind bends to the top; then down the right edge and back to the left.
    world, state, rows = windy(), 30, []
    for action in [1] * 9 + [2] * 4 + [3] * 2:
        state = int(world.mdp.next_state[state, action, 0])
        rows.append(state // 10)
    assert rows == [3, 3, 3, 2, 1, 0, 0, 0, 0, 1, 2, 3, 4, 4, 3]
    assert state == 37
    assert world.mdp.terminal[state]


@pytest.mark.parametrize("moves", STEPS)
@pytest.mark.parametrize("stochastic", [False, True])
def test_every_step_is_that_of_a_second_implementation(moves, stochastic):
    world = windy(moves=moves, stochastic=stochastic)
    for row, column in np.ndindex(7, 10):
        for action, (down, right) in enumerate(STEPS[moves]):
            state = 10 * row + column
            law = {}
            wind = int(WIND[column])
            for stronger in (-1, 0, 1) if stochastic and wind > 0 else (0,):
                r, c = np.clip(row + down - wind - stronger, 0, 6), np.clip(column + right, 0, 9)
                law[10 * r + c] = law.get(10 * r + c, 0.0) + (1 / 3 if stochastic and wind > 0 else 1.0)
            if state == 37:
                law = {37: 1.0}
            mine = np.zeros(70)
            np.add.at(mine, world.mdp.next_state[state, action], world.mdp.probability[state, action])
            assert {int(s): mine[s] for s in np.flatnonzero(mine)} == pytest.approx(law)
            paid = world.mdp.reward[state, action][world.mdp.probability[state, action] > 0]
            assert set(paid) == ({0.0} if state == 37 else {-1.0})


def test_the_example_of_exercise_6_10():
    # One cell to the right of the goal, moving left: to the goal, one above it, or two above it.
    mdp = windy(stochastic=True).mdp
    assert sorted(mdp.next_state[38, 3]) == [17, 27, 37]
    assert mdp.probability[38, 3] == pytest.approx(1 / 3)


def test_wind_is_drawn_where_it_blows():
    pieces = windy().scene.pieces
    assert {piece.thing for piece in pieces} == {Thing.WIND}
    assert {int(piece.tile[0]): piece.variant for piece in pieces} == {
        10 * row + column: int(WIND[column])
        for row, column in np.ndindex(7, 10)
        if WIND[column] != "0" and 10 * row + column != 37
    }


def test_refused():
    with pytest.raises(UserError, match="did you mean 'king'"):
        windy(moves="kings")
