"""REINFORCE and actor–critic: gradients against differences, episodes by hand, the book's boxes as plain loops."""

import dataclasses
import math

import numpy as np
import pytest

from daedalus.agents import ActorCritic, Reinforce
from daedalus.agents.tables.actor_critic import ActorCriticConfig
from daedalus.agents.tables.population import TablePopulation
from daedalus.agents.tables.reinforce import ReinforceConfig
from daedalus.agents.tables.softmax_policy import ascend
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs import load_problem, maximization_bias, short_corridor

from .test_planning_learners import told  # isort: skip

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1,time_limit=25"


def softmax(preferences):
    weights = np.exp(preferences - np.max(preferences))
    return weights / weights.sum()


@pytest.mark.parametrize("action", range(4))
def test_the_gradient_of_a_log_probability(action):
    """One unit step moves the preferences by the central differences of ln π(action)."""
    q = np.array([[9.0] * 4, [0.3, -1.2, 2.0, 0.7]])
    before, small = q.copy(), 1e-6
    ascend(
        TablePopulation(short_corridor(), Reinforce.method, ReinforceConfig(), [0]).now._replace(q=q),
        1,
        action,
        1.0,
        np.empty(4),
    )
    shifted = before[1] + small * np.eye(4), before[1] - small * np.eye(4)
    up, down = (np.array([math.log(softmax(row)[action]) for row in rows]) for rows in shifted)
    np.testing.assert_allclose(q[1] - before[1], (up - down) / (2 * small), atol=1e-8)
    assert q[0].tolist() == [9.0] * 4


def test_the_mean_step_of_reinforce_is_the_gradient_of_the_value():
    """Short corridor: v(p) = -2(2 - p)/(p(1 - p)), p = σ(h₁ - h₀). With α next to 0 every episode's step is a draw
    whose mean is dv/dh; that of 100 × 3000 episodes lies within 4 standard errors: a false alarm has probability 1e-4.
    """
    alpha, odds = 1e-9, 0.4
    config = ReinforceConfig(alpha=alpha, gamma=1.0, baseline=False, longest=2000)
    learners = TablePopulation(short_corridor(time_limit=None), Reinforce.method, config, range(100))
    learners.now.q[:, 0, 1] = odds
    learners.run(35_000)
    step_N = (learners.now.q[:, 0, 1] - odds) / alpha / learners.now.episodes
    p = 1 / (1 + math.exp(-odds))
    dv_dp = (2 * p * (1 - p) + 2 * (2 - p) * (1 - 2 * p)) / (p * (1 - p)) ** 2
    error = step_N.std() / math.sqrt(step_N.size)
    assert error < 0.15
    assert abs(step_N.mean() - dv_dp * p * (1 - p)) < 4 * error


@dataclasses.dataclass
class Oracle:
    """Preferences and values as dictionaries of rows."""

    actions: int
    settings: dict

    def __post_init__(self):
        self.h, self.v, self.episode, self.carried = {}, {}, [], {}
        self.weight = 1.0

    @property
    def q(self):
        return {(s, a): h for s, row in self.h.items() for a, h in enumerate(row)}

    def gradient(self, state, action):
        row = self.h.setdefault(state, np.zeros(self.actions))
        return np.eye(self.actions)[action] - softmax(row)


class Monte(Oracle):
    """The boxes of Sutton & Barto 2018, pages 328 and 330, with a time limit bootstrapped through."""

    def told(self, t, state, action, reward, state_next, terminated):
        self.episode.append((state, action, reward))
        over = terminated or len(self.episode) % self.settings["limit"] == 0
        if not over:
            return
        baseline, gamma = self.settings["baseline"], self.settings["gamma"]
        tail = self.v.get(state_next, 0.0) if baseline and not terminated else 0.0
        rewards = [paid for _, _, paid in self.episode]
        returns = [
            sum(gamma**k * paid for k, paid in enumerate(rewards[t:])) + gamma ** (len(rewards) - t) * tail
            for t in range(len(rewards))
        ]
        for t, (s, a, _) in enumerate(self.episode):
            error = returns[t] - (self.v.get(s, 0.0) if baseline else 0.0)
            if baseline:
                self.v[s] = self.v.get(s, 0.0) + self.settings["alpha_value"] * error
            gradient = self.gradient(s, a)
            self.h[s] = self.h[s] + self.settings["alpha"] * gamma**t * error * gradient
        self.episode = []


@pytest.mark.parametrize("baseline", [True, False])
def test_reinforce_is_the_book_s(baseline):
    settings = {"alpha": 0.02, "alpha_value": 0.2, "gamma": 0.9, "baseline": baseline}
    oracle = Monte(4, settings | {"limit": 25})
    q = told("reinforce", MAZE, oracle, 1000, **settings)
    for (state, action), preference in oracle.q.items():
        assert q[state, action] == pytest.approx(preference, abs=1e-10)
    assert len(oracle.h) > 10


class Critic(Oracle):
    """The boxes of Sutton & Barto 2018, pages 332."""

    def told(self, t, state, action, reward, state_next, terminated):
        self.episode.append(state)
        gamma, lam = self.settings["gamma"], self.settings["lam"]
        error = reward + (0.0 if terminated else gamma * self.v.get(state_next, 0.0)) - self.v.get(state, 0.0)
        self.carried = {s: (gamma * lam * zv, gamma * lam * zh) for s, (zv, zh) in self.carried.items()}
        zv, zh = self.carried.get(state, (0.0, np.zeros(self.actions)))
        self.carried[state] = zv + 1.0, zh + self.weight * self.gradient(state, action)
        for s, (zv, zh) in self.carried.items():
            self.v[s] = self.v.get(s, 0.0) + self.settings["alpha_value"] * error * zv
            self.h[s] = self.h[s] + self.settings["alpha"] * error * zh
        self.weight *= gamma
        if terminated or len(self.episode) % 25 == 0:
            self.episode, self.carried, self.weight = [], {}, 1.0


@pytest.mark.parametrize("lam", [0.0, 0.7])
def test_actor_critic_is_the_book_s(lam):
    settings = {"alpha": 0.1, "alpha_value": 0.2, "gamma": 0.9, "lam": lam}
    oracle = Critic(4, settings)
    q = told("actor_critic", MAZE, oracle, 1000, **settings)
    for (state, action), preference in oracle.q.items():
        assert q[state, action] == pytest.approx(preference, abs=1e-7)
    assert len(oracle.h) > 10


def two_steps() -> World:
    """0 → 1 → 2, the end, paying 1 and 2; both actions do the same."""
    reached, reward = np.array([1, 2, 2]), np.array([1.0, 2.0, 0.0])
    mdp = FiniteMDP(
        np.repeat(reached, 2).reshape(3, 2, 1),
        np.ones((3, 2, 1)),
        np.repeat(reward, 2).reshape(3, 2, 1),
        np.eye(3)[0],
        reached == np.arange(3),
    )
    return World("two steps", mdp, None, ("one", "other"))


def test_one_episode_by_hand():
    """γ = .5: returns 1 + .5·2 = 2 and 2, weighed by 1 and .5; ∇ ln π is ±½ at even odds. v moves by half of each."""
    learners = TablePopulation(
        two_steps(), Reinforce.method, ReinforceConfig(alpha=0.1, alpha_value=0.5, gamma=0.5), [0]
    )
    learners.run(1)
    assert not learners.now.q.any()  # nothing is learnt before the end
    learners.run(2)
    first, second = learners.own.action[0, :2].tolist()
    q = learners.now.q[0]
    assert q[0, first] == pytest.approx(0.1 * 2 / 2)
    assert q[0, 1 - first] == pytest.approx(-0.1 * 2 / 2)
    assert q[1, second] == pytest.approx(0.5 * 0.1 * 2 / 2)
    assert learners.own.v[0].tolist() == [1.0, 1.0, 0.0]


def test_step_sizes_by_counts_make_the_baseline_the_mean_of_the_returns():
    """In the row that all states of the corridor show, returns of -1 … -T are averaged, whatever was done; and with
    γ = 0 the critic averages what all actions of B pay.
    """
    config = ReinforceConfig(alpha=1e-6, alpha_value=parse_spec("average"), gamma=1.0)
    population = TablePopulation(short_corridor(), Reinforce.method, config, range(3))
    rows = population.run_logged(300)
    for seed in range(3):
        done = [int(n) for n in rows["length"][rows["seed"] == seed]]
        returns = [-back for length in done for back in range(1, length + 1)]
        assert population.own.v[seed, 0] == pytest.approx(np.mean(returns))
    critic = ActorCriticConfig(alpha=1e-6, alpha_value=parse_spec("average"), gamma=0.0)
    population = TablePopulation(maximization_bias(), ActorCritic.method, critic, range(3))
    rows = population.run_logged(2000)
    for seed in range(3):
        second = rows["return"][(rows["seed"] == seed) & (rows["length"] == 2)]
        assert len(second) > 10
        assert population.own.v[seed, 1] == pytest.approx(second.mean())


def test_long_episodes_are_learnt_from_in_parts():
    """With room for one step, γ = .5: v(1) is known from an earlier episode when the step from 0 bootstraps from it."""
    config = ReinforceConfig(alpha=0.1, alpha_value=1.0, gamma=0.5, longest=1)
    learners = TablePopulation(two_steps(), Reinforce.method, config, [0])
    learners.run(4)
    assert learners.own.v[0].tolist() == [1 + 0.5 * 2, 2.0, 0.0]
    assert learners.own.weight[0] == 1.0


def test_on_the_corridor_chance_is_learnt():
    """Both come near going right with probability .59, where every policy that is sure of itself fails.

    The actor–critic has λ = 1: one step's error says nothing where all states look alike.
    """
    for agent, config in (
        (Reinforce, ReinforceConfig(alpha=2**-10, alpha_value=2**-6, gamma=1.0)),
        (ActorCritic, ActorCriticConfig(alpha=2**-10, alpha_value=2**-9, gamma=1.0, lam=1.0)),
    ):
        learners = TablePopulation(short_corridor(), agent.method, config, range(16))
        learners.now.q[:, 0, 0] = 2.0
        learners.run(100_000)
        right = np.array([softmax(row)[1] for row in learners.now.q[:, 0]])
        assert 0.5 < right.mean() < 0.68


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ReinforceConfig(alpha=0.0), "alpha must lie"),
        (lambda: ReinforceConfig(alpha_value=2.0), "alpha_value must lie"),
        (lambda: ReinforceConfig(gamma=1.1), "gamma must lie"),
        (lambda: ReinforceConfig(initial=math.inf), "initial must be"),
        (lambda: ReinforceConfig(longest=0), "longest must be"),
        (lambda: ActorCriticConfig(lam=1.5), "must lie in"),
        (lambda: Reinforce(MAZE, baseline=1), "baseline must be true or false"),
        (lambda: Reinforce(load_problem(parse_spec("daedalus/Bandit-v0"))), "is a bandit"),
    ],
)
def test_bad_settings_are_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()
