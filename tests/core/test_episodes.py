"""The episode that is shown is the one that an environment lives under the same seed."""

import numpy as np
import pytest

from daedalus.core.episodes import SHOWN, greedy_episode, greedy_episodes
from daedalus.core.planning import solve
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem
from daedalus.envs.world_env import WorldEnv

WORLDS = ("daedalus/Cliff-v0", "daedalus/FourRooms-v0:slip=0.3", "FrozenLake-v1")


def loaded(name: str) -> World:
    world = load_problem(parse_spec(name))
    assert isinstance(world, World)
    return world


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("seed", range(5))
def test_an_episode_equals_the_environments(name: str, seed: int) -> None:
    world = loaded(name)
    policy = solve(world.mdp).policy
    env = WorldEnv(world)
    state, _ = env.reset(seed=seed)
    lived, over = [state], False
    while not over and len(lived) <= SHOWN:
        state, _, terminated, truncated, _ = env.step(int(policy[state]))
        lived.append(state)
        over = terminated or truncated
    assert greedy_episode(world, policy, seed).tolist() == lived


def test_an_episode_is_cut_at_what_is_shown_and_at_the_time_limit() -> None:
    world = loaded("daedalus/Cliff-v0")
    up = np.zeros(world.mdp.states, dtype=np.int64)
    assert greedy_episode(world, up, 0).size == SHOWN + 1
    assert greedy_episode(world, up, 0, most=7).size == 8
    assert greedy_episode(world.within(5), up, 0).tolist() == [36, 24, 12, 0, 0, 0]


def test_no_action_is_any_action() -> None:
    world = loaded("daedalus/FourRooms-v0")
    anything = np.full(world.mdp.states, -1)
    one, other = greedy_episode(world, anything, 0), greedy_episode(world, anything, 1)
    assert one.tolist() == greedy_episode(world, anything, 0).tolist()
    assert one.tolist() != other.tolist()
    assert np.unique(one).size > 5


def test_a_row_for_each_seed() -> None:
    world = loaded("daedalus/Cliff-v0")
    best = solve(world.mdp).policy
    rows = greedy_episodes([world], np.stack([best, np.zeros_like(best)]), (4, 5))
    assert rows.shape == (2, SHOWN + 1)
    assert (rows[0] >= 0).sum() == 14
    assert rows[0][14:].max() == -1
    assert (rows[1] >= 0).all()
    assert np.array_equal(greedy_episodes([world, world], np.stack([best, best]), (4, 5))[0], rows[0])
