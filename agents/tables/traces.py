"""Eligibility traces: the pairs of the running episode that still answer for what happens, as a short list."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from daedalus.agents.exploring.basics import Explore
from daedalus.agents.exploring.rates import Rate, step_size, step_size_at
from daedalus.core.arrays import Floats, Ints, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.errors import UserError

from .config import TableConfig, check_lambda
from .loop import Move, Population
from .method import Shape

#: How a trace marks a pair that is met again; by their codes.
ACCUMULATING, REPLACING, DUTCH = range(3)
KINDS = {"accumulating": ACCUMULATING, "replacing": REPLACING, "dutch": DUTCH}


@dataclass(frozen=True)
class TraceConfig(TableConfig):
    """`TableConfig`, λ and where traces end."""

    lam: float = 0.9  # λ, in [0, 1]
    cutoff: float = 1e-4  # traces no larger are dropped

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lambda(self.lam)
        if not 0 <= self.cutoff < 1:
            raise UserError(f"cutoff must lie in [0, 1), not {self.cutoff}; traces no larger than that are dropped")


class Traces(NamedTuple):
    """The eligible pairs of each seed, the one met last at the end."""

    row: States  # (N, L), within the seed's table
    action: States  # (N, L)
    trace: Floats  # (N, L)
    kept: Ints  # (N,), how many are eligible
    before: Floats  # (N,), Q(s', a') of the last step, before it was learnt from


class TraceRule(NamedTuple):
    """The numbers of a learner with traces."""

    alpha: Rate
    gamma: float
    explore: Explore
    fading: float  # γλ, by which a trace fades at every step
    kind: int
    cutoff: float


def trace_rule(config: Any) -> TraceRule:
    """The rule of those settings."""
    fading, kind = config.gamma * config.lam, KINDS[config.trace]
    return TraceRule(step_size(config.alpha), config.gamma, config.strategy().rule, fading, kind, config.cutoff)


def _room(shape: Shape, config: Any) -> int:
    """L, how many pairs can be eligible: a trace is at most 1/(1 - γλ), and (γλ)^k of that after k steps."""
    pairs, fading = shape.states * shape.actions, config.gamma * config.lam
    if config.cutoff == 0 or fading == 1:
        return pairs
    steps = 0.0 if fading == 0 else math.log(config.cutoff * (1 - fading)) / math.log(fading)
    return min(pairs, math.ceil(steps) + 2)


def fresh(shape: Shape, config: Any) -> Traces:
    """Nothing eligible."""
    room = (shape.seeds, _room(shape, config))
    none = np.zeros(shape.seeds, np.int64)
    return Traces(np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room), none, np.zeros(shape.seeds))


def ranges(shape: Shape, config: Any) -> Mapping[str, tuple[int, int]]:
    """Where indices may lie."""
    return {"row": (0, shape.states), "action": (0, shape.actions), "kept": (0, _room(shape, config) + 1)}


@lean
def forget(own: Traces, i: int) -> None:
    """Drop all traces of seed i."""
    own.kept[i], own.before[i] = 0, 0.0


@inlined
def marked(trace: float, kind: int, alpha: float) -> float:
    """The trace of a pair that is met, faded already. Sutton & Barto 2018, eq. 12.5, section 12.10 and eq. 12.11."""
    if kind == REPLACING:
        return 1.0
    return trace + 1.0 if kind == ACCUMULATING else (1.0 - alpha) * trace + 1.0


@inlined
def credit(rule: TraceRule, now: Population, own: Traces, move: Move, error: float) -> None:
    """Let all traces fade, mark the pair of the step, and move every eligible pair by α · error · trace."""
    i, state, action, t = move.i, move.state, move.action, move.t
    base = np.int64(move.row) - state
    left, mine = 0, 0.0
    for k in range(own.kept[i]):
        trace, row, taken = own.trace[i, k] * rule.fading, own.row[i, k], own.action[i, k]
        if row == state and taken == action:
            mine = trace
        elif trace > rule.cutoff:
            own.row[i, left], own.action[i, left], own.trace[i, left] = row, taken, trace
            left += 1
            at = np.uint64(base + row)
            now.q[at, taken] += step_size_at(rule.alpha, now.visits[at, taken], t) * error * trace
    alpha = step_size_at(rule.alpha, now.visits[move.row, action], t)
    trace = marked(mine, rule.kind, alpha)
    own.row[i, left], own.action[i, left], own.trace[i, left] = state, action, trace
    own.kept[i] = left + 1
    now.q[move.row, action] += alpha * error * trace
