"""n-step tree backup: look n steps back without importance sampling, by the actions that were not taken too.

    G_k = r_{k+1} + γ [Σ_{a ≠ a_{k+1}} π(a|s_{k+1}) Q(s_{k+1}, a) + π(a_{k+1}|s_{k+1}) G_{k+1}]
    Q(s_0, a_0) ← Q(s_0, a_0) + α [G_0 − Q(s_0, a_0)];  the last of the n steps has Σ_a π(a|s_n) Q(s_n, a) in full
                                (Precup, Sutton & Singh 2000; Sutton & Barto 2018, eq. 7.16 and section 7.5)

Details: the policy π that is learnt is the greedy one, as in the book's control algorithm, and ties share it equally,
so that the sum is max Q as far as a_{k+1} is not greedy; any strategy may explore. Values in a return are those of the
moment of the update, n steps after the visit; the steps still open at the end of an episode are learnt from then,
oldest first. With n = 1 it is Q-learning, bit for bit. Step sizes such as 1/n count updates, not visits.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.basics import highest
from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import bind, inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method, OneStep, one_step
from .recent import NStepConfig, Recent, flat_row, forget, fresh, keep, ranges, slot_before

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def backed_up(q: Floats, row: Row, action: int, ret: float) -> float:
    """The bracket of eq. 7.16 for the greedy policy, where the branch of `action` returned `ret`."""
    best, ties = highest(q, row), 0
    if q[row, action] < best:
        return best
    for other in range(q.shape[1]):
        ties += q[row, other] == best
    return best + (ret - best) / ties


@inlined
def learn_oldest(rule: OneStep, now: Population, own: Recent, move: Move, value: float) -> None:
    """Move the entry of the oldest step towards its return, which ends with `value`, and drop the step."""
    i, slot, ret = move.i, own.next[move.i], value
    row, action = move.row, move.action
    for back in range(own.kept[i]):
        slot = slot_before(own, slot)
        below = ret if back == 0 else backed_up(now.q, row, action, ret)
        ret = own.reward[i, slot] + rule.gamma * below
        row, action = flat_row(move, own.row[i, slot]), own.action[i, slot]
    own.updates[row, action] += 1
    now.q[row, action] += step_size_at(rule.alpha, own.updates[row, action], move.t) * (ret - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, ret, move.t)
    own.kept[i] -= 1


@inlined
def learn(rule: OneStep, now: Population, own: Recent, move: Move) -> int:
    """Learn from the step n steps ago, at the end of an episode from all; nothing is chosen ahead."""
    now.visits[move.row, move.action] += 1
    keep(own, move)
    open_steps = 0 if move.ended else own.row.shape[1] - 1
    while own.kept[move.i] > open_steps:
        value = 0.0 if move.terminated else highest(now.q, move.row_next)
        learn_oldest(rule, now, own, move, value)
    return -1


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("tree_backup", one_step, chosen, learn, run, fresh, ranges, forget)


@final
class TreeBackup(TableLearner):
    """Learns the greedy policy's value from n steps, by a tree of what was and was not done. Precup et al. 2000."""

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
