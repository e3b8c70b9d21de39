"""TD(λ): learn the value of a policy by a trace of where one has been.

    δ = r + γ V(s') − V(s),   e ← γ λ e,   e(s) ← e(s) + 1,   V ← V + α δ e for every state
                                                    (Sutton 1988; Sutton & Barto 2018, eq. 12.5–12.7)
    dutch: true online TD(λ), which equals the online λ-return exactly
    e(s) ← e(s) + 1 − α e(s),   V ← V + α (δ + V(s) − V_old) e,   V(s) ← V(s) − α (V(s) − V_old)
                                                    (van Seijen & Sutton 2014; Sutton & Barto 2018, eq. 12.10)

Details: `replacing` sets e(s) to 1 (Singh & Sutton 1996); only states with a trace of at least 1e-12 are updated; a
step size that changes is that of the state just left, for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.tables.config import check_lambda
from daedalus.agents.tables.loop import Move, Population, live
from daedalus.agents.tables.method import Method, Shape
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean

from .config import PredictionConfig
from .given import enter, follow, uniform_chances
from .learner import PolicyLike, Predictor

if TYPE_CHECKING:
    from daedalus.agents.face import Place

Trace = Literal["accumulating", "replacing", "dutch"]
ACCUMULATING, REPLACING, DUTCH = range(3)
_CODES = {"accumulating": ACCUMULATING, "replacing": REPLACING, "dutch": DUTCH}

_FADED = 1e-12  # traces below are dropped


@dataclass(frozen=True)
class LambdaConfig(PredictionConfig):
    """And how traces decay and grow."""

    lam: float = 0.9  # λ, in [0, 1]
    trace: Trace = "accumulating"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lambda(self.lam)


class LambdaRule(NamedTuple):
    """The numbers of the learner."""

    alpha: Rate
    gamma: float
    lam: float
    trace: int


class Traces(NamedTuple):
    """The policy, and the traces of the episode."""

    chances: Floats  # (N, S, A + 1)
    trace: Floats  # (N, S, 1)
    traced: Ints  # (N, S), the states that have a trace; `many` of them
    many: Ints  # (N,)
    old: Floats  # (N,), V(s) as it was one step ago


def rule_of(config: LambdaConfig) -> LambdaRule:
    """The rule of those settings."""
    return LambdaRule(step_size(config.alpha), config.gamma, config.lam, _CODES[config.trace])


def fresh(shape: Shape, config: LambdaConfig) -> Traces:
    """No traces."""
    states, one = (shape.seeds, shape.states), shape.seeds
    return Traces(
        uniform_chances(shape),
        np.zeros((*states, 1)),
        np.zeros(states, np.int64),
        np.zeros(one, np.int64),
        np.zeros(one),
    )


def ranges(shape: Shape, config: LambdaConfig) -> Mapping[str, tuple[int, int]]:
    """What the lists may hold."""
    return {"traced": (0, shape.states), "many": (0, shape.states + 1)}


@lean
def forget(own: Traces, i: int) -> None:
    """Drop the traces."""
    rows = own.trace.shape[0] // own.many.size
    for place in range(own.many[i]):
        own.trace[i * rows + own.traced[i, place], 0] = 0.0
    own.many[i], own.old[i] = 0, 0.0


@lean
def fade(own: Traces, i: int, base: int, decay: float) -> None:
    """Let all traces decay; drop those that are as good as none."""
    for place in range(own.many[i] - 1, -1, -1):
        row = base + own.traced[i, place]
        own.trace[row, 0] *= decay
        if abs(own.trace[row, 0]) < _FADED:
            own.trace[row, 0] = 0.0
            own.many[i] -= 1
            own.traced[i, place] = own.traced[i, own.many[i]]


@inlined
def learn(rule: LambdaRule, now: Population, own: Traces, move: Move) -> int:
    """Move every state with a trace."""
    now.visits[move.row, 0] += 1
    spread(rule, now, own, move)
    if move.ended:
        forget(own, move.i)
    return -1


@lean
def spread(rule: LambdaRule, now: Population, own: Traces, move: Move) -> None:
    """The traces of this step, and the update by them."""
    i, v, trace = move.i, now.q, own.trace
    base = i * (v.shape[0] // now.t.size)
    row, alpha = base + move.state, step_size_at(rule.alpha, now.visits[move.row, 0], move.t)
    fade(own, i, base, rule.gamma * rule.lam)
    if trace[row, 0] == 0.0:
        own.traced[i, own.many[i]] = move.state
        own.many[i] += 1
    if rule.trace == DUTCH:
        trace[row, 0] += 1.0 - alpha * trace[row, 0]
    else:
        trace[row, 0] = 1.0 + (trace[row, 0] if rule.trace == ACCUMULATING else 0.0)
    value, value_next = v[row, 0], 0.0 if move.terminated else v[base + move.state_next, 0]
    delta = move.reward + rule.gamma * value_next - value
    late = value - own.old[i] if rule.trace == DUTCH else 0.0
    for place in range(own.many[i]):
        other = base + own.traced[i, place]
        v[other, 0] += alpha * (delta + late) * trace[other, 0]
    v[row, 0] -= alpha * late
    own.old[i] = value_next


run = bind(live, __name__, decide=follow, learn=learn)
METHOD = Method("td_lambda", rule_of, follow, learn, run, fresh, ranges, forget, enter, of_states=True)


@final
class TDLambda(Predictor):
    """TD(λ): learns the value of a given policy by traces. Sutton 1988; `trace="dutch"`: true online."""

    method = METHOD
    config_class = LambdaConfig

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        policy: PolicyLike = "random",
        initial: float = 0.0,
        lam: float = 0.9,
        trace: Trace = "accumulating",
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "initial": initial, "lam": lam, "trace": trace}
        super().__init__(env, seed, settings, policy)
