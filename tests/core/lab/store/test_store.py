"""Files are whole or absent, blocks are checked, parts never overlap."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pytest

from daedalus.core import files
from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.encoding import (
    experiment_from_json,
    experiment_to_json,
    plan_from_json,
    plan_to_json,
    slug,
)
from daedalus.core.lab.experiment import (
    BELIEFS,
    CURVE,
    SCALARS,
    Experiment,
    Final,
    Record,
    Snapshot,
    scalars_record,
)
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.store import writer
from daedalus.core.lab.store.run import Block, block_at
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.spec import Spec, parse_spec

EXPERIMENT = Experiment(Spec("w"), Spec("a"), "A", 2, 30)


def rows(step: int) -> Record:
    return Record("curve", {"seed": np.array([0, 1]), "step": np.full(2, step), "value": np.array([step, -step])})


def snapshot(step: int) -> Snapshot:
    return Snapshot(
        step, {"at": np.array(step), "key": np.array([2**64 - 1], dtype=np.uint64), "on": np.ones((2, 3), bool)}
    )


@pytest.fixture
def block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Block:
    monkeypatch.setattr(writer, "SNAPSHOT_SECONDS", 0.0)
    return block_at(tmp_path / "w" / "A", range(2))


def begun(block: Block, *steps: int) -> BlockWriter:
    """A block that was written up to `steps`, with a record of step 99 in memory that was lost with the process."""
    made = BlockWriter(block, EXPERIMENT, "1")
    for step in steps:
        made.add(rows(step))
        made.snapshot(snapshot(step))
    made.add(rows(99))
    return made


def test_a_snapshot_comes_back_bit_for_bit_and_only_the_newest_is_kept(block: Block) -> None:
    begun(block, 10, 20)
    found = BlockWriter(block, EXPERIMENT, "1").resume()
    assert found is not None
    assert found.step == 20
    for name, array in snapshot(20).arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        np.testing.assert_array_equal(found.arrays[name], array)
    assert len(list(block.partial.glob("snapshot-*"))) == 1


def test_scalars_keep_their_order_within_a_step_over_parts_and_an_interruption(block: Block) -> None:
    def some(seed: int, step: int) -> Record:
        return scalars_record(seed, step, {"train/loss": step / 2, "b": -0.0, "a": float(seed)})

    assert set(some(0, 0).columns) == {"seed", "step", *SCALARS}
    made = begun(block, 10)
    for record in (some(1, 10), some(0, 10)):
        made.add(record)
    made.snapshot(snapshot(20))
    again = BlockWriter(block, EXPERIMENT, "1")
    assert again.resume() is not None
    again.add(some(0, 20))
    again.finish(None)
    table = block.table("scalars")
    assert table is not None
    assert list(zip(*(table[name].to_pylist() for name in ("seed", "step", "tag", "value")), strict=True)) == [
        (0, 10, "train/loss", 5.0),
        (0, 10, "b", 0.0),
        (0, 10, "a", 0.0),
        (0, 20, "train/loss", 10.0),
        (0, 20, "b", 0.0),
        (0, 20, "a", 0.0),
        (1, 10, "train/loss", 5.0),
        (1, 10, "b", 0.0),
        (1, 10, "a", 1.0),
    ]
    assert table["label"].to_pylist() == ["A"] * 9


def test_parts_newer_than_the_snapshot_are_dropped(block: Block) -> None:
    made = begun(block, 10, 20)
    made._write_parts(30)  # killed between the part and its snapshot
    again = BlockWriter(block, EXPERIMENT, "1")
    assert again.resume() is not None
    again.add(rows(30))
    again.finish(Final({"q": np.zeros((2, 3))}))
    table = block.table("curve")
    assert table is not None
    assert table["step"].to_pylist() == [10, 20, 30, 10, 20, 30]
    assert table["seed"].to_pylist() == [0, 0, 0, 1, 1, 1]
    assert table["value"].to_pylist() == [10.0, 20.0, 30.0, -10.0, -20.0, -30.0]
    assert table.column_names == ["world", "agent", "label", "seed", "step", *CURVE]
    assert block.done
    assert not block.partial.exists()


def believed(step: int) -> Record:
    alike = {"seed": np.zeros(2, np.int64), "step": np.full(2, step), "action": np.array([0, 1])}
    return Record("beliefs", {**alike, "state": np.arange(2), "value": np.array([0.5, step]), "visits": np.arange(2)})


def test_beliefs_are_kept_by_step_and_state_where_there_are_any(block: Block) -> None:
    made = begun(block)
    for step in (10, 20):
        made.add(believed(step))
        made.snapshot(snapshot(step))
    made.add(believed(30))  # lost with the process
    again = BlockWriter(block, EXPERIMENT, "1")
    assert again.resume() is not None
    again.add(believed(30))
    again.finish(None)
    table = block.table("beliefs")
    assert table is not None
    assert table.column_names == ["world", "agent", "label", "seed", "step", *BELIEFS]
    assert [str(table.schema.field(name).type) for name in BELIEFS] == ["int32", "float", "int16", "int64"]
    assert table["step"].to_pylist() == [10, 10, 20, 20, 30, 30]
    assert table["state"].to_pylist() == [0, 1] * 3
    assert table["value"].to_pylist() == [0.5, 10, 0.5, 20, 0.5, 30]
    begun(other := block_at(block.path.parent, range(2, 4))).finish(None)
    assert other.table("beliefs") is None


def test_a_fast_trial_saves_no_snapshot(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SNAPSHOT_SECONDS", 60.0)
    begun(block, 10, 20)
    assert not list(block.partial.iterdir())


@pytest.mark.parametrize("pattern", ["snapshot-*", "curve-000000000010*"])
@pytest.mark.parametrize("harm", ["cut", "flip", "other part", "other version"])
def test_what_cannot_be_continued_starts_again(block: Block, pattern: str, harm: str) -> None:
    begun(block, 10, 20)
    if harm == "other version":
        again = BlockWriter(block, EXPERIMENT, "2")
    elif harm == "other part":  # readable, but not what the snapshot vouches for
        shutil.copy(block.partial / "curve-000000000020.parquet", block.partial / "curve-000000000010.parquet")
        again = BlockWriter(block, EXPERIMENT, "1")
    else:
        (victim,) = block.partial.glob(pattern)
        data = bytearray(victim.read_bytes())
        data[4] ^= 255
        victim.write_bytes(data[:30] if harm == "cut" else data)
        again = BlockWriter(block, EXPERIMENT, "1")
    assert again.resume() is None
    assert again.started_again
    assert not list(block.partial.iterdir())


def test_a_strange_column_is_a_fault(block: Block) -> None:
    with pytest.raises(ValueError, match="wealth"):
        BlockWriter(block, EXPERIMENT, "1").add(
            Record("curve", {"seed": np.array([0]), "step": np.array([0]), "wealth": np.array([1.0])})
        )


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    files.write_bytes(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write .*file: No space left on device"):
        files.write_bytes(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_a_real_full_disk_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="cannot make the folder"):
        files.make_folder(Path("/dev/full/run"))


def test_a_folder_that_is_a_file(tmp_path: Path, third_party: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(UserError, match="cannot make the folder"):
        compare("daedalus/Bandit-v0", "drawer", 1, 100, out=tmp_path / "runs", progress=False)


def test_one_query_reads_all_runs(finished: Path, tmp_path: Path) -> None:
    compare("daedalus/Bandit-v0:arms=3", "random", 2, 100, out=tmp_path, name="other", report=False, progress=False)
    found = sorted(map(str, tmp_path.glob("*/*/*/*/curve.parquet")))
    table = ds.dataset(found).to_table(filter=ds.field("step") == 100)
    keys = ["world", "label", "seed"]
    assert sorted(table.select(keys).to_pylist(), key=lambda row: tuple(row.values())) == [
        {"world": world, "label": label, "seed": seed}
        for world, label, seeds in (
            ("daedalus/Bandit-v0", "drawer", 3),
            ("daedalus/Bandit-v0", "random", 3),
            ("daedalus/Bandit-v0:arms=3", "random", 2),
        )
        for seed in range(seeds)
    ]


def test_the_reading_side(finished: Path) -> None:
    run = open_run(finished)
    assert [(m.world, m.label) for m in run.members()] == [
        ("daedalus/Bandit-v0", "drawer"),
        ("daedalus/Bandit-v0", "random"),
    ]
    drawer = run.members()[0]
    assert run.missing() == 0
    assert [block.seeds for block in drawer.blocks()] == [range(2), range(2, 3)]  # blocks of two, by index
    assert sorted(set(drawer.curve()["seed"].to_pylist())) == [0, 1, 2]
    assert drawer.final()["total"].shape == (3,)
    assert drawer.settings == {"delay": 0.0, "mean": 0.0, "fails": "never", "snapshots": True, "loud": False}
    assert drawer.card["kind"] == "bandit"
    assert drawer.card["actions"] == 10
    assert drawer.scene() == {}
    assert drawer.episodes() is None
    assert run.provenance["ended"] >= run.provenance["started"]
    assert run.provenance["versions"]["numpy"] == np.__version__


def test_damaged_records_are_named_and_only_they_are_lost(finished: Path, tmp_path: Path) -> None:
    (victim,) = finished.glob("*/drawer/seeds-00000-00002/curve.parquet")
    whole = victim.read_bytes()
    again: dict[str, Any] = {"out": tmp_path, "name": "r", "report": False, "progress": False}
    for damage in (whole[:-1], whole[:100] + b"x" + whole[101:]):
        victim.write_bytes(damage)
        with pytest.raises(UserError, match=r"curve\.parquet is damaged .*delete .*seeds-00000-00002"):
            compare("daedalus/Bandit-v0", "drawer,random", 3, 100, **again)
    untouched = next(finished.glob("*/random/*/curve.parquet"))
    before = untouched.stat().st_mtime_ns
    for file in victim.parent.iterdir():
        file.unlink()
    compare("daedalus/Bandit-v0", "drawer,random", 3, 100, **again)
    assert untouched.stat().st_mtime_ns == before
    assert open_run(finished).members()[0].curve().num_rows == 150


def test_a_newer_format_is_refused(finished: Path) -> None:
    data = json.loads((finished / "run.json").read_text())
    (finished / "run.json").write_text(json.dumps(data | {"format": 99}))
    with pytest.raises(UserError, match="format 99"):
        open_run(finished)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 1, "plan": {"groups": [{}], "episodes": 0}}'])
def test_a_damaged_run_file(finished: Path, text: str) -> None:
    (finished / "run.json").write_text(text)
    with pytest.raises(UserError, match=r"run\.json"):
        open_run(finished)


def test_no_such_run_names_the_nearest(finished: Path, tmp_path: Path) -> None:
    finished.rename(tmp_path / "mazes")
    with pytest.raises(UserError, match="did you mean 'mazes'"):
        open_run(tmp_path / "mases")
    with pytest.raises(UserError, match=r"has no run\.json"):
        open_run(tmp_path)


def test_json_and_back() -> None:
    plan = make_plan(
        ["daedalus/Maze-v0:rows=3,slip=.1", "a b.txt"], "Ü=q_learning:explore=ucb(c=inf),alpha=.5,sarsa", episodes=True
    )
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan), allow_nan=False)), "") == plan
    for experiment in plan.experiments():
        text = json.dumps(experiment_to_json(experiment), allow_nan=False)
        assert experiment_from_json(json.loads(text)) == experiment


def test_slugs_are_plain_and_apart() -> None:
    assert slug("daedalus/Maze-v0:rows=10,slip=0.1") == "daedalus-Maze-v0-rows-10-slip-0.1"
    assert slug("../run") == "run"
    assert "=" not in slug("ucb:c=2")
    assert slug("x:v=2") != slug("x:v=-2")
    assert slug("run.json") != "run.json"
    assert slug("...") != ""
    assert len(slug("m" * 300)) <= 80
    assert slug("m" * 300) != slug("m" * 301)
    assert slug(str(parse_spec("sb3/ppo"))) == "sb3-ppo"


def test_the_longest_slugs_are_file_names() -> None:
    assert len(slug("𝒜" * 90).encode()) <= 80
    assert slug("𝒜" * 90) != slug("𝒜" * 91)
    assert slug("\udcff").isprintable()


def test_a_slow_disk_is_written_to_less_often(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving takes 3 s here: the next time is 30 times the usual wait later."""
    clock = [0.0]
    monkeypatch.setattr(writer, "SNAPSHOT_SECONDS", 2.0)
    monkeypatch.setattr(writer.time, "monotonic", lambda: clock[0])
    made = BlockWriter(block, EXPERIMENT, "1")

    def slow(*_: Any) -> None:
        clock[0] += 3.0

    monkeypatch.setattr(writer, "write_arrays", slow)
    saved = []
    for second in range(1, 130):
        clock[0] = max(clock[0], float(second))
        if made.snapshot(snapshot(second)):
            saved.append(second)
    assert saved == [2, 65, 128]


def test_a_snapshot_beyond_a_trillion_steps_is_the_newest(block: Block) -> None:
    begun(block, 999_999_999_999)
    kept = next(block.partial.glob("snapshot-*"))
    old = kept.read_bytes()
    made = BlockWriter(block, EXPERIMENT, "1")
    made.resume()
    made.snapshot(snapshot(10**12))
    kept.write_bytes(old)  # killed before it was removed
    found = BlockWriter(block, EXPERIMENT, "1").resume()
    assert found is not None
    assert found.step == 10**12


def test_a_strange_header_starts_the_block_again(block: Block) -> None:
    begun(block, 10)
    (file,) = block.partial.glob("snapshot-*")
    for header in ({"version": "1"}, {"version": "1", "step": "ten", "parts": "{}"}, {"version": "1", "step": "10"}):
        files.write_arrays(file, {"at": np.zeros(1)}, header)
        again = BlockWriter(block, EXPERIMENT, "1")
        assert again.resume() is None
        assert "is damaged" in again.started_again


def test_nothing_that_the_store_stands_on_imports_it() -> None:
    """No cycle between the folders: of the lab's own modules, those that the store imports know nothing of it."""
    lab = Path(writer.__file__).parent.parent
    for name in ("encoding", "experiment", "plan", "resolve"):
        assert "lab.store" not in (lab / f"{name}.py").read_text()
        assert "from .store" not in (lab / f"{name}.py").read_text()
