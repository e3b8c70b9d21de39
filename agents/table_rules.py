"""What a table learns from one step: the equations, and the compiled loop that runs a population through a world.

`learn` and `strategy_rules.choose` are all there is to a learner; the compiled loop and the interactive agent both
call them, with the same draws: decision t of a seed reads draws 2t and 2t + 1 of its stream "policy".
"""

from typing import NamedTuple

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.sampling import Tables, restart_state, step_outcome

from .strategy_rules import Params, choose, highest, probabilities

Q_LEARNING, SARSA, EXPECTED_SARSA = range(3)

#: Flipping the top bit of a key moves its stream on by 2^63 draws.
_FAR = np.uint64(1 << 63)


class Learner(NamedTuple):
    """What a table learner is, as compiled code sees it."""

    rule: int  # Q_LEARNING, SARSA or EXPECTED_SARSA
    alpha: float
    gamma: float
    strategy: int  # a code of `strategy_rules`
    params: Params  # that strategy's parameters


class Population(NamedTuple):
    """All state of N learners in a finite world, arrays with leading N."""

    t: Ints  # (N,), steps taken
    q: Floats  # (N, S, A)
    visits: Ints  # (N, S, A), how often each action was taken
    state: Ints  # (N,), where the environment stands
    action: Ints  # (N,), what Sarsa has already chosen there, else -1
    length: Ints  # (N,), steps of the running episode
    ret: Floats  # (N,), its undiscounted return so far
    episodes: Ints  # (N,), finished so far
    recent_steps: Ints  # (N,), since the last summary; so are all below
    recent_episodes: Ints  # (N,), finished
    returns: Floats  # (N,), the sum of their returns
    lengths: Ints  # (N,), the sum of their lengths
    rewards: Floats  # (N,), the sum of all steps' rewards


class Log(NamedTuple):
    """Finished episodes, a row per seed; those beyond its C columns are not kept."""

    entries: Ints  # (N,), how many of its columns are filled
    step: Ints  # (N, C), the number of steps taken at an episode's end
    ret: Floats  # (N, C), its undiscounted return
    length: Ints  # (N, C)


@inlined
def q_target(reward: float, gamma: float, bootstrap: float, q: Floats, state_next: int) -> float:
    """Watkins 1989; Sutton & Barto 2018, eq. 6.8. `bootstrap` is 0 where the world really ended, else 1."""
    return float(reward + gamma * bootstrap * highest(q, state_next))


@inlined
def sarsa_target(reward: float, gamma: float, bootstrap: float, q: Floats, state_next: int, action_next: int) -> float:
    """Rummery & Niranjan 1994; Sutton & Barto 2018, eq. 6.7."""
    return float(reward + gamma * bootstrap * q[state_next, action_next])


@inlined
def expected_sarsa_target(
    reward: float, gamma: float, bootstrap: float, q: Floats, state_next: int, probability_next: Floats
) -> float:
    """Van Seijen et al. 2009; Sutton & Barto 2018, eq. 6.9."""
    expectation = 0.0
    for action in range(q.shape[1]):
        expectation += probability_next[action] * q[state_next, action]
    return reward + gamma * bootstrap * expectation


@inlined
def learn(
    learner: Learner,
    q: Floats,  # (S, A)
    visits: Ints,  # (S, A)
    state: int,
    action: int,
    reward: float,
    state_next: int,
    terminated: bool,
    ended: bool,
    key: np.uint64,
    t: int,
    scratch: Floats,  # (A,)
) -> int:
    """Learn from step number t; return the action already chosen for decision t + 1, or -1.

    Only Sarsa chooses ahead, before it updates. Where a time limit cut the episode it still needs an action in
    `state_next`, which will not be taken: that one is drawn 2^63 draws further on, so that decision t + 1, in the
    new episode, is independent of it. Where the world ended no action is drawn.
    """
    visits[state, action] += 1
    bootstrap = 0.0 if terminated else 1.0
    chosen = -1
    if learner.rule == Q_LEARNING:
        target = q_target(reward, learner.gamma, bootstrap, q, state_next)
    elif learner.rule == SARSA:
        ahead = 0
        if not terminated:
            stream = key ^ _FAR if ended else key
            ahead = choose(learner.strategy, learner.params, q, visits, state_next, stream, t + 1)
        target = sarsa_target(reward, learner.gamma, bootstrap, q, state_next, ahead)
        chosen = -1 if ended else ahead
    else:
        probabilities(learner.strategy, learner.params, q, visits, state_next, t + 1, scratch)
        target = expected_sarsa_target(reward, learner.gamma, bootstrap, q, state_next, scratch)
    q[state, action] += learner.alpha * (target - q[state, action])
    return chosen


@lean
def run(
    learner: Learner,
    world: Tables,
    horizon: int,
    now: Population,
    world_keys: Keys,
    policy_keys: Keys,
    steps: int,
    log: Log,
    scratch: Floats,  # (A,)
) -> None:
    """Move every seed on by `steps` steps, in place. A horizon of 0 means no limit."""
    for i in range(world_keys.size):
        q, visits = now.q[i], now.visits[i]
        world_key, policy_key = world_keys[i], policy_keys[i]
        state, action, length, ret = now.state[i], now.action[i], now.length[i], now.ret[i]
        rewards = now.rewards[i]
        for t in range(now.t[i], now.t[i] + steps):
            if action < 0:
                action = choose(learner.strategy, learner.params, q, visits, state, policy_key, t)
            k = step_outcome(world, state, action, world_key, t)
            reward = world.reward[state, action, k]
            state_next = int(world.next_state[state, action, k])
            length += 1
            ret += reward
            rewards += reward
            terminated = world.terminal[state_next]
            ended = terminated or 0 < horizon <= length
            action = learn(
                learner, q, visits, state, action, reward, state_next, terminated, ended, policy_key, t, scratch
            )
            state = state_next
            if ended:
                finish(now, log, i, t + 1, ret, length)
                length, ret = 0, 0.0
                state = restart_state(world, world_key, t)
        now.state[i], now.action[i], now.length[i], now.ret[i] = state, action, length, ret
        now.rewards[i] = rewards
        now.t[i] += steps
        now.recent_steps[i] += steps


@lean
def finish(now: Population, log: Log, i: int, step: int, ret: float, length: int) -> None:
    """Count a finished episode of seed i, and log it where there is room."""
    now.episodes[i] += 1
    now.recent_episodes[i] += 1
    now.returns[i] += ret
    now.lengths[i] += length
    entry = log.entries[i]
    if entry < log.step.shape[1]:
        log.step[i, entry], log.ret[i, entry], log.length[i, entry] = step, ret, length
        log.entries[i] = entry + 1
