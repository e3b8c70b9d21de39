"""The public face of bandit and table learners."""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TransformReward
from stable_baselines3.common.callbacks import CheckpointCallback
from stable_baselines3.common.env_util import make_vec_env

from daedalus import agents
from daedalus.agents import UCB, EpsilonGreedy, ExpectedSarsa, QLearning, Sarsa
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.population import TablePopulation
from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays, write_arrays
from daedalus.core.spec import parse_spec
from daedalus.core.world import OpenWorld, World
from daedalus.envs import BanditEnv, WorldEnv, load_problem

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1"


def unwrapped_maze():
    """The maze behind a wrapper that nobody can see through: learnt interactively."""
    return TransformReward(WorldEnv(load_problem(parse_spec(MAZE))), lambda reward: reward)


@pytest.mark.parametrize("learner", [QLearning, Sarsa, ExpectedSarsa])
def test_every_way_to_name_a_world_learns_the_same(learner):
    world = load_problem(parse_spec(MAZE))
    population = TablePopulation(world, learner.method, TableConfig(alpha=0.5, explore=parse_spec("ucb")), [3])
    population.run(3000)
    for env in (MAZE, world, WorldEnv(world), unwrapped_maze()):
        learnt = learner(env, seed=3, alpha=0.5, explore="ucb").learn(3000)
        np.testing.assert_array_equal(learnt.q, population.now.q[0])
        np.testing.assert_array_equal(learnt.visits, population.now.visits[0])


def test_bandits_too():
    bandit = load_problem(parse_spec("daedalus/Bandit-v0"), 5)
    runs = [UCB(env, seed=5).learn(500) for env in ("daedalus/Bandit-v0", bandit, BanditEnv(bandit))]
    runs.append(UCB(TransformReward(BanditEnv(bandit), lambda reward: reward), seed=5).learn(500))
    for run in runs[1:]:
        np.testing.assert_array_equal(run.q, runs[0].q)
    assert runs[0].pulls.sum() == 500
    assert runs[0].predict(0, deterministic=True)[0] == runs[0].q.argmax()


@pytest.mark.parametrize("env", [MAZE, unwrapped_maze])
def test_steps_are_exact_and_calls_go_on(env):
    make = env if callable(env) else lambda: env
    whole, parts = QLearning(make()).learn(1000), QLearning(make())
    for steps in (1, 332, 667):
        parts.learn(steps)
    assert whole.num_timesteps == parts.num_timesteps == 1000
    assert whole.visits.sum() == 1000
    np.testing.assert_array_equal(whole.q, parts.q)


def test_a_callback_sees_the_learner_and_may_stop_it():
    seen = []
    learner = QLearning(MAZE).learn(25_000, callback=lambda learner: seen.append(learner.num_timesteps))
    assert seen == [10_000, 20_000, 25_000]
    assert QLearning(MAZE).learn(25_000, callback=lambda learner: False).num_timesteps == 10_000
    np.testing.assert_array_equal(learner.q, QLearning(MAZE).learn(25_000).q)


def test_progress_goes_to_stderr(capsys):
    QLearning(MAZE).learn(100, progress_bar=True)
    assert capsys.readouterr().out == ""


def test_predict():
    learner = QLearning(MAZE, epsilon=1.0).learn(2000)
    before = learner.q.copy()
    action, state = learner.predict(4, deterministic=True)
    assert action.shape == ()
    assert action == learner.q[4].argmax()
    assert state is None
    actions, state = learner.predict(np.arange(9), state="kept", deterministic=True)
    np.testing.assert_array_equal(actions, learner.q[:9].argmax(axis=1))
    assert state == "kept"
    explored = learner.predict(np.zeros(400, int))[0]
    assert set(explored) == {0, 1, 2, 3}  # ε = 1; each is missed by all 400 with probability 1e-50
    np.testing.assert_array_equal(learner.learn(1000).q, QLearning(MAZE, epsilon=1.0).learn(3000).q)
    assert not np.array_equal(before, learner.q)


@pytest.mark.parametrize(
    "obs",
    [10_000, -1, 1.7, 1.0, np.nan, None, "a", True, [0, 17], [0, [1, 2]], np.zeros((30, 30)), 2**80],
    ids=lambda obs: type(obs).__name__,
)
def test_what_is_no_observation(obs):
    with pytest.raises(UserError, match="is no observation of this learner; it knows 0…16") as error:
        QLearning(MAZE).predict(obs)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["FrozenLake-v1", "CliffWalking-v1", "daedalus/Cliff-v0"])
def test_one_predicted_action_can_be_taken_anywhere(name):
    """Gymnasium's toy-text worlds look an action up in a dict, which refuses even arrays of no axes."""
    env = gymnasium.make(name)
    obs, _ = env.reset(seed=0)
    action, _ = QLearning(env).predict(obs)
    env.step(action)
    assert action.shape == ()
    assert action.dtype == np.int64


def test_whole_numbers_may_be_written_as_floats():
    assert QLearning(MAZE, seed=np.int64(1), alpha=np.float32(0.5)).learn(1e3).num_timesteps == 1000
    assert QLearning(MAZE).learn(np.float32(200)).learn(np.int8(5)).num_timesteps == 205


def test_the_environment_can_be_asked_for_and_changed(tmp_path):
    env = gymnasium.make("daedalus/Cliff-v0")
    learner = QLearning(env)
    assert learner.get_env() is env
    learner.learn(500)
    other = TransformReward(gymnasium.make("daedalus/Cliff-v0"), lambda reward: reward)
    before = learner.q.copy()
    with pytest.raises(UserError, match="shape"):
        learner.set_env(MAZE)
    assert learner.get_env() is env
    learner.set_env(other)
    assert learner.get_env() is other
    np.testing.assert_array_equal(learner.q, before)
    assert learner.learn(100).visits.sum() == 600
    learner.save(tmp_path / "learner")
    assert QLearning.load(tmp_path / "learner").get_env() is None
    assert isinstance(QLearning(MAZE).get_env(), World)
    open_world = OpenWorld("cliff", lambda: other)
    assert QLearning(open_world).learn(10).num_timesteps == 10


def test_a_running_episode_ends_by_the_limit_of_the_place_it_comes_to(tmp_path):
    """The same dynamics under a shorter limit: an episode already longer than it ends with its next step."""
    world = load_problem(parse_spec("daedalus/Cliff-v0"))
    learner = QLearning(world.within(None), epsilon=1.0).learn(60)  # no random walk reaches the goal this early
    learner.save(tmp_path / "learner")
    loaded = QLearning.load(tmp_path / "learner", env=world.within(50))
    assert loaded._memory.now.began[0] == 0
    assert loaded.learn(1)._memory.now.episodes[0] == 1


def test_in_another_world_the_first_episode_begins_there(tmp_path):
    """Other dynamics under a limit of 50: the 60 steps of the episode that was left do not count."""
    worlds = [load_problem(parse_spec(text)) for text in ("daedalus/Cliff-v0", "daedalus/Cliff-v0:slip=0.1")]
    learner = QLearning(worlds[0].within(None), epsilon=1.0).learn(60)
    learner.save(tmp_path / "learner")
    loaded = QLearning.load(tmp_path / "learner", env=worlds[1].within(50)).learn(49)
    assert loaded._memory.now.episodes[0] == 0
    assert loaded.learn(1)._memory.now.lengths[0] == 50


def test_predict_plays_in_an_environment():
    env = gymnasium.make(MAZE.partition(":")[0], rows=3, columns=3)
    learner = QLearning(env, alpha=1.0, gamma=1.0, epsilon=0.5).learn(20_000)
    obs, _ = env.reset(seed=0)
    total, over = 0.0, False
    while not over:
        obs, reward, terminated, truncated, _ = env.step(learner.predict(obs, deterministic=True)[0])
        total, over = total + float(reward), terminated or truncated
    assert terminated
    assert total == learner.q[0].max()  # γ = 1, deterministic: the value of the start is the return


@pytest.mark.parametrize("learner", [QLearning, Sarsa])
def test_a_loaded_learner_goes_on_as_if_never_interrupted(learner, tmp_path):
    path = tmp_path / "learner"
    uninterrupted = learner(MAZE, seed=2, explore="epsilon_first(explore=700)").learn(1000)
    uninterrupted.save(path)
    loaded = learner.load(path, env=MAZE)
    assert loaded.config == uninterrupted.config
    np.testing.assert_array_equal(loaded.learn(500).q, uninterrupted.learn(500).q)


def test_a_loaded_learner_without_environment_predicts(tmp_path):
    learner = QLearning(MAZE).learn(1000)
    learner.save(tmp_path / "learner")
    loaded = QLearning.load(tmp_path / "learner")
    np.testing.assert_array_equal(loaded.predict(range(9))[0], learner.predict(range(9))[0])
    with pytest.raises(UserError, match="without an environment"):
        loaded.learn(1)


def test_a_loaded_learner_begins_an_episode_elsewhere(tmp_path):
    learner = Sarsa(MAZE).learn(1003)
    learner.save(tmp_path / "learner")
    other = Sarsa.load(tmp_path / "learner", env=MAZE + ",seed=1")
    np.testing.assert_array_equal(other.q, learner.q)
    assert other.learn(100).num_timesteps == 1103
    interactive = Sarsa.load(tmp_path / "learner", env=unwrapped_maze()).learn(100)
    assert interactive.visits.sum() == 1103


def test_a_bandit_learner_is_saved_too(tmp_path):
    learner = EpsilonGreedy("daedalus/Bandit-v0", epsilon=0.3).learn(100)
    learner.save(tmp_path / "bandit")
    loaded = EpsilonGreedy.load(tmp_path / "bandit", env="daedalus/Bandit-v0")
    np.testing.assert_array_equal(loaded.learn(50).q, learner.learn(50).q)


def test_files_that_hold_no_such_learner(tmp_path):
    path = tmp_path / "learner"
    QLearning(MAZE).learn(10).save(path)
    with pytest.raises(UserError, match=r"holds a QLearning.*QLearning\.load"):
        Sarsa.load(path)
    with pytest.raises(UserError, match="shape"):
        QLearning.load(path, env="daedalus/Cliff-v0")
    with pytest.raises(UserError, match="device"):
        QLearning.load(path, device="cuda")
    arrays, metadata = read_arrays(path, "")
    for version, says in ((1, "older version"), (99, "newer version")):
        other = json.loads(metadata["daedalus"]) | {"format": version}
        write_arrays(path, arrays, {"daedalus": json.dumps(other)})
        with pytest.raises(UserError, match=says):
            QLearning.load(path)
    write_arrays(path, arrays)
    with pytest.raises(UserError, match="no learner"):
        QLearning.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(UserError, match="damaged"):
        QLearning.load(path)
    with pytest.raises(UserError, match="cannot read"):
        QLearning.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: QLearning("CartPole-v1"), "a table needs Discrete"),
        (lambda: QLearning("daedalus/Bandit-v0"), "is a bandit"),
        (lambda: UCB("daedalus/Cliff-v0"), "sees no states"),
        (lambda: UCB(TransformReward(gymnasium.make("FrozenLake-v1"), float)), "sees no states"),
        (lambda: QLearning(MAZE, alpha=2), "alpha"),
        (lambda: QLearning(MAZE, explore="ubc"), "did you mean 'ucb'"),
        (lambda: QLearning(MAZE).learn(0), "total_timesteps"),
        (lambda: QLearning(MAZE).learn(1.5), "total_timesteps must be a whole number"),
        (lambda: QLearning(MAZE).learn(np.inf), "total_timesteps must be a whole number"),
        (lambda: QLearning(MAZE).learn("a"), "total_timesteps must be a whole number"),
        (lambda: QLearning(MAZE).learn(1e30), "total_timesteps"),
        (lambda: QLearning(MAZE).learn(10, callback=CheckpointCallback(5, ".")), "callback must be a function"),
        (lambda: QLearning(MAZE).learn(10, callback=[]), "callback must be a function"),
        (lambda: QLearning(make_vec_env(lambda: gymnasium.make("CliffWalking-v1"))), "not DummyVecEnv"),
        (lambda: QLearning(gymnasium.make_vec("CliffWalking-v1")), "one Gymnasium environment"),
        (lambda: QLearning(None), "not NoneType"),
        (lambda: UCB(3), "not int"),
        (lambda: QLearning(MAZE, seed="a"), "seed must be a whole number"),
        (lambda: QLearning(MAZE, alpha="a"), "way for alpha to change 'a'"),
        (lambda: QLearning(MAZE, gamma=np.nan), "QLearning: gamma is NaN"),
        (lambda: QLearning(MAZE, initial=None), "QLearning: initial must be"),
        (lambda: QLearning(MAZE, explore=3), "QLearning: explore"),
        (lambda: EpsilonGreedy("daedalus/Bandit-v0", epsilon="a"), "way for epsilon to change 'a'"),
        (lambda: UCB("daedalus/Bandit-v0", c=np.nan), "UCB: c is NaN"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(UserError, match=says) as error:
        make()
    assert len(str(error.value).splitlines()) <= 3


def test_names_are_exported_lazily():
    for name in agents.__all__:
        assert getattr(agents, name).__name__ == name
    with pytest.raises(AttributeError):
        agents.Nothing  # noqa: B018
    code = "import sys, daedalus.agents; sys.exit(any(m in sys.modules for m in ('numba', 'torch', 'gymnasium')))"
    subprocess.run([sys.executable, "-c", code], check=True)
