"""Off-policy Monte Carlo control: learn the greedy policy's value from the returns of another, weighed by how much
likelier it would have earned them.

    from the last step back, W = 1:  C(s, a) ← C(s, a) + W;  Q(s, a) ← Q(s, a) + W/C(s, a) [G − Q(s, a)];
    stop where a ≠ argmax Q(s, ·);  W ← W / b(a|s)                      (Sutton & Barto 2018, section 5.7)

Details: weighted importance sampling is its step size, so there is no α. b is the exploration strategy's own
probability at the moment of the choice. The greedy action is the lowest of the best. It learns only from the tail of an
episode that is greedy, so it needs exploring, but not much. Weights grow no further than 1e100. Where a time limit cuts
an episode, its return goes on with max Q. The running episode is kept for `memory` steps; a longer one is learnt from
as if cut there, and what follows counts as another episode.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.basics import Explore, highest
from daedalus.agents.exploring.rates import Number
from daedalus.agents.exploring.rules import observe, probabilities
from daedalus.agents.exploring.strategies import EpsilonGreedy, Strategy, strategy
from daedalus.core.arrays import Floats, Ints, Row, States
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.spec import Spec

from .config import TableConfig
from .learner import TableLearner
from .loop import Move, Population, chosen, live
from .method import Method, Shape
from .monte_carlo import check_memory, ranges
from .recent import flat_row

if TYPE_CHECKING:
    from daedalus.agents.face import Place

_HEAVIEST = 1e100


@dataclass(frozen=True)
class OffPolicyConfig:
    """`TableConfig` without a step size, and how many steps of an episode are kept."""

    gamma: float = 0.99
    epsilon: Number = 0.1
    explore: Spec | None = None
    initial: float = 0.0
    memory: int = 10_000

    def __post_init__(self) -> None:
        TableConfig(0.1, self.gamma, self.epsilon, self.explore, self.initial)  # it checks
        check_memory(self.memory)

    def strategy(self) -> Strategy:
        """How it explores."""
        return EpsilonGreedy(self.epsilon) if self.explore is None else strategy(self.explore)


class Weighed(NamedTuple):
    """The steps of the running episode, and the weights of all before."""

    row: States  # (N, memory), within the seed's table
    action: States  # (N, memory)
    reward: Floats  # (N, memory)
    probability: Floats  # (N, memory), of the action, when it was chosen
    kept: Ints  # (N,), steps kept
    weight: Floats  # (N, S, A), the sum of all weights


class OffPolicyRule(NamedTuple):
    """The numbers of this learner."""

    gamma: float
    explore: Explore


def rule(config: OffPolicyConfig) -> OffPolicyRule:
    """The rule of those settings."""
    return OffPolicyRule(config.gamma, config.strategy().rule)


def fresh(shape: Shape, config: OffPolicyConfig) -> Weighed:
    """No episode yet."""
    room = (shape.seeds, config.memory)
    steps = np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room), np.zeros(room)
    return Weighed(*steps, np.zeros(shape.seeds, np.int64), np.zeros(shape))


@lean
def forget(own: Weighed, i: int) -> None:
    """Drop the running episode of seed i."""
    own.kept[i] = 0


@inlined
def is_greedy(q: Floats, row: Row, action: int) -> bool:
    """Whether it is the lowest action of highest value."""
    for other in range(action):
        if q[row, other] >= q[row, action]:
            return False
    return bool(q[row, action] >= highest(q, row))


@lean
def learn_episode(rule: OffPolicyRule, now: Population, own: Weighed, move: Move) -> None:
    """Learn from the greedy tail of what is kept, the last step first; and drop all of it."""
    i, weight = move.i, 1.0
    ret = 0.0 if move.terminated else highest(now.q, move.row_next)
    for step in range(own.kept[i] - 1, -1, -1):
        ret = own.reward[i, step] + rule.gamma * ret
        row, action = flat_row(move, own.row[i, step]), own.action[i, step]
        own.weight[row, action] += weight
        now.q[row, action] += weight / own.weight[row, action] * (ret - now.q[row, action])
        observe(rule.explore, now.visits, now.memory, row, action, ret, move.t)
        if not is_greedy(now.q, row, action):
            break
        weight = min(weight / own.probability[i, step], _HEAVIEST)
    own.kept[i] = 0


@inlined
def learn(rule: OffPolicyRule, now: Population, own: Weighed, move: Move) -> int:
    """Keep the step; at the end of the episode, or of the memory, learn from its tail. Nothing is chosen ahead."""
    i, row, action, step = move.i, move.row, move.action, own.kept[move.i]
    probabilities(rule.explore, now.q, now.visits, now.memory, row, move.t, move.scratch)
    own.probability[i, step] = move.scratch[action]
    now.visits[row, action] += 1
    own.row[i, step], own.action[i, step], own.reward[i, step] = move.state, action, move.reward
    own.kept[i] = step + 1
    if move.ended or step + 1 == own.row.shape[1]:
        learn_episode(rule, now, own, move)
    return -1


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("off_policy_monte_carlo", rule, chosen, learn, run, fresh, ranges, forget, needs_probabilities=True)


@final
class OffPolicyMonteCarlo(TableLearner):
    """Learns the greedy policy by weighted importance sampling. Sutton & Barto 2018, section 5.7."""

    config_class = OffPolicyConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        gamma: float = 0.99,
        epsilon: Number | str = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
        memory: int = 10_000,
    ) -> None:
        super().__init__(
            env,
            seed,
            {"gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial, "memory": memory},
        )
