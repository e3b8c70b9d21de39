"""The oracle of the batch: Gymnasium's SyncVectorEnv of the same worlds in the same mode, key by key."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import daedalus.envs  # noqa: F401 - registers
from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError

MODES = [mode.value for mode in AutoresetMode]
WORLDS = {entry.name: entry for entry in of_kind("world").values() if entry.target.startswith("daedalus.envs.")}
N = 5

#: Parameters beside a world's defaults, where they change what a batch has to do.
VARIANTS = [
    ("daedalus/Maze-v0", {"rows": 2, "columns": 2}),
    ("daedalus/Maze-v0", {"rows": 2, "columns": 2, "slip": 0.4, "time_limit": 7}),
    ("daedalus/Maze-v0", {"rows": 2, "columns": 3, "slip": 0.4, "time_limit": 9, "action_mask": True}),
    ("daedalus/Maze-v0", {"rows": 2, "columns": 2, "time_limit": 6, "observation": "one_hot", "action_mask": True}),
    ("daedalus/Maze-v0", {"rows": 2, "columns": 2, "max_episode_steps": 4}),
    ("daedalus/Cliff-v0", {"columns": 3, "rows": 2, "slip": 0.3, "time_limit": None}),
]
CASES = [(name, {}) for name in WORLDS] + VARIANTS


def same(ours, theirs, where):
    """Equal in type, shape and every number; dictionaries key by key."""
    assert type(ours) is type(theirs), where
    if isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            same(one, other, where)
    elif isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), where
        for key in theirs:
            same(ours[key], theirs[key], f"{where}[{key}]")
    elif isinstance(theirs, np.ndarray) and theirs.dtype == object:
        assert ours.dtype == object
        assert ours.shape == theirs.shape
        for one, other in zip(ours, theirs, strict=True):
            same(one, other, where)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype, where
        assert np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind == "f"), where
    else:
        assert ours == theirs, where


def pair(name, params, mode, count=N):
    ours = gymnasium.make_vec(name, num_envs=count, autoreset_mode=mode, **params)
    theirs = SyncVectorEnv([lambda: gymnasium.make(name, **params)] * count, autoreset_mode=mode)
    return ours, theirs


def live(ours, theirs, mode, steps, seed):
    """The same seeds and random actions through both, with masked resets here and there."""
    rng = np.random.default_rng(seed)
    same(ours.reset(seed=seed), theirs.reset(seed=seed), "reset")
    over = np.zeros(ours.num_envs, dtype=np.bool_)
    ends = 0
    for t in range(steps):
        now_and_then = rng.random(ours.num_envs) < 0.02
        mask = over | now_and_then if mode == "Disabled" else now_and_then
        if mask.any():
            seeds = [int(one) if one < 10 else None for one in rng.integers(40, size=ours.num_envs)]
            resets = [env.reset(seed=seeds, options={"reset_mask": mask.copy()}) for env in (ours, theirs)]
            same(*resets, f"reset at {t}")
        actions = rng.integers(ours.single_action_space.n, size=ours.num_envs)
        stepped = [env.step(actions) for env in (ours, theirs)]
        same(*stepped, f"step {t}")
        over = stepped[0][2] | stepped[0][3]
        ends += over.sum()
    return ends


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_a_batch_is_gymnasiums_batch(name, params, mode):
    ours, theirs = pair(name, params, mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"]
    ends = live(ours, theirs, mode, 120, seed=3)
    if params:
        assert ends > 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WORLDS)
def test_gymnasiums_own_time_limit_cuts_a_batch(name, mode):
    ours, theirs = pair(name, {"max_episode_steps": 3}, mode)
    assert live(ours, theirs, mode, 30, seed=4) > 10


def test_mistakes_are_told_like_gymnasium_does():
    ours, theirs = pair("daedalus/Maze-v0", {"rows": 2, "columns": 2, "time_limit": 3}, "Disabled")
    for env in (ours, theirs):
        with pytest.raises(ResetNeeded):
            env.step(np.zeros(N, dtype=np.int64))
        env.reset(seed=0)
        masks = (
            (TypeError, [True] * N),
            (ValueError, np.ones(2, bool)),
            (TypeError, np.ones(N)),
            (ValueError, np.zeros(N, bool)),
        )
        for error, mask in masks:
            with pytest.raises(error):
                env.reset(options={"reset_mask": mask})
        with pytest.raises(ValueError, match="seeds"):
            env.reset(seed=[1, 2])
        with pytest.raises(gymnasium.error.Error):
            env.reset(seed=-1)
        with pytest.raises(InvalidAction):
            env.step(np.full(N, 4))
        for _ in range(3):
            env.step(np.zeros(N, dtype=np.int64))
        with pytest.raises((ResetNeeded, AssertionError)):
            env.step(np.zeros(N, dtype=np.int64))


def test_a_batch_says_its_seeds_and_refuses_windows():
    env = gymnasium.make_vec("daedalus/Maze-v0", num_envs=3, slip=0.5)
    env.reset(seed=[7, None, 9])
    seeds = env.np_random_seed
    assert (seeds[0], seeds[2]) == (7, 9)
    twin = gymnasium.make_vec("daedalus/Maze-v0", num_envs=3, slip=0.5)
    twin.reset(seed=list(seeds))
    for row in np.random.default_rng(0).integers(4, size=(30, 3)):
        same(env.step(row), twin.step(row), "step")
    with pytest.raises(UserError, match="windows"):
        gymnasium.make_vec("daedalus/Maze-v0", num_envs=3, render_mode="human")
    with pytest.raises(UserError, match="did you mean 'SameStep'"):
        gymnasium.make_vec("daedalus/Maze-v0", num_envs=3, autoreset_mode="Samestep")
    with pytest.raises(UserError, match="num_envs"):
        gymnasium.make_vec("daedalus/Maze-v0", num_envs=0)


def test_frames_are_those_of_single_environments():
    ours, theirs = pair("daedalus/Maze-v0", {"rows": 2, "columns": 2, "render_mode": "rgb_array"}, "NextStep")
    for env in (ours, theirs):
        env.reset(seed=0)
        env.step(np.arange(N) % 4)
    for one, other in zip(ours.render(), theirs.render(), strict=True):
        assert np.array_equal(one, other)


def test_a_masked_reset_asks_nothing_of_the_others(monkeypatch):
    """Where all in the mask have begun and no seed is given, no seeds are looked through."""
    ours, theirs = pair("daedalus/Maze-v0", {"rows": 2, "columns": 2, "slip": 0.3}, "Disabled")
    mask = np.arange(N) < 2
    for env in (ours, theirs):
        env.reset(seed=4)
    monkeypatch.setattr(type(ours), "_begin", None)
    for _ in range(3):
        same(*(env.reset(options={"reset_mask": mask.copy()}) for env in (ours, theirs)), "reset")
        same(*(env.step(np.arange(N) % 4) for env in (ours, theirs)), "step")
