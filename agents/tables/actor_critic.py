"""Actor–critic: a critic learns what states are worth, and tells the actor at each step whether it did well.

    δ = r + γ v(s') − v(s)
    v ← v + α_v δ z_v,        z_v ← γ λ z_v + 1[s]
    h ← h + α δ z_h,          z_h ← γ λ z_h + γ^t ∇ ln π(a|s)
                    (Barto, Sutton & Anderson 1983; Sutton & Barto 2018, section 13.5, eq. 13.14, and with traces)

Details: π is the softmax of the preferences h, which stand in q, and actions are drawn from it; the policy that is
judged is the greedy one of the preferences, which is worse where chance is of use. λ (`lam`) = 0 is the one-step
learner, and costs no traces; actor and critic have one λ, and a state whose trace falls below 1e-9 is dropped. γ^t is
the book's. A time limit is no end of the world: v(s') counts. Step sizes such as 1/n count visits: those of h the
pair's, those of v the state's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.basics import tried
from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.exploring.rules import softmax_probabilities
from daedalus.core.arrays import Floats, Ints
from daedalus.core.compiled import bind, inlined, lean

from .config import check_lambda
from .learner import TableLearner
from .loop import Move, Population, live
from .method import Method, Shape
from .softmax_policy import PolicyConfig, ascend, drawn

if TYPE_CHECKING:
    from daedalus.agents.face import Place

_LEAST = 1e-9  # a trace that makes no difference


@dataclass(frozen=True)
class ActorCriticConfig(PolicyConfig):
    """The settings of a softmax policy, and how far back a step is felt."""

    lam: float = 0.0  # λ, in [0, 1]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lambda(self.lam)


class ActorCriticRule(NamedTuple):
    """The numbers of actor–critic."""

    alpha: Rate
    alpha_value: Rate
    gamma: float
    lam: float


class Critic(NamedTuple):
    """State values, and what is carried along an episode."""

    v: Floats  # (N, S)
    weight: Floats  # (N,), γ^t
    z_v: Floats  # (N, S), traces of the values
    z_h: Floats  # (N, S, A), and of the preferences
    kept: Ints  # (N,), how many states have traces
    met: Ints  # (N, S), these


def fresh(shape: Shape, config: ActorCriticConfig) -> Critic:
    """No values and no traces."""
    states = (shape.seeds, shape.states)
    none = np.zeros(shape.seeds, np.int64)
    return Critic(
        np.zeros(states), np.ones(shape.seeds), np.zeros(states), np.zeros(shape), none, np.zeros(states, np.int64)
    )


def ranges(shape: Shape, config: ActorCriticConfig) -> dict[str, tuple[int, int]]:
    """Where the list of traces may point."""
    return {"kept": (0, shape.states + 1), "met": (0, shape.states)}


@lean
def forget(own: Critic, i: int) -> None:
    """Drop what is carried along the episode of seed i."""
    fade(own, i, 0.0)
    own.weight[i] = 1.0


@lean
def fade(own: Critic, i: int, fading: float) -> None:
    """Let the traces of seed i fade, and drop those that are next to nothing."""
    left, base = 0, i * own.v.shape[1]
    for k in range(own.kept[i]):
        state = own.met[i, k]
        own.z_v[i, state] *= fading
        kept = own.z_v[i, state] > _LEAST
        for b in range(own.z_h.shape[1]):
            own.z_h[base + state, b] *= fading if kept else 0.0
        if kept:
            own.met[i, left] = state
            left += 1
        else:
            own.z_v[i, state] = 0.0
    own.kept[i] = left


@lean
def learn_traced(rule: ActorCriticRule, now: Population, own: Critic, move: Move, by_v: float, by_h: float) -> None:
    """Let traces fade, mark the step, and move the values and preferences that have some."""
    i, out, base = move.i, move.scratch, move.i * own.v.shape[1]
    softmax_probabilities(now.q, move.row, 1.0, out)
    fade(own, i, rule.gamma * rule.lam)
    if own.z_v[i, move.state] == 0.0:
        own.met[i, own.kept[i]] = move.state
        own.kept[i] += 1
    own.z_v[i, move.state] += 1.0
    for b in range(out.size):
        own.z_h[move.row, b] -= own.weight[i] * out[b]
    own.z_h[move.row, move.action] += own.weight[i]
    for k in range(own.kept[i]):
        state = own.met[i, k]
        own.v[i, state] += by_v * own.z_v[i, state]
        for b in range(out.size):
            now.q[base + state, b] += by_h * own.z_h[base + state, b]


@inlined
def learn(rule: ActorCriticRule, now: Population, own: Critic, move: Move) -> int:
    """Move critic and actor by the error of the step; nothing is chosen ahead."""
    row, action, i, t = move.row, move.action, move.i, move.t
    now.visits[row, action] += 1
    ahead = 0.0 if move.terminated else own.v[i, move.state_next]
    error = move.reward + rule.gamma * ahead - own.v[i, move.state]
    by_v = step_size_at(rule.alpha_value, tried(now.visits, row), t) * error
    by_h = step_size_at(rule.alpha, now.visits[row, action], t) * error
    if rule.lam > 0.0:
        learn_traced(rule, now, own, move, by_v, by_h)
    else:
        own.v[i, move.state] += by_v
        ascend(now, row, action, by_h * own.weight[i], move.scratch)
    own.weight[i] *= rule.gamma
    if move.ended:
        forget(own, i)
    return -1


def rule(config: ActorCriticConfig) -> ActorCriticRule:
    """The rule of those settings."""
    alpha, alpha_value = step_size(config.alpha), step_size(config.alpha_value, "alpha_value")
    return ActorCriticRule(alpha, alpha_value, config.gamma, config.lam)


run = bind(live, __name__, decide=drawn, learn=learn)
METHOD = Method("actor_critic", rule, drawn, learn, run, fresh, ranges, forget)


@final
class ActorCritic(TableLearner):
    """One-step actor–critic of a softmax over preferences, or with traces. Barto, Sutton & Anderson 1983.

    Its `q` are preferences, not values.
    """

    config_class = ActorCriticConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        alpha: Number | str = 0.1,
        alpha_value: Number | str = 0.1,
        gamma: float = 0.99,
        initial: float = 0.0,
        lam: float = 0.0,
    ) -> None:
        settings = {"alpha": alpha, "alpha_value": alpha_value, "gamma": gamma, "initial": initial}
        super().__init__(env, seed, {**settings, "lam": lam})
