"""Worlds from rules: the table is the rule's, and what is no rule is told by state and action."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve
from daedalus.core.world import Tile
from daedalus.envs import rule_world
from daedalus.envs.tabulating import block_scene


def coin(state, action):
    """Two states and an end: action 0 stays, action 1 goes on with probability 1/4."""
    return [(1.0, state, -1.0)] if action == 0 else [(0.25, state + 1, 2.0), (0.75, state, -1.0)]


def test_the_table_is_the_rules():
    world = rule_world("coin", 3, ("wait", "try"), coin, start=0, terminal=[2], horizon=9)
    mdp = world.mdp
    assert (mdp.states, mdp.actions, mdp.outcomes, world.horizon, world.actions) == (3, 2, 2, 9, ("wait", "try"))
    assert mdp.next_state[1].tolist() == [[1, 1], [2, 1]]
    assert mdp.probability[1].tolist() == [[1, 0], [0.25, 0.75]]
    assert mdp.reward[1].tolist() == [[-1, 0], [2, -1]]
    assert mdp.next_state[2].tolist() == [[2, 2], [2, 2]]
    assert mdp.terminal.tolist() == [False, False, True]
    assert mdp.start.tolist() == [1, 0, 0]
    # Each state costs 3 failures on average and then pays 2.
    np.testing.assert_allclose(solve(mdp).value, [-2, -1, 0], atol=1e-9)


def test_several_starts_are_equally_likely():
    world = rule_world("coin", 3, ("wait", "try"), coin, start=(0, 1), terminal=[2], horizon=None)
    assert world.mdp.start.tolist() == [0.5, 0.5, 0]
    assert world.horizon is None


def test_it_is_drawn_unasked():
    scene = rule_world("coin", 3, ("wait", "try"), coin, start=0, terminal=[2], horizon=9).scene
    assert scene.tiles.tolist() == [[Tile.START, Tile.FLOOR, Tile.GOAL]]
    assert scene.cell.tolist() == [[0, 0], [0, 1], [0, 2]]
    block = block_scene(20, 2)
    assert block.tiles.shape == (4, 5)
    assert block_scene(18, 2).tiles.ravel().tolist() == [Tile.FLOOR] * 18 + [Tile.WALL] * 2
    assert block.moves == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        (lambda s, a: [(0.5, 0, 0.0)], {}, "state 0, action 0 has probabilities that do not sum to 1"),
        (lambda s, a: [(1.0, 3 * a, 0.0)], {}, "state 0, action 1 leads outside 0…2"),
        (lambda s, a: [(1.0, 2**40, 0.0)], {}, "leads outside 0…2"),
        (lambda s, a: [(1.0, 0)] if a else [(1.0, 0, 0.0)], {}, "action 1 has the outcome .1.0, 0., which is no"),
        (lambda s, a: [], {}, "state 0, action 0 has no outcomes"),
        (lambda s, a: [(1.0, 0, float("nan"))], {}, "state 0, action 0 has a reward that is not finite"),
        (coin, {"start": 3}, "state 3; there are states 0…2"),
        (coin, {"start": ()}, "an episode must start somewhere"),
        (coin, {"terminal": [-1]}, "state -1; there are"),
        (coin, {"horizon": 0}, "at least 1 step"),
    ],
)
def test_refused(rule, options, message):
    with pytest.raises(UserError, match=message):
        rule_world("coin", 3, ("wait", "try"), rule, **{"start": 0, "terminal": [2], "horizon": 9, **options})
