"""Expected Sarsa: Sarsa with the expectation over the next action in place of a draw.

    Q(s, a) ← Q(s, a) + α [r + γ Σ_a' π(a'|s') Q(s', a') − Q(s, a)]
                                                (van Seijen et al. 2009; Sutton & Barto 2018, eq. 6.9)

Details: π is the exploration strategy's own, as it stands at the next decision, so that strategy must have
probabilities in closed form.
"""

from typing import TYPE_CHECKING, final

from daedalus.agents.exploring.rates import Number, step_size_at
from daedalus.agents.exploring.rules import expectation, observe
from daedalus.core.compiled import inlined
from daedalus.core.spec import Spec

from .learner import TableLearner
from .loop import Move, Population, chosen, twice
from .method import Method, Nothing, OneStep, one_step, plain

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@inlined
def expected_sarsa_target(reward: float, gamma: float, bootstrap: float, expected: float) -> float:
    """Van Seijen et al. 2009; Sutton & Barto 2018, eq. 6.9. `expected` is Σ π(a'|s') Q(s', a')."""
    return reward + gamma * bootstrap * expected


@inlined
def learn(rule: OneStep, now: Population, own: Nothing, move: Move) -> int:
    """Move Q(s, a) towards the expected target; nothing is chosen ahead."""
    row, action, t = move.row, move.action, move.t
    now.visits[row, action] += 1
    bootstrap = 0.0 if move.terminated else 1.0
    expected = expectation(rule.explore, now.q, now.visits, now.memory, move.row_next, t + 1, move.scratch)
    target = expected_sarsa_target(move.reward, rule.gamma, bootstrap, expected)
    now.q[row, action] += step_size_at(rule.alpha, now.visits[row, action], t) * (target - now.q[row, action])
    observe(rule.explore, now.visits, now.memory, row, action, target, t)
    return -1


run = twice(__name__, plain, decide=chosen, learn=learn)
METHOD = Method("expected_sarsa", one_step, chosen, learn, run, needs_probabilities=True)


@final
class ExpectedSarsa(TableLearner):
    """Sarsa with the expectation over the next action in place of a draw. Van Seijen et al. 2009."""

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
