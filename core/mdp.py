"""The finite Markov decision process: the one value that solvers, learners and environments share."""

import functools
import hashlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Bools, Floats, States
from .errors import UserError

_TOLERANCE = 1e-9
_MOST_BYTES = 16 * 2**30  # of tables, on any machine
_COPIES = 4  # building and solving take at most 3.4 times the tables, measured on mazes and cliffs


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A finite MDP with at most K outcomes for each state and action.

    Outcomes that do not exist have probability 0. A terminal state absorbs: every action leads back to it with
    reward 0. Construction validates and raises `UserError` naming the state and action; arrays become read-only.
    """

    next_state: States  # (S, A, K), int32
    probability: Floats  # (S, A, K), sums to 1 over K
    reward: Floats  # (S, A, K), expected reward of that outcome
    start: Floats  # (S,), sums to 1
    terminal: Bools  # (S,)

    def __post_init__(self) -> None:
        _reject_uncountable(np.asarray(self.next_state))
        for name, dtype in _DTYPES.items():
            given = getattr(self, name)
            array: np.typing.NDArray[Any] = np.ascontiguousarray(given, dtype=dtype)
            if array is given and array.flags.writeable:
                array = array.copy()  # the caller may go on writing to its own
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        _validate(self)

    @property
    def states(self) -> int:
        """S, the number of states."""
        return int(self.next_state.shape[0])

    @property
    def actions(self) -> int:
        """A, the number of actions."""
        return int(self.next_state.shape[1])

    @property
    def outcomes(self) -> int:
        """K, the most outcomes that any state and action has."""
        return int(self.next_state.shape[2])

    @property
    def deterministic(self) -> bool:
        """Whether every action has exactly one outcome and there is one start state."""
        return self.outcomes == 1 and int(np.count_nonzero(self.start)) == 1

    def fingerprint(self) -> str:
        """A hash of everything in it: equal MDPs, equal fingerprints."""
        return self._fingerprint

    @functools.cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name in _DTYPES:
            array = getattr(self, name)
            digest.update(f"{name}{array.shape}".encode())
            digest.update(array.data)
        return digest.hexdigest()[:16]


_DTYPES = {
    "next_state": np.int32,
    "probability": np.float64,
    "reward": np.float64,
    "start": np.float64,
    "terminal": np.bool_,
}


def check_size(states: int, actions: int, outcomes: int) -> None:
    """Refuse a world whose tables would not fit in memory, naming the bytes. Raises `UserError`."""
    needed, available = states * actions * outcomes * (4 + 8 + 8), available_bytes()
    if needed > available:
        raise UserError(
            f"{states:,} states × {actions:,} actions × {outcomes} outcomes need {needed:,} bytes of tables, more than "
            f"the {available:,} available (1/{_COPIES} of the memory, {_MOST_BYTES:,} at most); make the world smaller"
        )


def available_bytes() -> int:
    """How many bytes the tables of one thing may take on this machine."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(memory // _COPIES, _MOST_BYTES)


def _reject_uncountable(next_state: np.typing.NDArray[Any]) -> None:
    """Refuse indices that the cast to int32 would silently change."""
    if not np.issubdtype(next_state.dtype, np.integer):
        raise UserError(f"next_state must hold integers, not {next_state.dtype}")
    if next_state.ndim == 3 and next_state.dtype != np.int32:
        _reject((next_state < 0) | (next_state >= next_state.shape[0]), f"leads outside 0…{next_state.shape[0] - 1}")


def _validate(mdp: FiniteMDP) -> None:
    if mdp.next_state.ndim != 3 or 0 in mdp.next_state.shape:
        raise UserError(f"next_state must have shape (states, actions, outcomes), not {mdp.next_state.shape}")
    shape, states = mdp.next_state.shape, mdp.next_state.shape[0]
    expected = {"probability": shape, "reward": shape, "start": (states,), "terminal": (states,)}
    for name, wanted in expected.items():
        if getattr(mdp, name).shape != wanted:
            raise UserError(f"{name} must have shape {wanted}, not {getattr(mdp, name).shape}")
    _reject((mdp.next_state < 0) | (mdp.next_state >= states), f"leads outside 0…{states - 1}")
    _reject(~((mdp.probability >= 0) & (mdp.probability <= 1 + _TOLERANCE)), "has a probability outside [0, 1]")
    _reject(np.abs(mdp.probability.sum(axis=2) - 1) > _TOLERANCE, "has probabilities that do not sum to 1")
    _reject(~np.isfinite(mdp.reward), "has a reward that is not finite")
    if not (np.all(mdp.start >= 0) and abs(mdp.start.sum() - 1) <= _TOLERANCE):
        raise UserError(f"start probabilities must be at least 0 and sum to 1, not {mdp.start.sum():.6g}")
    ends = np.flatnonzero(mdp.terminal)
    if ends.size:
        used = mdp.probability[ends] > 0
        leaves = used & (mdp.next_state[ends] != ends[:, None, None])
        _reject(leaves, "is terminal but leads elsewhere; terminal states must absorb", ends)
        _reject(used & (mdp.reward[ends] != 0), "is terminal but pays a reward; terminal states pay 0", ends)


def _reject(bad: Bools, what: str, states: np.typing.NDArray[np.intp] | None = None) -> None:
    if not bad.any():
        return
    state, action = np.argwhere(bad)[0][:2]
    state = state if states is None else states[state]
    raise UserError(f"state {state}, action {action} {what}")
