"""Learners or models named by their specs, judged at the same points: what longer studies measure.

The runs of a whole study stand in the run store, as runs/reproduce-NAME, and are taken up where they were left: delete
that folder to run them anew. `daedalus report reproduce-NAME` makes their report. A quick look is lived in this process
and kept nowhere.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.catalogue import find
from daedalus.core.spec import parse_spec

from .experiment import Experiment, Record, entry_of

#: A study's workers take all cores, and Stable-Baselines3 the one global random state: studies take turns.
_TURN = threading.Lock()


class Curves(NamedTuple):
    """What N runs were worth at P points."""

    step: Ints  # (P,)
    value: Floats  # (N, P), of the greedy policy; of a model the score on the test part
    regret: Floats  # (N, P), NaN where no optimum is known

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
    tables = {member.label: member.curve() for member in run.members()}
    return {label: _shaped([{name: tables[label][name].to_numpy() for name in _COLUMNS}], seeds) for label in agents}


def _lived(study: str, world: str, agents: Mapping[str, str], seeds: int, steps: int) -> dict[str, Curves]:
    del study
    return {
        label: _lives(Experiment(parse_spec(world), parse_spec(agents[label]), label, seeds, steps)) for label in agents
    }


def _lives(experiment: Experiment) -> Curves:
    entry = entry_of(experiment.world, experiment.agent)
    trial, rows = find("trial", entry.trial).load(), []
    for first in range(0, experiment.seeds, entry.block):
        block = range(first, min(first + entry.block, experiment.seeds))
        for told in trial(experiment, block, None):
            if isinstance(told, Record) and told.table == "curve":
                rows.append({name: told.columns[name] for name in _COLUMNS})
    return _shaped(rows, experiment.seeds)


_COLUMNS = ("seed", "step", "value", "regret")


def _shaped(rows: Sequence[Mapping[str, Any]], seeds: int) -> Curves:
    """Curves of the first `seeds` seeds from columns, in any order."""
    seed, step, value, regret = (np.concatenate([part[name] for part in rows]) for name in _COLUMNS)
    order = np.lexsort((step, seed))
    order = order[seed[order] < seeds]
    return Curves(step[order].reshape(seeds, -1)[0], *(one[order].reshape(seeds, -1) for one in (value, regret)))
