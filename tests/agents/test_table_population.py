"""Compiled equals interactive, one equals many, chunked equals whole, resumed equals uninterrupted: all bitwise."""

import dataclasses
import functools

import numpy as np
import pytest

from daedalus.agents.interaction import Interaction
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.loop import Twice
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, empty_log, fresh_memory, logged, rows_of
from daedalus.core.catalogue import find, of_kind
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_values_within, truth
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import World
from daedalus.envs import WorldEnv, load_problem

LEARNERS = sorted(name for name, entry in of_kind("agent").items() if entry.trial == "tabular")
STRATEGIES = sorted(of_kind("strategy"))
#: Those whose q is no estimate of a value: preferences, or the values of a world that was drawn.
VALUELESS = {"reinforce", "actor_critic", "posterior_sampling"}
VALUERS = [name for name in LEARNERS if name not in VALUELESS]
WORLDS = {
    "maze": "daedalus/Maze-v0:rows=3,columns=3",
    "slippery": "daedalus/Maze-v0:rows=3,columns=3,slip=.2",
    "cliff": "daedalus/Cliff-v0",
    "lake": "FrozenLake-v1",
    "alike": "daedalus/TMaze-v0:length=3",
}
#: Where the compiled loop has begun the next episode and the interactive one not yet.
BETWEEN = {"state"}


def world(name: str, horizon: int | None = 40) -> World:
    problem = load_problem(parse_spec(WORLDS[name]))
    assert isinstance(problem, World)
    return problem.within(horizon)


def method(learner: str):
    return find("agent", learner).load().method


@functools.cache
def accepts(learner: str) -> frozenset:
    return frozenset(find("agent", learner).load().config_class.__dataclass_fields__)


def config(learner: str, **settings):
    """The learner's settings, of those given the ones that it has."""
    mine = {name: value for name, value in settings.items() if name in accepts(learner)}
    return fill(find("agent", learner).load().config_class, mine, learner)


def population(learner: str, place, seeds, **settings) -> TablePopulation:
    return TablePopulation(place, method(learner), config(learner, **settings), seeds)


def suited(learner: str, explore: str) -> bool:
    """Whether a learner takes the strategy; some need closed probabilities, others choose by themselves."""
    if "explore" not in accepts(learner):
        return explore == "epsilon_greedy"
    try:
        population(learner, world("maze"), [0], explore=Spec(explore))
    except UserError:
        return False
    return True


def assert_same(one, other, but=frozenset()):
    for name in one._fields:
        if name not in but:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def slot(population, i):
    return type(population)(*[array[i : i + 1] for array in population])


def equals_interactive(learner: str, where: str, steps: int, **settings) -> None:
    place, made = world(where), config(learner, alpha=0.5, **settings)
    compiled = TablePopulation(place, method(learner), made, [7])
    episodes = compiled.run_logged(steps)
    shape = Shape(1, rows_of(place), place.mdp.actions)
    memory = fresh_memory(method(learner), shape, made, place.mdp.states)
    agent = TableAgent(method(learner), made, memory, 0, 7)
    agent.log = empty_log(1, steps)
    Interaction(WorldEnv(place), agent, 7).run(steps)
    for name, array in memory.arrays.items():
        if name not in BETWEEN:
            np.testing.assert_array_equal(array, compiled.memory.arrays[name], err_msg=name)
    assert compiled.now.episodes[0] >= steps // 40  # truncated episodes are among them
    for name, column in logged(agent.log, np.zeros(1, np.int64)).items():
        np.testing.assert_array_equal(column, episodes[name])


@pytest.mark.parametrize("where", WORLDS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_compiled_equals_interactive(learner, where):
    equals_interactive(learner, where, 1500)


@pytest.mark.parametrize("explore", STRATEGIES)
@pytest.mark.parametrize("learner", ["q_learning", "sarsa", "expected_sarsa"])
def test_every_strategy_explores_the_same_interactively(learner, explore):
    if suited(learner, explore):
        equals_interactive(learner, "slippery", 800, explore=Spec(explore))
    else:
        assert learner == "expected_sarsa"


@pytest.mark.parametrize(
    "alpha", ["average", "power(omega=.7)", "linear(start=1,end=.1,steps=500)", "exponential(steps=500)", "inverse()"]
)
def test_step_sizes_change_the_same_interactively(alpha):
    equals_interactive("q_learning", "slippery", 800, epsilon=parse_spec("linear(start=1,end=0,steps=600)"))
    place = world("slippery")
    made = fill(find("agent", "sarsa").load().config_class, {"alpha": alpha}, "sarsa")
    compiled = TablePopulation(place, method("sarsa"), made, [7])
    compiled.run(800)
    memory = fresh_memory(method("sarsa"), Shape(1, rows_of(place), place.mdp.actions), made, place.mdp.states)
    Interaction(WorldEnv(place), TableAgent(method("sarsa"), made, memory, 0, 7), 7).run(800)
    np.testing.assert_array_equal(memory.now.q, compiled.now.q)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_seed_learns_the_same_alone_and_in_chunks(learner):
    place, seeds = world("slippery"), [*range(12), 99]  # more than are taken in turns
    together = population(learner, place, seeds)
    together.run(5000)
    alone = population(learner, place, [99])
    for until in (1, 2, 39, 40, 41, 777, 5000):
        alone.run(until)
    assert_same(alone.now, slot(together.now, 12))
    assert_same(alone.own, slot(together.own, 12))
    assert not np.array_equal(together.now.q[0], together.now.q[1])


@pytest.mark.parametrize("learner", LEARNERS)
def test_restored_equals_uninterrupted(learner):
    place = world("slippery")
    whole = population(learner, place, [4, 5], explore=Spec("ucb"))
    whole.run(3000)
    first = population(learner, place, [4, 5], explore=Spec("ucb"))
    first.run(1234)
    saved = first.arrays()
    first.run(2000)  # what happens after the snapshot must not reach it
    second = population(learner, place, [4, 5], explore=Spec("ucb"))
    second.restore(saved)
    second.run(3000)
    assert_same(second.now, whole.now)
    assert_same(second.own, whole.own)


def test_the_log_numbers_episodes_across_chunks():
    whole = population("q_learning", world("cliff"), [0, 1])
    rows = whole.run_logged(4000)
    chunked = population("q_learning", world("cliff"), [0, 1])
    pieces = [chunked.run_logged(until) for until in (7, 1500, 1501, 4000)]
    for seed in (0, 1):
        for name in ("episode", "step", "return", "length"):
            joined = np.concatenate([piece[name][piece["seed"] == seed] for piece in pieces])
            np.testing.assert_array_equal(joined, rows[name][rows["seed"] == seed])
        mine = rows["seed"] == seed
        assert rows["episode"][mine].tolist() == list(range(whole.now.episodes[seed]))
        np.testing.assert_array_equal(np.cumsum(rows["length"][mine]), rows["step"][mine])


def test_the_summary_adds_up():
    learners = population("sarsa", world("cliff"), [0, 1])
    rows = learners.run_logged(1000)
    summary = learners.summary()
    for seed in (0, 1):
        mine = rows["seed"] == seed
        assert summary.episodes[seed] == mine.sum()
        assert summary.mean_return[seed] == pytest.approx(rows["return"][mine].mean())
        assert summary.mean_length[seed] == pytest.approx(rows["length"][mine].mean())
    paid = rows["return"][rows["seed"] == 0].sum() + learners.now.ret[0]
    assert summary.mean_reward[0] == pytest.approx(paid / 1000)
    learners.run(1001)
    assert learners.summary().mean_reward[0] in (-1, -100)


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


@pytest.mark.parametrize("learner", VALUERS)
def test_a_time_limit_is_bootstrapped_through(learner):
    """From 0 the limit cuts, from 1 the world ends: Q(1) = 2 and Q(0) = 1 + γ·2, although no return exceeds 2."""
    learners = population(learner, corridor(), [0], alpha=1.0, gamma=0.5, reward_max=0.0, kappa=0.0)
    learners.run(100)
    assert learners.now.q[0, :, 0].tolist() == [2.0, 2.0, 0.0]
    assert learners.now.episodes[0] == 100
    assert learners.now.returns[0] == learners.now.visits[0, 0, 0] + 2 * learners.now.visits[0, 1, 0]


@pytest.mark.parametrize("learner", [name for name in VALUERS if name != "off_policy_monte_carlo"])
def test_learns_the_shortest_path(learner):
    """With α = 1, γ = 1 and exploration that ends, the greedy policy of a deterministic maze becomes optimal.

    Weighted importance sampling has no α, and learns nothing from episodes whose end is not greedy.
    """
    place = load_problem(parse_spec("daedalus/Maze-v0:rows=4,columns=4"))
    settings = {"alpha": 1.0, "gamma": 1.0, "reward_max": 0.0, "explore": parse_spec("epsilon_first(explore=20000)")}
    learners = population(learner, place, range(4), **settings)
    learners.run(40_000)
    known = truth(place)
    values = policy_values_within(place.mdp, learners.greedy(), known.horizon)
    np.testing.assert_allclose(values, known.optimum)


def test_greedy_takes_the_lowest_among_ties():
    learners = population("q_learning", world("maze"), [0])
    assert not learners.greedy().any()
    agent = TableAgent(method("q_learning"), config("q_learning"), learners.memory, 0, 0)
    learners.now.q[0, 3] = [0, 2, 2, 1]
    assert agent.greedy(3) == 1
    assert learners.greedy()[0, 3] == 1


TWICE = [name for name in LEARNERS if isinstance(method(name).run, Twice)]


@pytest.mark.parametrize("learner", TWICE)
@pytest.mark.parametrize("place", ["maze", "slippery"])
def test_what_the_common_copy_takes_for_granted_changes_nothing(learner, place):
    """Bit for bit: the copy that asks learns the same where the usual holds."""
    asks = dataclasses.replace(method(learner), run=method(learner).run.other)
    found = []
    for one in (method(learner), asks):
        lives = TablePopulation(world(place), one, config(learner), range(5))
        lives.run(2000)
        found.append(lives.arrays())
    for name, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][name], name)


def test_only_where_the_usual_holds_it_is_taken_for_granted():
    """The copies are stood in for: the common one may not live where a rate changes, nor with other strategies, nor
    where states share rows, nor with another number of actions."""
    assert {"q_learning", "sarsa", "expected_sarsa", "double_q"} <= set(TWICE)
    taken = []
    run = dataclasses.replace(
        method("q_learning").run, common=lambda *_: taken.append("common"), other=lambda *_: taken.append("other")
    )
    spied = dataclasses.replace(method("q_learning"), run=run)
    changing = Spec("linear")
    for place, settings, copy in [
        ("maze", {}, "common"),
        ("slippery", {"epsilon": 0.0}, "common"),
        ("maze", {"epsilon": changing}, "other"),
        ("maze", {"alpha": changing}, "other"),
        ("maze", {"explore": Spec("softmax")}, "other"),
        ("maze", {"explore": Spec("thompson_gaussian")}, "other"),
        ("alike", {}, "other"),
    ]:
        TablePopulation(world(place), spied, config("q_learning", **settings), range(2)).run(10)
        assert taken.pop() == copy, (place, settings)
    corridor = load_problem(parse_spec("daedalus/RandomWalk-v0"))
    assert corridor.mdp.actions != 4
    TablePopulation(corridor, spied, config("q_learning"), range(2)).run(10)
    assert taken == ["other"]
