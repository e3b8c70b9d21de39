"""The search for parameters: Optuna asks, the agent's own trial answers, a journal in the run's folder remembers.

Every proposal is drawn by a sampler of its own, seeded by how many were judged before it, and they run one after the
other; so a search that was killed and goes on proposes what an uninterrupted one would have proposed.
"""

import contextlib
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.files import damaged
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec, fill, parse_value, show

from .experiment import Experiment, Record, entry_of, evaluation_steps
from .plan import MOST_SEEDS
from .space import Choice, Range, Space, defaults_in, parse_space, show_space

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

Goal = Literal["final", "curve"]
GOALS: tuple[Goal, ...] = ("final", "curve")

_STUDY = "search"
_REPORTS = 10  # how often a proposal is held against the others on its way


@dataclass(frozen=True)
class Search:
    """What is searched. A proposal's score is a mean over seeds of the value at the end, or over the learning curve.

    Seeds are numbered from `MOST_SEEDS` on, where no run of `compare` can have one: what wins is judged on others.
    """

    world: Spec
    agent: Spec
    space: Space
    seeds: int
    steps: int
    horizon: int | None = None
    goal: Goal = "final"
    seed: int = 0  # of the sampler
    fingerprint: str = ""  # of the world: a drawing that was edited is another

    @property
    def own(self) -> Mapping[str, Any] | None:
        """The agent's own parameters, the first proposal; None where they lie outside of the space."""
        return defaults_in(self.space, entry_of(self.world, self.agent).load().config_class, self.agent)

    def proposed(self, params: Mapping[str, Any]) -> Spec:
        """The agent with a proposal's parameters."""
        return Spec(self.agent.name, (*self.agent.params, *params.items()))

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON, to be compared with that of a search that is to go on."""
        return {
            "world": str(self.world),
            "agent": str(self.agent),
            "space": show_space(self.space),
            "seeds": self.seeds,
            "steps": self.steps,
            "horizon": self.horizon,
            "goal": self.goal,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True)
class Tried:
    """One proposal; `score` is None where it was given up on its way, or refused by the agent's config."""

    params: Mapping[str, Any]
    score: float | None


Tell = Callable[[int, float | None], None]


def search(what: Search, trials: int, journal: Path, tell: Tell) -> list[Tried]:
    """Judge proposals until there are `trials` of them, those of an earlier call included; all of them in order.

    The first proposal is the agent as it is. `tell` hears how many are judged, and the best score. Raises `UserError`
    where the journal is of another search.
    """
    study = _opened(journal, what)
    config_class = entry_of(what.world, what.agent).load().config_class
    own = what.own
    while len(judged := _judged(study)) < trials:
        tell(len(judged), _best(judged))
        study.sampler = optuna.samplers.TPESampler(seed=stream_key(what.seed, f"search/{len(judged)}") % 2**32)
        if own and not judged and not study.get_trials(states=(TrialState.WAITING,)):
            study.enqueue_trial({key: _stored(value) for key, value in own.items()})
        _judge(study, what, config_class)
    tell(len(judged), _best(judged))
    return _tried(what.space, judged)


def found_in(journal: Path) -> tuple[dict[str, Any], list[Tried]]:
    """What a journal is of, as `Search.to_dict` says it, and what was tried. Raises `UserError` where it is damaged."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
        study = optuna.load_study(study_name=_STUDY, storage=storage)
        what = study.user_attrs[_STUDY]
        space = parse_space(what["space"])
    except (KeyError, ValueError) as error:
        raise damaged(journal, error, "delete it and run the same `daedalus tune` again") from error
    return what, _tried(space, _judged(study))


def _tried(space: Space, judged: "Sequence[FrozenTrial]") -> list[Tried]:
    return [Tried(_params(space, trial.params), _score_of(trial)) for trial in judged]


def _opened(journal: Path, what: Search) -> optuna.Study:
    """The study in a journal, begun or gone on with; what a killed process had under way is given up."""
    _mend(journal)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the command line says what there is to say
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(journal))),
        study_name=_STUDY,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=_REPORTS // 3),
    )
    asked, stored = what.to_dict(), study.user_attrs.get(_STUDY)
    if stored is None:
        study.set_user_attr(_STUDY, asked)
    elif changed := [key for key in asked if asked[key] != stored.get(key)]:
        said = "; ".join(f"{key} was {stored.get(key)}, now {asked[key]}" for key in changed)
        raise UserError(f"{journal} is of another search ({said}); choose another --name")
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _mend(journal: Path) -> None:
    """Put right what a killed process left: a line that it did not finish, and its lock. Nobody else is at it now."""
    for lock in journal.parent.glob(f"{journal.name}.lock*"):
        lock.unlink()
    if journal.exists() and not (text := journal.read_bytes()).endswith(b"\n"):
        with journal.open("rb+") as file:
            file.truncate(text.rfind(b"\n") + 1)


def _judged(study: optuna.Study) -> "list[FrozenTrial]":
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _best(judged: "Sequence[FrozenTrial]") -> float | None:
    return max((score for trial in judged if (score := _score_of(trial)) is not None), default=None)


def _score_of(trial: "FrozenTrial") -> float | None:
    return trial.value if trial.state == TrialState.COMPLETE else None


def _judge(study: optuna.Study, what: Search, config_class: Any) -> None:
    """Ask for one proposal and tell its score; one that the config refuses counts as given up."""
    trial = study.ask()
    params = _params(what.space, {one.key: _suggested(trial, one) for one in what.space})
    agent = what.proposed(params)
    try:
        fill(config_class, agent.mapping, agent.name)
    except UserError:
        study.tell(trial, state=TrialState.PRUNED)
        return
    score = None
    with contextlib.closing(_scores(what, agent)) as scores:
        for at, score in enumerate(scores):
            trial.report(score, at)
            if trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                return
    known = score is not None and math.isfinite(score)
    study.tell(trial, score if known else None, state=TrialState.COMPLETE if known else TrialState.PRUNED)


def _suggested(trial: optuna.Trial, one: Range | Choice) -> Any:
    if isinstance(one, Choice):
        return trial.suggest_categorical(one.key, [_stored(value) for value in one.values])
    if one.whole:
        return trial.suggest_int(one.key, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(one.key, one.low, one.high, log=one.log)


def _stored(value: Any) -> Any:
    """A value as Optuna keeps it: a spec or several values as text."""
    return show(value) if isinstance(value, Spec | tuple) else value


def _params(space: Space, found: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as an agent takes them: numbers of few digits, specs read again."""
    params = {}
    for one in space:
        value = found[one.key]
        if isinstance(one, Range) and not one.whole:
            value = one.rounded(value)
        params[one.key] = parse_value(value) if isinstance(value, str) else value
    return params


def _scores(what: Search, agent: Spec) -> Generator[float, None, None]:
    """The score so far, `_REPORTS` times at most, the last of all seeds at the end.

    Seeds run in the agent's blocks, one block after the other; those that are done count with their last value.
    """
    entry = entry_of(what.world, agent)
    run = find("trial", entry.trial).load()
    experiment = Experiment(what.world, agent, str(agent), MOST_SEEDS + what.seeds, what.steps, what.horizon)
    seeds = range(MOST_SEEDS, MOST_SEEDS + what.seeds)
    blocks = [seeds[first : first + entry.block] for first in range(0, len(seeds), entry.block)]
    points = len(evaluation_steps(what.steps)) * len(blocks)
    every = max(1, points // _REPORTS)
    done: list[Floats] = []
    seen = 0
    for block in blocks:
        values: list[Floats] = []
        with contextlib.closing(run(experiment, block, None)) as items:
            for item in items:
                if not (isinstance(item, Record) and item.table == "curve"):
                    continue
                for step in np.unique(item.columns["step"]):
                    values.append(np.asarray(item.columns["value"][item.columns["step"] == step], dtype=np.float64))
                    seen += 1
                    if seen % every == 0 and seen < points:
                        yield float(np.concatenate([*done, _of_seeds(what.goal, values)]).mean())
        done.append(_of_seeds(what.goal, values))
    yield float(np.concatenate(done).mean())


def _of_seeds(goal: Goal, values: Sequence[Floats]) -> Floats:
    """The score of each seed of a block, (N,), from its values at the points so far."""
    return np.asarray(values[-1] if goal == "final" else np.mean(values, axis=0))
