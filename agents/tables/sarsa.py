"""Sarsa: learn the value of the policy that is followed, exploration included.

    Q(s, a) ← Q(s, a) + α [r + γ Q(s', a') − Q(s, a)]        (Rummery & Niranjan 1994; Sutton & Barto 2018, eq. 6.7)

Details: it chooses its next action before it updates, as in the book; where a time limit cuts the episode it bootstraps
from an action that is drawn but never taken.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, chosen_ahead, twice
from .method import Method, Nothing, OneStep, one_step, plain

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def sarsa_target(reward: float, gamma: float, bootstrap: float, q: Floats, row_next: Row, action_next: int) -> float:
    """Rummery & Niranjan 1994; Sutton & Barto 2018, eq. 6.7."""
    return float(reward + gamma * bootstrap * q[row_next, action_next])


@inlined
def learn(rule: OneStep, now: Population, own: Nothing, move: Move) -> int:
    """Choose the next action, then move Q(s, a) towards the target."""
    row, action = move.row, move.action
    now.visits[row, action] += 1
    ahead = chosen_ahead(rule, now, move)
    bootstrap = 0.0 if move.terminated else 1.0
    target = sarsa_target(move.reward, rule.gamma, bootstrap, now.q, move.row_next, ahead)
    now.q[row, action] += step_size_at(rule.alpha, now.visits[row, action], move.t) * (target - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, target, move.t)
    return -1 if move.ended else ahead


run = twice(__name__, plain, decide=chosen, learn=learn)
METHOD = Method("sarsa", one_step, chosen, learn, run)


@final
class Sarsa(TableLearner):
    """Sarsa: learns the value of the policy that it follows, exploration included. Rummery & Niranjan 1994."""

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
