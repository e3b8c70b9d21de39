"""n-step TD: learn the value of a policy from n rewards and the value of where they led.

    G = r₁ + γ r₂ + … + γ^(n−1) r_n + γ^n V(s_n)
    V(s) ← V(s) + α [G − V(s)]        (Watkins 1989; Sutton & Barto 2018, eq. 7.1 and 7.2)

Details: a state's value moves n steps after its visit; where the episode ends before, by the rewards up to there, the
oldest state first, and where a time limit cut it, with the value of the state it was cut in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.tables.loop import Move, Population, live
from daedalus.agents.tables.method import Method, Shape
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError

from .config import PredictionConfig
from .given import enter, follow, uniform_chances
from .learner import PolicyLike, Predictor

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class NStepConfig(PredictionConfig):
    """And the number of rewards."""

    n: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.n <= 100_000:
            raise UserError(f"n must be a number of steps from 1 to 100,000, not {self.n}")


class NStepRule(NamedTuple):
    """The numbers of the learner."""

    alpha: Rate
    gamma: float


class LastSteps(NamedTuple):
    """The policy, and the last steps of the episode, of which `held` begin at `first` and go round."""

    chances: Floats  # (N, S, A + 1)
    samples: Ints  # (N, S, 1), updates of each value
    states: Ints  # (N, n)
    rewards: Floats  # (N, n)
    first: Ints  # (N,)
    held: Ints  # (N,)


def rule_of(config: NStepConfig) -> NStepRule:
    """The rule of those settings."""
    return NStepRule(step_size(config.alpha), config.gamma)


def fresh(shape: Shape, config: NStepConfig) -> LastSteps:
    """Nothing lived."""
    steps, one = (shape.seeds, config.n), shape.seeds
    return LastSteps(
        uniform_chances(shape),
        np.zeros((shape.seeds, shape.states, 1), np.int64),
        np.zeros(steps, np.int64),
        np.zeros(steps),
        np.zeros(one, np.int64),
        np.zeros(one, np.int64),
    )


def ranges(shape: Shape, config: NStepConfig) -> Mapping[str, tuple[int, int]]:
    """What the steps may be."""
    return {"states": (0, shape.states), "first": (0, config.n), "held": (0, config.n)}


@inlined
def forget(own: LastSteps, i: int) -> None:
    """Drop the last steps."""
    own.held[i] = 0


@inlined
def learn(rule: NStepRule, now: Population, own: LastSteps, move: Move) -> int:
    """Keep the step, and update where n of them are known."""
    i, n = move.i, own.states.shape[1]
    now.visits[move.row, 0] += 1
    place = (own.first[i] + own.held[i]) % n
    own.states[i, place], own.rewards[i, place] = move.state, move.reward
    own.held[i] += 1
    if own.held[i] == n or move.ended:
        settle(rule, now, own, move)
    return -1


@lean
def settle(rule: NStepRule, now: Population, own: LastSteps, move: Move) -> None:
    """Update the oldest state; where the episode is over, all of them."""
    i, n = move.i, own.states.shape[1]
    base = i * (now.q.shape[0] // now.t.size)
    while own.held[i] > 0:
        target = 0.0 if move.terminated else now.q[move.row_next, 0]
        for back in range(own.held[i] - 1, -1, -1):
            target = own.rewards[i, (own.first[i] + back) % n] + rule.gamma * target
        row = base + own.states[i, own.first[i]]
        own.samples[row, 0] += 1
        now.q[row, 0] += step_size_at(rule.alpha, own.samples[row, 0], move.t) * (target - now.q[row, 0])
        own.first[i] = (own.first[i] + 1) % n
        own.held[i] -= 1
        if not move.ended:
            return


run = bind(live, __name__, decide=follow, learn=learn)
METHOD = Method("n_step_td", rule_of, follow, learn, run, fresh, ranges, forget, enter, of_states=True)


@final
class NStepTD(Predictor):
    """n-step TD: learns the value of a given policy from n rewards at a time. Watkins 1989."""

    method = METHOD
    config_class = NStepConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        policy: PolicyLike = "random",
        initial: float = 0.0,
        n: int = 4,
    ) -> None:
        super().__init__(env, seed, {"alpha": alpha, "gamma": gamma, "initial": initial, "n": n}, policy)
