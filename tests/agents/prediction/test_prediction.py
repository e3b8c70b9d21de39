"""Learners of a given policy's value: against the textbook's loops, the compiled laws, and exact values."""

import numpy as np
import pytest

from daedalus.agents.interaction import Interaction
from daedalus.agents.prediction.policies import probabilities, thresholds
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import TablePopulation, fresh_memory, rows_of
from daedalus.core.catalogue import find, of_kind
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, random_policy, solve
from daedalus.core.spec import fill, parse_spec
from daedalus.core.world import World
from daedalus.envs import WorldEnv, blocking_maze, load_problem, random_walk

NAMES = sorted(name for name, entry in of_kind("agent").items() if entry.trial == "prediction")
LEARNERS = [*NAMES, "td_lambda:trace=dutch", "td_lambda:trace=replacing", "n_step_td:n=1", "mc_prediction:longest=7"]
WORLDS = {
    "walk": "daedalus/RandomWalk-v0",
    "slippery": "daedalus/Maze-v0:rows=3,columns=3,slip=.2",
    "cliff": "daedalus/Cliff-v0",
    "alike": "daedalus/TMaze-v0:length=3",
}


def world(name, horizon=15) -> World:
    problem = load_problem(parse_spec(WORLDS[name]))
    assert isinstance(problem, World)
    return problem.within(horizon)


def parts(learner, **settings):
    spec = parse_spec(learner)
    agent = find("agent", spec.name).load()
    return agent.method, fill(agent.config_class, spec.mapping | settings, spec.name)


def population(learner, place, seeds, **settings) -> TablePopulation:
    method, config = parts(learner, **settings)
    return TablePopulation(place, method, config, seeds)


class Recorder:
    """An agent that keeps what it is told."""

    def __init__(self, agent):
        self.agent, self.steps, self.begun = agent, [], []

    step = property(lambda self: self.agent.step)

    def begin(self, obs):
        self.begun.append(len(self.steps))
        self.agent.begin(obs)

    def act(self, obs):
        return self.agent.act(obs)

    def update(self, step):
        self.steps.append(step)
        return self.agent.update(step)


def interactive(learner, place, steps, **settings):
    method, config = parts(learner, **settings)
    memory = fresh_memory(method, Shape(1, rows_of(place), place.mdp.actions), config, place.mdp.states)
    agent = Recorder(TableAgent(method, config, memory, 0, 7))
    Interaction(WorldEnv(place), agent, 7).run(steps)
    return memory, agent


def textbook(learner, episodes, states, alpha, gamma):
    """The loops as the book writes them, on finished episodes."""
    spec = parse_spec(learner)
    v = np.zeros(states)
    for steps in episodes:
        visited, rewards = [step.obs for step in steps], [step.reward for step in steps]
        last = steps[-1]
        tail = 0.0 if last.terminated else v[last.next_obs]
        if spec.name in ("mc_prediction", "lambda_return"):
            lam = spec.mapping.get("lam", 1.0 if spec.name == "mc_prediction" else 0.9)
            after = [*(v[s] for s in visited[1:]), tail]
            returns, gain = [], tail
            for reward, value in zip(rewards[::-1], after[::-1], strict=True):
                gain = reward + gamma * ((1 - lam) * value + lam * gain)
                returns.insert(0, gain)
            for s, target in zip(visited, returns, strict=True):
                v[s] += alpha * (target - v[s])
        elif spec.name in ("td", "n_step_td"):
            n = spec.mapping.get("n", 1 if spec.name == "td" else 4)
            end = len(steps)
            for t in range(end + n - 1):
                tau = t - n + 1
                if tau < 0:
                    continue
                until = min(tau + n, end)
                target = sum(gamma ** (k - tau) * rewards[k] for k in range(tau, until))
                if until < end:
                    target += gamma**n * v[visited[until]]
                elif not last.terminated:
                    target += gamma ** (end - tau) * v[last.next_obs]
                v[visited[tau]] += alpha * (target - v[visited[tau]])
        else:
            lam, trace = spec.mapping.get("lam", 0.9), spec.mapping.get("trace", "accumulating")
            z, old = np.zeros(states), 0.0
            for step in steps:
                x, x_next = np.eye(states)[step.obs], np.eye(states)[step.next_obs] * (not step.terminated)
                value, value_next = v @ x, v @ x_next
                delta = step.reward + gamma * value_next - value
                if trace == "dutch":  # the book's box "True online TD(λ)", section 12.5
                    z = gamma * lam * z + (1 - alpha * gamma * lam * (z @ x)) * x
                    v = v + alpha * (delta + value - old) * z - alpha * (value - old) * x
                    old = value_next
                else:
                    z = gamma * lam * z + x
                    if trace == "replacing":
                        z = np.minimum(z, 1.0)
                    v = v + alpha * delta * z
    return v


@pytest.mark.parametrize(("where", "limit"), [("walk", 15), ("slippery", 80)])
@pytest.mark.parametrize("learner", [one for one in LEARNERS if "longest" not in one])
def test_equals_the_textbooks_loops(learner, where, limit):
    memory, agent = interactive(learner, world(where, limit), 1500, alpha=0.3, gamma=0.9)
    whole = [agent.steps[a:b] for a, b in zip(agent.begun, [*agent.begun[1:], 1500], strict=True)]
    if not whole[-1][-1].ended:  # the running episode is left out
        memory, agent = interactive(learner, world(where, limit), agent.begun[-1], alpha=0.3, gamma=0.9)
        whole = whole[:-1]
    assert {steps[-1].terminated for steps in whole} == {True, False}
    v = textbook(learner, whole, memory.now.q.shape[1], 0.3, 0.9)
    np.testing.assert_allclose(memory.now.q[0, :, 0], v, atol=1e-9)
    assert np.ptp(v) > 0.05


@pytest.mark.parametrize("where", WORLDS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_compiled_equals_interactive(learner, where):
    memory, agent = interactive(learner, world(where), 600, alpha=0.3)
    compiled = population(learner, world(where), [7], alpha=0.3)
    compiled.run(600)
    for name, array in memory.arrays.items():
        if name != "state":
            np.testing.assert_array_equal(array, compiled.memory.arrays[name], err_msg=name)
    assert len(agent.begun) >= 600 // 15
    assert compiled.now.visits.sum() == 600


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_seed_learns_the_same_alone_in_chunks_and_restored(learner):
    together = population(learner, world("slippery"), [*range(10), 99])
    together.run(2000)
    alone = population(learner, world("slippery"), [99])
    for until in (1, 2, 14, 15, 16, 777):
        alone.run(until)
    saved = alone.arrays()
    alone.run(900)  # what happens after the snapshot must not reach it
    second = population(learner, world("slippery"), [99])
    second.restore(saved)
    second.run(2000)
    for name, array in second.memory.arrays.items():
        np.testing.assert_array_equal(array, together.memory.arrays[name][10:], err_msg=name)
    assert not np.array_equal(together.now.q[0], together.now.q[1])


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


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_time_limit_is_bootstrapped_through(learner):
    """From 0 the limit cuts, from 1 the world ends: V(1) = 2 and V(0) = 1 + γ·2, although no return exceeds 2."""
    learners = population(learner, corridor(), [0], alpha=1.0, gamma=0.5)
    learners.run(100)
    assert learners.now.q[0, :, 0].tolist() == [2.0, 2.0, 0.0]


def test_one_episode_by_hand():
    """3 → right → 4 → right → 5 → right → end, reward 1, from zeros, α = .5, γ = 1."""
    go_right = np.ones(7, np.int64)
    by = {
        "td": [0, 0, 0.5],
        "n_step_td:n=2": [0, 0.5, 0.5],
        "mc_prediction": [0.5, 0.5, 0.5],
        "lambda_return:lam=.5": [0.125, 0.25, 0.5],
        "td_lambda:lam=.5": [0.125, 0.25, 0.5],
        "td_lambda:lam=.5,trace=dutch": [0.125, 0.25, 0.5],
    }
    for text, expected in by.items():
        spec = parse_spec(text)
        made = find("agent", spec.name).load()(random_walk(5), alpha=0.5, gamma=1.0, policy=go_right, **spec.mapping)
        assert made.learn(3).v[3:6].tolist() == expected, text
        assert made.visits.tolist() == [0, 0, 0, 1, 1, 1, 0]


@pytest.mark.parametrize("learner", NAMES)
def test_finds_the_value_of_the_optimal_policy(learner):
    """Along a deterministic path α = 1 makes the values exact, whatever the method."""
    place = load_problem(parse_spec("daedalus/Maze-v0:rows=4,columns=4"))
    made = find("agent", learner).load()(place, alpha=1.0, gamma=0.9, policy="optimal").learn(3000)
    met = made.visits > 0
    assert 4 < met.sum() < place.states
    np.testing.assert_allclose(made.v[met], solve(place.mdp, 0.9).value[met], atol=1e-9)


def test_monte_carlo_is_the_mean_of_the_returns():
    """From each of 5 places the chance to end right is k/6. 20 seeds: 4.5 SE, five false alarms in 150,000 runs."""
    learners = population("mc_prediction", random_walk(5, time_limit=None), range(20), gamma=1.0)
    learners.run(20_000)
    v_NS = learners.now.q[:, 1:6, 0]
    error = v_NS.std(axis=0, ddof=1) / np.sqrt(20)
    assert (np.abs(v_NS.mean(axis=0) - np.arange(1, 6) / 6) < 4.5 * error).all()
    assert error.max() < 0.01


def test_the_given_policy_is_followed():
    """One action of three never, the others at .25 and .75: the count is within 5 standard deviations."""
    mdp = FiniteMDP(
        next_state=np.zeros((1, 3, 1), np.int64),
        probability=np.ones((1, 3, 1)),
        reward=np.array([[[0.0], [1.0], [100.0]]]),
        start=np.ones(1),
        terminal=np.zeros(1, np.bool_),
    )
    made = find("agent", "td").load()(World("three", mdp, 10, ("a", "b", "c")), policy=np.array([[0.25, 0.75, 0.0]]))
    made.learn(10_000)
    paid = float(made._memory.now.returns[0])
    assert abs(paid - 7500) < 5 * np.sqrt(10_000 * 0.25 * 0.75)
    assert made.predict(0, deterministic=True)[0] == 1
    drawn = made.predict([0] * 2000)[0]
    assert set(drawn.tolist()) == {0, 1}
    assert abs((drawn == 1).mean() - 0.75) < 5 * np.sqrt(0.25 * 0.75 / 2000)
    np.testing.assert_allclose(made.policy, [[0.25, 0.75, 0.0]])


def test_thresholds_end_in_one_at_the_last_possible_action():
    chances = thresholds(np.array([[0.1] * 10, [0.3, 0.7, *[0.0] * 8]]))
    assert (chances[:, 0] == 0).all()
    assert chances[0, -1] == 1.0
    assert (chances[1, 2:] == 1.0).all()
    assert probabilities(chances)[0].tolist() == [0.1] * 10


def test_a_changing_world_brings_its_own_optimal_policy():
    place = blocking_maze(change_at=500)
    learners = population("td", place, [0], policy=parse_spec("optimal"))
    for step, phase in ((400, 0), (600, 1)):
        learners.run(step)
        followed = probabilities(learners.own.chances[0]).argmax(axis=1)
        assert followed.tolist() == solve(place.phases[phase].mdp).policy.tolist()


def test_the_random_policy_converges_to_its_exact_value():
    place = world("slippery", None)
    learners = population("td", place, range(20), gamma=0.9, alpha=parse_spec("power(omega=.7)"))
    learners.run(100_000)
    exact = evaluate_policy(place.mdp, random_policy(place.mdp), 0.9)
    live = learners.now.visits[0, :, 0] > 0
    np.testing.assert_allclose(learners.now.q[:, live, 0].mean(axis=0), exact[live], atol=0.02 * np.ptp(exact))
