"""Files that are whole or absent: written beside their place, flushed to the disk, then renamed into it."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.numpy

from daedalus.core.errors import UserError

Arrays = Mapping[str, np.typing.NDArray[Any]]

#: What a JSON object must hold: its keys, and the type of each value.
Shape = Mapping[str, type | UnionType]

#: The metadata under which safetensors carry the hash of their arrays and of all other metadata.
_CONTENT = "content"


def cannot(doing: str, path: Path, error: OSError) -> UserError:
    """The error for a file system that says no: a full disk, a folder that may not be written."""
    return UserError(f"cannot {doing} {path}: {error.strerror or error}; free or repair that place, or choose another")


def make_folder(path: Path) -> None:
    """Make a folder and its parents. Raises `UserError` where the file system refuses."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot("make the folder", path, error) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file or none. Raises `UserError` on a full disk or an unwritable folder."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise cannot("write", path, error) from error


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and programs: indented, strict (no NaN). Raises `UserError` for what is no Unicode."""
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        data = text.encode()
    except UnicodeEncodeError as error:  # bytes of a command line that are no UTF-8
        near = text[max(error.start - 20, 0) : error.end].rpartition("\n")[2].strip()
        raise UserError(f"cannot write {path}: {near!a} is no text in UTF-8; name it otherwise") from error
    write_bytes(path, data)


def write_arrays(path: Path, arrays: Arrays, metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays and metadata as safetensors, with a hash of all of it."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    facts = dict(metadata or {})
    write_bytes(path, safetensors.numpy.save(whole, metadata={**facts, _CONTENT: _content(whole, facts)}))


def _content(arrays: Arrays, metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def unreadable(path: Path, error: OSError, remedy: str) -> UserError:
    """The error for a file that is missing or may not be read."""
    return UserError(f"cannot read {path}: {error.strerror or error}; {remedy}")


def damaged(path: Path, why: object, remedy: str) -> UserError:
    """The error for a file that cannot be read as what it should be."""
    return UserError(f"{path} is damaged ({why}); {remedy}")


def read_json(path: Path, remedy: str, keys: Shape) -> dict[str, Any]:
    """Read a JSON object in which at least `keys` stand, each with a value of its type.

    Raises `UserError` with the `remedy` where the file is missing or damaged.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error, remedy) from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, "not JSON", remedy) from error
    if not isinstance(data, dict):
        raise damaged(path, "no JSON object", remedy)
    for key, kind in keys.items():
        if key not in data or not isinstance(data[key], kind):
            raise damaged(path, f"{key} is {data[key]!r}" if key in data else f"{key} is missing", remedy)
    return data


def read_arrays(path: Path, remedy: str) -> tuple[dict[str, np.typing.NDArray[Any]], dict[str, str]]:
    """Read what `write_arrays` wrote: the arrays and the metadata.

    Raises `UserError` with the `remedy` where the file is missing, damaged, or not what was written.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except OSError as error:
        raise unreadable(path, error, remedy) from error
    except (safetensors.SafetensorError, ValueError, TypeError, AttributeError) as error:  # the last two: odd dtypes
        raise damaged(path, error, remedy) from error
    if metadata.pop(_CONTENT, None) != _content(arrays, metadata):
        raise damaged(path, "not what was written", remedy)
    return arrays, metadata


def read_table(path: Path, remedy: str) -> pa.Table:
    """Read Parquet. Raises `UserError` where the file is missing or damaged."""
    try:
        return pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
    except (pa.ArrowException, ValueError) as error:
        raise damaged(path, str(error).splitlines()[0], remedy) from error
    except OSError as error:  # Arrow reports damage as OSError too
        if error.errno is None:
            raise damaged(path, str(error).splitlines()[0], remedy) from error
        raise unreadable(path, error, remedy) from error


def fingerprint(path: Path) -> str:
    """A hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def vouched(path: Path, expected: str, remedy: str) -> Path:
    """The path of a file whose fingerprint is the `expected` one. Raises `UserError` with the `remedy` where not."""
    try:
        found = fingerprint(path)
    except OSError as error:
        raise unreadable(path, error, remedy) from error
    if found != expected:
        raise damaged(path, "its bytes are not those that were written", remedy)
    return path
