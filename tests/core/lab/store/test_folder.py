"""A run that goes on: what is compared, what is healed, what is refused, what is removed, and who holds the lock."""

import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.report.page import write_report
from daedalus.core.lab.resolve import resolve
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.lab.store import folder
from daedalus.core.lab.store.folder import hold_run

WORLD = "daedalus/Bandit-v0"
MAZE = "daedalus/Maze-v0:rows=2,columns=2"


def again(out: Path, **change: Any) -> Any:
    """The command that made the finished run, or one like it."""
    asked = {"worlds": WORLD, "agents": "drawer,random", "seeds": 3, "steps": 100} | change
    return compare(**asked, out=out, name="r", report=False, progress=False)


def reported(run: Path) -> Path:
    opened = open_run(run)
    return write_report(opened, summarise(opened))


@pytest.fixture
def maze(tmp_path: Path) -> Path:
    """A finished run in a world that can be drawn."""
    go_on(tmp_path)
    return tmp_path / "r"


def go_on(out: Path) -> None:
    again(out, worlds=MAZE, agents="q_learning", seeds=2)


# The lock, and what is removed


def test_who_waited_for_a_removed_run_begins_anew(tmp_path: Path, third_party: Path) -> None:
    """A lock file that is gone is no lock: a third process could hold the new one."""
    asked = resolve(make_plan(WORLD, "random", seeds=1, steps=10, name="r"))
    held = threading.Event()

    def fail() -> None:
        with pytest.raises(UserError, match="no paper"), hold_run(tmp_path, asked, ""):  # noqa: PT012
            held.set()
            time.sleep(0.3)
            raise UserError("no paper")

    first = threading.Thread(target=fail)
    first.start()
    held.wait()
    with hold_run(tmp_path, asked, "") as mine:
        first.join()
        assert os.path.samestat(os.fstat(mine.lock), (tmp_path / "r" / "lock").stat())
        assert (tmp_path / "r" / "run.json").exists()


def test_a_lock_taken_after_its_removal_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same at the worst moment: the file goes between opening and locking it."""
    flock, gone = folder.fcntl.flock, []

    def late(handle: int, how: int) -> None:
        if not gone:
            gone.append(True)
            shutil.rmtree(tmp_path / "r")
        flock(handle, how)

    monkeypatch.setattr(folder.fcntl, "flock", late)
    lock = folder.lock_folder(tmp_path / "r")
    assert os.path.samestat(os.fstat(lock), (tmp_path / "r" / "lock").stat())
    os.close(lock)


def test_a_full_disk_keeps_what_is_saved(tmp_path: Path, third_party: Path) -> None:
    asked = resolve(make_plan(WORLD, "random", seeds=1, steps=10, name="r"))
    for worth in (False, True):
        with pytest.raises(UserError, match="disk"), hold_run(tmp_path, asked, "") as held:  # noqa: PT012
            partial = held.member(held.resolved.seats[0]) / "seeds-00000-00001" / "partial"
            partial.mkdir(parents=True)
            (partial / ("snapshot-000000000005.safetensors" if worth else ".snapshot")).touch()
            raise UserError("the disk is full")
        assert (tmp_path / "r").exists() == worth


# run.json is gone


def test_a_lost_run_file_is_made_again(finished: Path, tmp_path: Path) -> None:
    before = again(tmp_path).to_dict()["results"]
    (finished / "run.json").unlink()
    with pytest.raises(UserError, match=r"has lost its run\.json; run the run's command again"):
        open_run(finished)
    assert again(tmp_path, seeds=2).to_dict()["results"] == before  # it keeps the seeds that it has
    assert open_run(finished).missing() == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 200}, "steps of drawer in daedalus/Bandit-v0 was 100, now 200"),
        ({"horizon": 7}, "horizon of drawer in daedalus/Bandit-v0 was None, now 7"),
        ({"episodes": True}, "episodes of drawer in daedalus/Bandit-v0 was False, now True"),
        ({"agents": "drawer=drawer:mean=2,random"}, "mean of drawer in daedalus/Bandit-v0 was 0.0, now 2.0"),
        ({"agents": "random"}, r"holds other files \(daedalus-Bandit-v0/drawer\); choose another name"),
    ],
)
def test_without_a_run_file_other_settings_are_refused(
    finished: Path, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    (finished / "run.json").unlink()
    with pytest.raises(UserError, match=says):
        again(tmp_path, **change)
    assert not (finished / "run.json").exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path, third_party: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"r holds other files \(thesis\.tex\); choose another name"):
        again(tmp_path)
    assert {path.name for path in (tmp_path / "r").iterdir()} == {"thesis.tex", "lock"}


def test_records_of_unknown_settings_are_refused(finished: Path, tmp_path: Path) -> None:
    (finished / "run.json").unlink()
    next(finished.glob("*/drawer/config.json")).unlink()
    with pytest.raises(UserError, match=r"(?s)drawer holds records, but no whole config\.json.*delete that folder"):
        again(tmp_path)


# Damaged files: an error that the user can mend, by a remedy that works

WRONG = ["{}", "null", "[]", "7", '{"files": [], "settings": [], "kind": 3}', "{", "[" * 100_000]


@pytest.mark.parametrize("name", ["config.json", "world.json"])
def test_what_stands_beside_records_is_written_anew(maze: Path, name: str) -> None:
    (file,) = maze.rglob(name)
    whole = file.read_bytes()
    for text in (*WRONG, None):
        file.unlink() if text is None else file.write_text(text)
        with pytest.raises(UserError, match=f"{name}.*run the run's command again") as said:
            reported(maze)
        assert len(str(said.value)) < 500
        assert not (maze / "report.html").exists()
        if text in ("{}", None):
            go_on(maze.parent)
            assert file.read_bytes() == whole
    assert reported(maze).exists()


def test_a_damaged_config_is_no_way_to_other_settings(finished: Path, tmp_path: Path) -> None:
    next(finished.glob("*/drawer/config.json")).write_text("{}")
    with pytest.raises(UserError, match=r"mean of drawer in daedalus/Bandit-v0 was 0\.0, now 2\.0"):
        again(tmp_path, agents="drawer=drawer:mean=2,random")


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_scene_is_written_anew(maze: Path, harm: str) -> None:
    (file,) = maze.rglob("world.safetensors")
    whole = file.read_bytes()
    file.unlink()
    if harm != "remove":
        file.write_bytes(whole[:-1] if harm == "cut" else whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(UserError, match=r"world\.safetensors.*run the run's command again"):
        reported(maze)
    go_on(maze.parent)
    assert file.read_bytes() == whole
    assert reported(maze).exists()


def test_a_damaged_done_file(finished: Path, tmp_path: Path) -> None:
    file = next(finished.glob("*/drawer/seeds-00000-00002/done.json"))
    for text in (*WRONG, '{"files": {}}', '{"files": {"curve.parquet": null}}'):
        file.write_text(text)
        with pytest.raises(UserError, match=r"is damaged .*delete .*seeds-00000-00002"):
            reported(finished)
    with pytest.raises(UserError, match=r"is damaged .*delete .*seeds-00000-00002"):
        again(tmp_path)
    shutil.rmtree(file.parent)
    again(tmp_path)


def test_every_file_of_a_block_is_checked(finished: Path) -> None:
    """Of a bandit the report shows no final learners; it says so all the same where they are damaged."""
    file = next(finished.glob("*/drawer/seeds-00000-00002/final.safetensors"))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"final\.safetensors is damaged .*delete .*seeds-00000-00002"):
        reported(finished)


@pytest.mark.parametrize(
    "change",
    [
        {"plan": []},
        {"provenance": "long ago"},
        {"format": "1"},
        {"plan": {"episodes": False, "groups": []}},
        {"plan": {"episodes": 0, "groups": [{"worlds": [], "agents": [], "seeds": "3", "steps": 1, "horizon": None}]}},
    ],
)
def test_a_damaged_run_file_costs_nothing_finished(finished: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    file = finished / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(UserError, match=r"run\.json is damaged .*; delete that file and run the run's command again"):
        open_run(finished)
    stamps = {path: path.stat().st_mtime_ns for path in finished.rglob("done.json")}
    file.unlink()
    again(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("done.json")} == stamps


def test_names_that_no_folder_can_have(tmp_path: Path) -> None:
    for name in ("n" * 200, "ü" * 100, "a\nb", "a\x1b[31m", "\udcff"):
        with pytest.raises(UserError, match="name must be") as said:
            compare(WORLD, "random", 1, 10, out=tmp_path, name=name, progress=False)
        assert str(said.value).isprintable()
    assert not list(tmp_path.iterdir())


def test_a_label_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"A\\udcff.* is no text in UTF-8"):
        again(tmp_path, agents="A\udcff=random:")
    assert not list(tmp_path.iterdir())
