"""What a bandit learner learns from one pull, and the compiled loop that runs a population of runs.

A block of runs is taken in turns, and each part of a pull is done by the whole block before the next: all choose, all
pull, all learn, all are judged. In short loops of one kind the processor works on several runs at once, and those over
neighbours in memory become vector instructions. No run's numbers depend on the others': alone, in any block and step by
step with the interactive agent it gives the same bits.
"""

from typing import NamedTuple

import numpy as np

from daedalus.agents.exploring.rates import Rate, step_size_at
from daedalus.agents.exploring.rules import Explore, average, choose_each, highest, observe
from daedalus.core.arrays import Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.pulls import Arms, mean_now, next_phase, phase_at, pull, walk_on

#: Runs taken in turns. Loops over fewer are too short for vector instructions to pay.
TURNS = 32


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


class Truth(NamedTuple):
    """What is true of the next pull, arrays with leading N; `look` keeps all but the first."""

    best_at_first: Floats  # (N,), the best mean before the first pull
    average_at_first: Floats  # (N,)
    means: Floats  # (N, A)
    best: Floats  # (N,)
    average: Floats  # (N,)


class Turn(NamedTuple):
    """Room for one pull of a block of runs."""

    scores: Floats  # (TURNS, A), for whatever a strategy holds of the arms
    arm: Ints  # (TURNS,), the pulled ones; so are all below
    mean: Floats  # (TURNS,), their true means
    reward: Floats  # (TURNS,)


@inlined
def learn_pull(rule: BanditRule, now: BanditPopulation, i: int, arm: int, reward: float, t: int) -> None:
    """Learn from pull t of run i; with the step size 1/n, the mean of rewards. Sutton & Barto 2018, eq. 2.3, 2.5."""
    now.pulls[i, arm] += 1
    estimate = now.q[i, arm]
    now.q[i, arm] = estimate + step_size_at(rule.alpha, now.pulls[i, arm], t) * (reward - estimate)
    observe(rule.explore, now.pulls, now.memory, i, arm, reward, t)


@lean
def look(arms: Arms, phase: int, walk: Floats, first: int, last: int, truth: Truth) -> None:
    """Write the truth of this moment about the runs `first` … `last` - 1."""
    for i in range(first, last):
        for arm in range(truth.means.shape[1]):
            truth.means[i, arm] = mean_now(arms, i, phase, arm, walk[i, arm])
        truth.best[i], truth.average[i] = highest(truth.means, i), average(truth.means, i)


@inlined
def pull_each(
    rule: BanditRule,
    arms: Arms,
    truth: Truth,
    now: BanditPopulation,
    first: int,
    last: int,
    world_keys: Keys,
    t: int,
    turn: Turn,
) -> None:
    """Pull the arms of `turn`, then learn from what they pay."""
    for place in range(last - first):
        i, arm = first + place, _index(turn.arm[place])
        turn.mean[place] = truth.means[i, arm]
        turn.reward[place] = pull(arms, i, arm, turn.mean[place], world_keys[i], t)
    for place in range(last - first):
        learn_pull(rule, now, first + place, _index(turn.arm[place]), turn.reward[place], t)


@inlined
def _index(arm: int) -> int:
    """The same number, known not to be negative: each use of an index that may be costs a check."""
    return int(np.uint32(arm))


@inlined
def judge(truth: Truth, now: BanditPopulation, first: int, last: int, turn: Turn) -> None:
    """Add a pull to the sums of the runs `first` … `last` - 1."""
    best = truth.best[first:last]
    add(now.total[first:last], turn.reward)
    add(now.rewards[first:last], turn.reward)
    add_difference(now.regret[first:last], best, turn.mean)
    add_difference(now.raised[first:last], best, truth.best_at_first[first:last])
    add_difference(now.lifted[first:last], truth.average[first:last], truth.average_at_first[first:last])
    optimal = now.optimal[first:last]
    for place in range(optimal.size):
        optimal[place] += turn.mean[place] == best[place]


@inlined
def add(sums: Floats, terms: Floats) -> None:
    """Add a term to each of the sums; there may be more terms."""
    for place in range(sums.size):
        sums[place] += terms[place]


@inlined
def add_difference(sums: Floats, above: Floats, below: Floats) -> None:
    """Add to each of the sums how far the one lies above the other."""
    for place in range(sums.size):
        sums[place] += above[place] - below[place]


@lean
def run_bandits(
    rule: BanditRule,
    arms: Arms,  # of N bandits
    truth: Truth,
    judged: Floats,  # (N, A), what the strategy goes by: the estimates of `now`, or the means of `truth`
    now: BanditPopulation,
    world_keys: Keys,
    drift_keys: Keys,
    policy_keys: Keys,
    steps: int,
    turn: Turn,
) -> None:
    """Move every run on by `steps` pulls, in place. All have made as many so far."""
    for first in range(0, world_keys.size, TURNS):
        last = min(first + TURNS, world_keys.size)
        begin, end = now.t[first], now.t[first] + steps
        while begin < end:
            phase = phase_at(arms, begin)
            stop = min(next_phase(arms, begin, phase), end)
            look(arms, phase, now.walk, first, last, truth)
            for t in range(begin, stop):
                choose_each(
                    rule.explore, judged, now.pulls, now.memory, first, last, policy_keys, t, turn.scores, turn.arm
                )
                pull_each(rule, arms, truth, now, first, last, world_keys, t, turn)
                judge(truth, now, first, last, turn)
                if arms.drift > 0.0:
                    for i in range(first, last):
                        walk_on(arms, now.walk, i, drift_keys[i], t)
                    look(arms, phase, now.walk, first, last, truth)
            begin = stop
        look(arms, phase_at(arms, end), now.walk, first, last, truth)
        for i in range(first, last):
            now.t[i] += steps
            now.recent[i] += steps
