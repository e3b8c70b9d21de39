"""Batches as Stable-Baselines3's vector environments: the oracle is its own DummyVecEnv of single environments."""

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from daedalus.agents import SB3VecEnv
from daedalus.core.errors import UserError

MAZE = {"rows": 2, "columns": 2, "slip": 0.3, "time_limit": 12}


def vectors(name, count, **params):
    ours = SB3VecEnv(gymnasium.make_vec(name, num_envs=count, autoreset_mode="SameStep", **params))
    theirs = DummyVecEnv([lambda: Monitor(gymnasium.make(name, **params))] * count)
    return ours, theirs


def same(ours, theirs, key=""):
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        for name in theirs:
            same(ours[name], theirs[name], name)
    elif key != "t":  # seconds
        assert np.array_equal(ours, theirs), key


@pytest.mark.parametrize("more", [{}, {"action_mask": True}, {"observation": "one_hot"}], ids=str)
def test_equals_their_own_vector_of_single_environments(more):
    ours, theirs = vectors("daedalus/Maze-v0", 4, **MAZE, **more)
    for env in (ours, theirs):
        env.seed(7)
    assert np.array_equal(ours.reset(), theirs.reset())
    ends = 0
    for actions in np.random.default_rng(0).integers(4, size=(120, 4)):
        one, other = ours.step(actions), theirs.step(actions)
        for mine, yours in zip(one[:3], other[:3], strict=True):
            assert mine.dtype == yours.dtype
            assert np.array_equal(mine, yours)
        for mine, yours in zip(one[3], other[3], strict=True):
            same(mine, yours)
        for mine, yours in zip(ours.reset_infos, theirs.reset_infos, strict=True):
            same(mine, yours)
        ends += int(one[2].sum())
    assert ends > 20
    assert ours.env_is_wrapped(Monitor) == theirs.env_is_wrapped(Monitor)
    assert ours.get_attr("render_mode", [0, 2]) == [None, None]
    assert not ours.has_attr("no such thing")


def test_other_batches_are_refused():
    with pytest.raises(UserError, match="SameStep"):
        SB3VecEnv(gymnasium.make_vec("daedalus/Maze-v0", num_envs=2))
    with pytest.raises(UserError, match="make_vec"):
        SB3VecEnv(gymnasium.make("daedalus/Maze-v0"))
    with pytest.raises(UserError, match="set"):
        vectors("daedalus/Maze-v0", 2)[0].set_attr("x", 1)


def test_ppo_learns_a_maze_through_a_partial_view():
    # The random policy needs the whole limit nearly always; the shortest way is 12 steps.
    params = {"rows": 3, "columns": 3, "observation": "view", "view_size": 5, "time_limit": 60}
    env = SB3VecEnv(gymnasium.make_vec("daedalus/Maze-v0", num_envs=32, autoreset_mode="SameStep", **params))
    model = PPO("MlpPolicy", env, n_steps=64, batch_size=512, n_epochs=4, learning_rate=2e-3, seed=0, device="cpu")
    model.learn(2048)
    random = np.mean([one["r"] for one in model.ep_info_buffer])
    model.learn(12_000)
    learned = np.mean([one["r"] for one in model.ep_info_buffer])
    assert random < -40
    assert learned > random + 10


def test_dqn_runs():
    env = SB3VecEnv(gymnasium.make_vec("daedalus/Maze-v0", num_envs=4, autoreset_mode="SameStep", **MAZE))
    model = DQN("MlpPolicy", env, learning_starts=50, buffer_size=1000, seed=0, device="cpu")
    model.learn(400)
    assert model.num_timesteps == 400
    assert len(model.ep_info_buffer) > 10
