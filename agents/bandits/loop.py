"""What a bandit learner learns from one pull, and the compiled loop that runs a population of runs."""

from typing import NamedTuple

from daedalus.agents.exploring.rates import Rate, step_size_at
from daedalus.agents.exploring.rules import Explore, average, choose, highest, observe
from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.pulls import Arms, mean_now, next_phase, phase_at, pull, walk_on


class BanditPopulation(NamedTuple):
    """All state of N bandit learners and of the bandits under them, arrays with leading N."""

    t: Ints  # (N,), pulls so far
    q: Floats  # (N, A), estimates
    pulls: Ints  # (N, A)
    memory: Floats  # (N, M), what the strategy remembers
    walk: Floats  # (N, A), how far the true means have drifted
    total: Floats  # (N,), the sum of all rewards
    regret: Floats  # (N,), the sum over pulls of how far the pulled arm's true mean lay below the best
    raised: Floats  # (N,), the sum over pulls of how far the best mean lay above what it was at first
    lifted: Floats  # (N,), the same for the average of all arms' means
    recent: Ints  # (N,), pulls since the last summary
    rewards: Floats  # (N,), the sum of their rewards
    optimal: Ints  # (N,), how many were of a best arm


class BanditRule(NamedTuple):
    """The numbers of a bandit learner that compiled code needs."""

    explore: Explore
    alpha: Rate


@inlined
def learn_pull(rule: BanditRule, now: BanditPopulation, i: int, arm: int, reward: float, t: int) -> None:
    """Learn from pull t of run i; with the step size 1/n, the mean of rewards. Sutton & Barto 2018, eq. 2.3, 2.5."""
    now.pulls[i, arm] += 1
    estimate = now.q[i, arm]
    now.q[i, arm] = estimate + step_size_at(rule.alpha, now.pulls[i, arm], t) * (reward - estimate)
    observe(rule.explore, now.pulls, now.memory, i, arm, reward, t)


@inlined
def look(arms: Arms, row: int, phase: int, walk: Floats, means: Floats) -> None:
    """Write the true means of this moment into a row of means (N, A)."""
    for arm in range(means.shape[1]):
        means[row, arm] = mean_now(arms, row, phase, arm, walk[row, arm])


@lean
def run_bandits(
    rule: BanditRule,
    arms: Arms,  # of N bandits
    means: Floats,  # (N, A), kept at the true ones of the next pull
    judged: Floats,  # (N, A), what the strategy goes by: the estimates of `now`, or `means`
    first: Floats,  # (N, 2), the best and the average of the means before the first pull
    now: BanditPopulation,
    world_keys: Keys,
    drift_keys: Keys,
    policy_keys: Keys,
    steps: int,
) -> None:
    """Move every run on by `steps` pulls, in place."""
    for i in range(world_keys.size):
        world_key, policy_key = world_keys[i], policy_keys[i]
        total, rewards, optimal, regret = now.total[i], now.rewards[i], now.optimal[i], now.regret[i]
        raised, lifted = now.raised[i], now.lifted[i]
        begin, end = now.t[i], now.t[i] + steps
        while begin < end:
            phase = phase_at(arms, begin)
            stop = min(next_phase(arms, begin, phase), end)
            look(arms, i, phase, now.walk, means)
            best, level = highest(means, i), average(means, i)
            for t in range(begin, stop):
                arm = choose(rule.explore, judged, now.pulls, now.memory, i, policy_key, t)
                mean = means[i, arm]
                reward = pull(arms, i, arm, mean, world_key, t)
                learn_pull(rule, now, i, arm, reward, t)
                total += reward
                rewards += reward
                optimal += mean == best
                regret += best - mean
                raised += best - first[i, 0]
                lifted += level - first[i, 1]
                if arms.drift > 0.0:
                    walk_on(arms, now.walk, i, drift_keys[i], t)
                    look(arms, i, phase, now.walk, means)
                    best, level = highest(means, i), average(means, i)
            begin = stop
        now.total[i], now.rewards[i], now.optimal[i], now.regret[i] = total, rewards, optimal, regret
        now.raised[i], now.lifted[i] = raised, lifted
        look(arms, i, phase_at(arms, end), now.walk, means)
        now.t[i] += steps
        now.recent[i] += steps
