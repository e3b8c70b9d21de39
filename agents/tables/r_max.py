"""R-max: believe that whatever is not known pays the most, and go there or earn as much.

    Q(s, a) = Σ_s' P̂(s'|s, a) [r̂(s, a) + γ max_a' Q(s', a')]        where (s, a) was taken m times, else
    Q(s, a) = V_max = r_max / (1 − γ)                                (Brafman & Tennenholtz 2002; Strehl & Littman 2008)

Details: P̂ and r̂ are those of the first m visits and are never changed, so the model is kept as the list of these m
outcomes and its expectation is their mean; what changes later is not noticed. When a pair becomes known, Q is solved
anew by value iteration in place, from the values before, which are never below the new ones, until no value falls by
more than 1e-6 of the scale of rewards or after 1000 sweeps. It is discounted, where the paper has a horizon. Actions
are greedy, ties at random.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.rules import greedy, highest
from daedalus.agents.exploring.strategies import Greedy, Strategy
from daedalus.core.arrays import Floats, States
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError

from .learner import TableLearner
from .loop import Move, Population, live
from .method import Method, Shape
from .room import check_bytes

if TYPE_CHECKING:
    from daedalus.agents.face import Place

_MOST_STATES = 5_000
_SWEEPS = 1000  # of one value iteration, at the most
_EXACT = 1e-6  # values that fall by less, relative to `scale`, are settled


@dataclass(frozen=True)
class RMaxConfig:
    """When a pair is known, and what is believed before."""

    known: int = 5  # visits; 1 in a deterministic world
    reward_max: float = 1.0  # no reward is higher
    gamma: float = 0.99  # in [0, 1]; 1 only where reward_max is 0

    def __post_init__(self) -> None:
        if not 1 <= self.known <= 10_000:
            raise UserError(f"known must be a number of visits from 1 to 10,000, not {self.known}")
        if not 0 <= self.gamma <= 1:
            raise UserError(f"gamma must lie in [0, 1], not {self.gamma}")
        if not math.isfinite(self.reward_max):
            raise UserError(f"reward_max must be a finite number, not {self.reward_max}")
        if self.gamma == 1 and self.reward_max != 0:
            raise UserError(
                "with gamma=1 the unknown would be worth infinitely much; give gamma below 1, or reward_max=0"
            )

    @property
    def initial(self) -> float:
        """V_max, what is not known is worth."""
        return 0.0 if self.reward_max == 0 else self.reward_max / (1 - self.gamma)

    def strategy(self) -> Strategy:
        """It explores by optimism alone."""
        return Greedy()


class RMaxRule(NamedTuple):
    """The numbers of R-max."""

    known: int
    gamma: float
    scale: float  # of rewards


class Experience(NamedTuple):
    """The first m outcomes of each pair."""

    reward: Floats  # (N, S, A), the sum of what they paid
    led_to: States  # (N, S, A, M), where they led; S where the world ended
    value: Floats  # (N, S + 1), max_a Q(s, a), and 0 for the end


def fresh(shape: Shape, config: RMaxConfig) -> Experience:
    """No experience. Raises `UserError` where it would not fit in memory."""
    if shape.states > _MOST_STATES:
        raise UserError(
            f"r_max solves the whole world whenever a pair becomes known: {shape.states:,} states, more than "
            f"{_MOST_STATES:,}, would take hours;\ntake prioritized_sweeping or a smaller world"
        )
    check_bytes("r_max", shape, 4 * config.known, "give known= a smaller number, or take prioritized_sweeping")
    value = np.full((shape.seeds, shape.states + 1), config.initial)
    value[:, -1] = 0.0
    return Experience(np.zeros(shape), np.zeros((*shape, config.known), np.int32), value)


def ranges(shape: Shape, config: RMaxConfig) -> dict[str, tuple[int, int]]:
    """Where outcomes lead."""
    return {"led_to": (0, shape.states + 1)}


@lean
def solve(rule: RMaxRule, now: Population, own: Experience, i: int) -> None:
    """Value iteration in place over the known pairs of seed i."""
    states = now.q.shape[0] // now.t.size
    for _ in range(_SWEEPS):
        change = 0.0
        for state in range(states):
            row, moved = i * states + state, False
            for action in range(now.q.shape[1]):
                if now.visits[row, action] >= rule.known:
                    ahead = 0.0
                    for n in range(rule.known):
                        ahead += own.value[i, own.led_to[i, state, action, n]]
                    now.q[row, action] = (own.reward[row, action] + rule.gamma * ahead) / rule.known
                    moved = True
            if moved:
                best = highest(now.q, row)
                change = max(change, abs(best - own.value[i, state]))
                own.value[i, state] = best
        if change <= _EXACT * rule.scale:
            return


@inlined
def decide(rule: RMaxRule, now: Population, own: Experience, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """An action of highest value."""
    return greedy(now.q, row, key, t)


@inlined
def learn(rule: RMaxRule, now: Population, own: Experience, move: Move) -> int:
    """Keep the outcome while its pair is unknown; solve anew when it becomes known. Nothing is chosen ahead."""
    row, action = move.row, move.action
    n = now.visits[row, action]
    now.visits[row, action] = n + 1
    if n < rule.known:
        end = own.value.shape[1] - 1
        own.led_to[move.i, move.state, action, n] = end if move.terminated else np.int64(move.state_next)
        own.reward[row, action] += move.reward
        if n + 1 == rule.known:
            solve(rule, now, own, move.i)
    return -1


def rule(config: RMaxConfig) -> RMaxRule:
    """The rule of those settings."""
    return RMaxRule(config.known, config.gamma, abs(config.reward_max) or 1.0)


run = bind(live, __name__, decide=decide, learn=learn)
METHOD = Method("r_max", rule, decide, learn, run, fresh, ranges)


@final
class RMax(TableLearner):
    """Optimism about whatever was not tried `known` times, and an exact plan for the rest. Brafman & Tennenholtz 2002.

    `reward_max` bounds the rewards of the world: too low and it may settle early, too high and it takes longer.
    """

    config_class = RMaxConfig
    method = METHOD

    def __init__(
        self, env: "Place | str", seed: int = 0, known: int = 5, reward_max: float = 1.0, gamma: float = 0.99
    ) -> None:
        super().__init__(env, seed, {"known": known, "reward_max": reward_max, "gamma": gamma})
