"""The two grids against the numbers printed in the book."""

import numpy as np
import pytest

from daedalus.core.planning import evaluate_policy, random_policy, solve, truth
from daedalus.core.world import Thing, Tile
from daedalus.envs import gridworld, small_gridworld

#: Sutton & Barto (2018), figures 3.2 and 3.5.
AT_RANDOM = """3.3 8.8 4.4 5.3 1.5  1.5 3.0 2.3 1.9 0.5  0.1 0.7 0.7 0.4 -0.4
    -1.0 -0.4 -0.4 -0.6 -1.2  -1.9 -1.3 -1.2 -1.4 -2.0"""
OPTIMAL = """22.0 24.4 22.0 19.4 17.5  19.8 22.0 19.8 17.8 16.0  17.8 19.8 17.8 16.0 14.4
    16.0 17.8 16.0 14.4 13.0  14.4 16.0 14.4 13.0 11.7"""
#: The same, figure 4.1 at k = ∞.
SMALL = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]


def test_values_of_the_random_policy():
    mdp = gridworld().mdp
    np.testing.assert_allclose(
        evaluate_policy(mdp, random_policy(mdp), 0.9), [float(value) for value in AT_RANDOM.split()], atol=0.0501
    )


def test_optimal_values():
    mdp = gridworld().mdp
    np.testing.assert_allclose(solve(mdp, 0.9).value, [float(value) for value in OPTIMAL.split()], atol=0.0501)


def test_it_never_ends_but_by_its_limit():
    world = gridworld()
    assert not world.mdp.terminal.any()
    assert world.horizon == 100
    assert gridworld(time_limit=None).horizon is None


def test_the_best_return_within_a_limit_by_hand():
    # A pays 10 every fifth step, so 5 steps from A pay 10; from anywhere at least nothing.
    assert truth(gridworld(time_limit=1)).optimum == pytest.approx(15 / 25)
    # Two steps: 10 from A and its three neighbours (left, right, below), 5 from B and its two other neighbours; B's
    # left neighbour is A's right one. From A and from B the second step pays nothing.
    assert truth(gridworld(time_limit=2)).optimum == pytest.approx((4 * 10 + 3 * 5) / 25)


def test_where_the_jumps_lead_is_drawn():
    pieces = {(piece.thing, int(piece.tile[0]), piece.variant) for piece in gridworld().scene.pieces}
    assert pieces == {
        (Thing.PORTAL, 1, 0), (Thing.DESTINATION, 21, 0), (Thing.PORTAL, 3, 1), (Thing.DESTINATION, 13, 1)
    }  # fmt: skip


def test_small_gridworld():
    world = small_gridworld()
    np.testing.assert_allclose(evaluate_policy(world.mdp, random_policy(world.mdp)), SMALL, atol=1e-9)
    distance = [min(row + column, 6 - row - column) for row, column in np.ndindex(4, 4)]
    np.testing.assert_allclose(-solve(world.mdp).value, distance)
    assert np.flatnonzero(world.mdp.terminal).tolist() == [0, 15]
    assert np.flatnonzero(world.mdp.start).tolist() == list(range(1, 15))
    assert world.scene.tiles[0, 0] == world.scene.tiles[3, 3] == Tile.GOAL
