"""Linear bandits: the updates against numpy.linalg, the choices by hand, faces and trials to the bit."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from scipy.stats import binomtest, norm

from daedalus.agents import LinThompson, LinUCB, QLearning
from daedalus.agents.contextual.agent import LinearAgent, fresh_linear
from daedalus.agents.contextual.config import LinThompsonConfig, LinUCBConfig
from daedalus.agents.contextual.life import LinearBandits
from daedalus.agents.contextual.rules import learn_linear
from daedalus.agents.contextual.trial import trial
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.rng import stream_keys
from daedalus.core.spec import parse_spec
from daedalus.envs import load_problem

BOX, NUMBERED = "daedalus/ContextualBandit-v0", "daedalus/ContextualBandit-v0:contexts=4,arms=3"


class Stack(gymnasium.Env):
    """Shows 2 × 2 numbers in a box; action 3 pays their sum, 4 the negative; episodes of `length` steps."""

    observation_space = Box(-1, 1, (2, 2))
    action_space = Discrete(2, start=3)

    def __init__(self, length=1, pay=1.0):
        self.length, self.pay = length, pay

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = self.length
        self.shown = self.np_random.uniform(-1, 1, (2, 2)).astype(np.float32)
        return self.shown, {}

    def step(self, action):
        self.left -= 1
        return self.shown, self.pay * float(self.shown.sum()) * (1 if action == 3 else -1), self.left == 0, False, {}


def test_updates_are_ridge_regression():
    """Second implementation: the normal equations, solved by NumPy; after 3000 rank-one updates."""
    rng, ridge = np.random.default_rng(0), 0.5
    memory = fresh_linear(2, 3, 6, ridge)
    x_Bd, action_B, reward_B = rng.normal(size=(3000, 6)), rng.integers(3, size=3000), rng.normal(size=3000)
    for x, action, reward in zip(x_Bd, action_B, reward_B, strict=True):
        learn_linear(memory.now, 1, action, x, reward, np.empty(6))
    for action in range(3):
        mine = action_B == action
        design = ridge * np.eye(6) + x_Bd[mine].T @ x_Bd[mine]
        np.testing.assert_allclose(memory.now.inverse[1, action], np.linalg.inv(design), atol=1e-13)
        solved = np.linalg.solve(design, x_Bd[mine].T @ reward_B[mine])
        np.testing.assert_allclose(memory.now.theta[1, action], solved, atol=1e-12)
        assert memory.now.pulls[1, action] == mine.sum()
    assert not memory.now.theta[0].any()  # the other learner's


def taught(config):
    """θ_0 = (.5, 0) with A = diag(2, 1); θ_1 = (0, 2/3), A = diag(1, 3) after two rewards of 1."""
    memory = fresh_linear(1, 2, 2, 1.0)
    for action, x, reward in ((0, [1.0, 0.0], 1.0), (1, [0.0, 1.0], 1.0), (1, [0.0, 1.0], 1.0)):
        learn_linear(memory.now, 0, action, np.array(x), reward, np.empty(2))
    return memory, LinearAgent(config, memory, 0, 0)


def test_lin_ucb_by_hand():
    memory, _ = taught(LinUCBConfig())
    assert memory.now.theta[0].tolist() == [[0.5, 0], [0, pytest.approx(2 / 3)]]
    x = np.array([1.0, 1.0])  # values .5 and .667, spreads √1.5 = 1.225 and √(4/3) = 1.155
    for alpha, action in ((0.0, 1), (2.0, 1), (3.0, 0)):  # 2: 2.949 and 2.976; 3: 4.174 and 4.131
        _, agent = taught(LinUCBConfig(alpha=alpha))
        assert agent.act(x) == action
        assert agent.greedy(x) == 1


def test_lin_thompson_draws_from_the_posterior():
    """The chance that arm 0 is the better one under N(θ·x, v² xᵀA⁻¹x); a false alarm of 1e-4."""
    _, agent = taught(LinThompsonConfig(v=0.7))
    x = np.array([1.0, 1.0])
    taken = [agent.choose(x, key, 5) for key in stream_keys(range(4000), "policy")]
    chance = norm.cdf((0.5 - 2 / 3) / (0.7 * np.sqrt(1.5 + 4 / 3)))
    assert binomtest(taken.count(0), 4000, chance).pvalue > 1e-4


@pytest.mark.parametrize("world", [BOX, NUMBERED, f"{BOX}:kind=logistic"])
@pytest.mark.parametrize("name", ["lin_ucb:alpha=2", "lin_thompson"])
def test_they_find_what_is_best(name, world):
    items = run(name, world, range(4), 3000)
    curve = [item.columns for item in items if isinstance(item, Record) and item.table == "curve"]
    gap = (curve[-1]["optimum"] - curve[-1]["random_value"]).mean()
    assert curve[-1]["regret"].mean() < 0.1 * gap
    assert curve[0]["regret"].mean() > 0.5 * gap
    assert (curve[-1]["regret"] >= 0).all()


def run(name, world, seeds, steps, resume=None):
    spec = parse_spec(name)
    return list(
        trial(Experiment(parse_spec(world), spec, name, len(seeds), steps, episodes=True), tuple(seeds), resume)
    )


@pytest.mark.parametrize("world", [BOX, NUMBERED])
@pytest.mark.parametrize("name", ["lin_ucb", "lin_thompson"])
def test_a_seed_alone_and_resumed_is_that_of_the_block(name, world):
    whole = run(name, world, (0, 1, 2), 300)
    snapshots = [item for item in whole if isinstance(item, Snapshot)]
    assert snapshots[0].step == 0
    fresh, again = (run(name, world, (0, 1, 2), 300, one) for one in (snapshots[0], snapshots[-3]))
    alone = run(name, world, (2,), 300)
    finals = [items[-1].arrays for items in (whole, again, alone, fresh)]
    assert all(isinstance(items[-1], Final) for items in (whole, again, alone, fresh))
    for key in ("weights", "pulls"):
        assert finals[0][key].tobytes() == finals[1][key].tobytes() == finals[3][key].tobytes()
        assert finals[0][key][2:].tobytes() == finals[2][key].tobytes()
    last, last_again = ([i for i in items if isinstance(i, Record)][-1].columns for items in (whole, again))
    assert last["value"].tolist() == last_again["value"].tolist()
    assert last["reward"].tolist() == last_again["reward"].tolist()


def test_a_damaged_snapshot_is_refused():
    worlds = [load_problem(parse_spec(BOX), 0)]
    bandits = LinearBandits(worlds, LinUCBConfig(), [0])
    bandits.run(10)
    for name, damage in (("inverse", np.full((1, 5, 5, 5), np.nan)), ("world.t", np.array([[-3]]))):
        with pytest.raises(UserError, match="a snapshot is damaged"):
            LinearBandits(worlds, LinUCBConfig(), [0]).restore(bandits.arrays() | {name: damage})


@pytest.mark.parametrize("learner", [LinUCB, LinThompson])
@pytest.mark.parametrize("world", [BOX, NUMBERED])
def test_faces(learner, world, tmp_path):
    first = learner(world, seed=3).learn(500)
    env = first.get_env()
    shown, _ = env.reset(seed=0)
    before = first.weights.copy()
    taken = {int(first.predict(shown)[0]) for _ in range(50)}
    action, state = first.predict(shown, deterministic=True)
    assert (int(action), state) == (first.predict(shown, deterministic=True)[0], None)
    assert action in env.action_space
    assert taken <= set(range(first.weights.shape[0]))
    many = np.stack([np.asarray(env.reset()[0]) for _ in range(5)])
    assert first.predict(many, deterministic=True)[0].shape == (5,)
    np.testing.assert_array_equal(first.weights, before)
    first.save(tmp_path / "learner")
    again = learner.load(tmp_path / "learner")
    assert again.num_timesteps == 500
    np.testing.assert_array_equal(again.weights, before)
    assert first.predict(many)[0].tolist() == again.predict(many)[0].tolist()
    with pytest.raises(UserError, match="without an environment"):
        again.learn(1)
    assert learner.load(tmp_path / "learner", env=world).learn(10).num_timesteps == 510
    parts = learner(world, seed=3).learn(123).learn(377)
    np.testing.assert_array_equal(parts.weights, before)


def test_any_environment_of_one_step_will_do():
    learner = LinUCB(Stack(), seed=0).learn(300)
    shown = np.array([[[0.5, 0.5], [0.5, -0.1]], [[-0.5, 0.1], [0.0, -0.1]]], dtype=np.float32)
    assert learner.predict(shown, deterministic=True)[0].tolist() == [3, 4]
    assert learner.predict(shown[1], deterministic=True)[0] == 4
    assert learner.weights == pytest.approx(np.array([[1.0] * 4, [-1.0] * 4]), abs=0.1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LinUCB(Stack(length=2)).learn(10), "this one goes on"),
        (lambda: LinUCB(Stack(pay=np.nan)).learn(10), "rewards must be finite"),
        (lambda: LinUCB("daedalus/Cliff-v0"), "shows none"),
        (lambda: LinUCB("daedalus/Bandit-v0"), "shows none"),
        (lambda: LinUCB("Pendulum-v1"), "takes a Box"),
        (lambda: LinUCB(BOX, alpha=-1), "alpha must be at least 0"),
        (lambda: LinThompson(BOX, v=np.inf), "v must be at least 0 and finite"),
        (lambda: LinThompson(BOX, ridge=0), "ridge must be above 0"),
        (lambda: LinUCB(f"{BOX}:contexts=30000"), "give fewer features"),
        (lambda: LinUCB(BOX).predict(np.zeros(4, np.float32)), "it knows contexts of 5 numbers"),
        (lambda: LinUCB(BOX).predict([np.nan] * 5), "no observation"),
        (lambda: LinUCB(NUMBERED).predict(4), "no observation"),
        (lambda: run("lin_ucb", "daedalus/Cliff-v0", (0,), 10), "shows none"),
    ],
)
def test_what_does_not_fit_is_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()


def test_other_learners_files_are_refused(tmp_path):
    QLearning("daedalus/Cliff-v0").save(tmp_path / "q")
    LinUCB(BOX).save(tmp_path / "lin")
    with pytest.raises(UserError, match="holds a QLearning"):
        LinUCB.load(tmp_path / "q")
    with pytest.raises(UserError, match="give the environment it learnt in"):
        LinUCB.load(tmp_path / "lin", env=NUMBERED)
