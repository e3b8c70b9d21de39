"""Prioritised sweeping: plan first where a value would change most, and then backwards from there.

    P ← |r + γ max_a' Q(s', a') − Q(s, a)|; where P > θ, (s, a) joins the queue with priority P; then n times:
    the first of the queue is learnt from its model, and so is the priority of every pair that leads to its state
                    (Moore & Atkeson 1993; Peng & Williams 1993; Sutton & Barto 2018, section 8.4)

Details: the book's algorithm for deterministic worlds: a pair's model is its last outcome, and a real step is learnt
from through the queue alone. The queue is a binary heap in which a pair stands once, with the highest priority that
it was given; what is left in it waits for the next step. Whoever leads to a state is kept in a list that changes with
the model. The targets that a strategy observes are those of real steps.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.exploring.rules import Explore, highest, observe
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .dyna_q import DynaConfig, fresh_model, model_ranges, place_of, remember_outcome
from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method, Shape

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class SweepingConfig(DynaConfig):
    """The settings of Dyna-Q, and what is too small a change to plan for."""

    theta: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.theta < math.inf:
            raise UserError(f"theta must be at least 0 and finite, not {self.theta}")


class SweepingRule(NamedTuple):
    """The numbers of prioritised sweeping."""

    alpha: Rate
    gamma: float
    explore: Explore
    planning: int
    theta: float


class Queue(NamedTuple):
    """The model of Dyna-Q, who leads to each state, and the queue. A pair is named by its place, counted from 1."""

    known: Ints  # (N,); so far as in `dyna_q.Model`
    place: Ints  # (N, S, A)
    state: Ints  # (N, S·A)
    action: Ints  # (N, S·A)
    reward: Floats  # (N, S·A)
    state_next: Ints  # (N, S·A)
    discount: Floats  # (N, S·A)
    first: Ints  # (N, S), the first of the pairs that lead to a state; 0: none
    after: Ints  # (N, S·A + 1), the next pair that leads where this one does; 0: none
    before: Ints  # (N, S·A + 1), the one before it
    queued: Ints  # (N,), how many pairs wait
    heap: Ints  # (N, S·A + 1), they, from entry 1 on; nobody goes before the one at half its entry
    entry: Ints  # (N, S·A + 1), where in the heap a pair stands; 0: nowhere
    priority: Floats  # (N, S·A + 1), of each pair that waits


def fresh(shape: Shape, config: SweepingConfig) -> Queue:
    """A model of nothing, and an empty queue."""
    pairs = (shape.seeds, shape.states * shape.actions + 1)
    after, before, heap, entry = (np.zeros(pairs, np.int64) for _ in range(4))
    first, queued = np.zeros((shape.seeds, shape.states), np.int64), np.zeros(shape.seeds, np.int64)
    return Queue(
        **fresh_model(shape, config)._asdict(),
        first=first,
        after=after,
        before=before,
        queued=queued,
        heap=heap,
        entry=entry,
        priority=np.zeros(pairs),
    )


def ranges(shape: Shape, config: SweepingConfig) -> dict[str, tuple[int, int]]:
    """What the whole numbers may be."""
    pairs = (0, shape.states * shape.actions + 1)
    linked = ("first", "after", "before", "queued", "heap", "entry")
    return model_ranges(shape, config) | dict.fromkeys(linked, pairs)


@lean
def lead_on(own: Queue, pair: int, move: Move) -> None:
    """Move the pair of a step from the list of the state where it last led to that of the state where it leads now.

    A pair that leads to an end is in no list.
    """
    i, state = move.i, move.state_next
    old, after, before = own.state_next[i, pair - 1], own.after[i, pair], own.before[i, pair]
    if before > 0:
        own.after[i, before] = after
    elif own.first[i, old] == pair:
        own.first[i, old] = after
    if after > 0:
        own.before[i, after] = before
    own.after[i, pair], own.before[i, pair] = 0, 0
    if move.terminated:
        return
    head = own.first[i, state]
    own.after[i, pair] = head
    if head > 0:
        own.before[i, head] = pair
    own.first[i, state] = pair


@lean
def push(own: Queue, i: int, pair: int, priority: float) -> None:
    """Let a pair wait with that priority, or with the one it has, if that is higher."""
    at = own.entry[i, pair]
    if at == 0:
        own.queued[i] += 1
        at = own.queued[i]
    elif own.priority[i, pair] >= priority:
        return
    own.priority[i, pair] = priority
    while at > 1 and own.priority[i, own.heap[i, at // 2]] < priority:
        _stand(own, i, at, own.heap[i, at // 2])
        at //= 2
    _stand(own, i, at, pair)


@lean
def pop(own: Queue, i: int) -> int:
    """Take the pair of highest priority off the queue, which must not be empty."""
    found, size = own.heap[i, 1], own.queued[i] - 1
    last = own.heap[i, size + 1]
    own.queued[i], own.entry[i, found] = size, 0
    if size == 0:
        return int(found)
    at, priority = 1, own.priority[i, last]
    while 2 * at <= size:
        child = 2 * at
        if child < size and own.priority[i, own.heap[i, child + 1]] > own.priority[i, own.heap[i, child]]:
            child += 1
        if own.priority[i, own.heap[i, child]] <= priority:
            break
        _stand(own, i, at, own.heap[i, child])
        at = child
    _stand(own, i, at, last)
    return int(found)


@inlined
def _stand(own: Queue, i: int, at: int, pair: int) -> None:
    own.heap[i, at], own.entry[i, pair] = pair, at


@lean
def surprise(now: Population, own: Queue, i: int, base: int, pair: int) -> float:
    """By how much the model of a pair disagrees with its value: r + γ max Q(s', a') − Q(s, a)."""
    row, action = base + own.state[i, pair - 1], own.action[i, pair - 1]
    best = highest(now.q, base + own.state_next[i, pair - 1])
    return float(own.reward[i, pair - 1] + own.discount[i, pair - 1] * best - now.q[row, action])


@lean
def sweep(rule: SweepingRule, now: Population, own: Queue, i: int, t: int) -> None:
    """Learn from the model of the first pairs of the queue, `planning` at the most."""
    base = i * (now.q.shape[0] // now.t.size)
    for _ in range(rule.planning):
        if own.queued[i] == 0:
            return
        pair = pop(own, i)
        state, action = own.state[i, pair - 1], own.action[i, pair - 1]
        alpha = step_size_at(rule.alpha, now.visits[base + state, action], t)
        now.q[base + state, action] += alpha * surprise(now, own, i, base, pair)
        leading = own.first[i, state]
        while leading > 0:
            priority = abs(surprise(now, own, i, base, leading))
            if priority > rule.theta:
                push(own, i, leading, priority)
            leading = own.after[i, leading]


@inlined
def learn(rule: SweepingRule, now: Population, own: Queue, move: Move) -> int:
    """Remember the real step and plan by priority; nothing is chosen ahead."""
    row, action, i = move.row, move.action, move.i
    now.visits[row, action] += 1
    pair = place_of(own, move, action) + 1
    lead_on(own, pair, move)
    remember_outcome(rule.gamma, own, move)
    error = surprise(now, own, i, i * (now.q.shape[0] // now.t.size), pair)
    observe(rule.explore, now.visits, now.memory, row, action, error + now.q[row, action], move.t)
    if abs(error) > rule.theta:
        push(own, i, pair, abs(error))
    sweep(rule, now, own, i, move.t)
    return -1


def rule(config: SweepingConfig) -> SweepingRule:
    """The rule of those settings."""
    return SweepingRule(step_size(config.alpha), config.gamma, config.strategy().rule, config.planning, config.theta)


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("prioritized_sweeping", rule, chosen, learn, run, fresh, ranges)


@final
class PrioritizedSweeping(TableLearner):
    """Plans where values would change most, and backwards from there. Moore & Atkeson 1993."""

    config_class = SweepingConfig
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
        theta: float = 1e-4,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, {**settings, "planning": planning, "theta": theta})
