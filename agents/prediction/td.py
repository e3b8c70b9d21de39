"""TD(0): learn the value of a policy from one step at a time.

    V(s) ← V(s) + α [r + γ V(s') − V(s)]        (Sutton 1988; Sutton & Barto 2018, eq. 6.2)

Details: the actions are those of the given policy; values are `initial` at first, those of terminal states too, which
no target ever reads; a time limit cuts an episode without ending the world, so the target bootstraps through it.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.tables.loop import Move, Population, live
from daedalus.agents.tables.method import Method
from daedalus.core.arrays import Floats, Row
from daedalus.core.compiled import bind, inlined

from .given import Given, ValueRule, enter, follow, given, value_rule
from .learner import PolicyLike, Predictor

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def td_target(reward: float, gamma: float, bootstrap: float, v: Floats, row_next: Row) -> float:
    """Sutton & Barto 2018, eq. 6.2. `bootstrap` is 0 where the world really ended, else 1."""
    return float(reward + gamma * bootstrap * v[row_next, 0])


@inlined
def learn(rule: ValueRule, now: Population, own: Given, move: Move) -> int:
    """Move V(s) towards the target."""
    row = move.row
    now.visits[row, 0] += 1
    bootstrap = 0.0 if move.terminated else 1.0
    target = td_target(move.reward, rule.gamma, bootstrap, now.q, move.row_next)
    now.q[row, 0] += step_size_at(rule.alpha, now.visits[row, 0], move.t) * (target - now.q[row, 0])
    return -1


run = bind(live, __name__, decide=follow, learn=learn)
METHOD = Method("td", value_rule, follow, learn, run, given, enter=enter, of_states=True)


@final
class TD(Predictor):
    """TD(0): learns the value of a given policy from one step at a time. Sutton 1988."""

    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        gamma: float = 0.99,
        policy: PolicyLike = "random",
        initial: float = 0.0,
    ) -> None:
        super().__init__(env, seed, {"alpha": alpha, "gamma": gamma, "initial": initial}, policy)
