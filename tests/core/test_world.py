"""A world that changes: whose phase a moment is, and what its phases must share."""

from dataclasses import replace

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import Observation, Scene, Schedule, World


def world(reward: float = 1.0, states: int = 2) -> World:
    """A state that is left for the last, whatever is done."""
    next_state = np.full((states, 1, 1), states - 1)
    end = np.arange(states) == states - 1
    start = np.eye(states)[0]
    rewards = reward * ~end[:, None, None]
    return World("w", FiniteMDP(next_state, np.ones((states, 1, 1)), rewards, start, end), 9, ("go",))


def test_a_step_and_what_it_leaves_behind_are_of_one_phase():
    changing = Schedule("c", np.array([0, 1, 5]), (world(1), world(2), world(3)))
    assert [changing.phase(step) for step in (0, 1, 4, 5, 9)] == [0, 1, 1, 2, 2]
    assert [changing.phase_after(steps) for steps in (0, 1, 2, 5, 6, 9)] == [0, 0, 1, 1, 2, 2]
    assert changing.after(5) is changing.phases[1]
    assert changing.at(5) is changing.phases[2]


def test_phases_that_are_one_world_are_counted_once():
    one, other = world(1), world(2)
    changing = Schedule("c", np.arange(5), (one, other, other, one, other))
    assert changing.worlds == (one, other)
    assert changing.which.tolist() == [0, 1, 1, 0, 1]
    shorter = changing.each(lambda each: each.within(3))
    assert [phase.horizon for phase in shorter.phases] == [3] * 5
    assert shorter.which.tolist() == [0, 1, 1, 0, 1]
    copies = Schedule("c", np.arange(5), tuple(replace(phase) for phase in changing.phases))
    assert copies.which.tolist() == [0, 1, 2, 3, 4]
    assert copies.fingerprint() == changing.fingerprint() != shorter.each(lambda _: one).fingerprint()


SCENE = Scene(np.zeros((1, 2), np.uint8), np.array([[0, 0], [0, 1]]), ((0, 1),))


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (world(states=3), "states"),
        (replace(world(), states=1), "states"),
        (replace(world(), actions=("stay",)), "actions"),
        (world().within(8), "the time limit"),
        (replace(world(), observation=Observation("one_hot")), "the observation"),
        (replace(world(), shows=np.zeros(2, np.int32)), "the observation"),
        (replace(world(), scene=SCENE), "a scene, or have none"),
    ],
)
def test_phases_that_paths_would_treat_differently_are_refused(odd, says):
    with pytest.raises(UserError, match=f"c: all phases must share {says}"):
        Schedule("c", np.array([0, 5, 9]), (world(), world(2), odd))
