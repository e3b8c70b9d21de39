"""The public face: exact steps, predictions, files, and other environments."""

import json

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
        (lambda: DQN("MlpPolicy", "CartPole-v1"), "takes no policy"),
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


class Odd(gymnasium.Wrapper):
    """Spoils what its 30th step gives; `spoil` is handed the observation and the reward."""

    def __init__(self, spoil):
        super().__init__(gymnasium.make("CartPole-v1"))
        self.spoil, self.steps = spoil, 0

    def step(self, action):
        self.steps += 1
        observed, reward, *rest = self.env.step(action)
        if self.steps == 30:
            observed, reward = self.spoil(observed, reward)
        return observed, reward, *rest


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda obs, reward: (obs, np.nan), "paid a reward of nan at step 29"),
        (lambda obs, reward: (obs, "x"), "pays 'x'; a reward must be one number"),
        (lambda obs, reward: (obs * np.inf, reward), "NaN or infinity"),
        (lambda obs, reward: (obs[:3], reward), r"shape \(3,\) is not \(4,\)"),
        (lambda obs, reward: (obs[0], reward), r"shape \(\) is not \(4,\)"),
        (lambda obs, reward: (["a"] * 4, reward), "shows what is no observation of its space"),
    ],
)
def test_a_spoilt_step_is_told_and_forgotten(spoil, says, tmp_path):
    """The learner keeps what it had, and goes on, or is saved, without a transition that nobody saw."""
    env = Odd(spoil)
    learner = DQN(env, **SMALL)
    with pytest.raises(UserError, match=says) as error:
        learner.learn(100)
    assert "\n" not in str(error.value)
    learner.save(tmp_path / "kept")
    loaded = DQN.load(tmp_path / "kept", env="CartPole-v1")
    for one in (learner, loaded):
        memory = one._body.population.memory
        assert one.num_timesteps == memory.size_N[0] == 29
        one.learn(20)
        batch = memory.sample(200, np.array([7], np.uint64), 0)
        before, after = batch["obs"][0].numpy(), batch["next_obs"][0].numpy()
        moved = before[:, 0] + 0.02 * before[:, 1]  # Euler's step of the cart's position
        np.testing.assert_allclose(after[:, 0], moved, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"batch_size": 10**14, "learning_starts": 2}, "too little memory for this batch; lower batch_size or width"),
        ({"buffer_size": 10**13}, r"needs 530,\d\d\d,\d\d\d,\d\d\d,\d\d\d bytes.*lower buffer_size"),
    ],
)
def test_what_memory_has_no_room_for_says_what_to_lower(settings, says):
    with pytest.raises(UserError, match=says):
        DQN("CartPole-v1", **{**SMALL, **settings}).learn(8)


def test_a_network_that_memory_has_no_room_for_says_what_to_lower(monkeypatch):
    from daedalus.agents.deep import population

    def full(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000 bytes.")

    monkeypatch.setattr(population, "q_network", full)
    with pytest.raises(UserError, match="too little memory for this network; lower width or depth"):
        DQN("CartPole-v1")


def test_a_hostile_card_asks_for_no_memory(saved, tmp_path, monkeypatch):
    """Sizes that the weights of the file have not are refused before a network of them is built."""
    from daedalus.agents.deep import storing

    arrays, metadata = read_arrays(saved[1], "")
    monkeypatch.setattr(storing, "q_network", lambda *given: pytest.fail("built"))
    for change in ({"width": 10**7}, {"depth": 10**6}):
        card = json.loads(metadata["card"])
        card["facts"]["config"] |= change
        kind = json.loads(card["architecture"])
        kind[-2], kind[-1] = card["facts"]["config"]["width"], card["facts"]["config"]["depth"]
        card["architecture"] = json.dumps(kind)
        write_arrays(tmp_path / "hostile", arrays, {"card": json.dumps(card)})
        with pytest.raises(UserError, match="tells of more weights than it holds"):
            DQN.load(tmp_path / "hostile")
