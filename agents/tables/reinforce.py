"""REINFORCE: after each episode, make what was done likelier, the more so the more was earned from there on.

    G_t = r_t + γ r_{t+1} + …,    b = v(s_t) with a baseline, else 0
    v(s_t) ← v(s_t) + α_v [G_t − v(s_t)]
    h(s_t, ·) ← h(s_t, ·) + α γ^t [G_t − b] ∇ ln π(a_t|s_t)
                                  (Williams 1992; Sutton & Barto 2018, eq. 13.8, and 13.11 with a baseline)

Details: π is the softmax of the preferences h, which stand in q, and actions are drawn from it; the policy that is
judged is the greedy one of the preferences, which is worse where chance is of use. Steps are learnt from in the order
in which they were made, each with the policy as it then is, as in the book's boxes; γ^t is the book's. Where a time
limit cuts an episode, G goes on with v of the state reached, with a baseline; without one there is nothing to go on
with. An episode longer than `longest` steps is learnt from in parts, as if cut there. Step sizes such as 1/n count
updates: those of h the pair's, those of v the state's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.basics import tried
from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError

from .learner import TableLearner
from .loop import Move, Population, live
from .method import Method, Shape
from .softmax_policy import PolicyConfig, ascend, drawn

if TYPE_CHECKING:
    from daedalus.agents.face import Place


@dataclass(frozen=True)
class ReinforceConfig(PolicyConfig):
    """The settings of a softmax policy, and whether it is compared with a baseline."""

    baseline: bool = True  # learn v, and subtract it from every return
    longest: int = 10_000  # steps of an episode that are kept

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.longest < 1:
            raise UserError(f"longest must be a number of steps, at least 1, not {self.longest}")


class ReinforceRule(NamedTuple):
    """The numbers of REINFORCE."""

    alpha: Rate
    alpha_value: Rate
    gamma: float
    baseline: bool


class Episode(NamedTuple):
    """State values, and the steps of the running episode that are not yet learnt from."""

    v: Floats  # (N, S)
    steps: Ints  # (N,), how many are kept
    weight: Floats  # (N,), γ^t of the first of them
    state: Ints  # (N, L); so are those below
    action: Ints
    reward: Floats
    updates: Ints  # (N, S, A), of each pair


def fresh(shape: Shape, config: ReinforceConfig) -> Episode:
    """No values and no episode."""
    kept = (shape.seeds, config.longest)
    return Episode(
        np.zeros((shape.seeds, shape.states)),
        np.zeros(shape.seeds, np.int64),
        np.ones(shape.seeds),
        np.zeros(kept, np.int64),
        np.zeros(kept, np.int64),
        np.zeros(kept),
        np.zeros(shape, np.int64),
    )


def ranges(shape: Shape, config: ReinforceConfig) -> dict[str, tuple[int, int]]:
    """What the whole numbers of an episode may be."""
    return {"steps": (0, config.longest), "state": (0, shape.states), "action": (0, shape.actions)}


@inlined
def forget(own: Episode, i: int) -> None:
    """Drop the running episode."""
    own.steps[i], own.weight[i] = 0, 1.0


@lean
def learn_episode(rule: ReinforceRule, now: Population, own: Episode, move: Move, beyond: float) -> None:
    """Learn from the steps kept; `beyond` is what is expected after them."""
    i, t = move.i, move.t
    base, steps, v = i * (now.q.shape[0] // now.t.size), own.steps[i], own.v[i]
    g_k, state_k = own.reward[i], own.state[i]
    for k in range(steps - 1, -1, -1):
        beyond = g_k[k] + rule.gamma * beyond
        g_k[k] = beyond
    for k in range(steps):
        state, action = state_k[k], own.action[i, k]
        row, advantage = np.uint64(base + state), g_k[k]
        own.updates[row, action] += 1
        if rule.baseline:
            advantage -= v[state]
            v[state] += step_size_at(rule.alpha_value, tried(own.updates, row), t) * advantage
        size = step_size_at(rule.alpha, own.updates[row, action], t)
        ascend(now, row, action, size * own.weight[i] * advantage, move.scratch)
        own.weight[i] *= rule.gamma
    own.steps[i] = 0


@inlined
def learn(rule: ReinforceRule, now: Population, own: Episode, move: Move) -> int:
    """Keep the step; learn where the episode ends. Nothing is chosen ahead."""
    i, k = move.i, own.steps[move.i]
    now.visits[move.row, move.action] += 1
    own.state[i, k], own.action[i, k], own.reward[i, k] = move.state, move.action, move.reward
    own.steps[i] = k + 1
    if move.ended or k + 1 == own.state.shape[1]:
        beyond = own.v[i, move.state_next] if rule.baseline and not move.terminated else 0.0
        learn_episode(rule, now, own, move, beyond)
        if move.ended:
            forget(own, i)
    return -1


def rule(config: ReinforceConfig) -> ReinforceRule:
    """The rule of those settings."""
    alpha, alpha_value = step_size(config.alpha), step_size(config.alpha_value, "alpha_value")
    return ReinforceRule(alpha, alpha_value, config.gamma, config.baseline)


run = bind(live, __name__, decide=drawn, learn=learn)
METHOD = Method("reinforce", rule, drawn, learn, run, fresh, ranges, forget)


@final
class Reinforce(TableLearner):
    """Monte Carlo policy gradient of a softmax over preferences, with a baseline or without. Williams 1992.

    Its `q` are preferences, not values.
    """

    config_class = ReinforceConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        alpha_value: Number | str = 0.1,
        gamma: float = 0.99,
        initial: float = 0.0,
        baseline: bool = True,
        longest: int = 10_000,
    ) -> None:
        settings = {"alpha": alpha, "alpha_value": alpha_value, "gamma": gamma, "initial": initial}
        super().__init__(env, seed, {**settings, "baseline": baseline, "longest": longest})
