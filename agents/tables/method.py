"""What makes a table learner: its settings, its own arrays, and its two functions, bound into the one loop.

To add a learner, write one file such as `q_learning.py`:
1. a frozen config (`TableConfig` or one that extends it), and a `NamedTuple` of the numbers compiled code needs;
2. a `NamedTuple` of its own arrays, leading (N,) each, or `Nothing`;
3. `learn`, and `decide` where it does not choose by q, both `@inlined` at module level;
4. `run = bind(live, __name__, decide=…, learn=learn)` (`twice` for short steps) and a `Method` that holds it all;
5. a final class with the learner's face, an entry in `entries.py` and a name in `agents/__init__.py`.
The laws in `tests/agents` are parametrised over the catalogue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from daedalus.agents.exploring.basics import EPSILON_GREEDY, FOUR
from daedalus.agents.exploring.rates import CONSTANT, Rate, step_size
from daedalus.agents.exploring.rules import Explore
from daedalus.core.arrays import Ints
from daedalus.core.compiled import inlined
from daedalus.core.sampling import Tables
from daedalus.core.world import World

from .config import TableConfig
from .loop import Population


class Shape(NamedTuple):
    """N seeds, S states (rows of the table) and A actions."""

    seeds: int
    states: int
    actions: int


class Nothing(NamedTuple):
    """The own arrays of a learner that needs none."""


class OneStep(NamedTuple):
    """The numbers of a learner that updates by one step's target."""

    alpha: Rate
    gamma: float
    explore: Explore


def one_step(config: TableConfig) -> OneStep:
    """The rule of those settings."""
    return OneStep(step_size(config.alpha), config.gamma, config.strategy().rule)


@inlined
def plain(rule: Any, world: Tables, shown: Ints, now: Population) -> bool:
    """Whether α and ε are constant, and states have rows of four actions: what most who learn in grids do."""
    rates = (rule.alpha.kind == CONSTANT) & (rule.explore.code <= EPSILON_GREEDY) & (rule.explore.rate.kind == CONSTANT)
    four = (now.q.shape[1] == FOUR) & (now.visits.shape[1] == FOUR) & (world.reward.shape[1] == FOUR)
    return bool(rates & four & (now.memory.shape[1] == 0) & (shown.size == 0))


def nothing(shape: Shape, config: Any) -> Nothing:
    """No arrays of its own."""
    return Nothing()


def enter_unprepared(rule: Any, own: Any, config: Any, world: World) -> Any:
    """Nothing is known of a world beforehand: the same rule everywhere."""
    return rule


@inlined
def forget_nothing(own: Any, i: int) -> None:
    """Nothing is carried along an episode."""


@dataclass(frozen=True, eq=False)
class Method:
    """A way to learn a table, as functions.

    `rule(config)` gives the numbers that compiled code needs, `fresh(shape, config)` the learner's own arrays, of
    leading (N,); those of shape (N, S, A) arrive flat, (N·S, A), in compiled code. `ranges(shape, config)` gives the
    half-open range of every integer array whose values are used as indices, so that a damaged snapshot is refused.
    `forget(own, i)` drops what is carried along an episode of seed i (traces, the last steps): called where an episode
    is left without an end. `enter(rule, own, config, world)` gives the rule to live by in a world, and may write what
    is known of it beforehand (a given policy) into `own`, the arrays of those who live there.
    """

    name: str
    rule: Callable[[Any], Any]
    decide: Callable[..., int]
    learn: Callable[..., int]
    run: Callable[..., None]
    fresh: Callable[[Shape, Any], Any] = nothing
    ranges: Callable[[Shape, Any], Mapping[str, tuple[int, int]]] = lambda shape, config: {}
    forget: Callable[[Any, int], None] = forget_nothing
    enter: Callable[[Any, Any, Any, World], Any] = enter_unprepared
    needs_probabilities: bool = False  # refuse strategies whose probabilities have no closed form
    of_states: bool = False  # its table has one column, the value of the state
