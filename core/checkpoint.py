"""Checkpoints: arrays as safetensors and a card as JSON within them. Nothing in such a file can be run.

A stranger's file loads as safely as one's own: sizes in its header are held against the file's length, and a hash of
its content against what was read, before anything is believed.
"""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import UserError
from .files import read_arrays, unreadable, write_arrays

Arrays = dict[str, np.typing.NDArray[Any]]

FORMAT = 1

_PACKAGES = ("daedalus-suite", "torch", "numpy")
_LONGEST = 300  # of a file's words in a message
_REMEDY = "save it again, or take another file"
_RUNNABLE = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # zip (torch.save) and pickles


@dataclass(frozen=True)
class Card:
    """What a checkpoint is of. `architecture` is the text that a network's spec has; `facts` is JSON."""

    kind: str
    architecture: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=lambda: versions(_PACKAGES))
    format: int = FORMAT


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found: dict[str, str] = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def save(path: Path, arrays: Mapping[str, np.typing.NDArray[Any]], card: Card) -> None:
    """Write a checkpoint, whole or not at all. Raises `UserError` where the file system refuses."""
    text = json.dumps({name: getattr(card, name) for name in Card.__dataclass_fields__}, allow_nan=False)
    write_arrays(path, arrays, {"card": text})


def load(path: Path, architecture: str | None = None, kind: str | None = None) -> tuple[Arrays, Card]:
    """Read a checkpoint, of the `architecture` and `kind` if given.

    Raises:
        UserError: no such file, no checkpoint, a damaged one, one of a newer format, or one of something else.
    """
    _refuse_runnable(path)
    arrays, metadata = read_arrays(path, _REMEDY)
    card = _card(path, metadata)
    if kind is not None and card.kind != kind:
        raise UserError(f"{path} is a checkpoint of kind {card.kind!r}, not {kind!r}; load it by what saved it")
    if architecture is not None and card.architecture != architecture:
        raise UserError(
            f"{path} holds {_shown(card.architecture)}, but this is {architecture}; build the one that was saved"
        )
    return arrays, card


def _refuse_runnable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise unreadable(path, error, "check the path") from error
    if head.startswith(_RUNNABLE):
        raise UserError(f"{path} is a pickle (.pt, .pth, .zip): opening one can run a stranger's code, so it is not "
                        "read; save its tensors as safetensors instead")  # fmt: skip


def _card(path: Path, metadata: Mapping[str, str]) -> Card:
    try:
        facts = json.loads(metadata["card"])
        version = facts["format"]
        if isinstance(version, int) and version > FORMAT:
            raise UserError(f"{path} has format {version}, newer than this version's {FORMAT}; update Daedalus to "
                            f"read it (it was saved by {_saver(facts)})")  # fmt: skip
        card = Card(**facts)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is no checkpoint of Daedalus: it bears no card; take another file") from error
    words = all(isinstance(word, str) for word in (card.kind, card.architecture)) and type(version) is int
    if not words or version != FORMAT or not all(isinstance(facts, dict) for facts in (card.facts, card.packages)):
        raise UserError(f"{path} is no checkpoint of Daedalus: its card is of another form; take another file")
    return card


def _saver(facts: Mapping[str, Any]) -> str:
    packages = facts.get("packages")
    version = packages.get("daedalus-suite") if isinstance(packages, dict) else None
    return f"version {_shown(version)}" if isinstance(version, str) else "an unknown version"


def _shown(words: str) -> str:
    """A stranger's words, in a line that a terminal only prints."""
    short = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return short if short.isprintable() else ascii(short)


def fits(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Check that named arrays or tensors have the names and shapes wanted. Raises `UserError` naming the first that
    does not.
    """
    missing, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or extra:
        said = f"lacks {missing[0]!r}" if missing else f"has {extra[0]!r}, which is not wanted"
        raise UserError(f"the saved network {said}; build the network that was saved")
    for name, array in wanted.items():
        if tuple(given[name].shape) != tuple(array.shape):
            raise UserError(f"{name!r} has shape {tuple(given[name].shape)} where {tuple(array.shape)} is wanted; "
                            "build the network that was saved")  # fmt: skip
