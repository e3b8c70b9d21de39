"""Snapshots: what they hold and refuse. That every world's lead to the same future is one of the laws."""

import json

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers

import daedalus.envs
from daedalus.core.errors import UserError
from daedalus.envs import restore, snapshot

MAZE = {"rows": 2, "columns": 2, "slip": 0.4, "time_limit": 9}


def live(env, steps, seed):
    """What happens under random actions, as bytes and numbers."""
    seen = []
    for action in np.random.default_rng(seed).integers(env.action_space.n, size=steps).tolist():
        observation, *rest, info = env.step(action)
        seen.append((np.asarray(observation).tolist(), *rest, {key: str(value) for key, value in info.items()}))
        if rest[1] or rest[2]:
            seen.append(np.asarray(env.reset()[0]).tolist())
    return repr(seen)


def moved(env, steps=37, seed=1):
    env.reset(seed=seed)
    live(env, steps, seed)
    return env


def test_a_finite_worlds_snapshot_is_json():
    env = moved(gymnasium.make("daedalus/Maze-v0", **MAZE))
    taken = json.loads(json.dumps(snapshot(env)))
    future = live(env, 300, 2)
    restore(env, taken)
    assert live(env, 300, 2) == future


def test_a_worlds_next_phase_is_met_again():
    env = moved(gymnasium.make("daedalus/BlockingMaze-v0", change_at=40), 30)
    taken = snapshot(env)
    future = live(env, 60, 2)
    assert env.unwrapped.steps > 40
    restore(env, taken)
    assert live(env, 60, 2) == future


def test_the_seed_to_come_is_restored():
    env = gymnasium.make("daedalus/Maze-v0", **MAZE)
    taken = snapshot(env)
    pasts = []
    for _ in range(2):
        restore(env, taken)
        env.reset()
        pasts.append(live(env, 40, 0))
    assert pasts[0] == pasts[1]


def test_statistics_go_back_too():
    env = moved(wrappers.RecordEpisodeStatistics(gymnasium.make("daedalus/Maze-v0", **MAZE)), 40)
    taken = snapshot(env)
    before = env.episode_returns, env.episode_lengths, env.episode_count, list(env.return_queue)
    live(env, 60, 3)
    restore(env, taken)
    assert (env.episode_returns, env.episode_lengths, env.episode_count, list(env.return_queue)) == before


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_batches_too(mode):
    env = gymnasium.make_vec("daedalus/Maze-v0", num_envs=6, autoreset_mode=mode, **MAZE)
    env.reset(seed=3)
    actions = np.random.default_rng(0).integers(4, size=(60, 6))
    for row in actions[:20]:
        env.step(row)
    taken = snapshot(env)
    future = [repr(env.step(row)) for row in actions[20:]]
    restore(env, taken)
    assert [repr(env.step(row)) for row in actions[20:]] == future
    with pytest.raises(UserError, match="6 environments, not 7"):
        restore(gymnasium.make_vec("daedalus/Maze-v0", num_envs=7, **MAZE), taken)


def test_what_cannot_be_taken_down_is_told():
    env = gymnasium.make("daedalus/Maze-v0")
    with pytest.raises(UserError, match="TimeAwareObservation"):
        snapshot(wrappers.TimeAwareObservation(wrappers.TimeLimit(env, 5)))
    with pytest.raises(UserError, match="FrozenLakeEnv takes no snapshots"):
        snapshot(gymnasium.make("FrozenLake-v1"))
    with pytest.raises(UserError, match="other wrappers"):
        restore(env.unwrapped, snapshot(env))
    assert daedalus.envs.snapshot is snapshot
