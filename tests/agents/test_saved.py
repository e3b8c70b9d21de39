"""Learners in files and states in snapshots: whatever is wrong with them is a `UserError`, never a crash."""

import dataclasses
import json

import numpy as np
import pytest

from daedalus.agents import EpsilonGreedy, QLearning
from daedalus.agents.bandits.config import UCBConfig
from daedalus.agents.bandits.population import BanditRuns
from daedalus.agents.saved import read_learner, write_learner
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.population import TablePopulation
from daedalus.agents.tables.sarsa import METHOD as SARSA
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays, write_arrays
from daedalus.core.lab.experiment import Experiment, Snapshot
from daedalus.core.spec import parse_spec
from daedalus.envs import load_problem

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1"
BANDIT = "daedalus/Bandit-v0:arms=4"


@pytest.fixture
def path(tmp_path):
    """A saved learner."""
    QLearning(MAZE, seed=1).learn(100).save(tmp_path / "learner")
    return tmp_path / "learner"


def with_entry(value):
    """A change of an array's first entry."""

    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


#: What may be wrong with the arrays of a table population: which one, how, and the complaint.
WRONG = {
    "state beyond": ("state", with_entry(10**12), "state holds 1000000000000"),
    "state below": ("state", with_entry(-1), "state holds -1"),
    "state one too far": ("state", with_entry(17), "state holds 17"),
    "action beyond": ("action", with_entry(10**9), "action holds 1000000000"),
    "action one too far": ("action", with_entry(4), "action holds 4"),
    "action below": ("action", with_entry(-2), "action holds -2"),
    "a value that is none": ("q", with_entry(np.nan), "q holds nan"),
    "an endless return": ("ret", with_entry(np.inf), "ret holds inf"),
    "negative time": ("t", with_entry(-5), "t holds -5"),
    "time that would overflow": ("t", with_entry(2**63 - 1), "t holds"),
    "a negative count": ("visits", with_entry(-1), "visits holds -1"),
    "a shape": ("visits", lambda array: array[:, :-1], r"visits is int64 \("),
    "a dtype": ("t", lambda array: array.astype(float), "t is float64"),
    "one missing": ("ret", None, "ret: missing"),
    "one too many": ("more", lambda array: np.zeros(1), "more: missing or unknown"),
}


def spoilt(arrays, name, change):
    rest = {other: array for other, array in arrays.items() if other != name}
    return rest if change is None else rest | {name: change(arrays.get(name))}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("env", [None, MAZE])
def test_arrays_that_are_no_learner(path, env, wrong):
    name, change, says = WRONG[wrong]
    card, arrays = read_learner(path)
    assert arrays["q"].shape == (1, 17, 4)
    write_learner(path, card, spoilt(arrays, name, change))
    with pytest.raises(UserError, match=f"is damaged.*{says}"):
        QLearning.load(path, env).set_env(MAZE)  # how many states there are is known only there


@pytest.mark.parametrize("shape", [(), (17, 4), (1, 17), (2, 17, 4), (1, 0, 4)])
def test_estimates_of_no_shape(path, shape):
    card, arrays = read_learner(path)
    write_learner(path, card, arrays | {"q": np.zeros(shape)})
    with pytest.raises(UserError, match="is damaged"):
        QLearning.load(path)
    write_learner(path, dataclasses.replace(card, learner="EpsilonGreedy:epsilon=0.1"), {"q": np.zeros(shape)})
    with pytest.raises(UserError, match="is damaged"):
        EpsilonGreedy.load(path)


@pytest.mark.parametrize("wrong", WRONG)
def test_snapshots_that_are_none_of_a_table(wrong):
    name, change, says = WRONG[wrong]
    population = TablePopulation(load_problem(parse_spec(MAZE)), SARSA, TableConfig(), [0, 1])
    population.run(50)
    before = population.arrays()
    with pytest.raises(UserError, match=f"snapshot is damaged.*{says}"):
        population.restore(spoilt(before, name, change))
    for field, array in population.arrays().items():
        np.testing.assert_array_equal(array, before[field])  # nothing is half taken up


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("pulls", with_entry(-1), "pulls holds -1"),
        ("q", with_entry(np.nan), "q holds nan"),
        ("t", with_entry(7), "t differs"),
        ("optimal", None, "optimal: missing"),
    ],
)
def test_snapshots_that_are_none_of_bandits(name, change, says):
    runs = BanditRuns([load_problem(parse_spec(BANDIT), seed) for seed in (0, 1)], UCBConfig(), [0, 1])
    runs.run(50)
    with pytest.raises(UserError, match=f"snapshot is damaged.*{says}"):
        runs.restore(spoilt(runs.arrays(), name, change))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda arrays: spoilt(arrays, "state", with_entry(10**12)), "state holds"),
        (lambda arrays: spoilt(arrays, "seconds", None), "seconds is nan"),
        (lambda arrays: spoilt(arrays, "seconds", lambda _: np.zeros(2)), "seconds is"),
        (lambda arrays: arrays | {"t": arrays["t"] + 1}, "t is 11, not 10"),
    ],
)
@pytest.mark.parametrize("agent", ["q_learning", "random", "optimal"])
def test_a_trial_refuses_a_damaged_snapshot(agent, change, says):
    given = Experiment(parse_spec(MAZE), parse_spec(agent), agent, 2, 100)
    trial = find("trial", find("agent", agent).trial).load()
    snapshot = next(i for i in trial(given, (0, 1), None) if isinstance(i, Snapshot) and i.step == 10)
    with pytest.raises(UserError, match=says):
        list(trial(given, (0, 1), Snapshot(10, change(dict(snapshot.arrays)))))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "a"},
        {"format": None},
        {"learner": 3},
        {"learner": "QLearning:alpha=2"},
        {"learner": "QLearning:alpa=.2"},
        pytest.param({"learner": "QLearning:explore=" + "a(b=" * 3000 + ")" * 3000}, id="deep"),
        {"seed": "a"},
        {"seed": 1.5},
        {"world": 3},
        {"observed": None},
        {"acted": 2**70},
        {"predictions": -1},
        {"more": 1},
    ],
)
def test_a_card_that_is_none(path, change):
    arrays, metadata = read_arrays(path, "")
    text = json.dumps(json.loads(metadata["daedalus"]) | change)
    write_arrays(path, arrays, {"daedalus": text})
    with pytest.raises(UserError, match="is damaged"):
        QLearning.load(path)


@pytest.mark.parametrize("text", ["[1]", "3", "{}", "nonsense", "[" * 100_000])
def test_metadata_that_is_no_card(path, text):
    arrays, _ = read_arrays(path, "")
    write_arrays(path, arrays, {"daedalus": text})
    with pytest.raises(UserError, match="no learner of daedalus"):
        QLearning.load(path)


def test_every_flipped_byte_is_noticed(path):
    whole = path.read_bytes()
    places = [*range(0, len(whole), 61), len(whole) - 1]
    for position in places:
        flipped = bytearray(whole)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(UserError):
            QLearning.load(path)
    path.write_bytes(whole)
    QLearning.load(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(UserError, match="is damaged"):
        QLearning.load(path)


def test_a_file_of_strange_numbers(path):
    """A dtype that safetensors knows and NumPy does not."""
    header = json.dumps({"q": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(UserError, match="is damaged"):
        QLearning.load(path)


def test_where_nothing_can_be_written(tmp_path):
    with pytest.raises(UserError, match="cannot write") as error:
        QLearning(MAZE).save(tmp_path / "absent" / "learner")
    assert "--out" not in str(error.value)


def test_predictions_go_on_after_loading(tmp_path):
    learner = QLearning(MAZE, epsilon=1.0)
    first = learner.predict(np.zeros(50, int))[0]
    learner.save(tmp_path / "learner")
    loaded = QLearning.load(tmp_path / "learner").predict(np.zeros(50, int))[0]
    assert not np.array_equal(loaded, first)
    np.testing.assert_array_equal(loaded, learner.predict(np.zeros(50, int))[0])


def test_settings_come_back_exactly(tmp_path):
    learner = QLearning(MAZE, seed=5, alpha=1 / 3, gamma=0.1 + 0.2, explore="ucb(c=2)", initial=-1e-300)
    learner.save(tmp_path / "learner")
    loaded = QLearning.load(tmp_path / "learner")
    assert loaded.config == learner.config
    assert loaded.seed == 5
