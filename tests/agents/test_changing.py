"""Learners in worlds that change in mid-run: compiled equals interactive, resumed equals uninterrupted, bit for bit."""

import numpy as np
import pytest

from daedalus.agents import QLearning
from daedalus.agents.baseline_finite import best_policy
from daedalus.agents.homes import lasting, stretches
from daedalus.agents.interaction import Interaction
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.config import TableConfig
from daedalus.agents.tables.expected_sarsa import METHOD as EXPECTED_SARSA
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, fresh_memory
from daedalus.agents.tables.q_learning import METHOD as Q_LEARNING
from daedalus.agents.tables.sarsa import METHOD as SARSA
from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import truth
from daedalus.core.spec import parse_spec
from daedalus.core.world import Schedule, World
from daedalus.envs import WorldEnv, blocking_maze

RULES = {"q_learning": Q_LEARNING, "sarsa": SARSA, "expected_sarsa": EXPECTED_SARSA}


def room(goal: int, starts: list[float], slip: bool) -> World:
    """Five places in a row; two actions, left and right; the goal ends it and pays 1. Phases differ in all of that."""
    places, actions = 5, 2
    outcomes = 2 if slip else 1
    next_state = np.empty((places, actions, outcomes), dtype=np.int64)
    probability = np.ones((places, actions, outcomes))
    for action, step in enumerate((-1, 1)):
        next_state[:, action, 0] = np.clip(np.arange(places) + step, 0, places - 1)
        if slip:
            next_state[:, action, 1] = np.arange(places)
            probability[:, action] = 0.75, 0.25
    next_state[goal] = goal
    reward = (next_state == goal).astype(float)
    reward[goal] = 0.0
    terminal = np.arange(places) == goal
    return World("room", FiniteMDP(next_state, probability, reward, np.array(starts), terminal), 7, ("left", "right"))


def rooms() -> Schedule:
    """Goals, starts and slips that change at steps 100, 101 and 350."""
    return Schedule(
        "rooms",
        np.array([0, 100, 101, 350]),
        (
            room(4, [0.5, 0.5, 0, 0, 0], False),
            room(0, [0, 0, 0.2, 0.8, 0], True),
            room(4, [0.1, 0, 0.9, 0, 0], False),
            room(0, [0, 0.5, 0, 0, 0.5], True),
        ),
    )


def assert_same(one, other, but=frozenset()):
    for name in one._fields:
        if name not in but:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", RULES)
def test_compiled_equals_interactive(rule, seed):
    place, config = rooms(), TableConfig(alpha=0.5)
    compiled = TablePopulation(place, RULES[rule], config, [seed])
    compiled.run(700)
    memory = fresh_memory(RULES[rule], Shape(1, 5, 2), config, 5)
    Interaction(WorldEnv(place), TableAgent(RULES[rule], config, memory, 0, seed), seed).run(700)
    assert_same(memory.now, compiled.now, {"state"})  # the compiled loop has begun the next episode
    assert compiled.now.episodes[0] >= 100


@pytest.mark.parametrize("rule", RULES)
def test_alone_in_chunks_and_restored_across_every_change(rule):
    place, config = rooms(), TableConfig(alpha=0.5)
    together = TablePopulation(place, RULES[rule], config, [0, 1, 2])
    together.run(500)
    alone = TablePopulation(place, RULES[rule], config, [2])
    for until in (99, 100, 101, 102, 349, 350, 351, 500):
        alone.run(until)
        fresh = TablePopulation(place, RULES[rule], config, [2])
        fresh.restore(alone.arrays())
        alone = fresh
    assert_same(alone.now, type(together.now)(*[array[2:] for array in together.now]))


def test_an_episode_that_begins_with_a_phase_begins_where_the_phase_says():
    """In the second phase, which is one step long, nobody starts at 2; in the first nobody starts at 2 or 3."""
    place = Schedule("rooms", np.array([0, 1]), (room(1, [1, 0, 0, 0, 0], False), room(0, [0, 0, 0, 0, 1], False)))
    population = TablePopulation(place, Q_LEARNING, TableConfig(epsilon=0.0, initial=0.0), [0])
    population.now.q[0, 0] = 0, 1
    population.run(1)  # to the goal at once
    population.run(2)
    assert population.now.visits[0].sum(axis=1).tolist() == [1, 0, 0, 0, 1]


def test_stretches():
    place = rooms()
    assert list(stretches(place, 0, 100)) == [(0, 100)]
    assert list(stretches(place, 99, 360)) == [(0, 100), (1, 101), (2, 350), (3, 360)]
    assert list(stretches(place, 350, 10**6)) == [(3, 10**6)]
    assert list(stretches(place, 5, 5)) == []
    assert list(stretches(lasting(place.phases[0]), 3, 9)) == [(0, 9)]


def curve(agent: str, world: str, steps: int, seeds=(0, 1)) -> tuple[list, dict[str, np.ndarray], Final]:
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, len(seeds), steps)
    items = list(find("trial", find("agent", experiment.agent.name).trial).load()(experiment, seeds, None))
    rows = [item.columns for item in items if isinstance(item, Record) and item.table == "curve"]
    return items, {name: np.array([row[name] for row in rows]) for name in rows[0]}, items[-1]


WORLD = "daedalus/BlockingMaze-v0:change_at=333,step_reward=-1"


def test_the_optimum_moves_with_the_world_and_optimal_moves_with_it():
    """10 steps before the wall, 16 behind it: rewards of -8 and -14. The one who knows loses nothing."""
    items, columns, final = curve("optimal", WORLD, 1000)
    before = columns["step"][:, 0] <= 333
    assert set(columns["optimum"][before].ravel()) == {-8.0}
    assert set(columns["optimum"][~before].ravel()) == {-14.0}
    assert not columns["regret"].any()
    assert columns["exact"].all()
    at = columns["step"][:, 0].tolist()
    assert columns["return"][at.index(320)].tolist() == [-8, -8]
    assert columns["return"][at.index(380)].tolist() == [-14, -14]  # of the episodes that ended since step 360
    world = blocking_maze(333, -1.0).phases[1]
    assert np.array_equal(final.arrays["policy"], np.tile(best_policy(world, None), (2, 1)))
    snapshots = [item for item in items if isinstance(item, Snapshot)]
    assert len(snapshots) == len(columns["step"])


@pytest.mark.parametrize("agent", ["q_learning:alpha=1", "optimal", "random"])
def test_a_run_that_ends_where_the_world_changes_is_judged_by_what_it_lived_in(agent):
    """The step that the last row would meet, number 1000, is never taken: -8 is the best, and the open way is drawn."""
    _, columns, final = curve(agent, "daedalus/BlockingMaze-v0:change_at=1000,step_reward=-1", 1000)
    assert set(columns["optimum"].ravel()) == {-8.0}
    assert columns["regret"][-1].tolist() == (columns["optimum"] - columns["value"])[-1].tolist()
    if agent == "optimal":
        assert columns["value"][-1].tolist() == [-8, -8]
        assert np.array_equal(final.arrays["policy"][0], best_policy(blocking_maze(1000, -1.0).phases[0], None))
    _, columns, _ = curve(agent, "daedalus/BlockingMaze-v0:change_at=999,step_reward=-1", 1000)
    assert columns["optimum"][-2:].tolist() == [[-8, -8], [-14, -14]]


def test_random_is_worth_what_the_phase_makes_it():
    _, columns, _ = curve("random", WORLD, 1000)
    worth = [truth(blocking_maze(333, -1.0).after(step)).random_value for step in columns["step"][:, 0]]
    assert columns["value"][:, 0].tolist() == worth


def test_old_knowledge_goes_stale_and_new_is_learnt():
    """The greedy policy is optimal up to the change, worthless after it, and optimal again at the end."""
    agent = "q_learning:alpha=1,gamma=1,epsilon=0.5"
    _, columns, _ = curve(agent, "daedalus/BlockingMaze-v0:change_at=20000,step_reward=-1,time_limit=50", 40_000)
    value = dict(zip(columns["step"][:, 0].tolist(), columns["value"], strict=True))
    assert value[19_200].tolist() == [-8, -8]
    assert value[20_000].tolist() == [-8, -8]  # step 20,000 is the first behind the wall, and not yet taken
    assert value[20_800].tolist() == [-50, -50]
    assert value[40_000].tolist() == [-14, -14]


def test_the_public_face_learns_in_them(tmp_path):
    one = QLearning("daedalus/BlockingMaze-v0:change_at=100,step_reward=-1", seed=3, alpha=0.5).learn(250)
    two = QLearning(blocking_maze(100, -1.0), seed=3, alpha=0.5).learn(90)
    two.save(tmp_path / "learner.safetensors")
    again = QLearning.load(tmp_path / "learner.safetensors", env=blocking_maze(100, -1.0)).learn(160)
    assert np.array_equal(one.q, again.q)
    assert np.array_equal(one.visits, again.visits)
    assert one.q.any()
