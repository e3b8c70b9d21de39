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
from daedalus.core.files import cannot, make_folder, write_json
from daedalus.core.lab.encoding import plan_to_json
from daedalus.core.lab.plan import merged, refuse_changes
from daedalus.core.lab.resolve import Resolved, Seat, renamed, resolve

from .members import Members, foreign, with_stored_seeds
from .provenance import now, provenance
from .run import FORMAT, Run, member_at, open_run

#: How long to wait for a lock: the workers of a run that was just killed need a moment to die.
_PATIENCE_SECONDS = 2.0

_LOCK = "lock"


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A locked run. `lock` is the lock's file descriptor, which worker processes inherit: it is free when all died."""

    path: Path
    resolved: Resolved
    provenance: dict[str, Any]
    lock: int

    def member(self, seat: Seat) -> Path:
        """The folder of one agent in one world."""
        return member_at(self.path, seat.experiment)

    def close(self) -> Run:
        """Write down when the run ended, and open it for reading."""
        self.provenance["ended"] = now()
        _write_run(self)
        return open_run(self.path)


@contextlib.contextmanager
def hold_run(out: Path, asked: Resolved, command: str) -> Iterator[RunFolder]:
    """Make or extend the run that is asked for and hold its lock.

    Raises `UserError` where another process holds it, where it exists with other settings, where a newer version
    wrote it, where other files stand there, and where the file system refuses.
    """
    path = out / asked.name()
    lock = lock_folder(path)
    fresh = all(entry.name == _LOCK for entry in path.iterdir())
    try:
        yield _begin(path, asked, command, lock)
    except UserError:
        if fresh and not _worth_keeping(path):  # it never worked: leave nothing behind
            _remove(path)
        raise
    finally:
        os.close(lock)


def _worth_keeping(path: Path) -> bool:
    return any(any(path.glob(f"*/*/*/{work}")) for work in ("done.json", "partial/snapshot-*"))


def _remove(path: Path) -> None:
    """Remove a run that is locked: the lock last, so that whoever waits for it finds an empty place."""
    with contextlib.suppress(OSError):
        for entry in path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _LOCK:
                entry.unlink()
        (path / _LOCK).unlink()
        path.rmdir()


def lock_folder(path: Path) -> int:
    """Make the folder and lock it; returns the lock's file descriptor, which to close is to let go."""
    file, deadline = path / _LOCK, time.monotonic() + _PATIENCE_SECONDS
    while True:
        make_folder(path)
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and time.monotonic() < deadline:
                continue  # who held it removed the folder this moment
            raise cannot("write", file, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _stands_at(lock, file):
                break
            os.close(lock)  # who held it has removed it; another may hold the new one
        except BlockingIOError:
            holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            if time.monotonic() >= deadline:
                raise UserError(
                    f"{path} is in use by process {holder}; wait until it ends, or choose another --name"
                ) from None
            time.sleep(0.05)
        except OSError as error:
            os.close(lock)
            raise cannot("lock", file, error) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _stands_at(handle: int, file: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False


def _begin(path: Path, asked: Resolved, command: str, lock: int) -> RunFolder:
    known, facts, stored = renamed(asked), provenance(command), None
    if (path / "run.json").exists():
        stored = open_run(path)
        known = resolve(merged(stored.plan, known.plan))
        facts["earlier"] = [*stored.provenance.pop("earlier", []), stored.provenance]
    elif others := foreign(path, known):
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        raise UserError(f"{path} holds other files ({shown}); choose another name")
    else:
        known = with_stored_seeds(path, known)
    folder = RunFolder(path, known, facts, lock)
    members = Members(path, known, stored)
    refuse_changes(path.name, members.changes())
    members.write()
    _write_run(folder)
    return folder


def _write_run(folder: RunFolder) -> None:
    plan = folder.resolved.plan
    data = {"format": FORMAT, "name": plan.name, "plan": plan_to_json(plan), "provenance": folder.provenance}
    write_json(folder.path / "run.json", data)
