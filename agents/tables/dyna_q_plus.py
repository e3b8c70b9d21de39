"""Dyna-Q+: Dyna-Q that imagines a bonus for what it has not tried for long, and so finds out what has changed.

    Q(s, a) ← Q(s, a) + α [r + κ√τ + γ max_a' Q(s', a') − Q(s, a)]        in planning alone, where τ steps have
    passed since a was last tried in s                              (Sutton 1990; Sutton & Barto 2018, section 8.3)

Details: all actions of a visited state are planned with; one that was never tried is imagined to lead back to its
state and to pay 0, and its τ counts from the first step of all (the book's footnote to section 8.3). Real steps are
learnt from without a bonus. Else as Dyna-Q. What is judged is the greedy policy by q, bonuses included, which goes out
of its way to look around as long as κ lasts; what it earns meanwhile is the curve's reward.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.exploring.rules import Explore, highest
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined
from daedalus.core.draws import bits, uniform
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .dyna_q import DynaConfig, fresh_model, learn_really, model_ranges, place_of, remember_outcome
from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method, Shape

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class DynaPlusConfig(DynaConfig):
    """The settings of Dyna-Q, and the weight of the bonus."""

    kappa: float = 0.001

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.kappa < math.inf:
            raise UserError(f"kappa must be at least 0 and finite, not {self.kappa}")


class DynaPlusRule(NamedTuple):
    """The numbers of Dyna-Q+."""

    alpha: Rate
    gamma: float
    explore: Explore
    planning: int
    kappa: float


class TimedModel(NamedTuple):
    """The model of Dyna-Q, and when each pair was tried."""

    known: Ints  # (N,); so far as in `Model`
    place: Ints  # (N, S, A)
    state: Ints  # (N, S·A)
    action: Ints  # (N, S·A)
    reward: Floats  # (N, S·A)
    state_next: Ints  # (N, S·A)
    discount: Floats  # (N, S·A)
    tried: Ints  # (N, S·A), how many steps had been taken when the pair was last tried; 0: never


def fresh(shape: Shape, config: Any) -> TimedModel:
    """A model of nothing."""
    return TimedModel(*fresh_model(shape, config), np.zeros((shape.seeds, shape.states * shape.actions), np.int64))


@inlined
def learn(rule: DynaPlusRule, now: Population, own: TimedModel, move: Move) -> int:
    """Learn from the real step, remember it, and learn from imagined ones with a bonus; nothing is chosen ahead."""
    learn_really(rule, now, move)
    steps = move.t + 1
    if own.place[move.row, move.action] == 0:  # a state met for the first time: each of its actions leads back to it
        for untried in range(now.q.shape[1]):
            new = place_of(own, move, untried)
            own.state_next[move.i, new], own.discount[move.i, new] = move.state, rule.gamma
    own.tried[move.i, remember_outcome(rule.gamma, own, move)] = steps
    i, base, known = np.uint64(move.i), move.row - np.uint64(move.state), own.known[move.i]
    key = bits(move.learning, np.uint64(move.t))
    for n in range(rule.planning):
        at = np.uint64(int(uniform(key, np.uint64(n)) * known))
        row, action = base + np.uint64(own.state[i, at]), np.uint64(own.action[i, at])
        bonus = rule.kappa * math.sqrt(steps - own.tried[i, at])
        best = highest(now.q, base + np.uint64(own.state_next[i, at]))
        error = own.reward[i, at] + bonus + own.discount[i, at] * best - now.q[row, action]
        now.q[row, action] += step_size_at(rule.alpha, max(now.visits[row, action], 1), move.t) * error
    return -1


def rule(config: DynaPlusConfig) -> DynaPlusRule:
    """The rule of those settings."""
    return DynaPlusRule(step_size(config.alpha), config.gamma, config.strategy().rule, config.planning, config.kappa)


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("dyna_q_plus", rule, chosen, learn, run, fresh, model_ranges)


@final
class DynaQPlus(TableLearner):
    """Dyna-Q with a bonus `kappa`·√τ for actions that were last tried τ steps ago. Sutton 1990."""

    config_class = DynaPlusConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        epsilon: Number | str = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
        planning: int = 10,
        kappa: float = 0.001,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, {**settings, "planning": planning, "kappa": kappa})
