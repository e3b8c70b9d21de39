"""Masks: what leads anywhere."""

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


def test_a_wall_stops_and_a_slip_may_save() -> None:
    assert action_masks(build("daedalus/FourRooms-v0", {}))[0].tolist() == [0, 1, 1, 0]
    assert action_masks(build("daedalus/FourRooms-v0", {"slip": 0.1}))[0].tolist() == [1, 1, 1, 1]
