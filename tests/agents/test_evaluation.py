"""What a policy is worth: exact where it can be, on shared seeds where not."""

import gymnasium
import numpy as np
import pytest

from daedalus.agents import evaluation, rollouts
from daedalus.agents.evaluation import (
    ROLLOUT_LIMIT,
    evaluation_seeds,
    greedy_values,
    known_values,
    rollout_value,
    state_batches,
    state_policy,
)
from daedalus.agents.records import curve_record
from daedalus.agents.rollouts import sampled_value
from daedalus.agents.tables.trial import trial
from daedalus.core.lab.experiment import CURVE, Experiment, Record
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import solve
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem
from daedalus.envs.world_env import WorldEnv


def corridor(length: int, horizon: int | None) -> World:
    """States 0…length, action 1 goes right for -1, action 0 stays for -1, the last step is free."""
    states = np.arange(length + 1)
    next_state = np.stack([states, np.minimum(states + 1, length)], axis=1)[:, :, None]
    reward = np.full((length + 1, 2, 1), -1.0)
    reward[length - 1, 1] = 0.0
    reward[length] = 0.0
    next_state[length] = length
    terminal = states == length
    mdp = FiniteMDP(next_state, np.ones((length + 1, 2, 1)), reward, np.eye(length + 1)[0], terminal)
    return World("corridor", mdp, horizon, ("stay", "right"))


def test_greedy_values_by_hand() -> None:
    world = corridor(4, horizon=10)
    right, stay = np.ones(5, np.int64), np.zeros(5, np.int64)
    values, exact = greedy_values(world, np.stack([right, stay]), None)
    assert values.tolist() == [-3.0, -10.0]
    assert exact.tolist() == [True, True]


def test_without_a_limit_the_experiments_horizon_holds_and_then_ten_times_the_states() -> None:
    world, stay = corridor(4, horizon=None), np.zeros((1, 5), np.int64)
    assert greedy_values(world, stay, 7)[0].tolist() == [-7.0]
    assert greedy_values(world, stay, None)[0].tolist() == [-50.0]


def test_known_values_of_the_corridor() -> None:
    optimum, random_value = known_values(corridor(2, horizon=2), None)
    assert optimum == -1.0
    assert random_value == pytest.approx(-1 - 0.5 - 0.25)  # right then right costs 1; right then stay 2; stay 2


def test_a_policy_is_read_off_in_batches_of_bounded_size() -> None:
    world = corridor(9_999, horizon=None)
    batches = state_batches(world)
    assert len(batches) > 1
    assert np.array_equal(np.concatenate(batches), np.arange(10_000))
    assert np.array_equal(state_policy(world, lambda states: states % 2), np.arange(10_000) % 2)


def test_states_that_an_import_added_are_not_asked_for() -> None:
    whole = corridor(4, horizon=5)
    world = World("imported", whole.mdp, 5, whole.actions, states=4)
    asked: list[int] = []
    policy = state_policy(world, lambda states: asked.extend(states) or np.ones_like(states))
    assert asked == [0, 1, 2, 3]
    assert policy.tolist() == [1, 1, 1, 1, 0]


def test_rollouts_equal_the_exact_value_in_a_deterministic_world() -> None:
    world = corridor(4, horizon=10)
    assert rollout_value(lambda: WorldEnv(world), lambda o: [1] * len(o), evaluation_seeds(), 100) == -3.0
    assert rollout_value(lambda: WorldEnv(world), lambda o: [0] * len(o), evaluation_seeds(), 100) == -10.0


class Endless(gymnasium.Env[int, int]):
    """Pays 1 a step and never ends; remembers the seeds it met."""

    observation_space = gymnasium.spaces.Discrete(1)
    action_space = gymnasium.spaces.Discrete(1)
    met: list[int | None] = []  # noqa: RUF012

    def reset(self, *, seed=None, options=None):
        self.met.append(seed)
        return 0, {}

    def step(self, action):
        return 0, 1.0, False, False, {}


def test_a_world_without_a_limit_is_cut_by_the_horizon_and_else_by_the_house() -> None:
    assert rollout_value(Endless, lambda o: [0] * len(o), (1,), 30) == 30.0
    assert rollout_value(Endless, lambda o: [0] * len(o), (1,), None) == ROLLOUT_LIMIT


def test_the_environments_own_limit_comes_before_the_horizon() -> None:
    spec = gymnasium.envs.registration.EnvSpec("Endless-v0", entry_point=Endless, max_episode_steps=12)
    assert rollout_value(lambda: gymnasium.make(spec, disable_env_checker=True), lambda o: [0], (1,), 5) == 12.0


def test_evaluation_seeds_are_ten_and_always_the_same_and_reach_the_environment() -> None:
    seeds = evaluation_seeds()
    assert len(set(seeds)) == 10
    assert seeds == evaluation_seeds()
    assert seeds[:3] == evaluation_seeds(3)
    Endless.met.clear()
    rollout_value(Endless, lambda o: [0] * len(o), seeds, 2)
    assert tuple(Endless.met) == seeds


def test_episodes_that_end_leave_the_batch() -> None:
    world = corridor(3, horizon=10)
    sizes: list[int] = []

    def act(observations):
        sizes.append(len(observations))
        return [1 if n == 0 else 0 for n in range(len(observations))]  # the first one goes, the others wait

    assert rollout_value(lambda: WorldEnv(world), act, (1, 2), None) == pytest.approx((-2 - (3 + 2)) / 2)
    assert sizes == [2, 2, 2, 1, 1, 1]


def test_a_curve_record_has_every_column_and_no_other() -> None:
    record = curve_record([3, 4], 7, value=[1.0, 2.0], exact=True)
    assert set(record.columns) == {"seed", "step", *CURVE}
    assert all(record.columns[name].dtype == dtype for name, dtype in CURVE.items())
    assert record.columns["seed"].tolist() == [3, 4]
    assert record.columns["step"].tolist() == [7, 7]
    assert record.columns["exact"].tolist() == [True, True]
    assert record.columns["episodes"].tolist() == [0, 0]
    assert np.isnan(record.columns["regret"]).all()
    with pytest.raises(TypeError, match="vlaue"):
        curve_record([0], 0, vlaue=1.0)


def slippery() -> World:
    return load_problem(parse_spec("daedalus/Maze-v0:rows=3,columns=3,slip=0.3"))


def test_what_is_too_dear_to_compute_is_lived_on_the_shared_seeds(monkeypatch) -> None:
    world = slippery()
    policies = np.random.default_rng(0).integers(4, size=(2, world.mdp.states))
    policies[1] = solve(world.mdp).policy
    exactly, exact = greedy_values(world, policies, None)
    assert exact.all()
    monkeypatch.setattr(evaluation, "EVALUATION_BUDGET", 0)
    lived, exact = greedy_values(world, policies, None)
    assert not exact.any()
    seeds = evaluation_seeds()
    walked = [rollout_value(lambda: WorldEnv(world), lambda o, p=p: p[o], seeds, world.horizon) for p in policies]
    assert lived.tolist() == pytest.approx([float(value) for value in walked])
    assert lived == pytest.approx(exactly, rel=0.5)


def test_an_endless_episode_is_followed_for_a_while_and_taken_to_go_on(monkeypatch) -> None:
    world, stay = slippery(), np.zeros(slippery().mdp.states, np.int64)
    monkeypatch.setattr(rollouts, "FOLLOWED", 50)
    taken = []
    monkeypatch.setattr(rollouts, "_walk", lambda *a, walk=rollouts._walk: taken.append(a[4]) or walk(*a))
    assert sampled_value(world.mdp, stay, 10**12, evaluation_seeds()) == -(10**12)  # up, up, up: never at the goal
    assert taken == [50] * 10


@pytest.mark.parametrize("agent", ["q_learning", "sarsa"])
def test_a_trials_rows_say_whether_their_value_is_exact(agent: str, monkeypatch) -> None:
    text, budgets = "daedalus/Maze-v0:rows=3,columns=3,slip=0.3", {True: 10**9, False: 0}
    for exact, budget in budgets.items():
        monkeypatch.setattr(evaluation, "EVALUATION_BUDGET", budget)
        experiment = Experiment(parse_spec(text), parse_spec(agent), "A", 2, 30)
        items = [item for item in trial(experiment, [0, 1], None) if isinstance(item, Record)]
        rows = [item.columns for item in items if item.table == "curve"]
        assert rows
        assert all(row["exact"].tolist() == [exact] * 2 for row in rows)
        assert all(np.isfinite(row["regret"]).all() for row in rows)
