"""The writing side of the store: a block of seeds from its first record to `done.json`.

What a trial yields is held in memory until a snapshot is due; then the records since the last one are written as
a part, and the snapshot last. So the parts up to a snapshot's step are exactly the records before it, and whatever
else a killed process left is dropped. When the trial ends, parts become one sorted table, and `done.json` is
renamed into place after everything it vouches for.
"""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from daedalus.core.errors import UserError
from daedalus.core.files import (
    Arrays,
    damaged,
    fingerprint,
    make_folder,
    read_arrays,
    read_table,
    vouched,
    write_arrays,
    write_json,
    write_table,
)
from daedalus.core.lab.experiment import BELIEFS, CURVE, EXHIBITS, Experiment, Final, Record, Snapshot

from .run import Block

TableName = Literal["curve", "episodes", "beliefs", "scalars", "exhibits"]

#: Seconds between saved snapshots, so that a fast trial does not spend its time writing files…
SNAPSHOT_SECONDS = 2.0

#: …and where saving one takes longer than this, proportionally more.
_QUICK_SECONDS = 0.1

_AGAIN = "the block starts again"

_KEYS = [("world", pa.string()), ("agent", pa.string()), ("label", pa.string()), ("seed", pa.int64())]
_ARROW: dict[Any, pa.DataType] = {np.str_: pa.string(), np.bytes_: pa.binary(), np.bool_: pa.bool_()}
_SCHEMAS: dict[TableName, pa.Schema] = {
    "curve": pa.schema(
        [*_KEYS, ("step", pa.int64()), *((name, pa.from_numpy_dtype(dtype)) for name, dtype in CURVE.items())]
    ),
    "episodes": pa.schema(
        [
            *_KEYS,
            ("episode", pa.int64()),
            ("step", pa.int64()),
            ("return", pa.float64()),
            ("length", pa.int64()),
        ]
    ),
    "beliefs": pa.schema(
        [*_KEYS, ("step", pa.int64()), *((name, pa.from_numpy_dtype(dtype)) for name, dtype in BELIEFS.items())]
    ),
    "scalars": pa.schema([*_KEYS, ("step", pa.int64()), ("tag", pa.string()), ("value", pa.float64())]),
    "exhibits": pa.schema([*_KEYS, ("step", pa.int64()), *((name, _ARROW[dtype]) for name, dtype in EXHIBITS.items())]),
}

#: What sorts the rows of a table. Arrow's sort is stable: rows of one seed and step stay in the order they came in.
_SORTED = [("seed", "ascending"), ("step", "ascending")]


class BlockWriter:
    """Writes one block. `version` names the code that wrote a snapshot: another version starts the block again."""

    def __init__(self, block: Block, experiment: Experiment, version: str) -> None:
        self.block = block
        self.experiment = experiment
        self.version = version
        self.started_again = ""  # why what was there could not be continued
        self._held: dict[TableName, list[pa.Table]] = {name: [] for name in _SCHEMAS}
        self._parts: dict[str, str] = {}  # the fingerprints of those that are written
        self._due = time.monotonic() + SNAPSHOT_SECONDS
        make_folder(block.partial)

    def resume(self) -> Snapshot | None:
        """The last snapshot, with everything newer dropped; None where the block starts from nothing."""
        try:
            snapshot = self._last_snapshot()
        except UserError as error:
            self.started_again = str(error).partition(";")[0]
            snapshot = None
        if snapshot is None:
            shutil.rmtree(self.block.partial, ignore_errors=True)
            make_folder(self.block.partial)
        return snapshot

    def _last_snapshot(self) -> Snapshot | None:
        files = list(self.block.partial.glob("snapshot-*.safetensors"))
        if not files:
            return None
        last = max(files, key=lambda path: (len(path.name), path.name))  # of the most steps
        arrays, metadata = read_arrays(last, _AGAIN)
        if metadata.get("version") != self.version:
            raise UserError(f"{last} was written by version {metadata.get('version')}; {_AGAIN}")
        try:
            step, parts = int(metadata["step"]), dict(json.loads(metadata["parts"]))
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(last, f"its header: {error}", _AGAIN) from error
        for name, expected in parts.items():
            read_table(vouched(self.block.partial / name, expected, _AGAIN), _AGAIN)
        for path in self.block.partial.iterdir():
            if path.name not in parts and path != last:
                path.unlink()
        self._parts = parts
        return Snapshot(step, arrays)

    def add(self, record: Record) -> None:
        """Hold a record until the next saved snapshot."""
        self._held[record.table].append(_table(record.table, record.columns, self.experiment))

    def snapshot(self, snapshot: Snapshot) -> bool:
        """Save a snapshot and the records before it, if the last one is old enough. True where it was saved."""
        began = time.monotonic()
        if began < self._due:
            return False
        old = list(self.block.partial.glob("snapshot-*.safetensors"))
        self._write_parts(snapshot.step)
        metadata = {"step": str(snapshot.step), "version": self.version, "parts": json.dumps(self._parts)}
        write_arrays(self._snapshot_path(snapshot.step), snapshot.arrays, metadata)
        for path in old:
            path.unlink()
        saved = time.monotonic()
        self._due = saved + SNAPSHOT_SECONDS * max(1.0, (saved - began) / _QUICK_SECONDS)
        return True

    def _snapshot_path(self, step: int) -> Path:
        return self.block.partial / f"snapshot-{step:012d}.safetensors"

    def _write_parts(self, step: int) -> None:
        for name, held in self._held.items():
            if held:
                path = self.block.partial / f"{name}-{step:012d}.parquet"
                write_table(path, pa.concat_tables(held))
                self._parts[path.name] = fingerprint(path)
                held.clear()

    def finish(self, final: Final | None) -> None:
        """Put the whole block into place: tables, learners, and `done.json` last."""
        files = ["curve.parquet"]
        write_table(self.block.path / "curve.parquet", self._whole("curve"))
        episodes = self._whole("episodes")
        if self.experiment.episodes:
            write_table(self.block.path / "episodes.parquet", episodes)
            files.append("episodes.parquet")
        for name in ("beliefs", "scalars", "exhibits"):
            if (table := self._whole(name)).num_rows:
                write_table(self.block.path / f"{name}.parquet", table)
                files.append(f"{name}.parquet")
        if final is not None and final.arrays:
            write_arrays(self.block.path / "final.safetensors", final.arrays)
            files.append("final.safetensors")
        done = {
            "seeds": [self.block.seeds.start, self.block.seeds.stop],
            "steps": self.experiment.steps,
            "files": {name: fingerprint(self.block.path / name) for name in files},
        }
        write_json(self.block.path / "done.json", done)
        shutil.rmtree(self.block.partial, ignore_errors=True)

    def _whole(self, name: TableName) -> pa.Table:
        parts = [
            read_table(path, f"delete {self.block.path} and run the same command again")
            for path in sorted(self.block.partial.glob(f"{name}-*.parquet"))
        ]
        whole = pa.concat_tables([_SCHEMAS[name].empty_table(), *parts, *self._held[name]])
        return whole.sort_by(_SORTED).combine_chunks()


def _table(name: TableName, columns: Arrays, experiment: Experiment) -> pa.Table:
    schema = _SCHEMAS[name]
    rows = len(columns["seed"])
    named = {"world": str(experiment.world), "agent": experiment.agent.name, "label": experiment.label}
    if strange := set(columns) - set(schema.names):
        raise ValueError(f"a record for {name!r} has columns that it does not know: {sorted(strange)}")
    data = {field.name: _column(field, rows, columns, named) for field in schema}
    return pa.table(data, schema=schema)


def _column(field: pa.Field, rows: int, columns: Arrays, named: Mapping[str, str]) -> pa.Array:
    if field.name in named:
        return pa.array([named[field.name]] * rows, field.type)
    missing: Any = np.nan if pa.types.is_floating(field.type) else 0
    values = columns.get(field.name, np.full(rows, missing))
    if len(values) != rows:
        raise ValueError(f"column {field.name!r} has {len(values)} rows, 'seed' has {rows}")
    if np.asarray(values).dtype == object:  # words and pictures
        return pa.array(list(values), field.type)
    return pa.array(np.asarray(values).astype(field.type.to_pandas_dtype()), field.type)
