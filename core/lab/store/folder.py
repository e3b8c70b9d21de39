"""A run's folder as the runner holds it: locked, begun or extended, and closed."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daedalus.core.errors import UserError
from daedalus.core.files import cannot, make_folder, read_json, write_arrays, write_json
from daedalus.core.lab.encoding import plan_to_json, slug
from daedalus.core.lab.plan import merged, refuse_changes
from daedalus.core.lab.resolve import Place, Resolved, Seat, renamed, resolve

from .cards import card
from .provenance import now, provenance
from .run import FORMAT, Run, open_run

#: How long to wait for a lock: the workers of a run that was just killed need a moment to die.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A locked run. `lock` is the lock's file descriptor, which worker processes inherit: it is free when all died."""

    path: Path
    resolved: Resolved
    provenance: dict[str, Any]
    lock: int

    def member(self, seat: Seat) -> Path:
        """The folder of one agent in one world."""
        return self.path / slug(str(seat.experiment.world)) / slug(seat.experiment.label)

    def close(self) -> Run:
        """Write down when the run ended, and open it for reading."""
        self.provenance["ended"] = now()
        _write_run(self)
        return open_run(self.path)


@contextlib.contextmanager
def hold_run(out: Path, asked: Resolved, command: str) -> Iterator[RunFolder]:
    """Make or extend the run that is asked for and hold its lock.

    Raises `UserError` where another process holds it, where it exists with other settings, where a newer version
    wrote it, and where the file system refuses.
    """
    path = out / asked.name()
    fresh = not path.exists()
    make_folder(path)
    lock = _lock(path)
    try:
        yield _begin(path, asked, command, lock)
    except UserError:
        if fresh and not any(path.glob("*/*/*/done.json")):  # it never worked: leave nothing behind
            shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    file = path / "lock"
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise cannot("write", file, error) from error
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise UserError(
                f"{path} is in use by process {holder}; wait until it ends, or choose another --name"
            ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _begin(path: Path, asked: Resolved, command: str, lock: int) -> RunFolder:
    known, facts = renamed(asked), provenance(command)
    if (path / "run.json").exists():
        stored = open_run(path)
        known = resolve(merged(stored.plan, known.plan))
        earlier = [*stored.provenance.pop("earlier", []), stored.provenance]
        facts["earlier"] = earlier
    folder = RunFolder(path, known, facts, lock)
    refuse_changes(path.name, _changes(folder))
    _write_cards(folder)
    for seat in known.seats:
        _write_config(folder, seat)
    _write_run(folder)
    return folder


def _write_run(folder: RunFolder) -> None:
    plan = folder.resolved.plan
    data = {"format": FORMAT, "name": plan.name, "plan": plan_to_json(plan), "provenance": folder.provenance}
    write_json(folder.path / "run.json", data)


_AGAIN = "delete that file and run the same command again"


def _changes(folder: RunFolder) -> list[str]:
    """What the stored members are that the resolved ones are not."""
    changes = []
    for place in folder.resolved.places:
        file = _world_folder(folder, place) / "world.json"
        if file.exists() and read_json(file, _AGAIN)["fingerprint"] != place.fingerprint:
            changes.append(f"the world {place.spec} itself has changed since (its drawing or its code)")
    for seat in folder.resolved.seats:
        file = folder.member(seat) / "config.json"
        if file.exists():
            stored = read_json(file, _AGAIN)
            changes += _differences(seat, {"agent": stored["agent"], **stored["settings"]})
    return changes


def _differences(seat: Seat, stored: dict[str, Any]) -> list[str]:
    asked = {"agent": seat.entry.name, **seat.settings}
    where = f"of {seat.experiment.label} in {seat.experiment.world}"
    if stored["agent"] != asked["agent"]:
        return [f"the agent {where} was {stored['agent']}, now {asked['agent']}"]
    return [
        f"{key} {where} was {stored.get(key, 'absent')}, now {asked.get(key, 'absent')}"
        for key in dict.fromkeys([*stored, *asked])
        if stored.get(key) != asked.get(key)
    ]


def _world_folder(folder: RunFolder, place: Place) -> Path:
    return folder.path / slug(str(place.spec))


def _write_cards(folder: RunFolder) -> None:
    for place in folder.resolved.places:
        where = _world_folder(folder, place)
        if (where / "world.json").exists():
            continue
        facts, arrays = card(place)
        make_folder(where)
        if arrays:
            write_arrays(where / "world.safetensors", arrays)
        write_json(where / "world.json", facts)


def _write_config(folder: RunFolder, seat: Seat) -> None:
    where = folder.member(seat)
    if (where / "config.json").exists():
        return
    make_folder(where)
    facts = {
        "world": str(seat.experiment.world),
        "label": seat.experiment.label,
        "agent": seat.entry.name,
        "settings": seat.settings,
        "trial": seat.entry.trial,
    }
    write_json(where / "config.json", facts)
