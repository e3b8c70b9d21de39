"""Dyna-Q: after every real step, learn from n steps that are only remembered.

    Q(s, a) ← Q(s, a) + α [r + γ max_a' Q(s', a') − Q(s, a)]        for the real step, then n times for
    (s, a) drawn evenly from all pairs ever met, and (r, s') = Model(s, a)
                                                (Sutton 1990; Sutton & Barto 2018, section 8.2, "Tabular Dyna-Q")

Details: the model of a pair is its last outcome, as in the book, where worlds are deterministic; in a random world it
is one draw of what may happen, which the next visit replaces. A time limit is no end of the world, in the model
neither. Step sizes by counts go by real visits.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.exploring.rules import Explore, highest, observe
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined
from daedalus.core.draws import bits, uniform
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .config import TableConfig
from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method, Shape
from .q_learning import q_target

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class DynaConfig(TableConfig):
    """The settings of a table, and how much it plans."""

    planning: int = 10  # imagined steps after each real one

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.planning < 0:
            raise UserError(f"planning must be a number of steps, at least 0, not {self.planning}")


class DynaRule(NamedTuple):
    """The numbers of Dyna-Q."""

    alpha: Rate
    gamma: float
    explore: Explore
    planning: int


class Model(NamedTuple):
    """The last outcome of every pair that was met; all but `known` and `place` are lists in the order of meeting."""

    known: Ints  # (N,), how many pairs there are
    place: Ints  # (N, S, A), where a pair stands in the lists, from 1; 0: nowhere
    state: Ints  # (N, S·A)
    action: Ints  # (N, S·A)
    reward: Floats  # (N, S·A)
    state_next: Ints  # (N, S·A)
    discount: Floats  # (N, S·A), γ, or 0 where the world ended


def fresh_model(shape: Shape, config: Any) -> Model:
    """A model of nothing."""
    pairs = (shape.seeds, shape.states * shape.actions)
    whole, real = np.zeros(pairs, np.int64), np.zeros(pairs)
    lists = whole, whole.copy(), real, whole.copy(), real.copy()
    return Model(np.zeros(shape.seeds, np.int64), np.zeros(shape, np.int64), *lists)


def model_ranges(shape: Shape, config: Any) -> dict[str, tuple[int, int]]:
    """What the whole numbers of a model may be."""
    pairs = shape.states * shape.actions
    states = (0, shape.states)
    return {
        "known": (0, pairs + 1),
        "place": (0, pairs + 1),
        "state": states,
        "action": (0, shape.actions),
        "state_next": states,
    }


@inlined
def place_of(own: Any, move: Move, action: int) -> int:
    """Where a pair of the state stands in the lists; it is entered where it was not."""
    i, at = move.i, own.place[move.row, action] - 1
    if at < 0:
        at = own.known[i]
        own.known[i] = at + 1
        own.place[move.row, action] = at + 1
        own.state[i, at], own.action[i, at] = move.state, action
    return int(at)


@inlined
def remember_outcome(gamma: float, own: Any, move: Move) -> int:
    """Model(s, a) ← (r, s'); return where the pair stands in the lists."""
    i, at = move.i, place_of(own, move, move.action)
    own.reward[i, at], own.discount[i, at] = move.reward, 0.0 if move.terminated else gamma
    own.state_next[i, at] = move.state if move.terminated else move.state_next  # what an end looks like is no matter
    return at


@inlined
def learn_really(rule: Any, now: Population, move: Move) -> None:
    """Q-learning from the real step. Sutton & Barto 2018, eq. 6.8."""
    row, action = move.row, move.action
    now.visits[row, action] += 1
    target = q_target(move.reward, rule.gamma, 0.0 if move.terminated else 1.0, now.q, move.row_next)
    now.q[row, action] += step_size_at(rule.alpha, now.visits[row, action], move.t) * (target - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, target, move.t)


@inlined
def learn(rule: DynaRule, now: Population, own: Model, move: Move) -> int:
    """Learn from the real step, remember it, and learn from imagined ones; nothing is chosen ahead."""
    learn_really(rule, now, move)
    remember_outcome(rule.gamma, own, move)
    i, base, known = np.uint64(move.i), move.row - np.uint64(move.state), own.known[move.i]
    key = bits(move.learning, np.uint64(move.t))
    for n in range(rule.planning):
        at = np.uint64(int(uniform(key, np.uint64(n)) * known))
        row, action = base + np.uint64(own.state[i, at]), np.uint64(own.action[i, at])
        best = highest(now.q, base + np.uint64(own.state_next[i, at]))
        error = own.reward[i, at] + own.discount[i, at] * best - now.q[row, action]
        now.q[row, action] += step_size_at(rule.alpha, now.visits[row, action], move.t) * error
    return -1


def dyna_rule(config: DynaConfig) -> DynaRule:
    """The rule of those settings."""
    return DynaRule(step_size(config.alpha), config.gamma, config.strategy().rule, config.planning)


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("dyna_q", dyna_rule, chosen, learn, run, fresh_model, model_ranges)


@final
class DynaQ(TableLearner):
    """Q-learning that also learns from remembered steps, `planning` of them after each real one. Sutton 1990."""

    config_class = DynaConfig
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
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, {**settings, "planning": planning})
