"""Which blocks are run, and what happens to a run whose worker fails."""

from itertools import islice
from pathlib import Path

import numpy as np
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
    assert list(missing_ranges([], 10, 16)) == [range(10)]
    assert list(missing_ranges([], 40, 16)) == [range(16), range(16, 32), range(32, 40)]
    assert list(missing_ranges([], 3, 1)) == [range(1), range(1, 2), range(2, 3)]
    ten = block(tmp_path, 0, 10, done=True)
    assert list(missing_ranges([ten], 10, 16)) == []
    assert list(missing_ranges([ten], 40, 16)) == [range(10, 16), range(16, 32), range(32, 40)]


def test_what_was_begun_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    begun = block(tmp_path, 0, 5, done=False)
    assert list(missing_ranges([begun], 20, 16)) == [range(5), range(5, 16), range(16, 20)]
    later = block(tmp_path, 16, 18, done=False)
    assert list(missing_ranges([begun, later], 20, 16)) == [range(5), range(5, 16), range(16, 18), range(18, 20)]
    overlapping = block(tmp_path, 3, 5, done=True)  # the begun block can no longer be continued as a whole
    assert list(missing_ranges([begun, overlapping], 16, 16)) == [range(3), range(5, 16)]


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
        run(tmp_path, "drawer:fails=mendable,snapshots=false")
    assert not list(tmp_path.iterdir())


def test_an_error_in_mid_run_keeps_what_is_saved(tmp_path: Path, third_party: Path) -> None:
    with pytest.raises(UserError, match="out of paper"):
        run(tmp_path, "drawer:fails=mendable")
    assert list(tmp_path.glob("r/*/*/*/partial/snapshot-*"))
    assert open_run(tmp_path / "r").missing() == 2


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


def slowly(done: set[int], begun: list[range], seeds: int, size: int) -> list[range]:
    """`missing_ranges` seed by seed."""
    missing = set(range(seeds)) - done
    whole = []
    for each in sorted(begun, key=lambda each: (each.start, each.stop)):
        if missing.issuperset(each):
            whole.append(each)
            missing.difference_update(each)
    rest: list[range] = []
    for seed in sorted(missing):
        if rest and rest[-1].stop == seed and seed % size:
            rest[-1] = range(rest[-1].start, seed + 1)
        else:
            rest.append(range(seed, seed + 1))
    return sorted([*whole, *rest], key=lambda each: each.start)


def test_ranges_equal_those_found_seed_by_seed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for trial in range(200):
        blocks = []
        for _ in range(rng.integers(0, 5)):
            start = int(rng.integers(0, 30))
            blocks.append((range(start, start + int(rng.integers(1, 12))), bool(rng.integers(2))))
        made = [block(tmp_path / str(trial) / str(i), each.start, each.stop, d) for i, (each, d) in enumerate(blocks)]
        seeds, size = int(rng.integers(1, 40)), int(rng.integers(1, 9))
        done = {seed for each, finished in blocks if finished for seed in each}
        begun = list(dict.fromkeys(each for each, finished in blocks if not finished))
        expected = slowly(done, begun, seeds, size)
        assert list(missing_ranges(made, seeds, size)) == expected


def test_a_billion_seeds_are_ranges_not_lists(tmp_path: Path) -> None:
    ranges = missing_ranges([block(tmp_path, 0, 16, done=True)], 10**9, 16)
    assert list(islice(ranges, 2)) == [range(16, 32), range(32, 48)]


def test_more_seeds_than_anybody_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seeds must be at most 1,000,000"):
        compare("daedalus/Bandit-v0", "random", 10**9, 100, out=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())
