"""A learner in a file: safetensors, with a card as JSON in its metadata."""

import dataclasses
import json
from pathlib import Path

from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns
from daedalus.core.spec import fill
from daedalus.core.world import LONGEST

_FORMAT = 2

#: What to do about a damaged file.
REMEDY = "save the learner again"


@dataclasses.dataclass(frozen=True)
class Card:
    """What a file says about the learner in it."""

    learner: str  # its class and its parameters, as one types a spec
    seed: int
    world: str | None  # the fingerprint of the exact world it lived in, if it was one
    observed: int  # where observations and actions began to count
    acted: int
    predictions: int  # how many it has drawn

    def __post_init__(self) -> None:
        if self.predictions < 0 or max(abs(self.observed), abs(self.acted), self.predictions) >= LONGEST:
            raise UserError("a number out of range")


def write_learner(path: Path, card: Card, arrays: Columns) -> None:
    """Write a learner, whole or not at all. Raises `UserError` where the file system refuses."""
    from daedalus.core.files import write_arrays

    text = json.dumps({"format": _FORMAT, **dataclasses.asdict(card)})
    write_arrays(path, arrays, {"daedalus": text})


def read_learner(path: Path) -> tuple[Card, Columns]:
    """Read what `write_learner` wrote. Raises `UserError` for a file that is damaged, older, newer or another thing."""
    from daedalus.core.files import damaged, read_arrays

    arrays, metadata = read_arrays(path, REMEDY)
    try:
        about = json.loads(metadata.get("daedalus", ""))
        version = about.pop("format")
        if not isinstance(version, int):
            raise ValueError(version)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise damaged(path, "no learner of daedalus in it", REMEDY) from error
    if version > _FORMAT:
        raise UserError(f"{path} was written by a newer version of daedalus; upgrade to read it")
    if version < _FORMAT:
        raise UserError(f"{path} was written by an older version of daedalus, which kept other arrays; learn it again")
    try:
        return fill(Card, about, "card"), arrays
    except UserError as error:
        raise damaged(path, error, REMEDY) from error
