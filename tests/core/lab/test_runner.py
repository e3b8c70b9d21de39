"""Which blocks are run, and what happens to a run whose worker fails."""

from pathlib import Path

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.runner import WorkerError, missing_ranges
from daedalus.core.lab.store.run import Block, block_at


def block(folder: Path, start: int, stop: int, done: bool) -> Block:
    made = block_at(folder, range(start, stop))
    made.partial.mkdir(parents=True)
    if done:
        (made.path / "done.json").write_text("{}")
    return made


def test_ranges_within_aligned_blocks(tmp_path: Path) -> None:
    assert missing_ranges([], 10, 16) == [range(10)]
    assert missing_ranges([], 40, 16) == [range(16), range(16, 32), range(32, 40)]
    assert missing_ranges([], 3, 1) == [range(1), range(1, 2), range(2, 3)]
    ten = block(tmp_path, 0, 10, done=True)
    assert missing_ranges([ten], 10, 16) == []
    assert missing_ranges([ten], 40, 16) == [range(10, 16), range(16, 32), range(32, 40)]


def test_what_was_begun_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    begun = block(tmp_path, 0, 5, done=False)
    assert missing_ranges([begun], 20, 16) == [range(5), range(5, 16), range(16, 20)]
    later = block(tmp_path, 16, 18, done=False)
    assert missing_ranges([begun, later], 20, 16) == [range(5), range(5, 16), range(16, 18), range(18, 20)]
    overlapping = block(tmp_path, 3, 5, done=True)  # the begun block can no longer be continued as a whole
    assert missing_ranges([begun, overlapping], 16, 16) == [range(3), range(5, 16)]


def run(tmp_path: Path, agents: str, seeds: int = 2) -> None:
    compare("daedalus/Bandit-v0", agents, seeds, 100, jobs=1, out=tmp_path, name="r", report=False, progress=False)


def test_a_fault_names_agent_world_and_seeds_and_keeps_what_is_done(tmp_path: Path, third_party: Path) -> None:
    with pytest.raises(WorkerError, match="Bad in daedalus/Bandit-v0, seeds 0 to 1: ZeroDivisionError") as caught:
        run(tmp_path, "drawer,Bad=drawer:fails=fault")
    assert "divided by zero" in caught.value.details
    assert "Traceback" in caught.value.details
    assert [member.missing() for member in open_run(tmp_path / "r").members()] == [0, 2]


def test_a_worker_that_dies_is_a_fault(tmp_path: Path, third_party: Path) -> None:
    with pytest.raises(WorkerError, match=r"drawer.*, seed 0: the worker process was killed by SIGKILL"):
        run(tmp_path, "drawer:fails=death", seeds=1)


def test_what_the_user_can_mend_stays_so_and_leaves_nothing(tmp_path: Path, third_party: Path) -> None:
    with pytest.raises(UserError, match=r"^the drawer is out of paper; put some in$"):
        run(tmp_path, "drawer:fails=mendable")
    assert not list(tmp_path.iterdir())


def test_a_trial_without_snapshots(tmp_path: Path, third_party: Path) -> None:
    run(tmp_path, "drawer:snapshots=false")
    (member,) = open_run(tmp_path / "r").members()
    assert member.curve().num_rows == 100


def test_a_script_needs_no_guard(tmp_path: Path, third_party: Path) -> None:
    import subprocess
    import sys

    script = tmp_path / "script.py"
    script.write_text(
        "from daedalus.core.lab import compare\n"
        "made = compare('daedalus/Bandit-v0', 'drawer', 3, 100, jobs=2, report=False, progress=False)\n"
        "print(len(made.results))\n"
        "from daedalus.core.lab import compare as again\n"
        "assert again is compare\n"
    )
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
