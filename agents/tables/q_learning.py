"""Q-learning: learn the value of the greedy policy while exploring.

    Q(s, a) ← Q(s, a) + α [r + γ max_a' Q(s', a') − Q(s, a)]        (Watkins 1989; Sutton & Barto 2018, eq. 6.8)

Details: a table of zeros at first (`initial`); ε-greedy with random ties unless `explore` names another strategy; a
time limit cuts an episode without ending the world, so the target bootstraps through it.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import highest, observe
from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, twice
from .method import Method, Nothing, OneStep, one_step, plain

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def q_target(reward: float, gamma: float, bootstrap: float, q: Floats, row_next: Row) -> float:
    """Watkins 1989; Sutton & Barto 2018, eq. 6.8. `bootstrap` is 0 where the world really ended, else 1."""
    return float(reward + gamma * bootstrap * highest(q, row_next))


@inlined
def learn(rule: OneStep, now: Population, own: Nothing, move: Move) -> int:
    """Move Q(s, a) towards the target; nothing is chosen ahead."""
    row, action = move.row, move.action
    now.visits[row, action] += 1
    bootstrap = 0.0 if move.terminated else 1.0
    target = q_target(move.reward, rule.gamma, bootstrap, now.q, move.row_next)
    now.q[row, action] += step_size_at(rule.alpha, now.visits[row, action], move.t) * (target - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, target, move.t)
    return -1


run = twice(__name__, plain, decide=chosen, learn=learn)
METHOD = Method("q_learning", one_step, chosen, learn, run)


@final
class QLearning(TableLearner):
    """Q-learning: learns the value of the greedy policy while it explores. Watkins 1989."""

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
