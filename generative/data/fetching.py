"""Public files that data sets are made of: from a folder of yours, the cache, or the network, by checksum always.

`DAEDALUS_DATA` (on the command line `--data-dir`) names a folder that is looked into first, then comes the cache, then
the network. What is found under a name is the file that was meant, or there is an error.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from daedalus.core.data import DATA_FOLDER
from daedalus.core.errors import MissingData, UserError, unknown
from daedalus.core.files import make_folder, unreadable


@dataclass(frozen=True)
class Source:
    """Where a file is public, and its SHA-256; `also` are those of the same content packed otherwise."""

    url: str
    sha256: str
    also: tuple[str, ...] = ()


_RAW = "https://raw.githubusercontent.com/karpathy"

SOURCES: dict[str, Source] = {
    "mnist.npz": Source(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        ("06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64",),
    ),
    "tinyshakespeare.txt": Source(
        f"{_RAW}/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ),
    "names.txt": Source(
        f"{_RAW}/makemore/master/names.txt",
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ),
}


def fetched(name: str) -> Path:
    """The path of a file of `SOURCES`.

    Raises `MissingData` where it is not here and cannot be fetched, and `UserError` where its bytes are not those that
    were meant and where the cache cannot be written.
    """
    if name not in SOURCES:
        raise unknown("file to fetch", name, SOURCES)
    return _local(name) or _kept(name)


def _local(name: str) -> Path | None:
    """The file in the folder that `DAEDALUS_DATA` names, if it is there."""
    if not (named := os.environ.get(DATA_FOLDER)):
        return None
    folder, source = Path(named), SOURCES[name]
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder} to read {name} from; --data-dir or {DATA_FOLDER} must name one")
    path = folder / name
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error, "make it readable, or choose another folder by --data-dir") from error
    if found not in (source.sha256, *source.also):
        raise UserError(
            f"{path} is not the {name} that is meant: its SHA-256 begins with {found[:12]}, "
            f"not with {source.sha256[:12]}; replace it by {source.url}, or remove it"
        )
    return path


def _kept(name: str) -> Path:
    """The file in the cache, where it is put on its first use."""
    import pooch  # takes a while, and most runs find what they need
    from requests import RequestException

    source, folder = SOURCES[name], cache("data")
    pooch.get_logger().setLevel("WARNING")  # of what goes well it need not speak
    try:
        return Path(pooch.retrieve(source.url, f"sha256:{source.sha256}", fname=name, path=folder))
    except RequestException as error:  # an OSError too
        raise MissingData(
            f"{name} is not in {_looked(folder)}, and {source.url} cannot be reached ({type(error).__name__}); "
            f"go online, or name a folder that holds it by --data-dir or {DATA_FOLDER}"
        ) from error
    except ValueError as error:
        raise UserError(
            f"what {source.url} gave is not the {name} that is meant (another SHA-256); try again, "
            f"or name a folder that holds it by --data-dir or {DATA_FOLDER}"
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error


def _looked(kept: Path) -> str:
    named = os.environ.get(DATA_FOLDER)
    return f"{named}, not in the cache {kept}" if named else str(kept)


def cache(kind: str) -> Path:
    """A folder of the cache, made where it is missing. Raises `UserError` where it cannot be."""
    from daedalus.core import compiled  # takes a while

    folder = compiled.cache_root() / kind
    try:
        make_folder(folder)
    except UserError as error:
        cause = error.__cause__
        raise _unwritable(folder, cause if isinstance(cause, OSError) else OSError(str(error))) from error
    return folder


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write to the cache {folder}: {error.strerror or error}; "
        "set DAEDALUS_CACHE to a folder that can be written"
    )
