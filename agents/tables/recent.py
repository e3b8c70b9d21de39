"""The last n steps of the running episode, in a ring: what n-step learners look back on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from daedalus.core.arrays import Floats, Ints, States
from daedalus.core.compiled import inlined, lean
from daedalus.core.errors import UserError

from .config import TableConfig
from .loop import Move
from .method import Shape

#: More steps than this are refused: each is looked at again at every step.
_MOST = 10_000


@dataclass(frozen=True)
class NStepConfig(TableConfig):
    """`TableConfig`, and how many rewards a return holds before it bootstraps."""

    n: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.n <= _MOST:
            raise UserError(f"n must be a number of steps from 1 to {_MOST}, not {self.n}")


class Recent(NamedTuple):
    """The last steps that were not learnt from yet; the newest stands before the slot `next`."""

    row: States  # (N, n), within the seed's table
    action: States  # (N, n)
    reward: Floats  # (N, n)
    kept: Ints  # (N,), steps kept
    next: Ints  # (N,), the slot of the next one
    updates: Ints  # (N, S, A), of each entry: updates come n steps after visits, and step sizes go by updates


def fresh(shape: Shape, config: NStepConfig) -> Recent:
    """Nothing kept yet."""
    ring = (shape.seeds, config.n)
    none = np.zeros(shape.seeds, np.int64)
    steps = np.zeros(ring, np.int32), np.zeros(ring, np.int32), np.zeros(ring)
    return Recent(*steps, none, none.copy(), np.zeros(shape, np.int64))


def ranges(shape: Shape, config: NStepConfig) -> Mapping[str, tuple[int, int]]:
    """Where indices may lie."""
    return {
        "row": (0, shape.states),
        "action": (0, shape.actions),
        "kept": (0, config.n),  # a full ring is learnt from at once
        "next": (0, config.n),
    }


@lean
def forget(own: Recent, i: int) -> None:
    """Drop all steps of seed i."""
    own.kept[i] = 0


@inlined
def keep(own: Recent, move: Move) -> None:
    """Put a step into the ring."""
    i, slot = move.i, own.next[move.i]
    own.row[i, slot], own.action[i, slot], own.reward[i, slot] = move.state, move.action, move.reward
    own.next[i] = slot + 1 if slot + 1 < own.row.shape[1] else 0
    own.kept[i] += 1


@inlined
def slot_before(own: Any, slot: int) -> int:
    """The slot of the step before."""
    return slot - 1 if slot > 0 else own.row.shape[1] - 1


@inlined
def flat_row(move: Move, row: int) -> np.uint64:
    """The row of the flat tables of all seeds, of a row within this seed's table."""
    return np.uint64(np.int64(move.row) - move.state + row)
