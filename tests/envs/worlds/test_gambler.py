"""The gambler's problem against the closed form of bold play."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, truth
from daedalus.core.world import Tile
from daedalus.envs import gambler


def test_values_of_the_book():
    value = solve(gambler().mdp).value
    assert value[[25, 50, 75]] == pytest.approx([0.16, 0.4, 0.64], abs=1e-9)
    # Bold play from 20 runs 20, 40, 80, 60 and round to 20: v = h²(h + (1 - h)(h + (1 - h)v)), h = 0.4.
    assert value[20] == pytest.approx(0.16 * 0.64 / (1 - 0.16 * 0.36), abs=1e-9)


@pytest.mark.parametrize(("goal", "heads"), [(16, 0.25), (16, 0.4), (7, 0.3)])
def test_bold_play_is_optimal_against_a_bad_coin(goal, heads):
    # Dubins & Savage (1965): bold play stakes all, or what is missing. Its values by their own equations.
    matrix, gain = np.eye(goal + 1), np.zeros(goal + 1)
    gain[goal] = 1.0
    for capital in range(1, goal):
        stake = min(capital, goal - capital)
        matrix[capital, capital + stake] -= heads
        matrix[capital, capital - stake] -= 1 - heads
    bold = np.linalg.solve(matrix, gain)
    np.testing.assert_allclose(solve(gambler(goal, heads).mdp).value[1:goal], bold[1:goal], atol=1e-9)


def test_timid_play_is_optimal_with_a_good_coin():
    # With p > 1/2 and no limit, staking 1 at a time wins with (1 - r^s) / (1 - r^goal), r = (1 - p) / p.
    ratio = 0.4 / 0.6
    value = solve(gambler(10, 0.6).mdp).value[1:10]
    np.testing.assert_allclose(value, (1 - ratio ** np.arange(1, 10)) / (1 - ratio**10), atol=1e-6)


def test_stakes_are_cut_to_what_is_there_and_what_is_missing():
    mdp = gambler().mdp
    assert mdp.next_state[3, 1].tolist() == [5, 1]
    assert mdp.next_state[3, 40].tolist() == [6, 0]
    assert mdp.next_state[97, 40].tolist() == [100, 94]
    assert mdp.reward[97, 40].tolist() == [1, 0]
    assert mdp.actions == 50
    assert np.flatnonzero(mdp.terminal).tolist() == [0, 100]
    moving = mdp.next_state[1:100] != np.arange(1, 100)[:, None, None]
    assert moving.all()


def test_it_is_drawn_in_rows_of_ten():
    scene = gambler().scene
    assert scene.tiles.shape == (11, 10)
    assert scene.cell[37].tolist() == [3, 7]
    assert (scene.tiles[0, 0], scene.tiles[10, 0], scene.tiles[10, 1]) == (Tile.HAZARD, Tile.GOAL, Tile.WALL)


def test_smallest_game():
    assert truth(gambler(goal=2, heads=0.3)).optimum == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"goal": 1}, "goal must be at least 2"), ({"heads": 1.2}, r"heads must lie in \[0, 1\]")],
)
def test_refused(options, message):
    with pytest.raises(UserError, match=message):
        gambler(**options)
