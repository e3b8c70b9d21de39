"""Learners or models named by their specs, judged at the same points: what longer studies measure.

The runs of a whole study stand in the run store, as runs/reproduce-NAME, and are taken up where they were left: delete
that folder to run them anew. `daedalus report reproduce-NAME` makes their report. A quick look is lived in this process
and kept nowhere.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.catalogue import find, of_kind
from daedalus.core.data import tasked
from daedalus.core.spec import parse_spec

from .experiment import Experiment, Record, entry_of

#: A study's workers take all cores, and Stable-Baselines3 the one global random state: studies take turns.
_TURN = threading.Lock()


@dataclass(frozen=True, eq=False)
class Curves:
    """What N runs were worth at P points."""

    step: Ints  # (P,)
    value: Floats  # (N, P), of the greedy policy; of a model the score on the test part
    regret: Floats  # (N, P), NaN where no optimum is known
    last: Mapping[str, Floats] = field(default_factory=dict)  # (N,) by tag: what else was told at the end

    def settled(self) -> Floats:
        """The value over the last fifth of all steps, (N,): a deep learner's last policy alone says little."""
        late: Floats = self.value[:, self.step >= 0.8 * self.step[-1]].mean(axis=1)
        return late

    def best(self) -> Floats:
        """The value of the best policy of each run, (N,)."""
        best: Floats = self.value.max(axis=1)
        return best


def curves(study: str, world: str, agents: Mapping[str, str], seeds: int, steps: int, quick: bool) -> dict[str, Curves]:
    """Run agents, given by label, on seeds 0…`seeds`-1 in a world; their curves by label."""
    with _TURN:
        return (_lived if quick else _stored)(study, world, agents, seeds, steps)


def _stored(study: str, world: str, agents: Mapping[str, str], seeds: int, steps: int) -> dict[str, Curves]:
    from .job import compare
    from .store.run import open_run

    named = [f"{label}={agent}" if ":" in agent else f"{label}={agent}:" for label, agent in agents.items()]
    name = f"reproduce-{study}"
    run = open_run(compare([world], named, seeds, steps, name=name, progress=False, report=False).run)
    found = {}
    for member in run.members():
        curve, scalars = member.curve(), member.scalars()
        rows = [{name: curve[name].to_numpy() for name in _COLUMNS}]
        told = [] if scalars is None else [{name: np.asarray(scalars[name]) for name in _TOLD}]
        found[member.label] = _shaped(rows, told, seeds)
    return {label: found[label] for label in agents}


def _lived(study: str, world: str, agents: Mapping[str, str], seeds: int, steps: int) -> dict[str, Curves]:
    del study
    specs = {label: parse_spec(agent) for label, agent in agents.items()}
    models = [entry for spec in specs.values() if (entry := of_kind("model").get(spec.name))]
    place = tasked(parse_spec(world), models)
    return {label: _lives(Experiment(place, spec, label, seeds, steps)) for label, spec in specs.items()}


def _lives(experiment: Experiment) -> Curves:
    entry = entry_of(experiment.world, experiment.agent)
    trial = find("trial", entry.trial).load()
    rows: dict[str, list[Mapping[str, Any]]] = {"curve": [], "scalars": []}
    for first in range(0, experiment.seeds, entry.block):
        block = range(first, min(first + entry.block, experiment.seeds))
        for told in trial(experiment, block, None):
            if isinstance(told, Record) and told.table in rows:
                rows[told.table].append(told.columns)
    return _shaped(rows["curve"], rows["scalars"], experiment.seeds)


_COLUMNS = ("seed", "step", "value", "regret")
_TOLD = ("seed", "step", "tag", "value")


def _shaped(rows: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]], seeds: int) -> Curves:
    """Curves of the first `seeds` seeds from columns, in any order."""
    seed, step, value, regret = (np.concatenate([part[name] for part in rows]) for name in _COLUMNS)
    order = np.lexsort((step, seed))
    order = order[seed[order] < seeds]
    points = step[order].reshape(seeds, -1)[0]
    value, regret = (one[order].reshape(seeds, -1) for one in (value, regret))
    return Curves(points, value, regret, _last(told, seeds, int(points[-1])))


def _last(told: Sequence[Mapping[str, Any]], seeds: int, step: int) -> dict[str, Floats]:
    """What every seed told at that step, (N,) by tag."""
    if not told:
        return {}
    seed, when, tag, value = (np.concatenate([part[name] for part in told]) for name in _TOLD)
    found = {}
    for name in dict.fromkeys(tag[when == step].tolist()):
        mine = (when == step) & (tag == name) & (seed < seeds)
        if mine.sum() == seeds:
            found[str(name)] = np.asarray(value[mine][np.argsort(seed[mine])], dtype=np.float64)
    return found
