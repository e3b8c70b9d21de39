"""The kernel of finite worlds: its words, its streams, its independence of the batch's size."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction

from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import parse_spec
from daedalus.core.world import Schedule, World
from daedalus.envs import load_problem, maze
from daedalus.envs.vector.batch import batch
from daedalus.envs.vector.packed import STATE_BITS, pack
from daedalus.envs.world_env import WorldEnv

SLIPPERY = maze(rows=3, columns=3, slip=0.5, time_limit=20)


def test_a_word_holds_state_end_and_reward():
    # Two states, action 0 stays and pays 5, action 1 reaches the end and pays -2.
    mdp = FiniteMDP(
        np.array([[[0], [1]], [[1], [1]]]), np.ones((2, 2, 1)), np.array([[[5.0], [-2.0]], [[0.0], [0.0]]]),
        np.array([1.0, 0.0]), np.array([False, True]),
    )  # fmt: skip
    packed = pack(World("two", mdp, None, ("stay", "go")))
    words = packed.words[:, 0]
    assert (words & (2**STATE_BITS - 1)).tolist() == [0, 1, 1, 1, 0]
    assert (words >> STATE_BITS & 1).tolist() == [0, 1, 1, 1, 0]
    assert packed.rewards[words >> (STATE_BITS + 1)].tolist() == [5.0, -2.0, 0.0, 0.0, 0.0]


def test_an_environment_does_not_depend_on_those_beside_it():
    actions = np.random.default_rng(0).integers(4, size=(200, 1000))
    wide, narrow = batch(SLIPPERY, 1000), batch(SLIPPERY, 3)
    wide.reset(seed=5)
    narrow.reset(seed=[5 + 0, 5 + 511, 5 + 999])
    chosen = [0, 511, 999]  # the last of a block among them
    for row in actions:
        ours, theirs = wide.step(row), narrow.step(row[chosen])
        for one, other in zip(ours[:4], theirs[:4], strict=True):
            assert np.array_equal(one[chosen], other)


def test_arrays_are_fresh_and_the_batchs_own_are_safe():
    env = batch(maze(rows=2, columns=2), 4)
    env.reset(seed=0)
    first = env.step(np.zeros(4, dtype=np.int64))
    kept = [array.copy() for array in first[:4]]
    for array in first[:4]:
        array[:] = 1
    second = env.step(np.zeros(4, dtype=np.int64))
    for one, other in zip(second[:4], kept, strict=True):
        assert np.array_equal(one, other)  # up is a wall: nothing changed


@pytest.mark.parametrize("world", [maze(rows=2, columns=2), SLIPPERY], ids=["plain", "drawn"])
def test_nothing_moves_if_an_action_is_none(world):
    env = batch(world, 600)
    env.reset(seed=0)
    for row in np.random.default_rng(1).integers(4, size=(30, 600)):
        env.step(row)
    before = env.snapshot()
    wrong = np.zeros(600, dtype=np.int64)
    wrong[599] = 4
    env._over[599] = False
    with pytest.raises(InvalidAction, match="0…3, not 4"):
        env.step(wrong)
    after = env.snapshot()
    for key in before:
        assert key == "over" or np.array_equal(before[key], after[key]), key
    assert np.array_equal(before["over"][:599], after["over"][:599])


def test_actions_of_other_forms():
    env = batch(maze(rows=2, columns=2), 4)
    env.reset(seed=0)
    still = np.array([0, 1, 2, 3])
    still.flags.writeable = False
    for actions in ([0, 1, 2, 3], np.array([0, 1, 2, 3], dtype=np.int32), np.arange(8)[::2] // 2, still):
        env.step(actions)
    with pytest.raises(ValueError, match="4 actions"):
        env.step([0, 1])
    with pytest.raises(TypeError, match="whole numbers"):
        env.step([0.5] * 4)


def test_an_absorbing_state_of_an_import_is_never_shown():
    world = load_problem(parse_spec("FrozenLake-v1"))
    env, alone = batch(world, 1), WorldEnv(world)
    assert env.single_observation_space == gymnasium.spaces.Discrete(16)
    env.reset(seed=2)
    alone.reset(seed=2)
    over = False
    for action in np.random.default_rng(0).integers(4, size=300).tolist():
        observation, reward, terminated, truncated, _ = env.step([action])
        if over:
            assert observation[0] == alone.reset()[0]
            over = False
            continue
        expected = alone.step(action)[:4]
        assert (observation[0], reward[0], terminated[0], truncated[0]) == expected
        over = bool(terminated[0] or truncated[0])


def test_many_outcomes_are_bisected():
    # 20 equally likely outcomes: more than are counted one by one.
    S = 20
    mdp = FiniteMDP(
        np.tile(np.arange(S), (S, 1, 1)).reshape(S, 1, S), np.full((S, 1, S), 1 / S), np.zeros((S, 1, S)),
        np.full(S, 1 / S), np.zeros(S, dtype=np.bool_),
    )  # fmt: skip
    world = World("dice", mdp, 9, ("roll",))
    env, alone = batch(replace(world), 1), WorldEnv(world)
    assert env.reset(seed=4)[0][0] == alone.reset(seed=4)[0]
    for t in range(200):
        seen = alone.reset()[0] if t % 10 == 9 else alone.step(0)[0]
        assert env.step([0])[0][0] == seen


def test_worlds_that_take_turns_are_packed_once_and_followed_through_every_phase():
    """Two mazes take turns every other step, 300 times; environments reach a phase at different steps of the batch."""
    mazes = [maze(rows=2, columns=2, slip=slip, seed=seed, time_limit=5) for slip, seed in ((0.3, 0), (0.0, 1))]
    changing = Schedule("turns", 2 * np.arange(300), tuple(mazes[phase % 2] for phase in range(300)))
    packed = pack(changing)
    assert packed.words.shape[0] == 1 + 2 * mazes[0].states * 4
    assert packed.starts.shape[0] == 2
    env, alone = batch(changing, 3), [WorldEnv(changing) for _ in range(3)]
    shown = env.reset(seed=[7, 8, 9])[0]
    assert shown.tolist() == [one.reset(seed=seed)[0] for one, seed in zip(alone, (7, 8, 9), strict=True)]
    over = np.zeros(3, dtype=bool)
    for row in np.random.default_rng(3).integers(4, size=(800, 3)):
        seen, reward, terminated, truncated, _ = env.step(row)
        for n, one in enumerate(alone):
            expected = (one.reset()[0], 0.0, False, False) if over[n] else one.step(int(row[n]))[:4]
            assert (seen[n], reward[n], terminated[n], truncated[n]) == expected
        over = terminated | truncated
    assert len(alone[0]._laid) == 2
    assert min(one.steps for one in alone) > 600
    assert len({one.steps for one in alone}) > 1


def test_few_of_many_worlds_stay_laid_out():
    worlds = tuple(maze(rows=2, columns=2, seed=seed, time_limit=None) for seed in range(40))
    env, lives = WorldEnv(Schedule("many", np.arange(40), worlds)), []
    for _ in range(2):  # what was let go is laid out again
        env.reset(seed=0)
        lives.append([])
        for step in range(60):
            lives[-1].append(env.step(step % 4)[:3])
            if lives[-1][-1][2]:
                lives[-1].append(env.reset()[0])
        assert len(env._laid) == 16
    assert lives[0] == lives[1]
