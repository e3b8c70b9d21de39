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


@pytest.mark.parametrize("name", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"])
def test_gymnasiums_classic_control_is_taken_down(name):
    """In mid-episode, time limit and random numbers included; an environment made alike goes on as this one does."""
    env = moved(gymnasium.make(name))
    taken = snapshot(env)
    future = live(env, 700, 2)
    other = gymnasium.make(name)
    restore(other, taken)
    assert live(other, 700, 2) == future
    assert live(moved(gymnasium.make(name), 36), 700, 2) != future
    with pytest.raises(UserError, match="not of"):
        restore(gymnasium.make("Pendulum-v1"), taken)


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


BLIND = {"layout": "per_seed", "rows": 3, "columns": 3}
CHANGING = ("daedalus/BlockingMaze-v0", {"change_at": 40})
ALONE = [
    ("daedalus/Maze-v0", MAZE, "daedalus/Cliff-v0", {}),
    ("daedalus/Maze-v0", MAZE, "daedalus/Maze-v0", {**MAZE, "slip": 0.5}),
    ("daedalus/Maze-v0", MAZE, "daedalus/Maze-v0", {**MAZE, "time_limit": 5}),
    ("daedalus/Maze-v0", MAZE, "daedalus/Bandit-v0", {}),
    (*CHANGING, "daedalus/BlockingMaze-v0", {"change_at": 41}),
    ("daedalus/Bandit-v0", {}, "daedalus/Bandit-v0", {"arms": 3}),
    ("daedalus/ContextualBandit-v0", {}, "daedalus/ContextualBandit-v0", {"arms": 3}),
    ("daedalus/Maze-v0", BLIND, "daedalus/Maze-v0", {**BLIND, "slip": 0.1}),
]


@pytest.mark.parametrize(("name", "params", "other", "others"), ALONE, ids=str)
def test_another_worlds_snapshot_is_refused(name, params, other, others):
    env = moved(gymnasium.make(name, **params), 20)
    elsewhere = moved(gymnasium.make(other, **others), 20)
    before = snapshot(elsewhere)
    with pytest.raises(UserError, match="this snapshot is of another world"):
        restore(elsewhere, snapshot(env))
    assert repr(snapshot(elsewhere)) == repr(before)
    batch, beyond = gymnasium.make_vec(name, num_envs=3, **params), gymnasium.make_vec(other, num_envs=3, **others)
    batch.reset(seed=0)
    with pytest.raises(UserError, match="this snapshot is of another world"):
        restore(beyond, snapshot(batch))


#: What says by its presence alone that an environment has begun.
BEGUN = {"world_key", "tiles", "key"}


@pytest.mark.parametrize("count", [None, 3])
@pytest.mark.parametrize(
    ("name", "params"), [("Maze", MAZE), ("Maze", BLIND), ("Bandit", {}), ("ContextualBandit", {})], ids=str
)
def test_a_snapshot_with_something_missing_is_refused(name, params, count):
    if count is None:
        env = moved(gymnasium.make(f"daedalus/{name}-v0", **params))
    else:
        env = gymnasium.make_vec(f"daedalus/{name}-v0", num_envs=count, **params)
        env.reset(seed=0)
    taken = snapshot(env)
    for missing in set(taken["env"]) - BEGUN:
        with pytest.raises(UserError):
            restore(env, {**taken, "env": {key: one for key, one in taken["env"].items() if key != missing}})
    assert repr(snapshot(env)) == repr(taken)
    for nothing in ({}, {"wrappers": taken["wrappers"], "env": {}}):
        with pytest.raises(UserError, match="no snapshot of an environment"):
            restore(env, nothing)


@pytest.mark.parametrize("broken", [10**6, -2, 1.5, None, "2"])
def test_a_state_that_is_none_is_refused(broken):
    for params in (MAZE, BLIND):
        env = moved(gymnasium.make("daedalus/Maze-v0", **params))
        taken = snapshot(env)
        with pytest.raises(UserError, match="'state' must be a whole number in"):
            restore(env, {**taken, "env": taken["env"] | {"state": broken}})
        assert repr(snapshot(env)) == repr(taken)


@pytest.mark.parametrize(
    ("name", "params", "key", "number"),
    [
        ("daedalus/Maze-v0", MAZE, "state", 10**6),
        ("daedalus/Maze-v0", {**MAZE, "slip": 0.0}, "state", -1),
        ("daedalus/Maze-v0", BLIND, "at", 10**6),
        ("daedalus/Maze-v0", BLIND, "heading", 4),
        ("daedalus/ContextualBandit-v0", {"contexts": 4}, "number", 4),
        ("daedalus/Bandit-v0", {}, "t", -1),
    ],
)
def test_a_batch_reads_nowhere_else(name, params, key, number):
    env = gymnasium.make_vec(name, num_envs=3, **params)
    env.reset(seed=0)
    taken = snapshot(env)
    array = taken["env"][f"kernel.{key}"]
    for other in (np.full_like(array, number), array[:2], array.astype(np.float64)):
        with pytest.raises(UserError, match=f"this snapshot's '{key}' must"):
            restore(env, {**taken, "env": taken["env"] | {f"kernel.{key}": other}})
        assert repr(snapshot(env)) == repr(taken)


def test_a_world_seen_otherwise_goes_on():
    env = moved(gymnasium.make("daedalus/Maze-v0", **MAZE))
    other = gymnasium.make("daedalus/Maze-v0", observation="one_hot", **MAZE)
    restore(other, snapshot(env))
    assert other.unwrapped.state == env.unwrapped.state


@pytest.mark.parametrize("name", ["Maze", "Bandit", "ContextualBandit"])
def test_np_random_goes_back_wherever_it_is_kept(name):
    for make, params in ((gymnasium.make, {}), (gymnasium.make_vec, {"num_envs": 3})):
        kinds = ({}, BLIND) if name == "Maze" else ({},)
        for kind in kinds:
            env, twin = (make(f"daedalus/{name}-v0", **params, **kind).unwrapped for _ in range(2))
            env.np_random_seed, twin.np_random_seed  # noqa: B018 - drawn when first asked for
            env.reset()
            restore(twin, snapshot(env))
            assert twin.np_random_seed == env.np_random_seed
            assert twin.np_random.integers(10**9) == env.np_random.integers(10**9)


def test_a_batch_draws_the_same_seeds_again():
    """Those of environments that have not begun are drawn from `np_random`, which goes back too."""
    env = gymnasium.make_vec("daedalus/Maze-v0", num_envs=4, **MAZE)
    env.reset(options={"reset_mask": np.array([True, False, False, False])})
    taken, seeds = snapshot(env), []
    for _ in range(2):
        restore(env, taken)
        env.reset()
        seeds.append(env.np_random_seed)
    assert seeds[0] == seeds[1]
