"""One environment for all worlds: the laws of Gymnasium, and the streams that compiled learners share."""

import copy
from inspect import signature

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env
from scipy import stats

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError
from daedalus.core.planning import truth
from daedalus.core.rng import stream_key
from daedalus.core.sampling import restart_state, start_state, step_outcome, tables
from daedalus.core.spec import Spec
from daedalus.core.world import Bandit, Schedule, Tile, World
from daedalus.envs import WorldEnv, cliff, grid_world, load_problem, maze
from daedalus.envs.entries import OPTIMA

IDS = sorted(OPTIMA)
FINITE = [name for name in IDS if "finite" in of_kind("world")[name].suits]
LIVELY = {name: {"slip": 0.3} for name in IDS if "slip" in signature(of_kind("world")[name].load()).parameters}
ROOM = grid_world(
    "room",
    np.array([[Tile.START, Tile.FLOOR, Tile.START], [Tile.FLOOR, Tile.GOAL, Tile.START]], dtype=np.uint8),
    slip=0.5,
    horizon=4,
)


def load(name):
    return load_problem(Spec(name, tuple(LIVELY.get(name, {}).items())))


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


def phases(problem):
    """The worlds that a finite problem is made of; none elsewhere."""
    return problem.phases if isinstance(problem, Schedule) else (problem,) if isinstance(problem, World) else ()


def test_every_world_of_this_floor_is_tested():
    assert {entry.name for entry in of_kind("world").values() if entry.target.startswith("daedalus.envs.")} == set(IDS)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.filterwarnings("ignore:.*-?infinity")  # a contextual bandit's context may be anything
def test_checkers_accept(name, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")  # windows that nobody sees
    from stable_baselines3.common.env_checker import check_env as check_env_sb3

    check_env(gymnasium.make(name).unwrapped, skip_render_check=name not in FINITE)
    check_env_sb3(gymnasium.make(name).unwrapped)


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_every_finite_world_is_drawn(name, mode):
    env = gymnasium.make(name, render_mode=mode)
    env.reset(seed=0)
    before = env.render()
    assert isinstance(before, str) if mode == "ansi" else (before.dtype == np.uint8 and before.ndim == 3)
    after = [env.step(action) and env.render() for action in (0, 1)]
    assert not all(np.array_equal(before, picture) for picture in after)


@pytest.mark.parametrize("name", IDS)
def test_threshold_is_the_solved_optimum(name):
    problem = load_problem(Spec(name))
    if isinstance(problem, World | Schedule):
        optimum = truth(phases(problem)[0]).optimum  # of the first phase, where it changes
    elif isinstance(problem, Bandit) and not problem.changing:
        optimum = float(problem.means.max())
    else:
        pytest.skip("what is best changes or is drawn: the tests of that world say it")
    assert gymnasium.spec(name).reward_threshold == pytest.approx(optimum, abs=1e-9)


@pytest.mark.parametrize("name", IDS)
def test_seeds_reproduce_and_differ(name):
    env, problem = gymnasium.make(name, **LIVELY.get(name, {})), load(name)
    assert walk(env, 5, 300) == walk(env, 5, 300)
    if not phases(problem) or not all(world.mdp.deterministic for world in phases(problem)):
        assert walk(env, 5, 300) != walk(env, 6, 300)


@pytest.mark.parametrize("name", IDS)
def test_a_copy_goes_on_like_the_original(name):
    env = gymnasium.make(name, **LIVELY.get(name, {}))
    env.reset(seed=3)
    for _ in range(20):
        if any(env.step(1)[2:4]):
            env.reset()
    twin = copy.deepcopy(env)
    assert walk(env, None, 50) == walk(twin, None, 50)


@pytest.mark.parametrize("name", FINITE)
def test_samples_follow_the_table(name):
    # The statistics of all pairs visited often add up to one χ²: false-alarm rate 1e-4 under the fixed seed.
    world = load(name)
    env, actions = WorldEnv(world), min(world.mdp.actions, 4)
    counts = np.zeros((world.states, actions, world.states), dtype=np.int64)
    env.reset(seed=1)
    for action in np.random.default_rng(2).integers(actions, size=60_000).tolist():
        state = env.state
        _, _, terminated, truncated, _ = env.step(action)
        counts[state, action, env.state] += 1
        if terminated or truncated:
            env.reset()
    statistic = freedom = 0.0
    for state, action in np.argwhere(counts.sum(axis=2)):
        law = np.zeros(world.states)
        np.add.at(law, world.mdp.next_state[state, action], world.mdp.probability[state, action])
        assert counts[state, action][law == 0].sum() == 0
        expected = law[law > 0] * counts[state, action].sum()
        if expected.min() >= 5:
            statistic += ((counts[state, action][law > 0] - expected) ** 2 / expected).sum()
            freedom += np.count_nonzero(law) - 1
    if world.mdp.outcomes > 1:
        assert freedom > min(world.states, 100)
        assert stats.chi2.sf(statistic, freedom) > 1e-4
        assert stats.chi2.cdf(statistic, freedom) > 1e-4


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
