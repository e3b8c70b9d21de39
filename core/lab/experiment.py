"""What is run: an experiment is frozen data, a trial does the work and yields, the runner writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from daedalus.core.catalogue import Entry, find
from daedalus.core.data import is_data
from daedalus.core.spec import Spec

Columns = Mapping[str, np.typing.NDArray[Any]]

#: How many times a curve is measured, besides the start (step 0) and the edge of the last tenth.
EVALUATIONS = 50


@dataclass(frozen=True)
class Experiment:
    """One agent in one world: `seeds` is the range 0…N-1, `steps` exact environment steps (pulls) per seed.

    Or one model on one data set, which then stand as agent and world; a step is one of its optimiser.
    """

    world: Spec
    agent: Spec
    label: str
    seeds: int
    steps: int
    horizon: int | None = None  # evaluation time limit where the world has none; None: 10·S
    episodes: bool = False  # record every episode


def entry_of(world: Spec, agent: Spec) -> Entry:
    """The entry of an agent, or of a model where the world is a data set. Raises `UserError` for an unknown name."""
    return find("model" if is_data(world) else "agent", agent.name)


@dataclass(frozen=True, eq=False)
class Record:
    """Rows for one table of the store. Columns are equally long and always include `seed` and `step`.

    "curve" has one row per seed and evaluation point, see `CURVE`; "episodes" one per finished episode:
    seed, episode (from 0), step (at its end), return, length; "beliefs" one per state (or arm) and evaluation point
    of seed 0, see `BELIEFS`, so that a report can show how it learnt; "scalars" one per seed, step and tag, see
    `SCALARS`: whatever else is worth a curve, under TensorBoard's sort of names; "exhibits" one per thing that a model
    of seed 0 has to show at a step, see `EXHIBITS`.
    """

    table: Literal["curve", "episodes", "beliefs", "scalars", "exhibits"]
    columns: Columns


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All state at `step`, from which the trial continues bit for bit. Arrays only; never pickled."""

    step: int
    arrays: Columns


@dataclass(frozen=True, eq=False)
class Final:
    """What is kept of the finished learners, arrays with leading N (seeds).

    Finite worlds: `q` (N, S, A) where the learner has one, `policy` (N, S) the greedy action or -1 where it is
    no function of the state, `visits` (N, S), `episode` (N, T) the states of one episode of it, then -1.
    Bandits: `pulls`, `estimates`, `means` (N, A), the true ones at the end. Models: the weights that were judged,
    `weights/NAME` (N, …) for each parameter and buffer.
    """

    arrays: Columns


#: The columns of the "curve" table besides seed and step; NaN where a quantity does not exist.
CURVE = {
    "value": np.float64,  # evaluation value (bandits: mean reward per pull so far; models: score on the test part)
    "optimum": np.float64,  # the best possible value (for bandits: the best true mean of each pull, averaged so far)
    "random_value": np.float64,  # the value of uniformly random actions; of the best constant guess
    "regret": np.float64,  # optimum - value (for bandits: mean pseudo-regret per pull so far)
    "exact": np.bool_,  # whether `value` is computed, not sampled
    "episodes": np.int64,  # episodes finished since the last row
    "return": np.float64,  # their mean undiscounted return
    "length": np.float64,  # their mean length in steps
    "loss": np.float64,  # mean training loss since the last row
    "reward": np.float64,  # mean reward per step since the last row
    "error": np.float64,  # of learnt values: root-mean-square distance from the exact ones of the policy they are of
    "optimal_rate": np.float64,  # share of optimal arms since the last row (bandits)
    "seconds": np.float64,  # wall-clock seconds of this block so far (tables: of learning alone)
    "seconds_evaluating": np.float64,  # those of evaluation since it was last taken up; only these two may differ
}


#: The columns of the "beliefs" table besides seed and step.
BELIEFS = {
    "state": np.int32,  # the state, or a bandit's arm
    "value": np.float32,  # the value of the best action there by what is believed; an arm's estimate
    "action": np.int16,  # that action, the lowest among ties; of an arm: its own number
    "visits": np.int64,  # how often an action was chosen there so far; of what looks alike, together
}

#: The columns of the "scalars" table besides seed and step. A tag is "group/name": "train/loss", "test/accuracy"; those
#: of `LAYERS` go on with a layer's name.
SCALARS = {"tag": np.str_, "value": np.float64}

#: The columns of the "exhibits" table besides seed and step: of a picture the bytes of its PNG, of a passage its text.
EXHIBITS = {
    "name": np.str_,
    "title": np.str_,
    "note": np.str_,
    "png": np.bytes_,
    "pixelated": np.bool_,
    "text": np.str_,
}

#: Groups whose names are layers, in their order: norms of the loss's gradient to a layer's weights and of these; the
#: root mean square of the gradient to what it gives on; the share of its units that are zero for every example.
GRADIENTS, WEIGHTS, SIGNALS, DEAD = LAYERS = ("gradient_norm/", "weight_norm/", "signal/", "dead_share/")

#: Beliefs are kept of so many states at most: larger pictures would not be moving ones.
MOST_BELIEFS = 4096


def scalars_record(seed: int, step: int, numbers: Mapping[str, float]) -> Record:
    """The rows of one seed at one step for the "scalars" table, from numbers by tag. Clock times do not belong here."""
    return Record(
        "scalars",
        {
            "seed": np.full(len(numbers), seed, dtype=np.int64),
            "step": np.full(len(numbers), step, dtype=np.int64),
            "tag": np.array(list(numbers), dtype=np.str_),
            "value": np.array(list(numbers.values()), dtype=np.float64),
        },
    )


def layout_per_seed(world: Spec) -> bool:
    """Whether each seed meets a layout of its own, which then also differs in optimum and random value."""
    return world.mapping.get("layout") == "per_seed"


class Trial(Protocol):
    """Runs one block of seeds in chunks up to the next evaluation. It touches no file."""

    def __call__(
        self, experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None
    ) -> Iterator[Record | Snapshot | Final]:
        """Yield a Record and then a Snapshot at each evaluation point, and one Final at the end.

        Where evaluation points lie far apart, more snapshots may stand between them, without a Record.

        With `resume`, continue after that snapshot and yield what an uninterrupted trial would have yielded from
        there on. A trial that cannot snapshot (third-party learners) yields none and is started again.
        """
        ...


def evaluation_steps(steps: int) -> list[int]:
    """The steps after which a curve is measured: 0, `EVALUATIONS` even ones, and floor(0.9·steps)."""
    even = {steps * k // EVALUATIONS for k in range(EVALUATIONS + 1)}
    return sorted(even | {0, steps * 9 // 10, steps})


@dataclass(frozen=True)
class Group:
    """Worlds that share a list of agents. Every agent runs in every world of its group."""

    worlds: tuple[Spec, ...]
    agents: tuple[tuple[str, Spec], ...]  # (label, spec)
    seeds: int
    steps: int
    horizon: int | None = None


@dataclass(frozen=True)
class Plan:
    """One run: everything that is compared, as resolved from the command line, YAML or Python."""

    groups: tuple[Group, ...]
    episodes: bool = False
    name: str = ""  # empty: a hash of the rest

    def experiments(self) -> list[Experiment]:
        """Every agent in every world, in order."""
        return [
            Experiment(world, agent, label, group.seeds, group.steps, group.horizon, self.episodes)
            for group in self.groups
            for world in group.worlds
            for label, agent in group.agents
        ]
