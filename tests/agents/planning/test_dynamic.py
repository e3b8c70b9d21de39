"""Value and policy iteration as strategies."""

import gymnasium
import numpy as np
import pytest

from daedalus.agents import PolicyIteration, ValueIteration
from daedalus.agents.planning.config import PolicyIterationConfig, ValueIterationConfig
from daedalus.agents.planning.dynamic import policy_iteration, value_iteration
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Record
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, solve, start_value
from daedalus.core.spec import parse_spec
from daedalus.envs import blocking_maze, load_problem

WORLDS = ("daedalus/Maze-v0", "FrozenLake-v1", "daedalus/Cliff-v0", "daedalus/RiverSwim-v0", "daedalus/Garnet-v0")


def two_ways() -> FiniteMDP:
    """From 0: action 0 pays 1 and ends, action 1 leads to 1, where both actions pay 4 and end."""
    return FiniteMDP(
        next_state=np.array([[[2], [1]], [[2], [2]], [[2], [2]]]),
        probability=np.ones((3, 2, 1)),
        reward=np.array([[[1.0], [0.0]], [[4.0], [4.0]], [[0.0], [0.0]]]),
        start=np.array([1.0, 0.0, 0.0]),
        terminal=np.array([False, False, True]),
    )


def test_sweeps_by_hand():
    """γ = .5: V = (1, 4, 0) after one sweep, (max(1, .5·4), 4, 0) after two, and so it stays."""
    plans = [value_iteration(two_ways(), ValueIterationConfig(gamma=0.5, sweeps=n)) for n in (1, 2, 50)]
    assert [plan.value.tolist() for plan in plans] == [[1, 4, 0], [2, 4, 0], [2, 4, 0]]
    assert [plan.sweeps for plan in plans] == [1, 2, 3]  # the third finds that nothing moved
    assert plans[0].policy.tolist() == plans[1].policy.tolist() == [1, 0, 0]
    assert policy_iteration(two_ways(), PolicyIterationConfig(gamma=0.5)).policy.tolist() == [1, 0, 0]
    assert policy_iteration(two_ways(), PolicyIterationConfig(gamma=0.2)).policy.tolist() == [0, 0, 0]
    one = policy_iteration(two_ways(), PolicyIterationConfig(gamma=0.5, sweeps=1, rounds=1))
    assert one.value.tolist() == [1, 4, 0]  # one sweep of the lowest actions
    assert one.policy.tolist() == [1, 0, 0]


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("face", [ValueIteration, PolicyIteration])
def test_finds_the_exact_values(face, name):
    world = load_problem(parse_spec(name))
    planner = face(world, gamma=0.9)
    exact = solve(world.mdp, 0.9)
    np.testing.assert_allclose(planner.v, exact.value, atol=1e-6 * max(1, np.abs(exact.value).max()))
    chosen = planner.q[np.arange(world.mdp.states), planner.policy]
    np.testing.assert_allclose(chosen, planner.q.max(axis=1), atol=1e-6 * max(1, np.abs(exact.value).max()))
    states = np.arange(world.states)
    assert planner.predict(states)[0].tolist() == planner.policy[: world.states].tolist()
    assert planner.predict(3, state="as it came") == (planner.policy[3], "as it came")


@pytest.mark.parametrize("plan", [value_iteration, policy_iteration])
@pytest.mark.parametrize(("name", "worth"), [("daedalus/DynaMaze-v0", 1.0), ("FrozenLake-v1", 14 / 17)])
def test_undiscounted_plans_arrive(plan, name, worth):
    """With γ = 1 and a reward at the goal alone many actions tie, those into a wall too."""
    mdp = load_problem(parse_spec(name)).mdp
    config = {value_iteration: ValueIterationConfig, policy_iteration: PolicyIterationConfig}[plan](gamma=1.0)
    policy = plan(mdp, config).policy
    assert start_value(mdp, evaluate_policy(mdp, policy)) == pytest.approx(worth, abs=1e-6)


def test_it_plans_anew_where_the_world_changes():
    env = gymnasium.make("daedalus/BlockingMaze-v0", change_at=5)
    phases = env.unwrapped.world.phases
    planner = ValueIteration(env)
    env.reset(seed=0)
    before = planner.v.copy()
    for _ in range(5):
        env.step(0)
    np.testing.assert_allclose(before, solve(phases[0].mdp, 0.99).value, atol=1e-6)
    np.testing.assert_allclose(planner.v, solve(phases[1].mdp, 0.99).value, atol=1e-6)
    assert not np.allclose(before, planner.v)


@pytest.mark.parametrize("agent", ["value_iteration", "policy_iteration"])
def test_no_regret_at_any_time_in_a_changing_world(agent):
    world = "daedalus/BlockingMaze-v0:change_at=400"
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, 2, 1000)
    items = list(find("trial", "planning").load()(experiment, (0, 1), None))
    regrets = np.concatenate([one.columns["regret"] for one in items if isinstance(one, Record)])
    assert np.abs(regrets).max() < 1e-9
    assert len({one.columns["length"][0] for one in items[3:] if isinstance(one, Record)}) > 1
    assert items[-1].arrays["q"].shape == (2, blocking_maze().phases[0].states, 4)


def test_too_few_sweeps_leave_regret():
    experiment = Experiment(parse_spec("daedalus/Maze-v0"), parse_spec("value_iteration:sweeps=3"), "few", 1, 100)
    items = list(find("trial", "planning").load()(experiment, (0,), None))
    assert items[0].columns["regret"][0] > 1


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ValueIteration("daedalus/Maze-v0", gamma=1.1), "gamma"),
        (lambda: ValueIteration("daedalus/Maze-v0", sweeps=0), "sweeps must be at least 1"),
        (lambda: ValueIteration("daedalus/Maze-v0", tolerance=-1.0), "tolerance"),
        (lambda: PolicyIteration("daedalus/Maze-v0", rounds=0), "rounds"),
        (lambda: ValueIteration("CartPole-v1"), "dynamics are known"),
        (lambda: ValueIteration("daedalus/Bandit-v0"), "dynamics are known"),
        (lambda: ValueIteration("daedalus/Maze-v0").predict(10**6), "is no state"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()
