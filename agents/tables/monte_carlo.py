"""Monte Carlo control: at the end of an episode, average the returns that followed each pair.

    G_t = r_{t+1} + γ r_{t+2} + …;  Q(s_t, a_t) ← Q(s_t, a_t) + α [G_t − Q(s_t, a_t)],  α = 1/n by default
                                                (Sutton & Barto 2018, section 5.4; first or every visit: section 5.1)

Details: on-policy, so what is learnt includes exploring, which must fade for the greedy policy to become optimal.
Returns are learnt from backwards, the last step first. Where a time limit cuts an episode, its return goes on with the
value of an action that is drawn but never taken. The running episode is kept for `memory` steps; a longer one is learnt
from as if cut there, with the value of what is done next, and what follows counts as another episode. Step sizes such
as 1/n count returns, not visits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, final

import numpy as np

from daedalus.agents.exploring.basics import Explore
from daedalus.agents.exploring.rates import Number, Rate, step_size, step_size_at
from daedalus.agents.exploring.rules import observe
from daedalus.core.arrays import Floats, Ints, States
from daedalus.core.compiled import bind, inlined, lean
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

from .config import TableConfig
from .learner import TableLearner
from .loop import Move, Population, chosen, chosen_ahead, live
from .method import Method, Shape
from .recent import flat_row

if TYPE_CHECKING:
    from daedalus.agents.face import Place

Visits = Literal["first", "every"]
_MOST = 10_000_000
_AVERAGE = Spec("average")


def check_memory(memory: int) -> None:
    """Refuse a number of steps that no episode can be kept in. Raises `UserError`."""
    if not 1 <= memory <= _MOST:
        raise UserError(f"memory must be a number of steps from 1 to {_MOST}, not {memory}")


@dataclass(frozen=True)
class MonteCarloConfig(TableConfig):
    """`TableConfig`, which visits count, and how many steps of an episode are kept."""

    alpha: Number = _AVERAGE
    visits: Visits = "first"
    memory: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_memory(self.memory)


class Episode(NamedTuple):
    """The steps of the running episode; what it has met, and what was learnt from before."""

    row: States  # (N, memory), within the seed's table
    action: States  # (N, memory)
    reward: Floats  # (N, memory)
    kept: Ints  # (N,), steps kept
    first: Ints  # (N, S, A), 1 + the step of the first visit in this episode, 0: none; unused for every visit
    returns: Ints  # (N, S, A), learnt from


class MonteCarloRule(NamedTuple):
    """The numbers of this learner."""

    alpha: Rate
    gamma: float
    explore: Explore
    first: bool


def rule(config: MonteCarloConfig) -> MonteCarloRule:
    """The rule of those settings."""
    return MonteCarloRule(step_size(config.alpha), config.gamma, config.strategy().rule, config.visits == "first")


def fresh(shape: Shape, config: MonteCarloConfig) -> Episode:
    """No episode yet."""
    room = (shape.seeds, config.memory)
    steps = np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room)
    return Episode(*steps, np.zeros(shape.seeds, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64))


def ranges(shape: Shape, config: Any) -> Mapping[str, tuple[int, int]]:
    """Where indices may lie; a full memory is learnt from at once."""
    return {"row": (0, shape.states), "action": (0, shape.actions), "kept": (0, config.memory)}


@lean
def forget(own: Episode, i: int) -> None:
    """Drop the running episode of seed i."""
    base = i * (own.first.shape[0] // own.kept.size)
    for step in range(own.kept[i]):
        own.first[np.uint64(base + own.row[i, step]), own.action[i, step]] = 0
    own.kept[i] = 0


@lean
def learn_episode(rule: MonteCarloRule, now: Population, own: Episode, move: Move, value: float) -> None:
    """Learn from all steps that are kept, the last first, their returns ending with `value`; and drop them."""
    i, ret = move.i, value
    for step in range(own.kept[i] - 1, -1, -1):
        ret = own.reward[i, step] + rule.gamma * ret
        row, action = flat_row(move, own.row[i, step]), own.action[i, step]
        if not rule.first or own.first[row, action] == step + 1:
            own.first[row, action] = 0
            own.returns[row, action] += 1
            size = step_size_at(rule.alpha, own.returns[row, action], move.t)
            now.q[row, action] += size * (ret - now.q[row, action])
            observe(rule.explore, now.visits, now.memory, row, action, ret, move.t)
    own.kept[i] = 0


@inlined
def learn(rule: MonteCarloRule, now: Population, own: Episode, move: Move) -> int:
    """Keep the step; at the end of the episode, or of the memory, learn from all of them."""
    i, row, action, step = move.i, move.row, move.action, own.kept[move.i]
    now.visits[row, action] += 1
    own.row[i, step], own.action[i, step], own.reward[i, step] = move.state, action, move.reward
    own.kept[i] = step + 1
    if rule.first and own.first[row, action] == 0:
        own.first[row, action] = step + 1
    if not move.ended and step + 1 < own.row.shape[1]:
        return -1
    ahead = chosen_ahead(rule, now, move)
    learn_episode(rule, now, own, move, 0.0 if move.terminated else now.q[move.row_next, ahead])
    return -1 if move.ended else ahead


run = bind(live, __name__, decide=chosen, learn=learn)
METHOD = Method("monte_carlo", rule, chosen, learn, run, fresh, ranges, forget)


@final
class MonteCarlo(TableLearner):
    """On-policy Monte Carlo control: averages returns. Sutton & Barto 2018, section 5.4."""

    config_class = MonteCarloConfig
    method = METHOD

    def __init__(
        self,
        env: "Place | str",
        seed: int = 0,
        visits: Visits = "first",
        alpha: Number | str = "average",
        gamma: float = 0.99,
        epsilon: Number | str = 0.1,
        explore: Spec | str | None = None,
        initial: float = 0.0,
        memory: int = 10_000,
    ) -> None:
        settings = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon, "explore": explore, "initial": initial}
        super().__init__(env, seed, settings | {"visits": visits, "memory": memory})
