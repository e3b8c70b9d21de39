"""Learn the value of a policy from whole episodes: every-visit Monte Carlo, and the off-line λ-return.

    V(s) ← V(s) + α [G − V(s)] at the end of the episode, for each visit of it in turn
    Monte Carlo: G = r₁ + γ r₂ + γ² r₃ + …                            (Sutton & Barto 2018, eq. 6.1)
    λ-return:    G = r + γ [(1 − λ) V(s') + λ G'], the one of the next step G'     (eq. 12.2, 12.4)

Details: Monte Carlo is the λ-return with λ = 1; all G of an episode are made of the values that stood before it; where
a time limit cut the episode, the value of the state it was cut in stands for the rest, and so it does every `longest`
steps, the most that are remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.tables.config import check_lambda
from daedalus.agents.tables.loop import Move, Population, live
from daedalus.agents.tables.method import Method, Shape
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .config import PredictionConfig
from .given import enter, follow, uniform_chances
from .learner import PolicyLike, Predictor

if TYPE_CHECKING:
    from daedalus.agents.face import Place

AVERAGE = Spec("average")


@dataclass(frozen=True)
class MonteCarloConfig(PredictionConfig):
    """And how many steps of an episode are remembered. The step size is 1/n: values are means of returns."""

    alpha: Number = AVERAGE
    longest: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.longest <= 100_000_000:
            raise UserError(f"longest must be a number of steps from 1 to 100,000,000, not {self.longest}")


@dataclass(frozen=True)
class LambdaReturnConfig(MonteCarloConfig):
    """And λ, in [0, 1]; the step size is constant."""

    alpha: Number = 0.1
    lam: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lambda(self.lam)


class ReturnRule(NamedTuple):
    """The numbers of the learner."""

    alpha: Rate
    gamma: float
    lam: float


class Episode(NamedTuple):
    """The policy, and the running episode."""

    chances: Floats  # (N, S, A + 1)
    samples: Ints  # (N, S, 1), updates of each value
    states: Ints  # (N, longest)
    rewards: Floats  # (N, longest)
    held: Ints  # (N,)


def rule_of(config: MonteCarloConfig) -> ReturnRule:
    """The rule of those settings."""
    lam = config.lam if isinstance(config, LambdaReturnConfig) else 1.0
    return ReturnRule(step_size(config.alpha), config.gamma, lam)


def fresh(shape: Shape, config: MonteCarloConfig) -> Episode:
    """Nothing lived."""
    steps = (shape.seeds, config.longest)
    return Episode(
        uniform_chances(shape),
        np.zeros((shape.seeds, shape.states, 1), np.int64),
        np.zeros(steps, np.int64),
        np.zeros(steps),
        np.zeros(shape.seeds, np.int64),
    )


def ranges(shape: Shape, config: MonteCarloConfig) -> Mapping[str, tuple[int, int]]:
    """What the steps may be."""
    return {"states": (0, shape.states), "held": (0, config.longest)}


@inlined
def forget(own: Episode, i: int) -> None:
    """Drop the episode."""
    own.held[i] = 0


@inlined
def learn(rule: ReturnRule, now: Population, own: Episode, move: Move) -> int:
    """Keep the step, and learn where the episode is over."""
    i, held = move.i, own.held[move.i]
    now.visits[move.row, 0] += 1
    own.states[i, held], own.rewards[i, held] = move.state, move.reward
    own.held[i] = held + 1
    if move.ended or held + 1 == own.states.shape[1]:
        settle(rule, now, own, move)
    return -1


@lean
def settle(rule: ReturnRule, now: Population, own: Episode, move: Move) -> None:
    """Make returns of the rewards, from the last to the first, and move the values, from the first to the last."""
    i, v = move.i, now.q
    base = i * (v.shape[0] // now.t.size)
    value_next = 0.0 if move.terminated else v[base + move.state_next, 0]
    gain = value_next
    for step in range(own.held[i] - 1, -1, -1):
        gain = own.rewards[i, step] + rule.gamma * ((1.0 - rule.lam) * value_next + rule.lam * gain)
        own.rewards[i, step] = gain
        value_next = v[base + own.states[i, step], 0]
    for step in range(own.held[i]):
        row = base + own.states[i, step]
        own.samples[row, 0] += 1
        v[row, 0] += step_size_at(rule.alpha, own.samples[row, 0], move.t) * (own.rewards[i, step] - v[row, 0])
    own.held[i] = 0


run = bind(live, __name__, decide=follow, learn=learn)
MONTE_CARLO = Method("mc_prediction", rule_of, follow, learn, run, fresh, ranges, forget, enter, of_states=True)
LAMBDA_RETURN = Method("lambda_return", rule_of, follow, learn, run, fresh, ranges, forget, enter, of_states=True)


@final
class MonteCarloPrediction(Predictor):
    """Every-visit Monte Carlo: learns the value of a given policy from whole returns."""

    method = MONTE_CARLO
    config_class = MonteCarloConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = "average",
        gamma: float = 0.99,
        policy: PolicyLike = "random",
        initial: float = 0.0,
        longest: int = 10_000,
    ) -> None:
        super().__init__(env, seed, {"alpha": alpha, "gamma": gamma, "initial": initial, "longest": longest}, policy)


@final
class LambdaReturn(Predictor):
    """The off-line λ-return algorithm: learns the value of a given policy at the end of each episode."""

    method = LAMBDA_RETURN
    config_class = LambdaReturnConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        policy: PolicyLike = "random",
        initial: float = 0.0,
        longest: int = 10_000,
        lam: float = 0.9,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "initial": initial, "longest": longest, "lam": lam}
        super().__init__(env, seed, settings, policy)
