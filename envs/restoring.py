"""What every snapshot says of itself, and what is asked of one before anything of it is taken up.

A snapshot tells of which problem it is; what compiled code goes by (a state, a phase) is checked for its range, so
that another world's numbers, or numbers that were changed, are refused and never read with.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import VectorEnv

from daedalus.core.draws import bits
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

Array = np.typing.NDArray[Any]

#: The least and the greatest that numbers may be: what counts, what draws, what is true or not.
COUNTS = (0, 2**63 - 1)
KEYS = (0, 2**64 - 1)
FLAG = (0, 1)


def label(problem: Any) -> dict[str, str]:
    """Which problem a snapshot is of: its kind, its name, and a hash of all that happens in it."""
    return {"kind": type(problem).__name__, "name": problem.name, "fingerprint": _fingerprint(problem)}


def check_label(problem: Any, taken: Mapping[str, Any]) -> None:
    """Refuse the snapshot of another problem; the same one under another name will do. Raises `UserError`."""
    own, theirs = label(problem), taken.get("problem")
    if not isinstance(theirs, Mapping) or set(theirs) != set(own):
        raise UserError(f"{problem.name}: this is no snapshot of an environment; `daedalus.envs.snapshot` takes them")
    if (theirs["kind"], theirs["fingerprint"]) != (own["kind"], own["fingerprint"]):
        again = " of other parameters" if theirs["name"] == own["name"] else ""
        raise UserError(f"this snapshot is of another world, {theirs['name']}{again}, not of {own['name']}")


def _fingerprint(problem: Any) -> str:
    match problem:
        case World():
            return f"{problem.mdp.fingerprint()}-{problem.horizon}"
        case Schedule():
            return f"{problem.fingerprint()}-{problem.phases[0].horizon}"
        case Bandit():
            return problem.fingerprint()
    digest = hashlib.sha256()
    for field in dataclasses.fields(problem):  # a value of this floor: all that it is made of
        value = getattr(problem, field.name)
        if field.name != "name":
            told = repr((value.shape, value.tobytes())) if isinstance(value, np.ndarray) else repr(value)
            digest.update(f"{field.name}={told};".encode())
    return digest.hexdigest()[:16]


def generator_state(env: gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any]) -> dict[str, Any]:
    """Where `np_random` stands, and with which seed it began."""
    return {"np_random": env.np_random.bit_generator.state, "np_random_seed": env._np_random_seed}


def restore_generator(env: gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any], taken: Mapping[str, Any]) -> None:
    """Take up what `generator_state` gave. Raises `UserError`."""
    try:
        env.np_random.bit_generator.state = taken["np_random"]
        env._np_random_seed = taken["np_random_seed"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"this snapshot does not tell where np_random stands ({error})") from None


def another(key: int | np.uint64, stream: int) -> np.uint64:
    """The key of a stream that goes another way than the one of `key`; each `stream` gives one of its own."""
    return np.uint64(bits(np.uint64(key), np.uint64(stream)))


def divert_generator(env: gymnasium.Env[Any, Any], stream: int) -> None:
    """Let `np_random` draw other numbers from here on."""
    seed = int(another(env.np_random.bit_generator.random_raw(), stream))
    env.np_random, _ = seeding.np_random(seed % 2**31)


def check_numbers(taken: Mapping[str, Any], within: Mapping[str, tuple[int, int]]) -> None:
    """Refuse numbers that are missing, not whole, or out of their range (both ends included). Raises `UserError`."""
    for name, (least, most) in within.items():
        number = taken.get(name)
        if not isinstance(number, (int, np.integer)) or not least <= number <= most:
            raise UserError(f"this snapshot's {name!r} must be a whole number in {least}…{most}, not {number!r}")


def check_arrays(
    own: Mapping[str, Array], taken: Mapping[str, Any], within: Mapping[str, tuple[int, int]] | None = None
) -> None:
    """Refuse arrays that are missing, of another shape or dtype, or out of their range. Raises `UserError`."""
    for name, array in own.items():
        given = taken.get(name)
        if not isinstance(given, np.ndarray) or (given.shape, given.dtype) != (array.shape, array.dtype):
            found = f"{given.shape} of {given.dtype}" if isinstance(given, np.ndarray) else type(given).__name__
            raise UserError(f"this snapshot's {name!r} must be {array.shape} of {array.dtype}, not {found}")
    for name, (least, most) in (within or {}).items():
        given = taken[name]
        if given.size and not (least <= given.min() and given.max() <= most):
            raise UserError(f"this snapshot's {name!r} must lie in {least}…{most}")


def take_up(
    own: Mapping[str, Array], taken: Mapping[str, Any], within: Mapping[str, tuple[int, int]] | None = None
) -> None:
    """Copy what was taken into one's own arrays, after `check_arrays`."""
    check_arrays(own, taken, within)
    for name, array in own.items():
        array[...] = taken[name]
