"""Plain data as one array of bytes: what a snapshot of an environment holds, in a file of arrays.

JSON with words for what it lacks, so that what is read back has the types, and the bits, of what was written.
"""

import json
from typing import Any

import numpy as np

from daedalus.core.errors import UserError

_KINDS = "biufc"


def pack(value: Any) -> np.typing.NDArray[np.uint8]:
    """Dictionaries with words as keys, lists, tuples, numbers, words and arrays of numbers, as bytes (M,)."""
    return np.frombuffer(json.dumps(_plain(value)).encode(), dtype=np.uint8).copy()


def unpack(packed: np.typing.NDArray[np.uint8]) -> Any:
    """What `pack` was given. Raises `UserError` for bytes that are none of its."""
    try:
        return _read(json.loads(packed.tobytes()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"an environment's state cannot be read ({error})") from None


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | str():
            return value
        case np.ndarray() | np.generic():
            array = np.asarray(value)
            if array.dtype.kind not in _KINDS:
                raise UserError(f"an array of {array.dtype} cannot be taken down")
            kind = "array" if isinstance(value, np.ndarray) else "number"
            return {kind: [array.dtype.str, list(array.shape), array.tobytes().hex()]}
        case int() | float():
            return value
        case tuple():
            return {"tuple": [_plain(one) for one in value]}
        case list():
            return [_plain(one) for one in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {"dict": {key: _plain(one) for key, one in value.items()}}
    raise UserError(f"{type(value).__name__} cannot be taken down")


def _read(data: Any) -> Any:
    if isinstance(data, list):
        return [_read(one) for one in data]
    if not isinstance(data, dict):
        return data
    ((kind, inside),) = data.items()
    match kind:
        case "dict":
            return {key: _read(one) for key, one in inside.items()}
        case "tuple":
            return tuple(_read(one) for one in inside)
        case "array" | "number":
            dtype = np.dtype(inside[0])
            if dtype.kind not in _KINDS:
                raise ValueError(f"an array of {dtype}")
            array = np.frombuffer(bytes.fromhex(inside[2]), dtype).reshape(inside[1]).copy()
            return array if kind == "array" else array[()]
    raise ValueError(f"unknown kind {kind!r}")
