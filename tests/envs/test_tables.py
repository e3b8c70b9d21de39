"""A table is believed only where the environment does what it says; anything else is lived in, never solved."""

import gymnasium
import pytest
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.spaces import Discrete
from gymnasium.wrappers import TimeLimit

from daedalus.core.planning import solve, start_value
from daedalus.core.spec import Spec
from daedalus.core.world import OpenWorld
from daedalus.envs import BanditEnv, WorldEnv, bandit, cliff, load_problem, problem_of
from daedalus.envs.toy_text import from_table


class Corridor(gymnasium.Env):
    """Three tiles in a row, its own table and its own step: 0 left, 1 right, 1 for reaching the end."""

    def __init__(self):
        end = [(1.0, 2, 0.0, True)]
        self.P = {
            0: {0: [(1.0, 0, 0.0, False)], 1: [(0.5, 1, 0.0, False), (0.5, 0, 0.0, False)]},
            1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 2, 1.0, True)]},
            2: {0: end, 1: end},
        }
        self.initial_state_distrib = [1.0, 0.0, 0.0]
        self.observation_space, self.action_space = Discrete(3), Discrete(2)

    def reset(self, *, seed=None, options=None):
        gymnasium.Env.reset(self, seed=seed)
        self.state = 0
        return 0, {}

    def step(self, action):
        row = self.P[self.state][action]
        _, self.state, reward, done = row[self.np_random.choice(len(row), p=[chance for chance, *_ in row])]
        return self.state, reward, done, False, {}


def test_any_environment_with_a_true_table_is_a_world():
    world = problem_of(Corridor())
    assert (world.states, world.mdp.actions, world.scene) == (3, 2, None)
    assert start_value(world.mdp, solve(world.mdp, 0.5).value) == pytest.approx(1 / 3)  # v0 = γ(v1 + v0)/2, v1 = 1


def test_trying_leaves_the_environment_alone():
    env, twin = Corridor(), Corridor()
    for one in (env, twin):
        one.reset(seed=1)
    assert problem_of(env) is not None
    assert [env.step(1) for _ in range(2)] == [twin.step(1) for _ in range(2)]


class Larger(FrozenLakeEnv):
    """Only built in another way: the table is its own and is stepped by."""

    def __init__(self):
        super().__init__(map_name="8x8", is_slippery=False)
        self.P[0][0] = [(1.0, 0, -5.0, False)]


def test_a_subclass_that_only_builds_its_table_is_a_world():
    world = problem_of(Larger())
    assert world.states == 64
    assert world.mdp.reward[0, 0, 0] == -5


class Shaped(FrozenLakeEnv):
    def step(self, action):
        state, reward, *rest = super().step(action)
        return state, reward - 1, *rest


class Elsewhere(FrozenLakeEnv):
    def reset(self, **options):
        super().reset(**options)
        self.s = 6
        return 6, {}


class Both(Shaped, Elsewhere):
    pass


class Disguised(Shaped):
    def __init__(self):
        super().__init__()

    def reset(self, **options):
        return super().reset(**options)


class Later(Corridor):
    __init__ = Corridor.__init__
    reset = Corridor.reset
    step = Corridor.step


def lying(**replaced):
    return type("Lying", (gymnasium.Env,), {**vars(Corridor), **replaced})()


def step_of(change):
    def step(self, action):
        return change(*Corridor.step(self, action))

    return step


@pytest.mark.parametrize("cls", [Shaped, Elsewhere, Both, Disguised, Later])
def test_a_subclass_that_steps_or_resets_otherwise_is_open(cls):
    assert problem_of(cls()) is None


def test_a_step_put_into_the_instance_is_open():
    env = FrozenLakeEnv()
    env.step = lambda action: (0, -1.0, False, False, {})
    assert problem_of(env) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda s, r, done, cut, info: (s, r - 1, done, cut, info),
        lambda s, r, done, cut, info: (s, r, False, cut, info),
        lambda s, r, done, cut, info: (s, r, done, True, info),
        lambda s, r, done, cut, info: (2 - s, r, done, cut, info),
        lambda s, r, done, cut, info: (float(s), r, done, cut, info),
        lambda s, r, done, cut, info: 1 / 0,
    ],
    ids=["reward", "end", "cut", "state", "observation", "crash"],
)
def test_a_class_seen_to_leave_its_table_is_open(change):
    problem = problem_of(lying())
    assert problem is not None  # the class itself is not what is refused
    assert problem_of(lying(step=step_of(change))) is None


def test_a_start_that_the_table_denies_is_open():
    def reset(self, *, seed=None, options=None):
        self.state = 1
        return 1, {}

    assert problem_of(lying(reset=reset)) is None


def shifted(env):
    env.P = {state + 1: choices for state, choices in env.P.items()}


def texted(env):
    env.P = {str(state): choices for state, choices in env.P.items()}


def action_from_one(env):
    env.P = {state: {a + 1: row for a, row in choices.items()} for state, choices in env.P.items()}


def counted_from(start, kind):
    def change(env):
        space = getattr(env, kind)
        setattr(env, kind, Discrete(space.n, start=start))

    return change


def put(row):
    def change(env):
        env.P[5][1] = row

    return change


@pytest.mark.parametrize(
    "change",
    [
        shifted,
        texted,
        action_from_one,
        counted_from(1, "observation_space"),
        counted_from(3, "action_space"),
        lambda env: setattr(env, "observation_space", gymnasium.spaces.MultiDiscrete([4, 4])),
        lambda env: setattr(env, "P", {}),
        lambda env: setattr(env, "P", {0: None}),
        lambda env: env.P.__setitem__(5, None),
        lambda env: env.P.__setitem__(5, [[], [], [], []]),
        lambda env: env.P.__setitem__(5, {0: [(1.0, 0, 0.0, False)]}),
        put([]),
        put(None),
        put([(1.0, 0, 0.0)]),
        put([(0.5, 0, 0.0, False)]),
        put([(1.0, 99, 0.0, False)]),
        put([(1.0, 2**40, 0.0, False)]),
        put([(1.0, 1.5, 0.0, False)]),
        put([("all", 0, 0.0, False)]),
        put([(1.0, 0, float("inf"), False)]),
        lambda env: setattr(env, "initial_state_distrib", None),
        lambda env: setattr(env, "initial_state_distrib", [1.0]),
        lambda env: setattr(env, "initial_state_distrib", ["a"] * 16),
    ],
)
def test_a_malformed_table_is_open(change):
    env = FrozenLakeEnv()
    change(env)
    assert problem_of(env) is None


def test_a_stranger_named_like_gymnasiums_is_not_drawn_like_it():
    stranger = type("CliffWalkingEnv", (gymnasium.Env,), dict(vars(Corridor)))()
    assert problem_of(stranger).scene is None
    assert from_table("stranger", stranger, None).actions == ("0", "1")


class MyLimit(TimeLimit):
    def step(self, action):
        return *super().step(action)[:1], -7.0, False, False, {}


def test_subclasses_of_our_own_environments_and_wrappers_are_open():
    assert problem_of(MyLimit(WorldEnv(cliff()), 5)) is None
    assert problem_of(type("Mine", (WorldEnv,), {})(cliff())) is None
    assert problem_of(type("Mine", (BanditEnv,), {})(bandit())) is None


def test_by_name_too():
    gymnasium.register("ShapedLake-v0", entry_point=Shaped, max_episode_steps=100)
    try:
        assert isinstance(load_problem(Spec("ShapedLake-v0")), OpenWorld)
    finally:
        gymnasium.registry.pop("ShapedLake-v0")
