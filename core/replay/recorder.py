"""Recording trajectories: episodes are appended, and count once they are committed."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import final

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.files import cannot, make_folder, write_json

from .fields import Array, Field
from .layout import Index, Layout, data_path, index_path, read_index, stored


@final
class Recorder:
    """Appends whole episodes to a store of trajectories, a new one or one that was begun with the same fields.

    Memory holds one episode at a time. `commit`, also called on leaving the `with` block, makes what was appended
    last: whatever happens in between, the store is what it was at the last commit. One recorder at a time.
    """

    def __init__(self, folder: Path, frame: Mapping[str, Field], step: Mapping[str, Field]) -> None:
        layout = Layout(dict(frame), dict(step))
        make_folder(folder)
        self._folder, self._files = folder, dict[str, int]()
        try:
            self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise cannot("write in", folder, error) from error
        try:
            self._index = self._begin(layout)
        except BaseException:
            self._close()
            raise

    def _begin(self, layout: Layout) -> Index:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"{self._folder} is being recorded by another process; wait, or choose another") from error
        fresh = not index_path(self._folder).exists()
        strange = [p.name for p in self._folder.iterdir() if not (p.name.startswith(".") or p.suffix == ".bin")]
        if fresh and strange:
            raise UserError(f"{self._folder} holds {strange[0]}, which is no part of a store; take an empty folder")
        index = Index(layout, 0, 0) if fresh else read_index(self._folder)
        if index.layout != layout:
            raise UserError(f"{self._folder} was begun with other fields; take the same, or another folder")
        for name in ("episodes", *layout.files):
            path = data_path(self._folder, name)
            try:
                self._files[name] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise cannot("write", path, error) from error
        if fresh:
            write_json(index_path(self._folder), index.told())
        return index

    def append(self, frame: Mapping[str, Array], step: Mapping[str, Array], terminated: bool) -> None:
        """Append an episode: fields of frames (L + 1, …), the last one included, and of steps (L, …).

        `terminated` says whether the world ended, rather than the episode being cut. Raises `UserError`, and appends
        nothing, for arrays that do not fit or floats that are not finite.
        """
        index = self._index
        length = len(next(iter(frame.values()))) - 1 if frame else -1
        if length < 0:
            raise UserError("an episode has at least one frame")
        blocks = {
            **_blocks("frame", index.layout.frame, frame, length + 1),
            **_blocks("step", index.layout.step, step, length),
        }
        for name, block in blocks.items():
            self._write(name, index.rows(name) * index.layout.files[name].bytes, block)
        self._write("episodes", index.episodes * 16, np.array([length, bool(terminated)], "<i8"))
        self._index = Index(index.layout, index.episodes + 1, index.steps + length)

    def _write(self, name: str, offset: int, block: Array) -> None:
        data = np.ascontiguousarray(block).reshape(-1).view(np.uint8).data
        try:
            while len(data):
                count = os.pwrite(self._files[name], data, offset)
                data, offset = data[count:], offset + count
        except OSError as error:
            raise cannot("write", data_path(self._folder, name), error) from error

    def commit(self) -> None:
        """Make everything appended so far last: the data reach the disk, then the index is renamed into place."""
        try:
            for handle in self._files.values():
                os.fsync(handle)
        except OSError as error:
            raise cannot("write", self._folder, error) from error
        write_json(index_path(self._folder), self._index.told())

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.commit()
        finally:
            self._close()

    def _close(self) -> None:
        for handle in (*self._files.values(), self._lock):
            os.close(handle)
        self._files.clear()


def _blocks(kind: str, fields: Mapping[str, Field], given: Mapping[str, Array], length: int) -> dict[str, Array]:
    """The arrays of an episode as they lie on disk, by file; checked."""
    if odd := sorted(set(given) ^ set(fields)):
        raise UserError(f"an episode's fields of {kind}s must be {', '.join(fields) or 'none'}; not so: {odd[0]}")
    blocks = {}
    for name, field in fields.items():
        array = np.asarray(given[name])
        if array.shape != (length, *field.shape):
            raise UserError(f"{kind} {name} must have shape {(length, *field.shape)}, not {array.shape}")
        if not np.can_cast(array.dtype, field.dtype, "same_kind"):
            raise UserError(f"{kind} {name} must be {field.dtype}, not {array.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UserError(f"{kind} {name} holds numbers that are not finite")
        blocks[f"{kind}.{name}"] = array.astype(stored(field), copy=False)
    return blocks
