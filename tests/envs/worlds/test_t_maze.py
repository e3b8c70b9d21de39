"""The T-maze: what memory is worth, by hand and by trying every policy without it."""

import itertools

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import policy_values_within, solve, truth
from daedalus.core.world import Thing
from daedalus.envs import t_maze


@pytest.mark.parametrize("length", [1, 2, 10, 70])
def test_the_optimum_is_the_goal_every_time(length):
    """With length + 1 steps there is just enough time; with one less nobody gets anywhere."""
    assert truth(t_maze(length)).optimum == 4.0
    assert truth(t_maze(length, time_limit=length + 1)).optimum == 4.0
    assert truth(t_maze(length, time_limit=length)).optimum == 0.0


@pytest.mark.parametrize("length", [1, 3])
def test_without_memory_it_is_right_every_second_time(length):
    """All 256 policies of what is shown: the best earns (4 - 0.1) / 2, always turning the same way."""
    world = t_maze(length)
    shown = list(itertools.product(range(4), repeat=4))
    policies = np.array([[*policy, 0, 0] for policy in shown])[:, world.shows]
    values = policy_values_within(world.mdp, policies, world.horizon)
    assert values.max() == pytest.approx((4 - 0.1) / 2)
    assert policies[values.argmax()][length] == 0  # up at the junction, whichever the sign


def test_with_memory_of_the_first_observation_it_is_right_every_time():
    world = t_maze(5)
    for state in np.flatnonzero(world.mdp.start):
        sign, total = world.shows[state], 0.0  # all that the agent remembers
        for _ in range(6):
            action = 1 if world.shows[state] != 3 else (0, 2)[sign]
            total += world.mdp.reward[state, action, 0]
            state = world.mdp.next_state[state, action, 0]
        assert total == 4.0
        assert world.mdp.terminal[state]


def test_what_is_shown_and_paid():
    """Length 2: start, corridor, junction, upper end, lower end, for the goal up and again for the goal down."""
    world = t_maze(2, goal_reward=3.0, wrong_reward=-2.0, stand_reward=-1.0)
    assert world.states == 2 * (2 + 3)
    assert not world.tabular
    assert world.shows.tolist() == [0, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    assert world.mdp.next_state[:3, :, 0].tolist() == [[0, 1, 0, 0], [1, 2, 1, 0], [3, 2, 4, 1]]
    assert world.mdp.reward[:3, :, 0].tolist() == [[-1, 0, -1, -1], [-1, 0, -1, 0], [3, -1, -2, 0]]
    assert world.mdp.reward[5:8, :, 0].tolist() == [[-1, 0, -1, -1], [-1, 0, -1, 0], [-2, -1, 3, 0]]
    assert world.mdp.start.tolist() == [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0]
    assert solve(world.mdp).policy[2] == 0
    assert solve(world.mdp).policy[7] == 2


def test_the_sign_is_seen_at_the_start_only_and_both_ends_look_alike():
    world = t_maze(4)
    starts = np.flatnonzero(world.mdp.start)
    for piece, turn, start in zip(world.scene.pieces, (0, 2), starts, strict=True):
        assert (piece.thing, piece.variant) == (Thing.SIGN, turn)
        seen = np.flatnonzero(piece.tile >= 0)
        assert seen.tolist() == [start]
        assert np.divmod(piece.tile[start], 5) == (1, 0)  # on the agent's own tile
        assert world.scene.cell[start].tolist() == [1, 0]
    assert np.argwhere(world.scene.tiles == 3).tolist() == [[0, 4], [2, 4]]


def test_a_corridor_has_a_length():
    with pytest.raises(UserError, match="length must be at least 1, not 0"):
        t_maze(0)
