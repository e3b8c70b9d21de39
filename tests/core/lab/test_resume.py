"""A run that was killed, interrupted or extended has the records of one that was not."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.experiment import Snapshot
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.resolve import resolve
from daedalus.core.lab.runner import open_tasks
from daedalus.core.lab.store.folder import hold_run
from daedalus.core.lab.store.run import Run
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.lab.worker import run_block

QUIET: dict[str, Any] = {"name": "r", "report": False, "progress": False}
SLOW = "drawer:delay=.03"
PLAN = ("daedalus/Bandit-v0", "--agents", f"Slow={SLOW},random", "--seeds", "3", "--steps", "500", "--name", "r")


def records(run: Run) -> list[dict[str, Any]]:
    """Everything that a run holds, timings aside, as plain lists in which NaN equals NaN."""
    return [
        {
            "curve": plain(member.curve()),
            "episodes": plain(member.episodes()) if member.episodes() is not None else None,
            "beliefs": plain(member.beliefs()) if member.beliefs() is not None else None,
            "final": {name: array.tolist() for name, array in member.final().items()},
            "settings": member.settings,
        }
        for member in run.members()
    ]


def plain(table: pa.Table) -> dict[str, list[str]]:
    return {
        name: list(map(repr, table[name].to_pylist())) for name in table.column_names if not name.startswith("seconds")
    }


def kill_and_wait(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def partial_snapshots(folder: Path) -> list[Path]:
    return list(folder.glob("runs/*/*/*/*/partial/snapshot-*.safetensors"))


def test_killed_at_random_moments_equals_never_killed(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    whole = compare(
        "daedalus/Bandit-v0",
        f"Slow={SLOW},random",
        3,
        500,
        out=tmp_path / "whole",
        name="r",
        report=False,
        progress=False,
    )
    rng = np.random.default_rng(7)
    for _ in range(3):
        before = set(partial_snapshots(tmp_path))
        process = daedalus.start("compare", *PLAN, "--episodes")
        wait_for(lambda before=before: set(partial_snapshots(tmp_path)) - before)
        time.sleep(rng.uniform(0.0, 0.3))
        kill_and_wait(process)
    assert open_run(tmp_path / "runs" / "r").missing()
    last = compare("daedalus/Bandit-v0", f"Slow={SLOW},random", 3, 500, episodes=True, out=tmp_path / "runs", **QUIET)
    again = open_run(tmp_path / "runs" / "r")
    ours, theirs = records(again), records(open_run(tmp_path / "whole" / "r"))
    assert ours[0].pop("episodes") is not None
    assert theirs[0].pop("episodes") is None
    assert [r["curve"] for r in ours] == [r["curve"] for r in theirs]
    assert [r["final"] for r in ours] == [r["final"] for r in theirs]
    assert last.to_dict()["results"] == whole.to_dict()["results"]
    assert not list(tmp_path.glob("runs/*/*/*/*/partial"))
    assert len(again.provenance["earlier"]) == 3


@pytest.mark.parametrize(
    ("world", "agent"), [("daedalus/Maze-v0:rows=4,columns=4", "q_learning"), ("daedalus/Bandit-v0", "ucb")]
)
def test_compiled_learners_go_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: str, agent: str
) -> None:
    """The same through the real kernels, which are too fast to be killed: the twentieth snapshot is the last."""
    saved = BlockWriter.snapshot

    def last(writer: BlockWriter, snapshot: Snapshot) -> bool:
        saved(writer, snapshot)
        if snapshot.step >= 4_000:
            raise KeyboardInterrupt
        return True

    plan = resolve(make_plan(world, agent, seeds=2, steps=10_000, name="r"))
    with monkeypatch.context() as patch, hold_run(tmp_path / "runs", plan, "a test") as folder:
        patch.setattr("daedalus.core.lab.store.writer.SNAPSHOT_SECONDS", 0.0)
        patch.setattr(BlockWriter, "snapshot", last)
        (task,) = open_tasks(folder)
        with pytest.raises(KeyboardInterrupt):
            run_block(json.loads(task.to_json()), lambda message: None)
    assert open_run(tmp_path / "runs" / "r").missing() == 2
    assert [path.name for path in partial_snapshots(tmp_path)] == ["snapshot-000000004000.safetensors"]
    compare(world, agent, 2, 10_000, out=tmp_path / "runs", **QUIET)
    compare(world, agent, 2, 10_000, out=tmp_path / "whole", **QUIET)
    again = records(open_run(tmp_path / "runs" / "r"))
    assert again == records(open_run(tmp_path / "whole" / "r"))
    assert set(again[0]["beliefs"]["seed"]) == {"0"}


def test_third_party_seeds_start_again(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    """Stable-Baselines3 cannot be snapshot: a finished seed is kept, an interrupted one is run again from its start."""
    world, agent, steps = "daedalus/Maze-v0:rows=2,columns=2", "sb3/a2c", 1_000
    arguments = ("--agents", agent, "--seeds", "2", "--steps", str(steps), "--name", "r", "--jobs", "1")
    process = daedalus.start("compare", world, *arguments)
    wait_for(lambda: list(tmp_path.glob("runs/*/*/*/*/done.json")), 60)
    kill_and_wait(process)
    assert open_run(tmp_path / "runs" / "r").missing() == 1
    compare(world, agent, 2, steps, out=tmp_path / "runs", **QUIET)
    compare(world, agent, 2, steps, out=tmp_path / "whole", **QUIET)
    assert records(open_run(tmp_path / "runs" / "r")) == records(open_run(tmp_path / "whole" / "r"))


def test_workers_die_with_a_killed_parent(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    """At once, though they are in the middle of a step that takes a minute."""
    asleep = ("compare", "daedalus/Bandit-v0", "--agents", "drawer:delay=60", "--seeds", "4", "--jobs", "2")
    process = daedalus.start(*asleep)
    wait_for(lambda: len(list(tmp_path.glob("runs/*/*/*/*/partial"))) == 2)
    workers = children(process.pid)
    assert len(workers) == 2
    kill_and_wait(process)
    wait_for(lambda: not any(alive(worker) for worker in workers), 5)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_interrupt_ends_cleanly_and_says_how_to_go_on(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    process = daedalus.start("compare", *PLAN)
    wait_for(lambda: partial_snapshots(tmp_path))
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert "same command again" in err
    assert "Traceback" not in err
    assert not any(alive(worker) for worker in workers)


def test_a_damaged_snapshot_starts_the_block_again(third_party: Path, tmp_path: Path, daedalus: Any) -> None:
    whole = compare("daedalus/Bandit-v0", SLOW, 2, 500, out=tmp_path / "whole", **QUIET)
    arguments = ("compare", "daedalus/Bandit-v0", "--agents", SLOW, "--seeds", "2", "--steps", "500", "--name", "r")
    process = daedalus.start(*arguments)
    wait_for(lambda: partial_snapshots(tmp_path))
    kill_and_wait(process)
    (victim,) = partial_snapshots(tmp_path)[:1]
    victim.write_bytes(victim.read_bytes()[:40])
    out, err = daedalus(*arguments, "--json")
    assert f"{victim.name} is damaged" in err
    assert "start again" in err
    assert json.loads(out)["results"] == whole.to_dict()["results"]


def test_extending_equals_running_at_once(third_party: Path, tmp_path: Path) -> None:
    def run(out: str, worlds: Any, agents: Any, seeds: int) -> Any:
        return compare(worlds, agents, seeds, 100, out=tmp_path / out, **QUIET)

    other = "daedalus/Bandit-v0:arms=3"
    run("grown", "daedalus/Bandit-v0", "drawer", 3)
    run("grown", "daedalus/Bandit-v0", "drawer,B=drawer:mean=1", 5)
    grown = run("grown", ["daedalus/Bandit-v0", other], "drawer,B=drawer:mean=1", 5)
    once = run("once", ["daedalus/Bandit-v0", other], "drawer,B=drawer:mean=1", 5)
    assert grown.to_dict()["results"] == once.to_dict()["results"]
    assert grown.to_dict()["verdicts"] == once.to_dict()["verdicts"]
    a, b = open_run(tmp_path / "grown" / "r"), open_run(tmp_path / "once" / "r")
    assert a.plan == b.plan
    assert records(a) == records(b)
    smaller = run("grown", "daedalus/Bandit-v0", "drawer", 1)  # asks for less: the run keeps what it has
    assert smaller.to_dict()["results"] == grown.to_dict()["results"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 200}, "steps of daedalus/Bandit-v0 were 100, now 200"),
        ({"horizon": 7}, "horizon of daedalus/Bandit-v0 was None, now 7"),
        ({"episodes": True}, "episodes was False, now True"),
        ({"agents": "A=drawer:mean=2"}, "mean of A in daedalus/Bandit-v0 was 1.0, now 2.0"),
        ({"agents": "A=random:"}, "the agent of A in daedalus/Bandit-v0 was drawer, now random"),
    ],
)
def test_other_settings_are_refused_with_what_differs(
    third_party: Path, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    asked = {"worlds": "daedalus/Bandit-v0", "agents": "A=drawer:mean=1", "seeds": 1, "steps": 100}
    always = {"out": tmp_path, "name": "r", "report": False, "progress": False}
    compare(**asked, **always)
    before = (tmp_path / "r" / "run.json").read_bytes()
    with pytest.raises(UserError, match=says):
        compare(**{**asked, **change}, **always)
    assert (tmp_path / "r" / "run.json").read_bytes() == before


def test_an_edited_drawing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawing = tmp_path / "maze.txt"
    drawing.write_text("#####\n#S.G#\n#####\n")
    always = {"seeds": 1, "steps": 100, "name": "r", "report": False, "progress": False}
    compare("maze.txt", "random", **always)
    drawing.write_text("######\n#S..G#\n######\n")
    with pytest.raises(UserError, match=r"the world maze\.txt itself has changed"):
        compare("maze.txt", "random", **always)


def test_two_processes_on_one_run(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    process = daedalus.start("compare", *PLAN)
    wait_for(lambda: partial_snapshots(tmp_path))
    _, err = daedalus("compare", *PLAN, status=2)
    assert f"in use by process {process.pid}" in err
    kill_and_wait(process)


def test_jobs_change_no_number(third_party: Path, tmp_path: Path) -> None:
    for jobs in (1, 3):
        compare(
            "daedalus/Bandit-v0",
            "drawer",
            5,
            100,
            jobs=jobs,
            out=tmp_path / str(jobs),
            name="r",
            report=False,
            progress=False,
        )
    one, three = (records(open_run(tmp_path / jobs / "r")) for jobs in ("1", "3"))
    assert one == three
