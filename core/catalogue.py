"""What is there, by name: lazy entries that every floor, and every other package, announces as data.

A floor announces a tuple of entries under the entry-point group `daedalus.catalogue`. Listing them imports
nothing but those tuples; only `Entry.load` imports the code behind a name. So the lab finds worlds, agents,
trials and commands without importing a floor above it.
"""

import functools
import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import Any, Literal

from .errors import unknown

Kind = Literal[
    "world", "agent", "data", "model", "strategy", "trial", "command", "service", "bench", "reproduction"
]  # fmt: skip

GROUP = "daedalus.catalogue"


@dataclass(frozen=True)
class Entry:
    """One name and where its code lives.

    `target` is "module:object". `suits` names what the thing is for, so that a mismatch can be refused by
    name alone: worlds and agents list the sorts of problem, of "bandit", "contextual", "finite", "changing" and
    "open", reproductions their groups. `trial` names the trial that runs an agent, `block` how many seeds at a time;
    `family` is the heading under which lists show it.
    """

    kind: Kind
    name: str
    target: str
    summary: str
    suits: tuple[str, ...] = ()
    trial: str = ""
    block: int = 16
    family: str = ""

    def load(self) -> Any:
        """Import the module and return the object."""
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Every announced entry, in the order of the announcing entry points' names."""
    found: list[Entry] = []
    for point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name):
        found.extend(point.load())
    return tuple(found)


def of_kind(kind: Kind) -> dict[str, Entry]:
    """The entries of one kind by name."""
    return {entry.name: entry for entry in entries() if entry.kind == kind}


def find(kind: Kind, name: str) -> Entry:
    """Return the entry of that kind and name.

    Raises `UserError`, naming the nearest known name, where there is none.
    """
    known = of_kind(kind)
    if name not in known:
        raise unknown(kind, name, known)
    return known[name]
