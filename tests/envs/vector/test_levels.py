"""Batches with a layout each, held against Gymnasium's SyncVectorEnv of the single environments, key by key."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from daedalus.core.world import Observation
from daedalus.envs import maze
from daedalus.envs.levels.names import CODES
from daedalus.envs.levels.packed import Plan, draw_mazes, unpacked
from daedalus.envs.levels.tiles import drawn_tiles

N = 3
MODES = [mode.value for mode in AutoresetMode]
SIGHTS = ("index", "coordinates", "one_hot", "symbolic", "pixels", "view", "heading_view")
HARD = {"rows": 2, "columns": 3, "slip": 0.3, "braid": 0.5, "goals": 2, "time_limit": 9, "action_mask": True}
CASES = [
    *({"layout": "per_seed", "observation": sight, **HARD} for sight in SIGHTS),
    *({"layout": "per_episode", "observation": sight, **HARD} for sight in SIGHTS[3:]),
    {"layout": "per_episode", "observation": "view", "view_size": 3, "rows": 2, "columns": 2, "slip": 1.0},
    {
        "layout": "per_episode",
        "observation": "heading_view",
        "view_size": 5,
        "rows": 3,
        "columns": 40,
        "time_limit": 30,
    },
    {"layout": "per_episode", "observation": "view", "generator": "rooms", "rows": 5, "columns": 4, "time_limit": 30},
    {"layout": "per_seed", "rows": 1, "columns": 2, "time_limit": None},
]


def same(ours, theirs):
    if isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    elif isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
    elif isinstance(theirs, np.ndarray) and theirs.dtype == object:
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("params", CASES, ids=lambda params: "-".join(map(str, params.values())))
def test_the_batch_is_gymnasiums_own_vector_of_single_environments(params, mode):
    name, rng = "daedalus/Maze-v0", np.random.default_rng(0)
    ours = gymnasium.make_vec(name, num_envs=N, autoreset_mode=mode, **params)
    theirs = SyncVectorEnv([lambda: gymnasium.make(name, **params)] * N, autoreset_mode=mode)
    assert ours.observation_space == theirs.observation_space
    same(ours.reset(seed=4), theirs.reset(seed=4))
    over, ends = np.zeros(N, bool), 0
    for _ in range(32):
        mask = over if mode == "Disabled" else rng.random(N) < 0.04
        if mask.any():
            seeds = [int(one) if one < 5 else None for one in rng.integers(10, size=N)]
            options = ({"reset_mask": mask.copy()} for _ in range(2))
            same(*(env.reset(seed=seeds, options=own) for env, own in zip((ours, theirs), options, strict=True)))
        actions = rng.integers(4, size=N)
        mine, other = ours.step(actions), theirs.step(actions)
        same(mine, other)
        over = mine[2] | mine[3]
        ends += over.sum()
    assert ends


@pytest.mark.parametrize("each", ["seed", "episode"])
def test_an_environment_does_the_same_whoever_is_beside_it(each):
    made = maze(4, 4, slip=0.2, layout=f"per_{each}", time_limit=25).seen_as("levels", Observation("view"))
    actions, seeds = np.random.default_rng(1).integers(4, size=(120, 8)), np.arange(8) + 3
    everyone = walk(made.kernel(8), actions, seeds)
    for i in (0, 5):
        for one, other in zip(walk(made.kernel(1), actions[:, i : i + 1], seeds[i : i + 1]), everyone, strict=True):
            assert np.array_equal(one[0], other[i])


def walk(kernel, actions, seeds):
    kernel.begin(np.arange(kernel.num_envs), seeds)
    kernel.reset(np.ones(kernel.num_envs, bool))
    over, seen = np.zeros(kernel.num_envs, bool), [kernel.observe()]
    for row in actions:
        seen += kernel.step(np.ascontiguousarray(row), over, True)
    return seen


@pytest.mark.parametrize("each", ["seed", "episode"])
def test_snapshots_hold_everything(each):
    made = maze(4, 4, slip=0.2, layout=f"per_{each}", time_limit=25).seen_as("levels", Observation("heading_view"))
    kernel, actions = made.kernel(6), np.random.default_rng(1).integers(4, size=(200, 6))
    walk(kernel, actions[:100], np.arange(6))
    kept, over, seen = kernel.snapshot(), np.zeros((2, 6), bool), []
    for t in range(100, 200):
        seen.append(kernel.step(actions[t], over[0], True))
    for other in (kernel, made.kernel(6)):
        other.restore(kept)
        over[1] = False
        for t, expected in zip(range(100, 200), seen, strict=True):
            same(other.step(actions[t], over[1], True), expected)


def test_wrong_actions_are_told_before_anything_moves():
    kernel = maze(layout="per_seed").kernel(3)
    walk(kernel, np.ones((4, 3), int), np.arange(3))
    before = kernel.snapshot()
    for bad in (4, -1, 2**40):
        with pytest.raises(InvalidAction, match=f"one of 0…3, not {bad}"):
            kernel.step(np.array([1, bad, 2]), np.zeros(3, bool), True)
    same(kernel.snapshot(), before)
    kernel.step(np.array([1, -9, 2]), np.array([False, True, False]), True)  # one that only begins may say anything


@pytest.mark.parametrize("margin", [0, 3, 6])
@pytest.mark.parametrize("generator", CODES)
def test_bits_are_the_tiles(generator, margin):
    for rows, columns in ((1, 2), (5, 4), (3, 40)):
        plan, keys = Plan(rows, columns, CODES[generator], 0.2, 2 if rows > 1 else 1, margin), np.arange(9, dtype="u8")
        walls, goals = np.zeros((9, plan.words), np.uint64), np.zeros((9, plan.goals), np.int32)
        draw_mazes(walls, goals, np.arange(9), keys, plan, plan.stride)
        for n, tiles in enumerate(drawn_tiles(generator, rows, columns, keys, 0.2, plan.goals)):
            assert np.array_equal(unpacked(plan, walls[n], goals[n]), tiles)


def test_a_batch_draws_each_of_its_environments():
    made = maze(3, 3, layout="per_episode").seen_as("levels", Observation("view"))
    kernel, single = made.kernel(2), made.environment("rgb_array")
    kernel.begin(np.arange(2), np.array([8, 9]))
    kernel.reset(np.ones(2, bool))
    single.reset(seed=9)
    assert np.array_equal(kernel.drawn(1)[0](), single.render())
    assert kernel.drawn(0)[1]() != kernel.drawn(1)[1]()


@pytest.mark.parametrize("each", ["seed", "episode"])
def test_a_maze_is_drawn_once(each, monkeypatch):
    """Pictures of a step lay the agent on what is kept; another maze, or a snapshot taken up, is drawn anew."""
    from daedalus.envs.drawing import scenes

    drawn, draw = [], scenes.draw
    monkeypatch.setattr(scenes, "draw", lambda *args, **kwargs: drawn.append(1) or draw(*args, **kwargs))
    made = maze(2, 2, layout=f"per_{each}", time_limit=9).seen_as("levels", Observation("pixels"))
    kernel = made.kernel(4)
    walk(kernel, np.zeros((7, 4), dtype=np.int64), np.arange(4))
    assert len(drawn) == 4
    kernel.reset(np.array([True, False, False, False]))
    kernel.observe()
    assert len(drawn) == 4 + (each == "episode")
    kept, seen = kernel.snapshot(), kernel.observe()
    kernel.begin(np.arange(4), np.arange(4) + 9)
    kernel.reset(np.ones(4, bool))
    assert not np.array_equal(kernel.observe(), seen)
    kernel.restore(kept)
    assert np.array_equal(kernel.observe(), seen)
    for i in range(4):
        scene, state = kernel._scene(i)
        assert np.array_equal(seen[i], draw(scene, 8, agent=state))
