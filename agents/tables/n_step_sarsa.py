"""n-step Sarsa: n rewards as they came, then the value of what is chosen next.

    G = r_1 + γ r_2 + … + γⁿ⁻¹ r_n + γⁿ Q(s_n, a_n);  Q(s_0, a_0) ← Q(s_0, a_0) + α [G − Q(s_0, a_0)]
                                                (Sutton & Barto 2018, eq. 7.4 and 7.5)

Details: an entry is updated n steps after its visit, the steps still open at the end of an episode then, oldest first,
each with the rewards that are left; the world's end adds nothing, a time limit the value of an action that is drawn
but never taken. With n = 1 it is Sarsa, bit for bit. Step sizes such as 1/n count updates, not visits.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.compiled import bind, inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, chosen_ahead, live
from .method import Method, OneStep, one_step
from .recent import NStepConfig, Recent, flat_row, forget, fresh, keep, ranges, slot_before

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def learn_oldest(rule: OneStep, now: Population, own: Recent, move: Move, value: float) -> None:
    """Move the entry of the oldest step towards its return, which ends with `value`, and drop the step."""
    i, slot, ret = move.i, own.next[move.i], value
    for _ in range(own.kept[i]):
        slot = slot_before(own, slot)
        ret = own.reward[i, slot] + rule.gamma * ret
    row, action = flat_row(move, own.row[i, slot]), own.action[i, slot]
    own.updates[row, action] += 1
    now.q[row, action] += step_size_at(rule.alpha, own.updates[row, action], move.t) * (ret - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, ret, move.t)
    own.kept[i] -= 1


@inlined
def learn(rule: OneStep, now: Population, own: Recent, move: Move) -> int:
    """Choose the next action, then learn from the step n steps ago; at the end of an episode from all."""
    now.visits[move.row, move.action] += 1
    keep(own, move)
    ahead = chosen_ahead(rule, now, move)
    value = 0.0 if move.terminated else now.q[move.row_next, ahead]
    open_steps = 0 if move.ended else own.row.shape[1] - 1
    while own.kept[move.i] > open_steps:
        learn_oldest(rule, now, own, move, value)
    return -1 if move.ended else ahead


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("n_step_sarsa", one_step, chosen, learn, run, fresh, ranges, forget)


@final
class NStepSarsa(TableLearner):
    """Sarsa whose targets hold n rewards. Sutton & Barto 2018, section 7.2."""

    config_class = NStepConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        n: int = 4,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        epsilon: Number | str = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, settings | {"n": n})
