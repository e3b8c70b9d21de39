"""Double Q-learning: one table names the best action, the other tells what it is worth, so noise is not mistaken for
value.

    with probability ½:  Q₁(s, a) ← Q₁(s, a) + α [r + γ Q₂(s', argmax_a' Q₁(s', a')) − Q₁(s, a)]
    otherwise the same with Q₁ and Q₂ exchanged         (van Hasselt 2010; Sutton & Barto 2018, eq. 6.10)

Details: q is the mean of both tables, and actions are chosen by it, which is the same as choosing by their sum; both
begin at `initial`; the argmax breaks ties at random; a step size that goes by counts goes by each table's own.
"""

from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.basics import coin
from daedalus.agents.exploring.estimates import greedy
from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.arrays import Floats, Ints, Row
from daedalus.core.compiled import inlined
from daedalus.core.draws import bits
from daedalus.core.spec import Spec

from .config import TableConfig
from .learner import TableLearner
from .loop import Move, Population, chosen, twice
from .method import Method, OneStep, Shape, one_step, plain

if TYPE_CHECKING:
    from daedalus.agents.face import Place


class Twins(NamedTuple):
    """The two tables, and how often the first was updated; the second had all other visits."""

    first: Floats  # (N, S, A)
    second: Floats  # (N, S, A)
    updates: Ints  # (N, S, A)


def fresh(shape: Shape, config: TableConfig) -> Twins:
    """Two tables that have seen nothing."""
    return Twins(np.full(shape, config.initial), np.full(shape, config.initial), np.zeros(shape, np.int64))


@inlined
def double_q_target(
    reward: float, gamma: float, bootstrap: float, named: Floats, judge: Floats, row_next: Row, key: np.uint64
) -> float:
    """Van Hasselt 2010; Sutton & Barto 2018, eq. 6.10: `judge` values the action that `named` holds best.

    Draw 1 of the stream `key` breaks ties.
    """
    return float(reward + gamma * bootstrap * judge[row_next, greedy(named, row_next, key, 0)])


@inlined
def learn(rule: OneStep, now: Population, own: Twins, move: Move) -> int:
    """Move the entry of a table drawn by lot towards the target; nothing is chosen ahead."""
    row, action, t = move.row, move.action, move.t
    now.visits[row, action] += 1
    bootstrap = 0.0 if move.terminated else 1.0
    key = bits(move.learning, np.uint64(t))
    mine, other, n = own.first, own.second, own.updates[row, action] + 1
    if coin(key, 0) < 0.5:
        own.updates[row, action] = n
    else:
        mine, other, n = own.second, own.first, now.visits[row, action] - own.updates[row, action]
    target = double_q_target(move.reward, rule.gamma, bootstrap, mine, other, move.row_next, key)
    mine[row, action] += step_size_at(rule.alpha, n, t) * (target - mine[row, action])
    now.q[row, action] = 0.5 * (own.first[row, action] + own.second[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, target, t)
    return -1


run = twice(__name__, plain, decide=chosen, learn=learn)
METHOD = Method("double_q", one_step, chosen, learn, run, fresh)


@final
class DoubleQ(TableLearner):
    """Q-learning with two tables, free of the bias of a maximum over noise. Van Hasselt 2010."""

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
    ) -> None:
        super().__init__(
            env, seed, {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        )
