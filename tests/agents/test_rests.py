"""Snapshots between the points of evaluation, for runs so long that these lie hours apart."""

from typing import Any

import numpy as np
import pytest

from daedalus.agents import records
from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.lab.store import writer
from daedalus.core.lab.store.run import block_at
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.spec import parse_spec

CASES = [
    ("sarsa", "daedalus/Maze-v0:rows=3,columns=3,slip=.1"),
    ("ucb", "daedalus/Bandit-v0"),
    ("optimal", "daedalus/Bandit-v0:drift=.1"),
    ("random", "daedalus/Cliff-v0"),
]
SEEDS = range(3)


def lived(experiment: Experiment, resume: Snapshot | None = None) -> list[Any]:
    trial = find("trial", find("agent", experiment.agent.name).trial).load()
    return list(trial(experiment, SEEDS, resume))


def held(items: list[Any]) -> list[Any]:
    """All rows and arrays, timings aside, as lists."""
    rows: dict[str, list[Any]] = {}
    for item in items:
        if isinstance(item, Record):
            for name, column in item.columns.items():
                if not name.startswith("seconds"):
                    rows.setdefault(f"{item.table} {name}", []).extend(map(repr, column.tolist()))
    episodes = np.lexsort([rows[f"episodes {name}"] for name in ("step", "seed")]) if "episodes seed" in rows else []
    for name in rows:
        if name.startswith("episodes"):  # seeds stand side by side, in pieces that may be cut anywhere
            rows[name] = [rows[name][index] for index in episodes]
    return [
        rows,
        {name: array.tolist() for item in items if isinstance(item, Final) for name, array in item.arrays.items()},
    ]


def test_where_to_halt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "REST_STEPS", 100)
    assert list(records.rests(0, 100, 4)) == [25, 50, 75, 100]
    assert list(records.rests(30, 70, 4)) == [55, 70]
    assert list(records.rests(0, 0, 4)) == [0]
    assert list(records.rests(0, 2, 1000)) == [1, 2]
    assert sum(1 for _ in zip(records.rests(0, 10**15, 1), range(5), strict=False)) == 5


@pytest.mark.parametrize("episodes", [False, True])
@pytest.mark.parametrize(("agent", "world"), CASES)
def test_halts_change_nothing_and_each_can_be_gone_on_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, agent: str, world: str, episodes: bool
) -> None:
    """Through the store too: whatever was written up to a halt, and what follows it, is the whole."""
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, 3, 1000, episodes=episodes)
    whole = lived(experiment)
    monkeypatch.setattr(records, "REST_STEPS", 3 * 9)
    monkeypatch.setattr(writer, "SNAPSHOT_SECONDS", 0.0)
    halting = lived(experiment)
    assert held(halting) == held(whole)
    between = [
        index
        for index, item in enumerate(halting)
        if isinstance(item, Snapshot) and item.step not in evaluation_steps(1000)
    ]
    assert len(between) >= 100
    for index in between[:: len(between) // 3]:
        block = block_at(tmp_path / str(index), SEEDS)
        made = BlockWriter(block, experiment, "1")
        for item in halting[: index + 1]:
            made.add(item) if isinstance(item, Record) else made.snapshot(item)
        again = BlockWriter(block, experiment, "1")
        resume = again.resume()
        assert resume is not None
        assert resume.step == halting[index].step
        rest = lived(experiment, resume)
        for item in rest:
            if isinstance(item, Record):
                again.add(item)
        assert held(rest)[1] == held(whole)[1]
        again.finish(None)
        table = block.table("curve")
        assert table is not None
        order = np.lexsort([curve_of(whole, "step"), curve_of(whole, "seed")])
        for name in ("value", "reward", "return", "episodes", "optimal_rate"):
            np.testing.assert_array_equal(table[name].to_numpy(), curve_of(whole, name)[order])


def curve_of(items: list[Any], name: str) -> Any:
    return np.concatenate([item.columns[name] for item in items if isinstance(item, Record) and item.table == "curve"])
