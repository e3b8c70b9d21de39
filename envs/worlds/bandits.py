"""Bandits: the k-armed testbed of Sutton & Barto and its Bernoulli sister."""

from typing import Literal

from daedalus.core.errors import unknown
from daedalus.core.mdp import check_size
from daedalus.core.rng import generator
from daedalus.core.world import Bandit

from daedalus.envs.naming import at_least, typed

Law = Literal["gaussian", "bernoulli"]


def bandit(law: Law = "gaussian", arms: int = 10, seed: int = 0) -> Bandit:
    """A k-armed bandit whose true values are drawn once, at construction.

    ## Description
    Pull one of several arms, again and again. The true values never change; finding the best arm costs pulls, and
    every pull of another arm is a loss. `law="gaussian"` is the 10-armed testbed: true values from N(0, 1),
    rewards from N(true value, 1). `law="bernoulli"`: true values from U(0, 1), an arm pays 1 with that probability.

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
    - `law`: "gaussian" or "bernoulli".
    - `arms`: at least 2.
    - `seed`: draws the true values, not the rewards. In a comparison that gives no seed, seed i of every agent
      meets the arms of `seed=i`.

    ## References
    R. Sutton and A. Barto, Reinforcement Learning: An Introduction, 2nd edition, 2018, section 2.3.

    ## Version History
    - v0: first version.
    """
    name = typed("daedalus/Bandit-v0", bandit, {"law": law, "arms": arms, "seed": seed})
    at_least(name, 2, arms=arms)
    at_least(name, 0, seed=seed)
    check_size(1, arms, 1)
    if law not in ("gaussian", "bernoulli"):
        raise unknown(f"{name}: law", law, ("gaussian", "bernoulli"))
    rng = generator(seed, "arms")
    return Bandit(name, law, rng.standard_normal(arms) if law == "gaussian" else rng.random(arms))
