"""Compiled equals interactive, one equals many, chunked equals whole, resumed equals uninterrupted: all bitwise."""

import numpy as np
import pytest

from daedalus.agents.interaction import Interaction
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.population import TablePopulation, empty_log, fresh_population, logged
from daedalus.agents.tables.loop import EXPECTED_SARSA, Q_LEARNING, SARSA
from daedalus.core.catalogue import of_kind
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_values_within, truth
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import World
from daedalus.envs import WorldEnv, load_problem

RULES = {"q_learning": Q_LEARNING, "sarsa": SARSA, "expected_sarsa": EXPECTED_SARSA}
STRATEGIES = sorted(of_kind("strategy"))
WORLDS = {
    "maze": "daedalus/Maze-v0:rows=3,columns=3",
    "slippery": "daedalus/Maze-v0:rows=3,columns=3,slip=.2",
    "cliff": "daedalus/Cliff-v0",
    "lake": "FrozenLake-v1",
}
#: Where the compiled loop has begun the next episode and the interactive one not yet.
BETWEEN = {"state"}


def world(name: str, horizon: int | None = 40) -> World:
    problem = load_problem(parse_spec(WORLDS[name]))
    assert isinstance(problem, World)
    return problem.within(horizon)


def assert_same(one, other, but=frozenset()):
    for name in one._fields:
        if name not in but:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def slot(population, i):
    return type(population)(*[array[i : i + 1] for array in population])


@pytest.mark.parametrize("explore", STRATEGIES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("where", WORLDS)
def test_compiled_equals_interactive(where, rule, explore):
    place, config = world(where), TableConfig(alpha=0.5, explore=Spec(explore))
    compiled = TablePopulation(place, RULES[rule], config, [7])
    episodes = compiled.run_logged(1500)
    now = fresh_population((1, place.mdp.states, place.mdp.actions), 0.0, 0)
    agent = TableAgent(compiled.learner, now, 0, 7)
    agent.log = empty_log(1, 1500)
    Interaction(WorldEnv(place), agent, 7).run(1500)
    assert_same(now, compiled.now, BETWEEN)
    assert compiled.now.episodes[0] >= 1500 // 40  # truncated episodes are among them
    for name, column in logged(agent.log, np.zeros(1, np.int64)).items():
        np.testing.assert_array_equal(column, episodes[name])


@pytest.mark.parametrize("rule", RULES)
def test_a_seed_learns_the_same_alone_and_in_chunks(rule):
    place, config = world("slippery"), TableConfig()
    together = TablePopulation(place, RULES[rule], config, [0, 1, 2, 9])
    together.run(5000)
    alone = TablePopulation(place, RULES[rule], config, [9])
    for until in (1, 2, 39, 40, 41, 777, 5000):
        alone.run(until)
    assert_same(alone.now, slot(together.now, 3))
    assert not np.array_equal(together.now.q[0], together.now.q[1])


@pytest.mark.parametrize("rule", RULES)
def test_restored_equals_uninterrupted(rule):
    place, config = world("slippery"), TableConfig(explore=Spec("ucb"))
    whole = TablePopulation(place, RULES[rule], config, [4, 5])
    whole.run(3000)
    first = TablePopulation(place, RULES[rule], config, [4, 5])
    first.run(1234)
    saved = first.arrays()
    first.run(2000)  # what happens after the snapshot must not reach it
    second = TablePopulation(place, RULES[rule], config, [4, 5])
    second.restore(saved)
    second.run(3000)
    assert_same(second.now, whole.now)


def test_the_log_numbers_episodes_across_chunks():
    whole = TablePopulation(world("cliff"), Q_LEARNING, TableConfig(), [0, 1])
    rows = whole.run_logged(4000)
    chunked = TablePopulation(world("cliff"), Q_LEARNING, TableConfig(), [0, 1])
    pieces = [chunked.run_logged(until) for until in (7, 1500, 1501, 4000)]
    for seed in (0, 1):
        for name in ("episode", "step", "return", "length"):
            joined = np.concatenate([piece[name][piece["seed"] == seed] for piece in pieces])
            np.testing.assert_array_equal(joined, rows[name][rows["seed"] == seed])
        mine = rows["seed"] == seed
        assert rows["episode"][mine].tolist() == list(range(whole.now.episodes[seed]))
        np.testing.assert_array_equal(np.cumsum(rows["length"][mine]), rows["step"][mine])


def test_the_summary_adds_up():
    population = TablePopulation(world("cliff"), SARSA, TableConfig(), [0, 1])
    rows = population.run_logged(1000)
    summary = population.summary()
    for seed in (0, 1):
        mine = rows["seed"] == seed
        assert summary.episodes[seed] == mine.sum()
        assert summary.mean_return[seed] == pytest.approx(rows["return"][mine].mean())
        assert summary.mean_length[seed] == pytest.approx(rows["length"][mine].mean())
    paid = rows["return"][rows["seed"] == 0].sum() + population.now.ret[0]
    assert summary.mean_reward[0] == pytest.approx(paid / 1000)
    population.run(1001)
    assert population.summary().mean_reward[0] in (-1, -100)


def corridor() -> World:
    """Three states in a row: 0 → 1 → 2, where 2 ends; one action; rewards 1 and 2. The limit is one step."""
    mdp = FiniteMDP(
        next_state=np.array([1, 2, 2]).reshape(3, 1, 1),
        probability=np.ones((3, 1, 1)),
        reward=np.array([1.0, 2.0, 0.0]).reshape(3, 1, 1),
        start=np.array([0.5, 0.5, 0.0]),
        terminal=np.array([False, False, True]),
    )
    return World("corridor", mdp, 1, ("on",))


@pytest.mark.parametrize("rule", RULES)
def test_a_time_limit_is_bootstrapped_through(rule):
    """From 0 the limit cuts, from 1 the world ends: Q(1) = 2 and Q(0) = 1 + γ·2, although no return exceeds 2."""
    population = TablePopulation(corridor(), RULES[rule], TableConfig(alpha=1.0, gamma=0.5), [0])
    population.run(100)
    assert population.now.q[0, :, 0].tolist() == [2.0, 2.0, 0.0]
    assert population.now.episodes[0] == 100
    assert population.now.returns[0] == population.now.visits[0, 0, 0] + 2 * population.now.visits[0, 1, 0]


@pytest.mark.parametrize("rule", RULES)
def test_learns_the_shortest_path(rule):
    """With α = 1, γ = 1 and exploration that ends, the greedy policy of a deterministic maze becomes optimal."""
    place = load_problem(parse_spec("daedalus/Maze-v0:rows=4,columns=4"))
    config = TableConfig(alpha=1.0, gamma=1.0, explore=parse_spec("epsilon_first(explore=20000)"))
    population = TablePopulation(place, RULES[rule], config, range(4))
    population.run(40_000)
    known = truth(place)
    values = policy_values_within(place.mdp, population.greedy(), known.horizon)
    np.testing.assert_allclose(values, known.optimum)


def test_greedy_takes_the_lowest_among_ties():
    population = TablePopulation(world("maze"), Q_LEARNING, TableConfig(), [0])
    assert not population.greedy().any()
    agent = TableAgent(population.learner, population.now, 0, 0)
    population.now.q[0, 3] = [0, 2, 2, 1]
    assert agent.greedy(3) == 1
    assert population.greedy()[0, 3] == 1
