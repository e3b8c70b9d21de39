"""The floor and the ceiling: `random` and `optimal` in bandits, finite and open worlds."""

import math

import numpy as np
import pytest

from daedalus.agents.baseline_finite import best_policy, finite_baseline
from daedalus.agents.baselines import baseline
from daedalus.agents.evaluation import evaluation_seeds
from daedalus.agents.homes import shared
from daedalus.core.draws import normal, uniform
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_value_within, random_policy, solve, truth
from daedalus.core.rng import stream_key
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem
from daedalus.envs.world_env import WorldEnv

FINITE = ["daedalus/Cliff-v0", "daedalus/Maze-v0:rows=4,columns=4,slip=0.2", "daedalus/FourRooms-v0", "FrozenLake-v1"]
BANDITS = ["daedalus/Bandit-v0", "daedalus/Bandit-v0:law=bernoulli,arms=4"]


def experiment(world: str, agent: str, steps: int = 700, **more) -> Experiment:
    return Experiment(parse_spec(world), parse_spec(agent), agent, seeds=3, steps=steps, **more)


def run(world: str, agent: str, seeds=(0, 1, 2), resume=None, **more):
    return list(baseline(experiment(world, agent, **more), seeds, resume))


def curves(items) -> list[dict]:
    return [item.columns for item in items if isinstance(item, Record) and item.table == "curve"]


def episodes(items, seed: int, name: str) -> list:
    """A column of the episodes that one seed finished."""
    found = [item.columns for item in items if isinstance(item, Record) and item.table == "episodes"]
    return np.concatenate([columns[name][columns["seed"] == seed] for columns in found]).tolist()


def same(a, b) -> bool:
    """Whether two yields are equal but for their seconds, bit for bit and NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    left, right = (item.arrays if isinstance(item, Snapshot | Final) else item.columns for item in (a, b))
    return left.keys() == right.keys() and all(
        np.array_equal(left[name], right[name], equal_nan=left[name].dtype.kind == "f")
        for name in left
        if not name.startswith("seconds")
    )


@pytest.mark.parametrize("world", FINITE)
def test_optimal_has_no_regret_and_random_the_value_of_the_uniform_policy(world: str) -> None:
    problem = load_problem(parse_spec(world))
    known = truth(problem)
    uniform_value = policy_value_within(problem.mdp, random_policy(problem.mdp), known.horizon)
    for columns in curves(run(world, "optimal")):
        assert columns["regret"].tolist() == [0.0] * 3
        assert columns["value"].tolist() == [known.optimum] * 3
        assert columns["exact"].all()
    for columns in curves(run(world, "random")):
        assert columns["value"] == pytest.approx([uniform_value] * 3)
        assert columns["regret"] == pytest.approx([known.optimum - uniform_value] * 3)


@pytest.mark.parametrize(("world", "agent"), [(w, a) for w in FINITE for a in ("random", "optimal")])
def test_a_finite_life_takes_exactly_the_steps(world: str, agent: str) -> None:
    items = run(world, agent)
    assert [columns["step"][0] for columns in curves(items)] == evaluation_steps(700)
    final = items[-1]
    assert isinstance(final, Final)
    assert final.arrays["visits"].sum(axis=1).tolist() == [700] * 3
    states = load_problem(parse_spec(world)).states
    assert final.arrays["policy"].shape == final.arrays["visits"].shape == (3, states)


def test_the_policy_shown_is_the_exact_solution_and_none_for_random() -> None:
    mdp = load_problem(parse_spec("daedalus/Cliff-v0")).mdp
    assert np.array_equal(run("daedalus/Cliff-v0", "optimal")[-1].arrays["policy"][0], solve(mdp).policy)
    assert (run("daedalus/Cliff-v0", "random")[-1].arrays["policy"] == -1).all()


def loop(exit_pays: float, on_pays: float = 1.0) -> World:
    """State 0 may stay for `on_pays` (action 1) or end for `exit_pays` (action 0), for ever."""
    mdp = FiniteMDP(
        next_state=np.array([[1, 0], [1, 1]])[..., None],
        probability=np.ones((2, 2, 1)),
        reward=np.array([[exit_pays, on_pays], [0.0, 0.0]])[..., None],
        start=np.array([1.0, 0.0]),
        terminal=np.array([False, True]),
    )
    return World("loop", mdp, None, ("end", "stay"))


@pytest.mark.parametrize(
    ("place", "action", "value"), [(loop(5.0), 1, 20.0 + 4), (loop(5.0, on_pays=-1.0), 0, 5.0)], ids=["endless", "ends"]
)
def test_where_the_best_total_has_no_bound_the_first_step_within_the_limit_is_lived(place, action, value) -> None:
    given = experiment("daedalus/Cliff-v0", "optimal", steps=200, horizon=20)
    items = list(finite_baseline(given, shared(place.within(20), (0, 1)), True, None))
    assert items[-1].arrays["policy"][:, 0].tolist() == [action] * 2
    for columns in curves(items):
        assert columns["value"].tolist() == [value] * 2  # staying 19 times and ending, or ending at once
    assert curves(items)[-1]["return"].tolist() == [20.0 if action else 5.0] * 2  # a policy that knows no time stays
    assert best_policy(place, 1).tolist()[0] == 0  # a single step left: ending pays more


def test_the_first_step_counts_the_steps_that_are_left() -> None:
    """From 0 one may stay for 1, for ever, or go 0 → 1 → 2 → end for 10 at the last of three steps."""
    mdp = FiniteMDP(
        next_state=np.array([[0, 1], [2, 2], [3, 3], [3, 3]])[..., None],
        probability=np.ones((4, 2, 1)),
        reward=np.array([[1.0, 0.0], [0.0, 0.0], [10.0, 10.0], [0.0, 0.0]])[..., None],
        start=np.array([1.0, 0.0, 0.0, 0.0]),
        terminal=np.array([False, False, False, True]),
    )
    world = World("detour", mdp, None, ("stay", "go"))
    assert [best_policy(world.within(limit), None)[0] for limit in (1, 2, 3)] == [0, 0, 1]


def test_on_the_cliff_the_optimal_life_is_thirteen_steps_long() -> None:
    items = run("daedalus/Cliff-v0", "optimal", steps=130, episodes=True)
    assert episodes(items, 1, "step") == [13 * n for n in range(1, 11)]
    assert episodes(items, 1, "episode") == list(range(10))
    assert set(episodes(items, 1, "return")) == {-13.0}
    assert sum(columns["episodes"].sum() for columns in curves(items)) == 30


@pytest.mark.parametrize("world", ["daedalus/Maze-v0:rows=3,columns=3,slip=0.2", "FrozenLake-v1"])
def test_a_compiled_random_life_is_the_interactive_one(world: str) -> None:
    problem = load_problem(parse_spec(world))
    env, key, visits = WorldEnv(problem), stream_key(1, "policy"), np.zeros(problem.states, np.int64)
    observation, _ = env.reset(seed=1)
    returns, current = [], 0.0
    for t in range(700):
        visits[observation] += 1
        action = int(uniform(np.uint64(key), np.uint64(2 * t + 1)) * problem.mdp.actions)
        observation, reward, terminated, truncated, _ = env.step(action)
        current += reward
        if terminated or truncated:
            returns.append(current)
            current = 0.0
            observation, _ = env.reset()
    items = run(world, "random", episodes=True)
    assert items[-1].arrays["visits"][1].tolist() == visits.tolist()
    assert episodes(items, 1, "return") == returns
    assert len(returns) > 2


@pytest.mark.parametrize("world", BANDITS)
def test_in_a_bandit_optimal_pulls_only_the_best_arm(world: str) -> None:
    items = run(world, "optimal")
    final = items[-1].arrays
    assert (final["pulls"].max(axis=1) == 700).all()
    assert np.array_equal(final["pulls"].argmax(axis=1), final["means"].argmax(axis=1))
    for columns in curves(items):
        assert columns["regret"].tolist() == [0.0] * 3
        assert columns["optimal_rate"].tolist() == [1.0] * 3


def test_every_agent_meets_the_same_rewards() -> None:
    """Pull t pays the arm's mean and a noise that depends on seed and t alone."""
    final, columns = (items := run("daedalus/Bandit-v0", "optimal", seeds=(5,), steps=50))[-1].arrays, curves(items)
    assert [c["step"][0] for c in columns] == evaluation_steps(50)[1:]
    key, best = np.uint64(stream_key(5, "world")), final["means"].max()
    rewards = [best + normal(key, np.uint64(2 * t)) for t in range(50)]
    assert final["estimates"].max() == pytest.approx(np.mean(rewards), abs=1e-12)
    assert columns[-1]["value"][0] == pytest.approx(np.mean(rewards), abs=1e-12)
    assert columns[9]["reward"][0] == pytest.approx(rewards[9], abs=1e-9)


def test_random_pulls_are_uniform_and_their_regret_is_the_gaps() -> None:
    """Chi-squared with 9 degrees of freedom exceeds 33.7 with probability 1e-4."""
    items = run("daedalus/Bandit-v0", "random", seeds=(0,), steps=20_000)
    final, last = items[-1].arrays, curves(items)[-1]
    pulls, means = final["pulls"][0], final["means"][0]
    assert ((pulls - 2000) ** 2 / 2000).sum() < 33.7
    assert last["regret"][0] == pytest.approx((pulls * (means.max() - means)).sum() / 20_000)
    assert last["random_value"][0] == pytest.approx(means.mean())
    assert last["value"][0] == pytest.approx((pulls * final["estimates"][0]).sum() / 20_000)


@pytest.mark.parametrize("agent", ["random", "optimal"])
@pytest.mark.parametrize("world", ["daedalus/Bandit-v0", "FrozenLake-v1", "daedalus/Maze-v0:rows=4,columns=4"])
def test_resumed_is_uninterrupted_and_together_is_alone(world: str, agent: str) -> None:
    whole = run(world, agent, episodes=True)
    for number in (0, 17, len(curves(whole)) - 1):
        place = [n for n, item in enumerate(whole) if isinstance(item, Snapshot)][number]
        rest = run(world, agent, episodes=True, resume=whole[place])
        assert len(rest) == len(whole) - place - 1
        assert all(same(a, b) for a, b in zip(rest, whole[place + 1 :], strict=True))
    alone = run(world, agent, seeds=(2,))
    for together, single in zip(curves(run(world, agent)), curves(alone), strict=True):
        for name in set(single) - {"seconds", "seconds_evaluating"}:
            assert np.array_equal(together[name][2:], single[name], equal_nan=single[name].dtype.kind == "f")


def test_a_snapshot_is_a_copy() -> None:
    generator = baseline(experiment("daedalus/Bandit-v0", "random"), (0,), None)
    snapshot = next(item for item in generator if isinstance(item, Snapshot))
    before = snapshot.arrays["pulls"].copy()
    next(item for item in generator if isinstance(item, Snapshot))
    assert np.array_equal(snapshot.arrays["pulls"], before)


def test_random_lives_in_an_open_world_without_snapshots() -> None:
    items, again = (run("CartPole-v1", "random", seeds=(0, 1), steps=300) for _ in range(2))
    assert not any(isinstance(item, Snapshot) for item in items)
    assert all(same(a, b) for a, b in zip(items, again, strict=True))
    assert [columns["step"][0] for columns in curves(items)] == evaluation_steps(300)
    last = curves(items)[-1]
    assert not last["exact"].any()
    assert all(math.isnan(last[name][0]) for name in ("optimum", "random_value", "regret"))
    assert (last["value"] > 8).all()  # no CartPole episode is shorter
    lived = sum(c["episodes"][0] * c["length"][0] for c in curves(items) if c["episodes"][0])
    assert 0 < lived <= 300


@pytest.mark.parametrize("agent", ["random", "optimal"])
def test_where_the_truth_would_cost_minutes_the_value_is_sampled(agent: str, monkeypatch) -> None:
    """The compiled rollouts are the interactive ones of the shared evaluation seeds."""
    monkeypatch.setattr("daedalus.agents.homes.known_values", lambda world, horizon: (math.nan, math.nan))
    monkeypatch.setattr("daedalus.agents.rollouts._CHUNK", 16)
    world = "daedalus/Maze-v0:rows=3,columns=3,slip=0.3"
    problem, last = load_problem(parse_spec(world)), curves(run(world, agent))[-1]
    policy, keys = solve(problem.mdp).policy, [np.uint64(stream_key(s, "policy")) for s in evaluation_seeds()]
    returns = []
    for seed, key in zip(evaluation_seeds(), keys, strict=True):
        env, t, over, total = WorldEnv(problem), 0, False, 0.0
        observation, _ = env.reset(seed=seed)
        while not over:
            any_action = int(uniform(key, np.uint64(2 * t + 1)) * problem.mdp.actions)
            action = policy[observation] if agent == "optimal" else any_action
            observation, reward, terminated, truncated, _ = env.step(action)
            total, over, t = total + reward, terminated or truncated, t + 1
        returns.append(total)
    assert last["value"].tolist() == [np.mean(returns)] * 3
    assert not last["exact"].any()
    assert np.isnan(last["regret"]).all()


@pytest.mark.parametrize("contexts", ["contexts=4,", ""])
def test_in_a_contextual_bandit_the_bounds_are_known(contexts: str) -> None:
    """Each seed meets weights of its own; what is lived agrees with what is known within 5 standard errors."""
    world = f"daedalus/ContextualBandit-v0:{contexts}arms=3,features=2,noise=0.5"
    bandits = [load_problem(parse_spec(world), seed).prospects for seed in range(3)]
    best, last = curves(run(world, "optimal")), curves(run(world, "random"))[-1]
    for columns in (*best, last):
        assert columns["optimum"].tolist() == [bandit.earned.max(axis=1).mean() for bandit in bandits]
        assert columns["random_value"].tolist() == [bandit.earned.mean() for bandit in bandits]
        assert columns["exact"].tolist() == [bool(contexts)] * 3
    assert np.unique(last["optimum"]).size == 3
    assert best[-1]["regret"].tolist() == [0.0] * 3
    assert last["regret"] == pytest.approx(last["optimum"] - last["random_value"])
    lived = np.array([columns["return"] * columns["episodes"] for columns in best[1:]]).sum(axis=0) / 700
    assert lived == pytest.approx(last["optimum"], abs=5 * np.sqrt((1.5 + 0.25) / 700))


def test_nobody_knows_the_best_actions_elsewhere() -> None:
    with pytest.raises(UserError, match="leave the agent optimal out"):
        run("CartPole-v1", "optimal")
