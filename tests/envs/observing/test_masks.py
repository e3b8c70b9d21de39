"""Masks: what is of no use."""

import numpy as np

from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import World
from daedalus.envs.building import build
from daedalus.envs.observing import action_masks


def test_masks_by_hand() -> None:
    """State 0: stay, go, perhaps go, an impossible outcome elsewhere. State 1: nothing leads away. State 2: the end."""
    next_state = np.array([[[0, 0], [1, 1], [0, 1], [0, 1]], [[1, 1]] * 4, [[2, 2]] * 4])
    probability = np.array([[[1, 0], [1, 0], [0.5, 0.5], [1, 0]], [[1, 0]] * 4, [[1, 0]] * 4])
    start, terminal = np.array([1.0, 0, 0]), np.array([False, False, True])
    mdp = FiniteMDP(next_state, probability, np.zeros((3, 4, 2)), start, terminal)
    masks = action_masks(World("x", mdp, None, ("a", "b", "c", "d")))
    assert masks.tolist() == [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert masks.dtype == np.int8


def test_staying_where_it_pays_is_no_waste() -> None:
    """Left is the best action on the left bank of a short swim; of these Garnets some pay best where they stay."""
    swim = build("daedalus/RiverSwim-v0", {})
    assert action_masks(swim)[0].tolist() == [1, 1]
    for seed in (2, 3):
        mdp = build("daedalus/Garnet-v0", {"branching": 1, "seed": seed}).mdp
        stays = (mdp.next_state[..., 0] == np.arange(mdp.states)[:, None]) & (mdp.reward[..., 0] > 0)
        assert stays.any()
        assert action_masks(World("x", mdp, None, ("",) * mdp.actions))[stays].all()


def test_standing_still_for_less_than_a_step_costs_is_no_waste() -> None:
    """Bumping costs 1, and so does every step; before the drop, where a step costs 9, it is as good as it gets."""
    next_state = np.array([[0, 1], [1, 2], [2, 2]])[..., None]
    reward = np.array([[-1.0, -1.0], [-1.0, -9.0], [0.0, 0.0]])[..., None]
    mdp = FiniteMDP(next_state, np.ones((3, 2, 1)), reward, np.array([1.0, 0, 0]), np.array([False, False, True]))
    assert action_masks(World("x", mdp, None, ("a", "b"))).tolist() == [[1, 1], [1, 1], [1, 1]]
    mdp = FiniteMDP(next_state, np.ones((3, 2, 1)), reward.clip(-1), np.array([1.0, 0, 0]), mdp.terminal)
    assert action_masks(World("x", mdp, None, ("a", "b"))).tolist() == [[0, 1], [0, 1], [1, 1]]


def test_a_wall_stops_and_a_slip_may_save() -> None:
    assert action_masks(build("daedalus/FourRooms-v0", {}))[0].tolist() == [0, 1, 1, 0]
    assert action_masks(build("daedalus/FourRooms-v0", {"slip": 0.1}))[0].tolist() == [1, 1, 1, 1]
