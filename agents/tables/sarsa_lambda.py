"""Sarsa(λ): every step is credited to all pairs of the episode, the more the more recent.

    δ = r + γ Q(s', a') − Q(s, a);  Q ← Q + α δ e;  e ← γλ e, and the pair that is met is marked
                                        (Rummery & Niranjan 1994; Sutton & Barto 2018, section 12.7)

Marks: `accumulating` adds 1; `replacing` sets 1 (Singh & Sutton 1996), other actions of the state keep their traces;
`dutch` makes it (1 − α) e + 1 and adds the corrections of true online Sarsa(λ) (van Seijen et al. 2016; Sutton &
Barto 2018, page 307), which equals the on-line λ-return exactly.

Details: traces no larger than `cutoff` are dropped, which bounds the time and memory of a step; 0 keeps all.
A step size that goes by counts is each pair's own. A time limit bootstraps from an action that is drawn but never
taken. With λ = 0 it is Sarsa, bit for bit, but for dutch traces, where the bits of a sum differ.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.compiled import bind, inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, chosen_ahead, live
from .method import Method
from .traces import DUTCH, TraceConfig, TraceRule, Traces, credit, forget, fresh, ranges, trace_rule

if TYPE_CHECKING:
    from daedalus.agents.face import Place

Kind = Literal["accumulating", "replacing", "dutch"]


@dataclass(frozen=True)
class SarsaLambdaConfig(TraceConfig):
    """`TraceConfig` and how traces mark."""

    trace: Kind = "replacing"


@inlined
def learn(rule: TraceRule, now: Population, own: Traces, move: Move) -> int:
    """Choose the next action, then move all eligible pairs."""
    row, action, i = move.row, move.action, move.i
    now.visits[row, action] += 1
    ahead = chosen_ahead(rule, now, move)
    value = now.q[row, action]
    value_next = 0.0 if move.terminated else now.q[move.row_next, ahead]
    target = move.reward + rule.gamma * value_next
    if rule.kind == DUTCH:
        moved = value - own.before[i]  # by the last step, since the value was used as Q(s', a')
        credit(rule, now, own, move, target - value + moved)
        now.q[row, action] -= step_size_at(rule.alpha, now.visits[row, action], move.t) * moved
    else:
        credit(rule, now, own, move, target - value)
    own.before[i] = value_next
    observe(rule.explore, now.visits, now.memory, row, action, target, move.t)
    if not move.ended:
        return ahead
    forget(own, i)
    return -1


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("sarsa_lambda", trace_rule, chosen, learn, run, fresh, ranges, forget)


@final
class SarsaLambda(TableLearner):
    """Sarsa with eligibility traces. Rummery & Niranjan 1994."""

    config_class = SarsaLambdaConfig
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
