"""Worlds are values: a finite world, one that changes, a bandit, or an open environment that is none of these.

Builders in `daedalus.envs` make them, learners live in them, solvers judge them; this file only says what they are.
"""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from .arrays import Floats, Ints, Pixels, States
from .errors import UserError, unknown
from .mdp import FiniteMDP

if TYPE_CHECKING:
    import gymnasium


LONGEST = 2**62  # steps that compiled code can count: a time that no run reaches


class Tile(IntEnum):
    """What a tile of a scene is."""

    FLOOR = 0
    WALL = 1
    START = 2
    GOAL = 3
    HAZARD = 4


class Thing(IntEnum):
    """What can lie, stand or hang on a tile beside the agent."""

    CANDY = 0
    KEY = 1
    DOOR = 2  # a closed one; where it stands open there is none
    PORTAL = 3
    ONE_WAY = 4  # variant: the action that goes its way
    PLAYER = 5  # the other player
    PASSENGER = 6
    DESTINATION = 7
    WIND = 8  # variant: its strength, in tiles upwards
    SIGN = 9  # variant: the action it points out


@dataclass(frozen=True, eq=False)
class Piece:
    """One thing of a scene, and where it is in every state."""

    thing: Thing
    tile: States  # (S,), or (1,) where it never moves: the tile's number in reading order; -1 where it is nowhere
    variant: int = 0  # a colour for keys, doors, portals and stops; else as `Thing` says


@dataclass(frozen=True, eq=False)
class Scene:
    """Where a world's states lie, for drawing and for what an agent sees. The solver never looks at it.

    A set of levels has `tiles` of each and says in `level` which one a state belongs to. Where they are part of a
    larger set, `first_level` is the number that the first has there, and `all_levels` how many there are.
    """

    tiles: Pixels  # (rows, columns) of `Tile`, uint8; (levels, rows, columns) for a set of levels
    cell: Ints  # (S, 2), row and column of the agent in each state; (-1, -1) where it has no place
    moves: tuple[tuple[int, int], ...]  # rows and columns that each action tries to go; (0, 0) where it is no move
    pieces: tuple[Piece, ...] = ()
    level: States | None = None  # (S,), the level of each state
    heading: States | None = None  # (S,), 0 up, 1 right, 2 down, 3 left: where the agent looks, where that is state
    first_level: int = 0
    all_levels: int | None = None  # None: as many as there are tiles of


Sight = Literal["index", "coordinates", "one_hot", "symbolic", "pixels", "view", "heading_view"]


@dataclass(frozen=True)
class Observation:
    """What an agent is shown of the state; `daedalus.envs.observing` makes it.

    "index" is the state's number; "coordinates" row and column, and where the pieces are; "one_hot" the index as a
    vector; "symbolic" the grid as planes of 0 and 1; "pixels" the drawing; "view" what is in line of sight around
    the agent, "heading_view" what is in line of sight before it.
    """

    sight: Sight = "index"
    view_size: int = 7  # tiles along a view's side
    tile_size: int | None = None  # pixels along a drawn tile's side; None: as is usual, `seen_tile` and `drawn_tile`
    action_mask: bool = False  # whether info["action_mask"] tells which actions are of any use

    @property
    def seen_tile(self) -> int:
        """Pixels along a tile's side where the agent sees pixels: 8 unasked.

        Below 8 there are colours only, and at 1 the agent hides what lies beneath it.
        """
        return 8 if self.tile_size is None else self.tile_size

    @property
    def drawn_tile(self) -> int:
        """Pixels along a tile's side in what `render()` draws: 24 unasked."""
        return 24 if self.tile_size is None else self.tile_size


@dataclass(frozen=True, eq=False)
class World:
    """A finite world: an MDP, a time limit in steps (None: no limit) and, where it can be drawn, a scene.

    `states` counts the states an agent can meet; an absorbing state that an import added stands behind them and is
    not counted. Where an agent cannot tell all states apart, `shows` numbers what it sees. `made` counts what became of
    levels that a model drew, by the words for it: "drawn", "rejected", …
    """

    name: str  # as the user would type it
    mdp: FiniteMDP
    horizon: int | None
    actions: tuple[str, ...]
    scene: Scene | None = None
    states: int = -1
    shows: States | None = None  # (S,), what "index" and "one_hot" show in each state; None: the state itself
    observation: Observation = Observation()
    made: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.states < 0:
            object.__setattr__(self, "states", self.mdp.states)
        if self.horizon is not None and self.horizon < 1:
            raise UserError(f"{self.name}: the time limit must be at least 1 step, not {self.horizon}")
        if self.horizon is not None and self.horizon > LONGEST:
            raise UserError(f"{self.name}: the time limit is longer than {LONGEST:,} steps; give none instead")

    @property
    def tabular(self) -> bool:
        """Whether the observation is the state's own number, as a table of states needs it."""
        return self.shows is None and self.observation.sight == "index"

    def within(self, horizon: int | None) -> "World":
        """The same world under another time limit."""
        return replace(self, horizon=horizon)


#: What the phases of a world that changes have in common, by the words for it.
_ALIKE: dict[str, Callable[[World], Hashable]] = {
    "states": lambda world: (world.mdp.states, world.states),
    "actions": lambda world: (world.mdp.actions, world.actions),
    "the time limit": lambda world: world.horizon,
    "the observation": lambda world: (world.observation, None if world.shows is None else tuple(world.shows.tolist())),
    "a scene, or have none": lambda world: world.scene is None,
}


@dataclass(frozen=True, eq=False)
class Schedule:
    """A world that changes in mid-run: from step `since[p]` on, counted since seeding and across episodes, phase p.

    All phases share states, actions, time limit and what is shown; only what happens differs.

    A learner that has taken n steps is judged in the phase of the last of them (`after`), so what a change does to it
    shows at the next evaluation. The optimum at that moment is the phase's own, and the dynamic regret of a run is
    the mean, over its evaluation points, of the optimum of the moment less the value.

    With `judged` all are judged in that phase, even if nobody ever lives in it: a test on levels never met.
    """

    name: str
    since: Ints  # (P,), 0 first, rising
    phases: tuple[World, ...]  # P
    judged: int | None = None

    def __post_init__(self) -> None:
        since = np.array(self.since)
        if since.dtype.kind not in "iu" or np.any(since > LONGEST):
            raise UserError(f"{self.name}: phases begin at whole numbers of steps, {LONGEST:,} at most")
        since = since.astype(np.int64)
        if since.shape != (len(self.phases),) or not since.size or since[0] != 0 or np.any(np.diff(since) < 1):
            raise UserError(f"{self.name}: a schedule needs a first step for each phase, 0 first and rising")
        since.flags.writeable = False
        object.__setattr__(self, "since", since)
        for what, sort in _ALIKE.items():
            if len({sort(world) for world in self.worlds}) > 1:
                raise UserError(f"{self.name}: all phases must share {what}")

    @cached_property
    def worlds(self) -> tuple[World, ...]:
        """The worlds that the phases are, each once, in the order in which they first come."""
        return tuple({id(world): world for world in self.phases}.values())

    @cached_property
    def which(self) -> Ints:
        """Which of `worlds` each phase is, (P,)."""
        number = {id(world): n for n, world in enumerate(self.worlds)}
        return np.array([number[id(world)] for world in self.phases], dtype=np.int64)

    def phase(self, step: int) -> int:
        """The phase in which step number `step` is taken."""
        return int(np.searchsorted(self.since, step, side="right")) - 1

    def at(self, step: int) -> World:
        """The world in which step number `step` is taken."""
        return self.phases[self.phase(step)]

    def phase_after(self, steps: int) -> int:
        """The phase in which one is judged who has taken so many steps: `judged`, else that of the last of them."""
        return self.judged if self.judged is not None else self.phase(max(steps - 1, 0))

    def after(self, steps: int) -> World:
        """The world in which one who has taken so many steps is judged."""
        return self.phases[self.phase_after(steps)]

    def each(self, change: Callable[[World], World]) -> "Schedule":
        """The same with every world changed; phases that were one world still are."""
        changed = [change(world) for world in self.worlds]
        return replace(self, phases=tuple(changed[n] for n in self.which))

    def fingerprint(self) -> str:
        """A hash of everything that happens in it, and when."""
        own = [world.mdp.fingerprint() for world in self.worlds]
        parts = [str(since) + own[n] for since, n in zip(self.since, self.which, strict=True)]
        parts += [] if self.judged is None else [f"judged {self.judged}"]
        return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


#: How the reward of a bandit's arm is drawn.
Law = Literal["gaussian", "bernoulli", "uniform", "exponential", "constant", "table", "steps"]


@dataclass(frozen=True, eq=False)
class Bandit:
    """A k-armed bandit: pulling an arm draws its reward from the arm's law.

    "gaussian" is N(mean, spread²), with spread 1 the testbed of Sutton & Barto (2018), section 2.3; "uniform" lies
    within spread / 2 of the mean. "bernoulli" pays 1 with probability `mean`, else 0; "exponential" an exponential
    amount of that mean; "constant" the mean itself. "table" draws from the arm's row of `knots`, the inverse
    distribution function at even steps from 0 to 1, and interpolates; "steps" does not interpolate.

    The true means may change. From pull `since[p]` on, counted since seeding, they are row p of `means`, and after
    `period` pulls the rows come round again. With `drift` every mean also walks at random: each pull adds a draw of
    N(0, drift²) to it, from a stream of its own; where the law is "bernoulli" it turns back at 0 and 1.
    """

    name: str
    law: Law | tuple[Law, ...]  # of all arms, or of each
    means: Floats  # (A,), or (P, A) where they change
    spread: Floats | float = 1.0  # (A,), or one for all
    knots: Floats | None = None  # (A, M), for the arms with a table
    since: Ints | None = None  # (P,), 0 first, rising
    period: int | None = None  # None: the last row stays
    drift: float = 0.0

    def __post_init__(self) -> None:
        for name, array in _checked_arms(self).items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if isinstance(self.law, tuple) and len(set(self.law)) == 1:
            object.__setattr__(self, "law", self.law[0])

    @property
    def arms(self) -> int:
        """A, the number of arms."""
        return int(self.means.shape[-1])

    @property
    def laws(self) -> tuple[Law, ...]:
        """The law of each arm (A,)."""
        return self.law if isinstance(self.law, tuple) else (self.law,) * self.arms

    @property
    def phases(self) -> Floats:
        """The rows of true means (P, A)."""
        return np.atleast_2d(self.means)

    @property
    def changing(self) -> bool:
        """Whether the true means change."""
        return self.means.ndim > 1 or self.drift > 0

    def best_mean(self, pulls: int) -> float:
        """What always pulling the best arm of the moment earns per pull over the first `pulls`, without drift."""
        if self.drift:
            raise UserError(f"{self.name}: where the best mean drifts to is a matter of chance; leave drift out")
        since = np.zeros(1, dtype=np.int64) if self.since is None else self.since
        rounds, rest = divmod(pulls, self.period) if self.period else (0, pulls)
        ends = np.append(since[1:], self.period or pulls)
        stays = rounds * (ends - since) + np.clip(rest, since, np.maximum(ends, since)) - since
        return float(stays @ self.phases.max(axis=1) / pulls)

    def fingerprint(self) -> str:
        """A hash of everything in it but its name."""
        digest = hashlib.sha256(repr((self.laws, self.means.shape, self.period, self.drift)).encode())
        for array in (self.means, self.spread, self.knots, self.since):
            digest.update(b"-" if array is None else np.asarray(array).tobytes())
        return digest.hexdigest()[:16]


def _checked_arms(bandit: Bandit) -> dict[str, Any]:
    """The arrays of a bandit, checked and copied. Raises `UserError`."""
    name, means = bandit.name, np.array(bandit.means, dtype=np.float64)
    if means.ndim not in (1, 2) or means.shape[-1] < 2 or not means.size:
        raise UserError(f"{name}: a bandit needs at least 2 arms")
    if not np.all(np.isfinite(means)):
        raise UserError(f"{name}: every arm's mean must be a finite number")
    laws = bandit.law if isinstance(bandit.law, tuple) else (bandit.law,) * means.shape[-1]
    for law in laws:
        if law not in get_args(Law):
            raise unknown(f"{name}: law", str(law), get_args(Law))
    if len(laws) != means.shape[-1]:
        raise UserError(f"{name}: {len(laws)} laws for {means.shape[-1]} arms; give one, or one for each")
    chances = means[..., [law == "bernoulli" for law in laws]]
    if not np.all((chances >= 0) & (chances <= 1)):
        raise UserError(f"{name}: Bernoulli means must lie in [0, 1]")
    spread = np.array(np.broadcast_to(np.asarray(bandit.spread, dtype=np.float64), means.shape[-1:]))
    if not np.all(np.isfinite(spread) & (spread >= 0)):
        raise UserError(f"{name}: spread must be at least 0 and finite")
    if not 0 <= bandit.drift < np.inf:
        raise UserError(f"{name}: drift must be at least 0 and finite, not {bandit.drift}")
    arrays: dict[str, Any] = {"means": means, "spread": spread, **_checked_phases(bandit, means)}
    if {"table", "steps"} & set(laws):
        knots = np.array(bandit.knots if bandit.knots is not None else (), dtype=np.float64)
        if knots.ndim != 2 or len(knots) != len(laws) or knots.shape[1] < 2 or not np.all(np.isfinite(knots)):
            raise UserError(f"{name}: arms with a table need knots of shape (arms, at least 2), all finite")
        arrays["knots"] = knots
    return arrays


def _checked_phases(bandit: Bandit, means: Floats) -> dict[str, Any]:
    if means.ndim == 1:
        if bandit.since is not None or bandit.period is not None:
            raise UserError(f"{bandit.name}: since and period need means of shape (phases, arms)")
        return {}
    since = np.array(bandit.since if bandit.since is not None else (), dtype=np.int64)
    if since.shape != means.shape[:1] or since[0] != 0 or np.any(np.diff(since) < 1) or since[-1] > LONGEST:
        raise UserError(f"{bandit.name}: every row of means needs its first pull in `since`, 0 first and rising")
    if bandit.period is not None and not since[-1] < bandit.period <= LONGEST:
        raise UserError(f"{bandit.name}: the period must be longer than its last first pull, {since[-1]}")
    return {"since": since}


@dataclass(frozen=True, eq=False)
class Prospects:
    """What is known of a world whose episodes are one step long: what every action earns, whatever is shown."""

    shown: Any  # (M, ...), observations over which a policy is judged, all alike likely
    means: Callable[[Any], Floats]  # from observations (B, ...) to the mean rewards of all actions (B, A)
    exact: bool  # whether `shown` is all that there is, not an even sample of it

    @cached_property
    def earned(self) -> Floats:
        """The mean reward of every action on what is `shown`, (M, A)."""
        return self.means(self.shown)

    @property
    def optimum(self) -> float:
        """The value of the best policy."""
        return float(self.earned.max(axis=1).mean())

    @property
    def random_value(self) -> float:
        """The value of uniformly random actions."""
        return float(self.earned.mean())

    def value(self, actions: Any) -> float:
        """The value of a policy that takes `actions` (M,) on what is `shown`."""
        chosen = np.asarray(actions, dtype=np.int64)
        return float(np.take_along_axis(self.earned, chosen[:, None], axis=1).mean())


@dataclass(frozen=True, eq=False)
class OpenWorld:
    """Any other Gymnasium environment: learners take it through the ordinary interface.

    Nothing is known of its truth, unless it is a contextual bandit and has `prospects`.
    """

    name: str
    make: "Callable[..., gymnasium.Env[Any, Any]]"  # without arguments; `render_mode` is the one it may be given
    prospects: Prospects | None = None


Problem = World | Schedule | Bandit | OpenWorld


def sort_of(problem: Problem) -> Literal["finite", "changing", "bandit", "contextual", "open"]:
    """The word by which agents say where they can live (`Entry.suits`)."""
    match problem:
        case World():
            return "finite"
        case Schedule():
            return "changing"
        case Bandit():
            return "bandit"
        case OpenWorld():
            return "contextual" if problem.prospects else "open"
