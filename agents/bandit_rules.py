"""What a bandit learner learns from one pull, and the compiled loop that runs a population of runs."""

from typing import NamedTuple

from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.sampling import pull

from .strategy_rules import Params, choose, highest


class BanditPopulation(NamedTuple):
    """All state of N bandit learners, arrays with leading N."""

    t: Ints  # (N,), pulls so far
    q: Floats  # (N, A), estimates
    pulls: Ints  # (N, A)
    total: Floats  # (N,), the sum of all rewards
    recent: Ints  # (N,), pulls since the last summary
    rewards: Floats  # (N,), the sum of their rewards
    optimal: Ints  # (N,), how many were of a best arm


@inlined
def sample_average(estimate: float, reward: float, pulls: int) -> float:
    """The mean of `pulls` rewards, of which `reward` is the last. Sutton & Barto 2018, eq. 2.3."""
    return estimate + (reward - estimate) / pulls


@inlined
def learn_pull(q: Floats, pulls: Ints, row: int, arm: int, reward: float) -> None:
    """Learn from one pull; q and pulls are (N, A)."""
    pulls[row, arm] += 1
    q[row, arm] = sample_average(q[row, arm], reward, pulls[row, arm])


@lean
def run_bandits(
    strategy: int,
    params: Params,
    law: int,
    means: Floats,  # (N, A), the true ones
    judged: Floats,  # (N, A), what the strategy goes by: the estimates of `now`, or the truth
    now: BanditPopulation,
    world_keys: Keys,
    policy_keys: Keys,
    steps: int,
) -> None:
    """Move every run on by `steps` pulls, in place."""
    for i in range(world_keys.size):
        best = highest(means, i)
        world_key, policy_key = world_keys[i], policy_keys[i]
        total, rewards, optimal = now.total[i], now.rewards[i], now.optimal[i]
        for t in range(now.t[i], now.t[i] + steps):
            arm = choose(strategy, params, judged, now.pulls, i, policy_key, t)
            reward = pull(law, means[i, arm], world_key, t)
            learn_pull(now.q, now.pulls, i, arm, reward)
            total += reward
            rewards += reward
            optimal += means[i, arm] == best
        now.total[i], now.rewards[i], now.optimal[i] = total, rewards, optimal
        now.t[i] += steps
        now.recent[i] += steps
