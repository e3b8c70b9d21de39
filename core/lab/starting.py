"""Fine-tuning: weights of a stored run for a model to start from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.lab.store.run import Member, open_named
from daedalus.core.spec import Spec

#: Under this prefix the weights that are judged stand in what a trial leaves (`Final`).
STORED = "weights/"

Arrays = Mapping[str, np.typing.NDArray[Any]]


def stored_weights(run: str, model: Spec, seed: int) -> Arrays:
    """The weights of a stored run for one seed, (…) by name: those of the same seed, or of as many in turn.

    The run must hold one model of that name, or one that is labelled as the model is. Raises `UserError`.
    """
    path, member = find_stored(run, model)
    arrays = {name: array for name, array in member.final().items() if name.startswith(STORED)}
    if not arrays:
        raise UserError(f"start: {member.label} in {path} keeps no weights")
    return {name.removeprefix(STORED): array[seed % len(array)] for name, array in arrays.items()}


def find_stored(run: str, model: Spec) -> tuple[Path, Member]:
    """The finished member of a run from which a model may start."""
    opened = open_named(Path(run))
    members = opened.members()
    alike = [member for member in members if member.experiment.agent.name == model.name]
    if not alike:
        held = ", ".join(dict.fromkeys(member.experiment.agent.name for member in members))
        raise UserError(f"start: {opened.path} holds no {model.name}, but {held}")
    if len(alike) > 1:
        raise UserError(
            f"start: {opened.path} holds {len(alike)} of {model.name} ({', '.join(one.label for one in alike)}); "
            "start from a run with one"
        )
    if alike[0].missing():
        raise UserError(f"start: {opened.path} is not finished; run its command again to go on")
    return opened.path, alike[0]
