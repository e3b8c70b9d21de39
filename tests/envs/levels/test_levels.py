"""A layout for each seed or episode: the single environment, held against the finite world of the same layout."""

import copy
import pickle  # noqa: TID251 - environments travel between processes so

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env
from scipy import stats
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.world import Observation, OpenWorld, Tile, World
from daedalus.envs import WorldEnv, load_problem, maze
from daedalus.envs.levels.levels_env import LevelsEnv

SIGHTS = ("index", "coordinates", "one_hot", "symbolic", "pixels", "view", "heading_view")
REVEALING = SIGHTS[3:]


def levels(layout, sight="index", rows=3, columns=4, **options):
    seen = {"view_size": options.pop("view_size", 7), "action_mask": options.pop("action_mask", False)}
    made = maze(rows, columns, layout=layout, **options)
    return made.seen_as(made.name, Observation(sight, tile_size=4, **seen))


def same(one, other):
    assert type(one) is type(other)
    assert np.array_equal(one, other)
    assert np.asarray(one).dtype == np.asarray(other).dtype


@pytest.mark.parametrize("sight", SIGHTS)
def test_per_seed_is_the_finite_world_of_the_seed(sight):
    made = levels("per_seed", sight, slip=0.2, braid=0.3, goals=2, time_limit=40, action_mask=True)
    env, rng = made.environment(), np.random.default_rng(0)
    for seed in (5, 6):
        world = made.world(seed)
        oracle = WorldEnv(world)
        assert env.observation_space == oracle.observation_space
        (shown, info), (expected, expected_info) = env.reset(seed=seed), oracle.reset(seed=seed)
        for _ in range(80):
            same(shown, expected)
            same(info["action_mask"], expected_info["action_mask"])
            action = int(rng.integers(4))
            (shown, *rest, info), (expected, *others, expected_info) = env.step(action), oracle.step(action)
            assert rest == others
            if rest[1] or rest[2]:
                same(shown, expected)
                (shown, info), (expected, expected_info) = env.reset(), oracle.reset()


def test_a_seed_draws_the_layout_and_keeps_it():
    env = levels("per_seed", "symbolic").environment()
    first = env.reset(seed=3)[0]
    assert np.array_equal(env.reset()[0], first)
    assert not np.array_equal(env.reset(seed=4)[0], first)
    assert np.array_equal(env.reset(seed=3)[0], first)
    assert np.array_equal(first[0], maze(3, 4, seed=3).scene.tiles == Tile.WALL)


def test_every_episode_draws_another_layout_from_the_seed():
    env = levels("per_episode", "symbolic", 5, 5).environment()

    def layouts(count):
        return [env.reset(seed=9)[0].tobytes(), *(env.reset()[0].tobytes() for _ in range(count))]

    drawn = layouts(30)
    assert len(set(drawn)) == 31
    assert layouts(30) == drawn


def test_layouts_of_episodes_are_uniform_where_the_generator_is():
    # 3 × 3 cells have 192 spanning trees. False-alarm rate 1e-4 under the fixed seed.
    kernel = levels("per_episode", "symbolic", 3, 3, generator="wilson").kernel(1920)
    kernel.begin(np.arange(1920), np.arange(1920))
    drawn = []
    for _ in range(10):
        kernel.reset(np.ones(1920, bool))
        drawn.append(kernel.observe()[:, 0].reshape(1920, -1))
    counts = np.unique(np.concatenate(drawn), axis=0, return_counts=True)[1]
    assert counts.size == 192
    assert stats.chisquare(counts).pvalue > 1e-4


def test_slips_follow_their_law():
    # Who tries to go up from the start slips to the right, where that is open. False-alarm rate 1e-4, fixed seeds.
    kernel = levels("per_episode", "symbolic", 2, 2, slip=0.4).kernel(4000)
    kernel.begin(np.arange(4000), np.arange(4000))
    kernel.reset(np.ones(4000, bool))
    right_is_open = kernel.observe()[:, 0, 1, 2] == 0
    agent = kernel.step(np.zeros(4000, np.int64), np.zeros(4000, bool), False)[0][:, 2]
    assert 1000 < right_is_open.sum() < 3000
    assert not agent[~right_is_open, 1, 2].any()
    assert stats.binomtest(int(agent[:, 1, 2].sum()), int(right_is_open.sum()), 0.2).pvalue > 1e-4


@pytest.mark.parametrize("sight", SIGHTS[:3])
def test_what_hides_the_layout_is_refused(sight):
    message = f"needs an observation that shows the layout, not {sight}; choose observation=symbolic|pixels|view|head"
    made = levels("per_episode", sight)
    for use in (made.environment, lambda: made.kernel(2), made.check):
        with pytest.raises(UserError) as caught:
            use()
        assert message in str(caught.value)
    with pytest.raises(UserError, match="shows the layout"):
        load_problem(parse_spec(f"daedalus/Maze-v0:layout=per_episode,observation={sight}"))


@pytest.mark.parametrize("size", [1, 4, 9])
def test_views_that_do_not_fit_are_refused(size):
    with pytest.raises(UserError, match="view_size must be odd"):
        levels("per_episode", "view", view_size=size).environment()


def test_learners_get_the_layout_of_their_seed():
    spec = parse_spec("daedalus/Maze-v0:rows=3,layout=per_seed")
    worlds = [load_problem(spec, seed) for seed in (0, 1, 0)]
    assert all(isinstance(world, World) and world.states == 7 * 21 for world in worlds)
    assert worlds[0].mdp.fingerprint() == worlds[2].mdp.fingerprint() != worlds[1].mdp.fingerprint()
    assert {world.name for world in worlds} == {"daedalus/Maze-v0:rows=3,layout=per_seed"}
    fixed = maze(rows=3, seed=1)
    assert np.array_equal(worlds[1].scene.tiles, fixed.scene.tiles)
    seen = load_problem(parse_spec("daedalus/Maze-v0:rows=3,layout=per_seed,observation=heading_view"), 1)
    assert seen.scene.heading is not None
    assert seen.observation.sight == "heading_view"


def test_learners_live_in_open_levels():
    problem = load_problem(parse_spec("daedalus/Maze-v0:rows=3,layout=per_episode,observation=view,view_size=5"))
    assert isinstance(problem, OpenWorld)
    assert problem.name == "daedalus/Maze-v0:rows=3,layout=per_episode,observation=view,view_size=5"
    assert problem.make().reset(seed=0)[0].shape == (3, 5, 5)


@pytest.mark.filterwarnings("ignore::UserWarning")  # small pictures, planes of 0 and 1: SB3 would rather have others
@pytest.mark.parametrize(
    ("layout", "sight"), [("per_seed", one) for one in SIGHTS] + [("per_episode", one) for one in REVEALING]
)
def test_checkers(layout, sight):
    mode = {"index": None, "view": "ansi"}.get(sight, "rgb_array")
    params = {"rows": 2, "columns": 3, "layout": layout, "observation": sight, "action_mask": True}
    env = gymnasium.make("daedalus/Maze-v0", render_mode=mode, **params)
    check_env(env.unwrapped, skip_render_check=True)
    check_env_sb3(env.unwrapped)
    assert env.spec.max_episode_steps == 2 * 5 * 7
    env.reset(seed=0)
    shown = env.render()
    assert shown is None if mode is None else isinstance(shown, str) if mode == "ansi" else shown.shape[2] == 3
    env.close()


def test_steps_need_an_episode_and_an_action():
    env = levels("per_seed", rows=1, columns=2).environment()
    with pytest.raises(ResetNeeded):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="not 4"):
        env.step(4)
    assert env.step(1) == (7, -1.0, False, False, {})
    assert env.step(np.int64(1)) == (8, 0.0, True, False, {})
    with pytest.raises(ResetNeeded):
        env.step(1)


def test_the_time_limit_truncates():
    env = levels("per_episode", "view", time_limit=3).environment()
    env.reset(seed=0)
    assert [env.step(0)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    assert gymnasium.make("daedalus/Maze-v0", layout="per_seed", time_limit=None).spec.max_episode_steps is None


@pytest.mark.parametrize("copied", ["snapshot", "pickled snapshot", "pickle", "deepcopy"])
@pytest.mark.parametrize("layout", ["per_seed", "per_episode"])
def test_snapshots_hold_everything(layout, copied):
    made = levels(layout, "heading_view", slip=0.3, time_limit=20)
    rng = np.random.default_rng(2)
    actions = rng.integers(4, size=(2, 700)).tolist()

    def walk(env, actions):
        seen = []
        for action in actions:
            shown, *rest, _ = env.step(action)
            seen.append((shown.tobytes(), *rest))
            if rest[1] or rest[2]:
                seen.append(env.reset()[0].tobytes())
        return seen, env.np_random.integers(10**9)

    env = made.environment()
    env.reset(seed=11)
    walk(env, actions[0])
    if copied == "pickle":
        other = pickle.loads(pickle.dumps(env))
    elif copied == "deepcopy":
        other = copy.deepcopy(env)
    else:
        kept = env.snapshot()
        kept = pickle.loads(pickle.dumps(kept)) if copied == "pickled snapshot" else kept
        other = LevelsEnv(made)
        other.restore(kept)
    expected = walk(env, actions[1])
    assert walk(other, actions[1]) == expected
    if copied == "snapshot":  # which later steps have not touched
        env.restore(kept)
        assert walk(env, actions[1]) == expected


def test_a_snapshot_before_the_first_reset():
    env = levels("per_seed").environment()
    kept = env.snapshot()
    first = env.reset()[0]
    tiles = env.snapshot()["tiles"]
    env.restore(kept)
    with pytest.raises(ResetNeeded):
        env.step(0)
    assert env.reset()[0] == first
    assert np.array_equal(env.snapshot()["tiles"], tiles)


def test_rendering_shows_the_current_maze():
    env = levels("per_episode", "view", 3, 3).environment("ansi")
    with pytest.raises(ResetNeeded):
        env.render()
    env.reset(seed=0)
    one = env.render()
    env.reset()
    assert env.render() != one
    assert len(one.splitlines()) >= 7
