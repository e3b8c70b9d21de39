"""Watkins's Q(λ): Q-learning with traces that reach back to the last action that was not greedy.

    δ = r + γ max_a' Q(s', a') − Q(s, a);  Q ← Q + α δ e;  e ← γλ e, or 0 where the next action is not greedy
                                                (Watkins 1989; Sutton & Barto 2018, section 12.10)

Details: whether an action is greedy is asked by the values that it was chosen by, and any action of highest value is;
`replacing` traces by default, or `accumulating`; those no larger than `cutoff` are dropped, 0 keeps all. A step size
that goes by counts is each pair's own. With λ = 0 it is Q-learning, bit for bit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from daedalus.agents.exploring.basics import highest
from daedalus.agents.exploring.rates import Number
from daedalus.agents.exploring.rules import observe
from daedalus.core.compiled import bind, inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method
from .q_learning import q_target
from .traces import TraceConfig, TraceRule, Traces, credit, forget, fresh, ranges, trace_rule

if TYPE_CHECKING:
    from daedalus.agents.face import Place

Kind = Literal["accumulating", "replacing"]


@dataclass(frozen=True)
class QLambdaConfig(TraceConfig):
    """`TraceConfig` and how traces mark."""

    trace: Kind = "replacing"


@inlined
def learn(rule: TraceRule, now: Population, own: Traces, move: Move) -> int:
    """Cut the traces where the action was not greedy, then move all eligible pairs; nothing is chosen ahead."""
    row, action = move.row, move.action
    now.visits[row, action] += 1
    value = now.q[row, action]
    if value < highest(now.q, row):
        forget(own, move.i)
    bootstrap = 0.0 if move.terminated else 1.0
    target = q_target(move.reward, rule.gamma, bootstrap, now.q, move.row_next)
    credit(rule, now, own, move, target - value)
    observe(rule.explore, now.visits, now.memory, row, action, target, move.t)
    if move.ended:
        forget(own, move.i)
    return -1


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("q_lambda", trace_rule, chosen, learn, run, fresh, ranges, forget)


@final
class QLambda(TableLearner):
    """Q-learning with eligibility traces. Watkins 1989."""

    config_class = QLambdaConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        lam: float = 0.9,
        trace: Kind = "replacing",
        cutoff: float = 1e-4,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        epsilon: Number | str = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, settings | {"lam": lam, "trace": trace, "cutoff": cutoff})
