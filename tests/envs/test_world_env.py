"""One environment for all worlds: the laws of Gymnasium, and the streams that compiled learners share."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.sampling import restart_state, start_state, step_outcome, tables
from daedalus.core.world import Tile, World
from daedalus.envs import WorldEnv, cliff, grid_world, maze

ROOM = grid_world(
    "room",
    np.array([[Tile.START, Tile.FLOOR, Tile.START], [Tile.FLOOR, Tile.GOAL, Tile.START]], dtype=np.uint8),
    slip=0.5,
    horizon=4,
)


def walk(env, seed, steps):
    """Observations, rewards and ends of random actions; the reset observations among them."""
    actions = np.random.default_rng(1).integers(env.action_space.n, size=steps).tolist()
    trace = [plain(env.reset(seed=seed)[0])]
    for action in actions:
        observation, reward, terminated, truncated, _ = env.step(action)
        trace.append((plain(observation), reward, terminated, truncated))
        if terminated or truncated:
            trace.append(plain(env.reset()[0]))
    return trace


def plain(observation):
    """An observation as numbers and lists, which can be compared."""
    return np.asarray(observation).tolist()


def test_the_world_stream_is_the_compiled_one():
    seed, world = 11, tables(ROOM.mdp)
    key, start = np.uint64(stream_key(seed, "world")), np.uint64(stream_key(seed, "start"))
    expected = [state := start_state(world, start, np.uint64(0))]
    elapsed = 0
    for t, action in enumerate(np.random.default_rng(1).integers(4, size=1000).tolist()):
        k = step_outcome(world, state, action, key, t)
        reward = ROOM.mdp.reward[state, action, k]
        state = int(world.next_state[state, action, k])
        elapsed += 1
        terminated = bool(world.terminal[state])
        truncated = not terminated and elapsed == 4
        expected.append((state, reward, terminated, truncated))
        if terminated or truncated:
            expected.append(state := restart_state(world, key, t))
            elapsed = 0
    assert walk(WorldEnv(ROOM), seed, 1000) == expected


def test_starts_follow_their_law_even_without_steps():
    # Three starts, false-alarm rate 1e-4 under the fixed seed, both for restarts and for resets in a row.
    env = WorldEnv(ROOM)
    in_a_row = [env.reset(seed=0)[0]] + [env.reset()[0] for _ in range(2999)]
    restarts = []
    for _ in range(3000):
        env.step(0)
        restarts.append(env.reset()[0])
    for sample in (in_a_row, restarts):
        states, counts = np.unique(sample, return_counts=True)
        assert states.tolist() == [0, 2, 5]
        assert stats.chisquare(counts).pvalue > 1e-4


def test_first_reset_without_a_seed_takes_one_from_np_random():
    one, other = WorldEnv(ROOM), WorldEnv(ROOM)
    one.np_random, other.np_random = np.random.default_rng(5), np.random.default_rng(5)
    assert walk(one, None, 100) == walk(other, None, 100)


def test_goal_terminates_and_limit_truncates():
    env = WorldEnv(cliff(time_limit=3))
    env.reset(seed=0)
    assert [env.step(0)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    with pytest.raises(ResetNeeded):
        env.step(0)
    env = WorldEnv(cliff(time_limit=13))
    env.reset(seed=0)
    ends = [env.step(action)[1:4] for action in [0] + [1] * 11 + [2]]
    assert ends == [(-1.0, False, False)] * 12 + [(-1.0, True, False)]  # at the limit, the goal is still the goal


def test_shorter_limit_of_gymnasium_truncates():
    env = gymnasium.make("daedalus/Maze-v0", max_episode_steps=2)
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(2)] == [False, True]


def test_misuse_is_told():
    env = WorldEnv(maze(rows=2, columns=2))
    with pytest.raises(ResetNeeded):
        env.step(0)
    env.reset(seed=0)
    for action in (-1, 4):
        with pytest.raises(InvalidAction, match="0…3"):
            env.step(action)
    with pytest.raises(TypeError):
        env.step(1.5)
    with pytest.raises(UserError, match="render_mode"):
        WorldEnv(ROOM, render_mode="film")
    with pytest.raises(UserError, match="no scene"):
        WorldEnv(World("bare", ROOM.mdp, 4, ROOM.actions), render_mode="ansi")
