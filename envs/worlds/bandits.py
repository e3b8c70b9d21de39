"""Bandits: the testbed of Sutton & Barto and its sisters, one that switches and one that deceives."""

from typing import Literal

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import LONGEST, Bandit
from daedalus.envs.naming import at_least, typed

Reward = Literal["gaussian", "bernoulli", "uniform", "exponential", "constant"]

_REWARDS = ("gaussian", "bernoulli", "uniform", "exponential", "constant")


def bandit(
    law: Reward = "gaussian",
    arms: int = 10,
    seed: int = 0,
    drift: float = 0.0,
    mean: float = 0.0,
    spread: float = 1.0,
    noise: float = 1.0,
) -> Bandit:
    """A k-armed bandit whose true values are drawn once, at construction.

    ## Description
    Pull one of several arms, again and again. Finding the best arm costs pulls, and every pull of another arm is a
    loss. `law="gaussian"` is the 10-armed testbed: true values from N(0, 1), rewards from N(true value, 1). The true
    values of the other laws are from U(0, 1), and an arm pays: "bernoulli" 1 with that probability, else 0;
    "uniform" anything within ½ of it; "exponential" an amount of that mean; "constant" just that. With `drift` the
    true values walk at random, all arms at every pull, and what was learnt goes stale.

    ## Action Space
    `Discrete(arms)`: the arm to pull.

    ## Observation Space
    `Discrete(1)`: always 0.

    ## Starting State
    0.

    ## Rewards
    Drawn from the law of the arm.

    ## Episode End
    Every pull terminates its episode.

    ## Arguments
    - `law`: "gaussian", "bernoulli", "uniform", "exponential" or "constant".
    - `arms`: at least 2.
    - `seed`: draws the true values, not the rewards. In a comparison that gives no seed, seed i of every agent
      meets the arms of `seed=i`.
    - `drift`: the standard deviation of the step that every true value takes after each pull; a Bernoulli arm's
      turns back at 0 and 1. Exercise 2.5 of Sutton & Barto is `drift=0.01,spread=0`.
    - `mean`, `spread`: the mean and standard deviation of a Gaussian bandit's true values.
    - `noise`: the standard deviation of its rewards around them.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, sections 2.3 and 2.5.

    ## Version History
    - v0: first version.
    """
    given = {"law": law, "arms": arms, "seed": seed, "drift": drift, "mean": mean, "spread": spread, "noise": noise}
    name = typed("daedalus/Bandit-v0", bandit, given)
    _check_arms(name, law, arms, seed)
    if law != "gaussian" and (mean, spread, noise) != (0.0, 1.0, 1.0):
        raise UserError(f"{name}: mean, spread and noise belong to law=gaussian")
    if not (0 <= spread < np.inf and abs(mean) < np.inf):
        raise UserError(f"{name}: mean and spread must be finite, and spread at least 0")
    means = mean + spread * _true_values(law, generator(seed, "arms"), (arms,))
    return Bandit(name, law, means, noise, drift=drift)


def switching_bandit(
    law: Reward = "gaussian",
    arms: int = 10,
    period: int = 1000,
    phases: int = 10,
    change: Literal["redraw", "permute"] = "redraw",
    seed: int = 0,
) -> Bandit:
    """A bandit whose true values change abruptly, again and again.

    ## Description
    For `period` pulls the true values stay, then others take their place at once, and nothing tells the agent.
    Whoever trusts the average of all rewards keeps pulling yesterday's best arm. There are `phases` sets of true
    values, which come round again after the last. The laws are those of `daedalus/Bandit-v0`.

    ## Action Space
    `Discrete(arms)`: the arm to pull.

    ## Observation Space
    `Discrete(1)`: always 0.

    ## Starting State
    0.

    ## Rewards
    Drawn from the law of the arm.

    ## Episode End
    Every pull terminates its episode; the changes go by the pulls since seeding.

    ## Arguments
    - `law`: "gaussian", "bernoulli", "uniform", "exponential" or "constant".
    - `arms`: at least 2.
    - `period`: pulls from one change to the next.
    - `phases`: how many sets of true values there are, at least 2.
    - `change`: "redraw" draws new true values for every phase; "permute" deals the same ones to other arms.
    - `seed`: draws the true values, not the rewards. In a comparison that gives no seed, seed i of every agent
      meets those of `seed=i`.

    ## References
    A. Garivier and E. Moulines, On upper-confidence bound policies for switching bandit problems, ALT 2011.

    ## Version History
    - v0: first version.
    """
    given = {"law": law, "arms": arms, "period": period, "phases": phases, "change": change, "seed": seed}
    name = typed("daedalus/SwitchingBandit-v0", switching_bandit, given)
    _check_arms(name, law, arms, seed)
    at_least(name, 1, period=period)
    at_least(name, 2, phases=phases)
    check_size(phases, arms, 1)
    if phases * period > LONGEST:
        raise UserError(f"{name}: phases times period must be at most {LONGEST:,} pulls")
    if change not in ("redraw", "permute"):
        raise unknown(f"{name}: change", change, ("redraw", "permute"))
    rng = generator(seed, "arms")
    if change == "redraw":
        means = _true_values(law, rng, (phases, arms))
    else:
        means = rng.permuted(np.tile(_true_values(law, rng, (arms,)), (phases, 1)), axis=1)
    return Bandit(name, law, means, since=np.arange(phases) * period, period=phases * period)


def adversarial_bandit(arms: int = 8, gap: float = 0.125, seed: int = 0) -> Bandit:
    """A schedule of rewards, set in advance, that deceives whoever trusts averages.

    ## Description
    One arm is the best at every moment, by `gap`. But bad times and good times take turns, each 1.6 times as long as
    the one before: in bad times the best arm pays 1 with probability `gap` and the others never, in good times the
    best always pays and the others with probability 1 − `gap`. An arm's average says more about when it was
    pulled than about the arm: after each change those pulled of late look better, or worse, than all others.
    Of 8 arms, random pulls miss the best one in 88 % of all pulls and greedy ones, caught at once, in 90 %. UCB1 is
    slow to see through it: it misses in 71 % of the first 2,000 pulls, in 59 % of 20,000 and in 55 % of 200,000;
    ε-greedy (0.1) in 59, 40 and 29 %. A randomised strategy such as Exp3 learns the best arm. The schedule is
    oblivious: it does not look at what the agent does.

    ## Action Space
    `Discrete(arms)`: the arm to pull.

    ## Observation Space
    `Discrete(1)`: always 0.

    ## Starting State
    0.

    ## Rewards
    0 or 1.

    ## Episode End
    Every pull terminates its episode; the times change by the pulls since seeding, the first after one pull.

    ## Arguments
    - `arms`: at least 2.
    - `gap`: how much more often the best arm pays, above 0 and at most 1.
    - `seed`: draws which arm is the best. In a comparison that gives no seed, seed i of every agent meets that of
      `seed=i`.

    ## References
    J. Zimmert and Y. Seldin, Tsallis-INF: an optimal algorithm for stochastic and adversarial bandits, Journal of
    Machine Learning Research 22, 2021: their stochastically constrained adversary.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/AdversarialBandit-v0", adversarial_bandit, {"arms": arms, "gap": gap, "seed": seed})
    _check_arms(name, "bernoulli", arms, seed)
    if not 0 < gap <= 1:
        raise UserError(f"{name}: gap must lie in (0, 1], not {gap}")
    lengths = np.ceil(1.6 ** np.arange(_TIMES)).astype(np.int64)
    good = np.arange(_TIMES) % 2 == 1
    means = np.where(good[:, None], np.full(arms, 1.0 - gap), 0.0)
    means[:, generator(seed, "arms").integers(arms)] = np.where(good, 1.0, gap)
    return Bandit(name, "bernoulli", means, since=np.cumsum(lengths) - lengths)


_TIMES = 80  # good and bad ones; longer than any run


def _check_arms(name: str, law: str, arms: int, seed: int) -> None:
    at_least(name, 2, arms=arms)
    at_least(name, 0, seed=seed)
    check_size(1, arms, 1)
    if law not in _REWARDS:
        raise unknown(f"{name}: law", law, _REWARDS)


def _true_values(law: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.standard_normal(shape) if law == "gaussian" else rng.random(shape)
