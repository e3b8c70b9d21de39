"""The public face: exact steps, predictions, files, and other environments."""

import gymnasium
import numpy as np
import pytest

from daedalus.agents import DQN
from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays, write_arrays

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1,time_limit=20"
SMALL = {
    "width": 16,
    "train_freq": 4,
    "batch_size": 8,
    "learning_starts": 16,
    "target_update_interval": 20,
    "buffer_size": 500,
}


def weights(learner):
    return learner._body.population.weights()


def same(left, right):
    return all(np.array_equal(array, weights(right)[name]) for name, array in weights(left).items())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "folder" / "learner"
    learner = DQN(MAZE, seed=3, **SMALL).learn(150)
    learner.predict(0)
    learner.save(path)
    return learner, path


def test_steps_are_exact_and_the_same_again():
    one, other = DQN(MAZE, seed=1, **SMALL).learn(101), DQN(MAZE, seed=1, **SMALL).learn(101)
    assert one.num_timesteps == 101
    assert same(one, other)
    assert not same(one, DQN(MAZE, seed=2, **SMALL).learn(101))
    assert one.learn(1e2).num_timesteps == 201


def test_a_face_learns_what_its_seed_learns_in_a_trial():
    """Alone, with a callback that looks on, and in a block of seeds."""
    from daedalus.core.catalogue import find
    from daedalus.core.lab.experiment import Experiment, Final
    from daedalus.core.spec import parse_spec

    agent = "dqn:" + ",".join(f"{key}={value}" for key, value in SMALL.items())
    experiment = Experiment(parse_spec(MAZE), parse_spec(agent), agent, 2, 200)
    *_, final = find("trial", "deep").load()(experiment, (0, 1), None)
    assert isinstance(final, Final)
    for callback in (None, lambda learner: None):
        learner = DQN(MAZE, seed=1, **SMALL).learn(200, callback=callback)
        for name, array in weights(learner).items():
            np.testing.assert_array_equal(final.arrays[f"weights.{name}"][1], array[0])


def test_predictions(saved):
    learner, _ = saved
    before = {name: array.copy() for name, array in weights(learner).items()}
    many, state = learner.predict(np.arange(9), state="kept", deterministic=True)
    assert state == "kept"
    assert many.shape == (9,)
    assert [learner.predict(n, deterministic=True)[0] for n in range(9)] == many.tolist()
    assert isinstance(learner.predict(0)[0], np.int64)
    assert learner.predict(np.zeros((2, 3), int))[0].shape == (2, 3)
    masks = np.zeros((9, 4))
    masks[:, 2] = 1
    for deterministic in (True, False):
        found = learner.predict(np.arange(9), deterministic=deterministic, action_masks=masks)[0]
        assert (found == 2).all()
    assert all(np.array_equal(array, weights(learner)[name]) for name, array in before.items())


def test_predictions_explore_by_epsilon():
    learner = DQN(MAZE, exploration_initial_eps=1.0, exploration_final_eps=1.0, **SMALL)
    found = np.array([learner.predict(0)[0] for _ in range(400)])
    assert np.bincount(found, minlength=4).min() > 60  # 100 each; below 61 with probability 4e-6


@pytest.mark.parametrize("obs", [9999, -1, 0.5, "a", None, [0, [1]], np.nan])
def test_what_is_no_observation(saved, obs):
    with pytest.raises(UserError, match="is no observation of this learner; it knows 0…"):
        saved[0].predict(obs)


def test_a_saved_learner_goes_on_to_the_bit(saved):
    learner, path = saved
    loaded, homeless = DQN.load(path, env=MAZE), DQN.load(path)
    assert loaded.config == learner.config
    assert loaded.num_timesteps == homeless.num_timesteps == 150
    assert [homeless.predict(n)[0] for n in range(9)] == [loaded.predict(n)[0] for n in range(9)]
    with pytest.raises(UserError, match="without an environment"):
        homeless.learn(1)
    again = DQN(MAZE, seed=3, **SMALL).learn(150)
    homeless.set_env(MAZE)
    assert same(loaded.learn(70), again.learn(70))
    assert same(homeless.learn(70), again)


def test_elsewhere_a_new_life_begins_with_what_was_learnt(saved):
    learner, path = saved
    other = DQN.load(path, env=MAZE + ",seed=1")
    assert same(other, learner)
    assert other.learn(40).num_timesteps == 190
    with pytest.raises(UserError, match="give the environment it learnt in"):
        DQN.load(path, env="daedalus/Cliff-v0")
    with pytest.raises(UserError, match="give the environment it learnt in"):
        learner.set_env("CartPole-v1")
    assert learner.learn(1).num_timesteps == 151


def test_files_that_hold_no_such_learner(saved, tmp_path):
    _, good = saved
    path = tmp_path / "broken"
    for data, says in ((b"nonsense", "damaged"), (b"PK\x03\x04", "pickle"), (good.read_bytes()[:-9], "damaged")):
        path.write_bytes(data)
        with pytest.raises(UserError, match=says):
            DQN.load(path)
    with pytest.raises(UserError, match="cannot read"):
        DQN.load(tmp_path / "absent")
    arrays, metadata = read_arrays(good, "")
    for change in (
        {"t": np.array(-1)}, {"engine.module/outputs.weight": np.zeros((1, 2))}, {"span": np.zeros(2)},
    ):  # fmt: skip
        write_arrays(path, arrays | change, metadata)
        with pytest.raises(UserError, match="damaged"):
            DQN.load(path)
    for old, new in (
        ('"width": 16', '"width": 17'),
        ('"kind": "one_hot"', '"kind": "x"'),
        ('"seed": 3', '"seed": "x"'),
    ):
        assert old in metadata["card"]
        write_arrays(path, arrays, {"card": metadata["card"].replace(old, new)})
        with pytest.raises(UserError, match="damaged"):
            DQN.load(path)
    with pytest.raises(UserError, match="device"):
        DQN.load(good, device="abacus")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DQN("daedalus/Bandit-v0"), "is a bandit"),
        (lambda: DQN(None), "not NoneType"),
        (lambda: DQN(MAZE, seed="a"), "seed must be a whole number"),
        (lambda: DQN(MAZE).learn(0), "total_timesteps"),
        (lambda: DQN(MAZE).learn(5, log_interval=0), "log_interval"),
        (lambda: DQN(MAZE).learn(5, callback=3), "callback must be"),
        (lambda: DQN(MAZE, device="abacus"), "device"),
        (lambda: DQN(MAZE).predict(0, action_masks=[1]), "action_masks must have shape"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(UserError, match=says) as error:
        make()
    assert "\n" not in str(error.value)


def test_where_it_lives(saved):
    env = gymnasium.make("CartPole-v1")
    learner = DQN(env, **SMALL)
    assert learner.get_env() is env
    assert DQN.load(saved[1]).get_env() is None
    obs, _ = env.reset(seed=0)
    env.step(learner.predict(obs)[0])
