"""A layout for each seed: every seed learns as if alone in its own world, and is judged by its own optimum."""

import numpy as np
import pytest

from daedalus.agents.homes import Homes, homes, lasting
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.population import TablePopulation
from daedalus.agents.tables.q_learning import METHOD as Q_LEARNING
from daedalus.agents.tables.sarsa import METHOD as SARSA
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.planning import policy_values_within, truth
from daedalus.core.spec import parse_spec
from daedalus.envs import dyna_maze, load_problem, t_maze

SPEC = "daedalus/Maze-v0:rows=4,columns=4,layout=per_seed,slip=0.1"
SEEDS = (3, 5, 8)
STEPS = 600


def worlds():
    return [load_problem(parse_spec(SPEC), seed) for seed in SEEDS]


def run(agent: str, world: str = SPEC, seeds=SEEDS, resume=None, steps=STEPS) -> list:
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, len(seeds), steps, episodes=True)
    return list(find("trial", find("agent", experiment.agent.name).trial).load()(experiment, seeds, resume))


def column(items: list, name: str) -> np.ndarray:
    return np.array([item.columns[name] for item in items if isinstance(item, Record) and item.table == "curve"])


@pytest.mark.parametrize("rule", [Q_LEARNING, SARSA])
def test_each_seed_learns_the_same_as_alone_in_its_world(rule):
    places = Homes(tuple(lasting(world) for world in worlds()), SEEDS)
    together = TablePopulation(places, rule, TableConfig(alpha=0.5), SEEDS)
    together.run(777)
    together.run(2000)
    for n, world in enumerate(worlds()):
        alone = TablePopulation(world, rule, TableConfig(alpha=0.5), SEEDS[n : n + 1])
        alone.run(2000)
        for name in alone.now._fields:
            np.testing.assert_array_equal(getattr(together.now, name)[n : n + 1], getattr(alone.now, name), name)
    assert together.now.episodes.all()


@pytest.mark.parametrize("agent", ["q_learning:alpha=0.5", "random", "optimal"])
def test_each_seed_is_judged_by_its_own_world(agent):
    items, known = run(agent), [truth(world) for world in worlds()]
    assert len({one.optimum for one in known}) == len(SEEDS)
    points = len(column(items, "step"))
    assert np.array_equal(column(items, "optimum"), np.tile([one.optimum for one in known], (points, 1)))
    assert np.array_equal(column(items, "random_value"), np.tile([one.random_value for one in known], (points, 1)))
    assert np.array_equal(column(items, "regret"), column(items, "optimum") - column(items, "value"))
    assert (column(items, "regret") >= -1e-9).all()
    assert column(items, "exact").all()
    final = items[-1]
    assert isinstance(final, Final)
    assert final.arrays["visits"].sum(axis=1).tolist() == [STEPS] * len(SEEDS)
    if agent.startswith("q_learning"):
        for n, world in enumerate(worlds()):
            value = policy_values_within(world.mdp, final.arrays["policy"][n : n + 1], world.horizon)
            assert column(items, "value")[-1, n] == pytest.approx(value[0])


@pytest.mark.parametrize("agent", ["q_learning:alpha=0.5", "optimal"])
def test_resumed_and_alone_as_together(agent):
    whole = run(agent)
    places = [n for n, item in enumerate(whole) if isinstance(item, Snapshot)]
    for place in (places[0], places[7], places[-1]):
        again = whole[: place + 1] + run(agent, resume=whole[place])
        for name in ("value", "return", "episodes"):
            np.testing.assert_array_equal(column(again, name), column(whole, name))
        for name, array in whole[-1].arrays.items():
            np.testing.assert_array_equal(again[-1].arrays[name], array)
    alone = run(agent, seeds=SEEDS[1:2])
    np.testing.assert_array_equal(column(alone, "value"), column(whole, "value")[:, 1:2])
    np.testing.assert_array_equal(alone[-1].arrays["visits"], whole[-1].arrays["visits"][1:2])


def test_worlds_of_different_shape_are_no_homes_of_one_block():
    with pytest.raises(UserError, match="as many states"):
        Homes((lasting(dyna_maze()), lasting(t_maze())), (0, 1))
    with pytest.raises(UserError, match="3 seeds cannot live in 2 worlds"):
        Homes((lasting(dyna_maze()), lasting(dyna_maze())), (0, 1, 2))


def test_a_fixed_layout_is_one_home():
    experiment = Experiment(parse_spec("daedalus/DynaMaze-v0"), parse_spec("random"), "random", 3, 10)
    assert len(homes(experiment, dyna_maze(), (0, 1, 2)).of) == 1


T_MAZE = "daedalus/TMaze-v0:length=2"


@pytest.mark.parametrize("agent", ["q_learning", "sarsa", "expected_sarsa"])
def test_where_states_look_alike_a_table_learns_what_is_shown_and_is_judged_exactly(agent):
    """Nothing but the truth: optimum 4, and half of the goals is what no memory gets; the value is computed."""
    items, world = run(f"{agent}:alpha=0.05,gamma=0.7", T_MAZE, steps=6000), t_maze(2)
    known = truth(world)
    assert set(column(items, "optimum").ravel()) == {4.0}
    assert set(column(items, "random_value").ravel()) == {known.random_value}
    assert column(items, "exact").all()
    assert column(items, "value")[-1] == pytest.approx([(4 - 0.1) / 2] * 3)
    policy = items[-1].arrays["policy"]
    assert policy.shape == (3, world.states)
    for one, other in ((1, 6), (2, 7)):  # corridor and junction, for either goal
        assert np.array_equal(policy[:, one], policy[:, other])
    exactly = policy_values_within(world.mdp, policy, world.horizon)
    assert column(items, "value")[-1] == pytest.approx(exactly)
    alone = run(f"{agent}:alpha=0.05,gamma=0.7", T_MAZE, seeds=SEEDS[2:], steps=6000)
    np.testing.assert_array_equal(column(alone, "return"), column(items, "return")[:, 2:])


@pytest.mark.parametrize(("agent", "value"), [("optimal", 4.0), ("random", None)])
def test_the_baselines_go_by_the_state_whatever_is_shown(agent, value):
    for world in (T_MAZE, f"{T_MAZE},observation=pixels"):
        items = run(agent, world)
        assert column(items, "value")[-1].tolist() == [truth(t_maze(2)).random_value if value is None else value] * 3


@pytest.mark.parametrize("agent", ["QLearning", "Sarsa"])
def test_a_table_does_not_take_what_is_no_number(agent):
    from daedalus import agents

    learner = getattr(agents, agent)
    world = load_problem(parse_spec("daedalus/DynaMaze-v0:observation=symbolic"))
    with pytest.raises(UserError, match=r"learns a table of states, .* shows symbolic; leave observation=… out"):
        learner.check(world)
    with pytest.raises(UserError, match="leave observation=… out, or take sb3/ppo"):
        learner(world)
    tested = load_problem(parse_spec("daedalus/GeneratedMaze-v0:rows=2,columns=3,levels=2,tested=real"))
    with pytest.raises(UserError, match="none of its rows is met where it is tested; take dqn"):
        learner.check(tested)
    assert learner(T_MAZE).learn(500).q.shape == (6, 4)
