"""Learners that plan with a model, against second implementations: dictionaries and plain loops, told every step."""

import dataclasses
import math

import numpy as np
import pytest

from daedalus.agents import DynaQ, PosteriorSampling, PrioritizedSweeping
from daedalus.agents.interaction import Interaction
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.dyna_q import DynaConfig
from daedalus.agents.tables.dyna_q_plus import DynaPlusConfig
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, fresh_memory, rows_of
from daedalus.agents.tables.prioritized_sweeping import Queue, SweepingConfig, fresh, pop, push
from daedalus.core.catalogue import find
from daedalus.core.draws import bits, uniform
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.rng import stream_key
from daedalus.core.spec import fill, parse_spec
from daedalus.core.world import World
from daedalus.envs import WorldEnv, load_problem

ALPHA, GAMMA, PLANNING, SEED = 0.25, 0.9, 4, 3
RANDOM = "daedalus/Garnet-v0:states=12,branching=2,time_limit=30"  # all rewards differ: no priorities tie
MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1,time_limit=25"


class Told:
    """An agent that tells an oracle every step that it learns from."""

    def __init__(self, agent, oracle):
        self.agent, self.oracle = agent, oracle
        self.begin, self.act = agent.begin, agent.act

    @property
    def step(self):
        return self.agent.step

    def update(self, step):
        t = self.agent.step
        self.agent.update(step)
        self.oracle.told(t, int(step.obs), step.action, step.reward, int(step.next_obs), step.terminated)


def told(name, spec, oracle, steps, **settings):
    """Live `steps` steps in a world, with an oracle beside; return the learner's table."""
    learner, place = find("agent", name).load(), load_problem(parse_spec(spec))
    config = fill(learner.config_class, settings, name)
    shape = Shape(1, rows_of(place), place.mdp.actions)
    memory = fresh_memory(learner.method, shape, config, place.mdp.states)
    agent = TableAgent(learner.method, config, memory, 0, SEED)
    Interaction(WorldEnv(place), Told(agent, oracle), SEED).run(steps)
    return memory.now.q[0]


def q_of(oracle, shape):
    table = np.zeros(shape)
    for (state, action), value in oracle.q.items():
        table[state, action] = value
    return table


@dataclasses.dataclass
class Dyna:
    """Sutton & Barto 2018, page 164; with `kappa` as section 8.3 changes it."""

    actions: int
    kappa: float | None = None

    def __post_init__(self):
        self.q, self.model, self.tried = {}, {}, {}
        self.key = np.uint64(stream_key(SEED, "learning"))

    def value(self, state):
        return max(self.q.get((state, action), 0.0) for action in range(self.actions))

    def move(self, pair, target):
        old = self.q.get(pair, 0.0)
        self.q[pair] = old + ALPHA * (target - old)

    def told(self, t, state, action, reward, state_next, terminated):
        self.move((state, action), reward + (0 if terminated else GAMMA * self.value(state_next)))
        if self.kappa is not None:
            for other in range(self.actions):
                self.model.setdefault((state, other), (0.0, state))
        self.model[state, action] = reward, None if terminated else state_next
        self.tried[state, action] = t + 1
        pairs, key = list(self.model), np.uint64(bits(self.key, np.uint64(t)))
        for n in range(PLANNING):
            pair = pairs[int(uniform(key, np.uint64(n)) * len(pairs))]
            paid, after = self.model[pair]
            bonus = (self.kappa or 0.0) * math.sqrt(t + 1 - self.tried.get(pair, 0))
            self.move(pair, paid + bonus + (0 if after is None else GAMMA * self.value(after)))


@pytest.mark.parametrize("spec", [RANDOM, MAZE])
@pytest.mark.parametrize(("name", "kappa"), [("dyna_q", None), ("dyna_q_plus", 0.05), ("dyna_q_plus", 0.0)])
def test_dyna_is_the_book_s(name, kappa, spec):
    oracle = Dyna(load_problem(parse_spec(spec)).mdp.actions, kappa)
    more = {} if kappa is None else {"kappa": kappa}
    q = told(name, spec, oracle, 400, alpha=ALPHA, gamma=GAMMA, planning=PLANNING, epsilon=0.3, **more)
    np.testing.assert_allclose(q, q_of(oracle, q.shape), atol=1e-12)
    assert np.count_nonzero(q) > 20


class Sweeping(Dyna):
    """Sutton & Barto 2018, page 170, with a dictionary for a queue."""

    theta = 0.01

    def __post_init__(self):
        super().__post_init__()
        self.queue = {}

    def error(self, pair):
        paid, after = self.model[pair]
        return paid + (0 if after is None else GAMMA * self.value(after)) - self.q.get(pair, 0.0)

    def queued(self, pair):
        if (priority := abs(self.error(pair))) > self.theta:
            self.queue[pair] = max(priority, self.queue.get(pair, 0.0))

    def told(self, t, state, action, reward, state_next, terminated):
        self.model[state, action] = reward, None if terminated else state_next
        self.queued((state, action))
        for _ in range(PLANNING):
            if not self.queue:
                return
            first = max(self.queue, key=self.queue.__getitem__)
            del self.queue[first]
            self.move(first, self.q.get(first, 0.0) + self.error(first))
            for pair, (_, after) in self.model.items():
                if after == first[0]:
                    self.queued(pair)


@pytest.mark.parametrize("states", [12, 40])
def test_prioritised_sweeping_is_the_book_s(states):
    spec = f"daedalus/Garnet-v0:states={states},branching=2,time_limit=30"
    oracle = Sweeping(load_problem(parse_spec(spec)).mdp.actions)
    settings = {"alpha": ALPHA, "gamma": GAMMA, "planning": PLANNING, "epsilon": 0.3, "theta": Sweeping.theta}
    q = told("prioritized_sweeping", spec, oracle, 600, **settings)
    np.testing.assert_allclose(q, q_of(oracle, q.shape), atol=1e-12)
    assert len(oracle.queue) > 0  # some were left waiting


def test_the_queue_gives_the_highest_first():
    """600 random pushes and pops beside a dictionary; a pair that waits is raised, never lowered."""
    queue: Queue = fresh(Shape(2, 10, 3), SweepingConfig())
    rng, waiting = np.random.default_rng(0), {}
    for _ in range(600):
        if waiting and rng.random() < 0.4:
            pair = pop(queue, 1)
            assert waiting.pop(pair) == max([*waiting.values(), queue.priority[1, pair]])
        else:
            pair, priority = int(rng.integers(1, 31)), rng.random()
            push(queue, 1, pair, priority)
            waiting[pair] = max(priority, waiting.get(pair, 0.0))
        assert queue.queued.tolist() == [0, len(waiting)]


def line(length: int) -> World:
    """States in a row, one action, which leads on and pays 1 at the end."""
    reached = np.minimum(np.arange(length + 1) + 1, length).reshape(-1, 1, 1)
    reward = np.zeros((length + 1, 1, 1))
    reward[length - 1] = 1.0
    start, terminal = np.eye(length + 1)[0], np.arange(length + 1) == length
    return World("line", FiniteMDP(reached, np.ones_like(reward), reward, start, terminal), None, ("on",))


def live(name, world, steps, **settings):
    learner = find("agent", name).load()
    population = TablePopulation(world, learner.method, fill(learner.config_class, settings, name), [0])
    population.run(steps)
    return population.now.q[0, :, 0]


def test_one_episode_teaches_the_whole_way_by_priority():
    """With α = 1 the prize goes back over all 5 states at once: γ^4 … 1. Q-learning has moved one value only."""
    settings = {"alpha": 1.0, "gamma": 0.5}
    assert live("q_learning", line(5), 5, **settings).tolist() == [0, 0, 0, 0, 1, 0]
    swept = live("prioritized_sweeping", line(5), 5, planning=5, **settings)
    assert swept.tolist() == [0.0625, 0.125, 0.25, 0.5, 1, 0]
    # with two updates a step, two values are there after the first episode, and the rest waits in the queue
    assert live("prioritized_sweeping", line(5), 5, planning=2, **settings).tolist() == [0, 0, 0, 0.5, 1, 0]
    assert live("prioritized_sweeping", line(5), 6, planning=2, **settings).tolist() == [0, 0.125, 0.25, 0.5, 1, 0]


def test_planning_spreads_what_one_visit_found():
    """After one episode and 200 imagined steps a step, α = 1: the exact values; each pair is missed with p < 1e-15."""
    assert live("dyna_q", line(5), 5, alpha=1.0, gamma=0.5, planning=200).tolist() == [0.0625, 0.125, 0.25, 0.5, 1, 0]
    assert live("dyna_q", line(5), 5, alpha=1.0, gamma=0.5, planning=0).tolist() == [0, 0, 0, 0, 1, 0]


def test_a_model_forgets_what_was_before():
    """The blocking maze: the model's pairs are each there once, and lead where they led last."""
    schedule = load_problem(parse_spec("daedalus/BlockingMaze-v0:change_at=400"))
    learner = DynaQ(schedule, epsilon=1.0, planning=1).learn(20_000)
    own, mdp = learner._memory.own, schedule.phases[1].mdp
    known = own.known[0]
    pairs = list(zip(own.state[0, :known], own.action[0, :known], strict=True))
    assert len(set(pairs)) == known == np.count_nonzero(learner.visits)
    now = [mdp.next_state[state, action, 0] for state, action in pairs]
    open_ended = own.discount[0, :known] > 0
    assert (own.state_next[0, :known] == now)[open_ended].mean() > 0.9
    assert (own.reward[0, :known] > 0).sum() == (~open_ended).sum() > 0


@pytest.mark.parametrize("name", ["dyna_q", "dyna_q_plus"])
def test_a_bonus_finds_what_has_changed(name):
    """The shortcut maze, greedy: without a bonus nobody looks for the shortcut, with one every seed takes it."""
    schedule = load_problem(parse_spec("daedalus/ShortcutMaze-v0:change_at=3000"))
    learner = find("agent", name).load()
    config = fill(learner.config_class, {"alpha": 1.0, "gamma": 0.95, "epsilon": 0.0, "planning": 50}, name)
    population = TablePopulation(schedule, learner.method, config, range(5))
    population.run(10_000)
    population.summary()
    population.run(12_000)
    lengths = population.summary().mean_length
    assert (lengths < 13).all() if name == "dyna_q_plus" else (lengths >= 16).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DynaConfig(planning=-1), "planning must be"),
        (lambda: DynaConfig(alpha=0.0), "alpha"),
        (lambda: DynaPlusConfig(kappa=-0.1), "kappa must be"),
        (lambda: DynaPlusConfig(kappa=math.inf), "kappa must be"),
        (lambda: SweepingConfig(theta=-1.0), "theta must be"),
        (lambda: DynaQ(MAZE, planning=1.5), "planning must be a whole number"),
        (lambda: PosteriorSampling("daedalus/Maze-v0:rows=150,columns=150"), r"needs [\d,]+ bytes for 1 seeds"),
    ],
)
def test_bad_settings_are_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()


def test_a_damaged_model_is_refused():
    place = load_problem(parse_spec(MAZE))
    population = TablePopulation(place, PrioritizedSweeping.method, SweepingConfig(), [0])
    population.run(100)
    for name, bad in (("own.state_next", 17), ("own.known", 69), ("own.heap", 69), ("own.first", -1)):
        arrays = population.arrays()
        arrays[name][...] = bad
        with pytest.raises(UserError, match=name):
            population.restore(arrays)
