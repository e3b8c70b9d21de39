"""Learners that look back, against a second implementation of each: slow, plain, straight from the definition.

A compiled learner lives in a small slippery maze, where both the goal and the time limit end episodes; an oracle is
told every step, what a return would bootstrap from, and how likely the action was, and must hold the same table
throughout.
"""

import dataclasses

import numpy as np
import pytest

from daedalus.agents.exploring.rules import choose, probabilities
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.loop import FAR
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import flat, fresh_memory, rule_of
from daedalus.core.catalogue import find
from daedalus.core.spec import fill, parse_spec
from daedalus.envs import WorldEnv, load_problem

ALPHA, GAMMA, ACTIONS = 0.25, 0.9, 4


@dataclasses.dataclass
class Told:
    """One step: (s, a, r, s'), the action that follows, and the chance that a was taken with."""

    state: int
    action: int
    reward: float
    state_next: int
    terminated: bool
    ended: bool
    ahead: int
    chance: float


def greedy_policy(values):
    best = [value == max(values) for value in values]
    return [one / sum(best) for one in best]


class Oracle:
    """Q as plain lists, and the steps of the running episode."""

    def __init__(self, states, settings):
        self.q = [[0.0] * ACTIONS for _ in range(states)]
        self.settings, self.episode = settings, []

    def told(self, step: Told):
        self.episode.append(step)
        self.learn(step)
        if step.ended:
            self.episode = []

    def move(self, step, target, size=ALPHA):
        self.q[step.state][step.action] += size * (target - self.q[step.state][step.action])

    def tail(self, step):
        """What a return has beyond the last step."""
        return 0.0 if step.terminated else self.q[step.state_next][step.ahead]


class NStepSarsa(Oracle):
    """Sutton & Barto 2018, page 147."""

    def learn(self, step):
        n, end = self.settings["n"], len(self.episode)
        starts = range(max(end - n, 0), end) if step.ended else range(end - n, end - n + 1)
        tail = self.tail(step)
        for start in starts:
            if start >= 0:
                rewards = [one.reward for one in self.episode[start:]]
                ret = sum(GAMMA**k * reward for k, reward in enumerate(rewards))
                self.move(self.episode[start], ret + GAMMA ** len(rewards) * tail)


class TreeBackup(Oracle):
    """Sutton & Barto 2018, eq. 7.16, as a recursion, for a policy that is given as probabilities."""

    def ret(self, k):
        step = self.episode[k]
        values = self.q[step.state_next]
        if k + 1 == len(self.episode):
            return step.reward + GAMMA * (0.0 if step.terminated else max(values))
        policy, taken = greedy_policy(values), self.episode[k + 1].action
        others = sum(policy[a] * values[a] for a in range(ACTIONS) if a != taken)
        return step.reward + GAMMA * (others + policy[taken] * self.ret(k + 1))

    def learn(self, step):
        n, end = self.settings["n"], len(self.episode)
        for start in range(max(end - n, 0), end) if step.ended else range(max(end - n, 0), end - n + 1):
            self.move(self.episode[start], self.ret(start))


class MonteCarlo(Oracle):
    """Sutton & Barto 2018, page 101; plain means of all returns."""

    def __init__(self, states, settings):
        super().__init__(states, settings)
        self.returns = {}

    def learn(self, step):
        if not step.ended and len(self.episode) < self.settings["memory"]:
            return
        ret, pairs = self.tail(step), [(one.state, one.action) for one in self.episode]
        for k in reversed(range(len(self.episode))):
            ret = self.episode[k].reward + GAMMA * ret
            if self.settings["visits"] == "every" or pairs[k] not in pairs[:k]:
                known = self.returns.setdefault(pairs[k], [])
                known.append(ret)
                self.q[pairs[k][0]][pairs[k][1]] = sum(known) / len(known)
        self.episode = []


class OffPolicyMonteCarlo(Oracle):
    """Sutton & Barto 2018, page 111; the weighted mean of all returns."""

    def __init__(self, states, settings):
        super().__init__(states, settings)
        self.weighed = {}

    def learn(self, step):
        if not step.ended and len(self.episode) < self.settings["memory"]:
            return
        ret, weight = 0.0 if step.terminated else max(self.q[step.state_next]), 1.0
        for one in reversed(self.episode):
            ret = one.reward + GAMMA * ret
            known = self.weighed.setdefault((one.state, one.action), [])
            known.append((weight, ret))
            total = sum(w for w, _ in known)
            self.q[one.state][one.action] = sum(w * g for w, g in known) / total
            if int(np.argmax(self.q[one.state])) != one.action:
                break
            weight /= one.chance
        self.episode = []


class SarsaLambda(Oracle):
    """Sutton & Barto 2018, section 12.7: a trace for every pair there is."""

    def __init__(self, states, settings):
        super().__init__(states, settings)
        self.z = np.zeros((states, ACTIONS))

    def learn(self, step):
        error = step.reward + GAMMA * self.tail(step) - self.q[step.state][step.action]
        self.credit(step, error)

    def credit(self, step, error):
        self.z *= GAMMA * self.settings["lam"]
        self.z[step.state, step.action] += 1.0
        if self.settings["trace"] == "replacing":
            self.z[step.state, step.action] = 1.0
        self.q = (np.array(self.q) + ALPHA * error * self.z).tolist()
        if step.ended:
            self.z[...] = 0.0


class QLambda(SarsaLambda):
    """Sutton & Barto 2018, section 12.10."""

    def learn(self, step):
        values = self.q[step.state]
        if values[step.action] < max(values):
            self.z[...] = 0.0
        tail = 0.0 if step.terminated else max(self.q[step.state_next])
        self.credit(step, step.reward + GAMMA * tail - values[step.action])


class OnlineLambdaReturn(Oracle):
    """Sutton & Barto 2018, section 12.4: at every step, the whole episode is learnt anew from its first estimates by
    λ-returns that end there. What it learns is what true online Sarsa(λ) must.
    """

    def __init__(self, states, settings):
        super().__init__(states, settings)
        self.began, self.tails = [list(row) for row in self.q], []

    def learn(self, step):
        lam = self.settings["lam"]
        self.tails.append(self.tail(step))  # Q(s, a) of step k + 1, by the estimates before step k was learnt
        horizon = len(self.episode)
        self.q = [list(row) for row in self.began]
        for t, one in enumerate(self.episode):
            ret = 0.0
            for n in range(1, horizon - t + 1):
                rewards = [later.reward for later in self.episode[t : t + n]]
                n_step = sum(GAMMA**k * reward for k, reward in enumerate(rewards)) + GAMMA**n * self.tails[t + n - 1]
                ret += (lam ** (n - 1) if n == horizon - t else (1 - lam) * lam ** (n - 1)) * n_step
            self.move(one, ret)
        if step.ended:
            self.began, self.tails = [list(row) for row in self.q], []


ORACLES = {
    "n_step_sarsa:n=1": NStepSarsa,
    "n_step_sarsa:n=3": NStepSarsa,
    "n_step_sarsa:n=20": NStepSarsa,
    "tree_backup:n=2": TreeBackup,
    "tree_backup:n=5": TreeBackup,
    "monte_carlo:visits=first,memory=100": MonteCarlo,
    "monte_carlo:visits=every,memory=100": MonteCarlo,
    "monte_carlo:visits=first,memory=5": MonteCarlo,
    "off_policy_monte_carlo:memory=100": OffPolicyMonteCarlo,
    "off_policy_monte_carlo:memory=5": OffPolicyMonteCarlo,
    "sarsa_lambda:lam=.8,trace=accumulating,cutoff=0": SarsaLambda,
    "sarsa_lambda:lam=.8,trace=replacing,cutoff=0": SarsaLambda,
    "sarsa_lambda:lam=.8,trace=dutch,cutoff=0": OnlineLambdaReturn,
    "q_lambda:lam=.8,trace=accumulating,cutoff=0": QLambda,
    "q_lambda:lam=.8,trace=replacing,cutoff=0": QLambda,
}


@pytest.mark.parametrize("name", ORACLES)
def test_the_oracle_holds_the_same_table(name):
    spec = parse_spec(name)
    face = find("agent", spec.name).load()
    fields = face.config_class.__dataclass_fields__
    common = {"alpha": ALPHA, "gamma": GAMMA, "epsilon": 0.3}
    if spec.name == "monte_carlo":
        common.pop("alpha")
    config = fill(face.config_class, {k: v for k, v in common.items() if k in fields} | spec.mapping, spec.name)
    world = load_problem(parse_spec("daedalus/Maze-v0:rows=2,columns=2,slip=.2")).within(9)
    memory = fresh_memory(face.method, Shape(1, world.states, ACTIONS), config, world.states)
    agent = TableAgent(face.method, config, memory, 0, seed=3)
    oracle = ORACLES[name](world.states, spec.mapping)
    endings = set()
    for step in told(face.method, config, memory, agent, WorldEnv(world), 1500):
        oracle.told(step)
        endings.add((step.terminated, step.ended))
        np.testing.assert_allclose(memory.now.q[0], oracle.q, rtol=0, atol=1e-9)
    assert endings == {(False, False), (True, True), (False, True)}


def told(method, config, memory, agent, env, steps):
    """Let the agent live, and tell of every step after it has learnt from it."""
    from daedalus.agents.interface import Step

    now, explore, policy = flat(memory.now, memory.own)[0], rule_of(method, config).explore, np.empty(ACTIONS)
    (key, _), obs = agent._keys, None
    for t in range(steps):
        if obs is None:
            obs, _ = env.reset(seed=3 if t == 0 else None)
            agent.begin(obs)
        action = agent.act(obs)
        probabilities(explore, now.q, now.visits, now.memory, np.uint64(obs), t, policy)
        obs_next, reward, terminated, truncated, _ = env.step(action)
        ended, row_next = terminated or truncated, np.uint64(obs_next)
        stream = key ^ FAR if ended else key
        now.visits[obs, action] += 1  # as it will be when the learner chooses ahead
        ahead = choose(explore, now.q, now.visits, now.memory, row_next, stream, t + 1)
        now.visits[obs, action] -= 1
        agent.update(Step(obs, action, reward, obs_next, terminated, truncated))
        yield Told(obs, action, reward, obs_next, terminated, ended, ahead, policy[action])
        obs = None if ended else obs_next
