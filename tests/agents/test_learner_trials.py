"""What the trials of bandits and tables yield to the lab."""

import gymnasium
import numpy as np
import pytest

from daedalus.agents.tables import trial as trial_tabular
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.expected_sarsa import METHOD as EXPECTED_SARSA
from daedalus.agents.tables.q_learning import METHOD as Q_LEARNING
from daedalus.agents.tables.trial_open import open_trial
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import BELIEFS, CURVE, Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import parse_spec
from daedalus.core.world import OpenWorld
from daedalus.envs import contextual_bandit

CASES = {
    "q_learning": "daedalus/Maze-v0:rows=3,columns=3,slip=.1",
    "sarsa:explore=softmax(temperature=1)": "daedalus/Cliff-v0",
    "expected_sarsa": "FrozenLake-v1",
    "ucb": "daedalus/Bandit-v0",
    "epsilon_greedy": "daedalus/Bandit-v0:law=bernoulli,arms=3",
}


def experiment(agent, steps=1000, episodes=False, seeds=4, world=None):
    return Experiment(parse_spec(world or CASES[agent]), parse_spec(agent), agent, seeds, steps, episodes=episodes)


def run(given, seeds, resume=None):
    trial = find("trial", find("agent", given.agent.name).trial).load()
    return list(trial(given, seeds, resume))


def rows(items, table="curve"):
    """All rows of one table, a row per line, timings aside."""
    found = [item.columns for item in items if isinstance(item, Record) and item.table == table]
    names = [name for name in found[0] if not name.startswith("seconds")]
    return {name: np.concatenate([columns[name] for columns in found]) for name in names}


def assert_equal(one, other, rows_of_one=slice(None)):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name][rows_of_one], other[name], err_msg=name)


@pytest.mark.parametrize("agent", CASES)
def test_records_snapshots_final(agent):
    items = run(experiment(agent), range(4))
    bandit = "Bandit" in CASES[agent]
    points = [step for step in evaluation_steps(1000) if step or not bandit]
    assert [type(item) for item in items] == [Record, Record, Snapshot] * len(points) + [Final]
    assert [item.table for item in items if isinstance(item, Record)] == ["curve", "beliefs"] * len(points)
    curve = rows(items)
    assert set(curve) | {"seconds", "seconds_evaluating"} == {"seed", "step", *CURVE}
    assert curve["step"].tolist() == [step for step in points for _ in range(4)]
    assert curve["seed"].tolist() == [0, 1, 2, 3] * len(points)
    for name, dtype in CURVE.items():
        assert items[0].columns[name].dtype == dtype
    np.testing.assert_allclose(curve["optimum"] - curve["value"], curve["regret"], atol=1.0 if bandit else 1e-12)
    assert np.all(curve["exact"] != bandit)
    assert np.all(curve["random_value"] <= curve["optimum"])
    assert [item.step for item in items if isinstance(item, Snapshot)] == points
    for array in items[2].arrays.values():
        assert isinstance(array, np.ndarray)
        assert array.dtype != object


@pytest.mark.parametrize("agent", CASES)
def test_the_first_seeds_beliefs_end_as_what_is_kept(agent):
    items = run(experiment(agent), range(4))
    found, final = rows(items, "beliefs"), items[-1].arrays
    assert {name: found[name].dtype for name in BELIEFS} == BELIEFS
    assert not found["seed"].any()
    states = found["state"].max() + 1
    assert found["state"].tolist() == [*range(states)] * (len(found["state"]) // states)
    last = {name: column[-states:] for name, column in found.items()}
    assert set(last["step"]) == {1000}
    bandit = "Bandit" in CASES[agent]
    np.testing.assert_array_equal(last["visits"], final["pulls" if bandit else "visits"][0])
    value = final["estimates"][0] if bandit else final["q"][0].max(axis=1)
    np.testing.assert_array_equal(last["value"], value.astype(np.float32))
    np.testing.assert_array_equal(last["action"], np.arange(states) if bandit else final["policy"][0])
    later = run(experiment(agent), range(4, 8))
    assert not [item for item in later if isinstance(item, Record) and item.table == "beliefs"]


@pytest.mark.parametrize(("states", "kept"), [(16, True), (15, False)])
def test_beliefs_of_large_worlds_are_not_kept(monkeypatch, states, kept):
    monkeypatch.setattr("daedalus.agents.tables.trial.MOST_BELIEFS", states)
    items = run(experiment("expected_sarsa"), range(1))
    assert any(item.table == "beliefs" for item in items if isinstance(item, Record)) == kept


@pytest.mark.parametrize("agent", CASES)
def test_a_trial_goes_on_from_any_snapshot(agent):
    given = experiment(agent)
    items = run(given, range(4))
    final = items[-1].arrays
    snapshots = [n for n, item in enumerate(items) if isinstance(item, Snapshot)]
    for n in (snapshots[0], snapshots[20], snapshots[-1]):
        later = run(given, range(4), items[n])
        if later[:-1]:
            for table in ("curve", "beliefs"):
                assert_equal(rows(items[n + 1 :], table), rows(later, table))
        assert_equal(final, later[-1].arrays)


@pytest.mark.parametrize("agent", CASES)
def test_a_seed_alone_has_its_rows_of_the_block(agent):
    items, alone = run(experiment(agent), range(4)), run(experiment(agent), [2])
    assert_equal(rows(items), rows(alone), slice(2, None, 4))
    assert_equal({name: array[2:3] for name, array in items[-1].arrays.items()}, alone[-1].arrays)


def test_every_episode_when_asked(monkeypatch):
    monkeypatch.setattr(trial_tabular, "LOGGED_STEPS", 7)  # many records between two evaluations
    plain, asked = run(experiment("q_learning"), [5, 6]), run(experiment("q_learning", episodes=True), [5, 6])
    assert_equal(rows(plain), rows(asked))
    episodes, curve = rows(asked, "episodes"), rows(asked)
    for seed in (5, 6):
        mine = episodes["seed"] == seed
        assert episodes["episode"][mine].tolist() == list(range(mine.sum()))
        assert mine.sum() == curve["episodes"][curve["seed"] == seed].sum()
        np.testing.assert_array_equal(np.cumsum(episodes["length"][mine]), episodes["step"][mine])


def test_final_counts_every_step():
    final = run(experiment("q_learning"), range(2))[-1].arrays
    assert final["visits"].sum(axis=1).tolist() == [1000, 1000]
    np.testing.assert_array_equal(final["policy"], final["q"].argmax(axis=2))
    assert run(experiment("ucb"), range(2))[-1].arrays["pulls"].sum(axis=1).tolist() == [1000, 1000]


def test_an_imported_world_shows_no_added_state():
    final = run(experiment("expected_sarsa"), range(2))[-1].arrays
    assert final["q"].shape == (2, 16, 4)
    assert final["visits"].sum(axis=1).tolist() == [1000, 1000]


def test_bandit_values_are_those_of_the_run():
    items = run(experiment("ucb"), range(4))
    final, last = items[-1].arrays, items[-4].columns
    gap = final["means"].max(axis=1, keepdims=True) - final["means"]
    np.testing.assert_allclose(last["regret"], (gap * final["pulls"]).sum(axis=1) / 1000)
    np.testing.assert_allclose(last["value"], (final["estimates"] * final["pulls"]).sum(axis=1) / 1000)
    curve = rows(items)
    width = np.diff([0, *evaluation_steps(1000)[1:]])
    for seed in range(4):
        mine = curve["seed"] == seed
        assert (curve["reward"][mine] * width).sum() / 1000 == pytest.approx(last["value"][seed])


@pytest.mark.parametrize(
    ("agent", "world", "says"),
    [
        ("ucb", "daedalus/Cliff-v0", r"q_learning:explore=ucb"),
        ("q_learning", "daedalus/Bandit-v0", "is a bandit"),
        ("q_learning", "CartPole-v1", "a table needs Discrete"),
        ("q_learning:alpha=0", "daedalus/Cliff-v0", "alpha must lie in"),
        ("q_learning:alpa=.1", "daedalus/Cliff-v0", "did you mean 'alpha'"),
    ],
)
def test_what_cannot_be_is_refused(agent, world, says):
    with pytest.raises(UserError, match=says):
        run(experiment(agent, world=world), [0])


class Lights(gymnasium.Env):
    """Two lights at random; pressing the one that is on pays 1. Both spaces begin to count at 3. Four presses."""

    observation_space = gymnasium.spaces.Discrete(2, start=3)
    action_space = gymnasium.spaces.Discrete(2, start=3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.pressed = 0
        return self.observe(), {}

    def observe(self):
        self.on = 3 + int(self.np_random.integers(2))
        return self.on

    def step(self, action):
        assert self.action_space.contains(action)
        reward = float(action == self.on)
        self.pressed += 1
        return self.observe(), reward, False, self.pressed == 4, {}


@pytest.mark.parametrize("rule", [Q_LEARNING, EXPECTED_SARSA])
def test_an_open_world_is_lived_and_measured(rule):
    given = experiment("q_learning", 600, episodes=True)
    open_world = OpenWorld("lights", Lights)
    config = TableConfig(gamma=0.0, epsilon=0.5)
    items = list(open_trial(given, [open_world] * 2, rule, config, [0, 1]))
    assert not any(isinstance(item, Snapshot) for item in items)
    curve, episodes, final = rows(items), rows(items, "episodes"), items[-1].arrays
    assert not curve["exact"].any()
    assert np.isnan(curve["optimum"]).all()
    assert curve["value"][-2:].tolist() == [4, 4]  # the greedy policy presses right
    assert curve["value"][0] < 4
    assert final["policy"].tolist() == [[0, 1], [0, 1]]
    assert np.bincount(episodes["seed"]).tolist() == [150, 150]
    assert np.all(episodes["length"] == 4)


def test_in_a_contextual_bandit_the_value_is_what_the_chosen_arms_earn():
    """Not the mean of ten pulls: exact, with the regret, for the weights of each seed."""
    spec = "daedalus/ContextualBandit-v0:contexts=4,arms=3"
    items = run(experiment("q_learning:gamma=0", 2000, world=spec), [0, 1])
    curve, final = rows(items), items[-1].arrays
    assert curve["exact"].all()
    for seed in (0, 1):
        bandit = contextual_bandit(contexts=4, arms=3, seed=seed)
        means, mine = bandit.means(bandit.contexts), curve["seed"] == seed
        assert curve["value"][mine][0] == pytest.approx(means[:, 0].mean())  # a table of zeros
        assert curve["value"][mine][-1] == pytest.approx(means[range(4), final["policy"][seed]].mean())
        assert curve["optimum"][mine] == pytest.approx(bandit.best_mean())
        assert curve["random_value"][mine] == pytest.approx(means.mean())
        assert curve["regret"][mine] == pytest.approx(curve["optimum"][mine] - curve["value"][mine])
        assert curve["regret"][mine][-1] < 0.3 * curve["regret"][mine][0]
