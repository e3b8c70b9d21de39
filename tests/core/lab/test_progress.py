"""How far a run is, and how long it says that it takes."""

from pathlib import Path

import pytest

from daedalus.core.lab import progress
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.progress import Tally
from daedalus.core.lab.resolve import resolve
from daedalus.core.lab.runner import Task


def test_the_estimate_counts_neither_compiling_nor_an_earlier_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    (seat,) = resolve(make_plan("daedalus/Bandit-v0", "random", seeds=4, steps=1000)).seats
    one, two = (Task(seat, Path(), seeds) for seeds in (range(2), range(2, 4)))
    tally = Tally([seat], [4])
    assert tally.line() == "0 % of 4,000 steps"
    clock[0] = 5.0
    tally.resumed(one, 500)
    clock[0] = 80.0  # kernels compiled
    tally.at(one, 600)
    assert tally.line() == "30 % of 4,000 steps"
    clock[0] = 81.0
    tally.resumed(two, 200)
    tally.at(one, 700)
    assert tally.line() == "45 % of 4,000 steps, about 11 s left"  # 200 steps in a second, 2,200 are left
    tally.at(one, 1000)
    tally.at(two, 1000)
    assert tally.line() == "100 % of 4,000 steps, about 0 s left"
