"""What a person reads in the terminal."""

from pathlib import Path

import pytest

from daedalus.core.lab.statistics.comparison import Comparison, Result
from daedalus.core.lab.statistics.verdict import Verdict
from daedalus.core.lab.tables import show_comparison, show_solution


def result(label: str, value: float, low: float, high: float, steps: int = 1000, seeds: int = 5) -> Result:
    return Result(
        world="w" * 70,
        agent=label.partition(":")[0],
        label=label,
        seeds=seeds,
        steps=steps,
        mean=value,
        iqm=value,
        iqm_low=low,
        iqm_high=high,
        optimum=1.526,
        regret=1.526 - value,
        reward_last_tenth=None,
        optimal_rate_last_tenth=0.5,
    )


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *results: Result) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    verdict = Verdict("w", "Best: a.", (), ())
    show_comparison(Comparison(Path("r"), Path("r/report.html"), list(results), [], [], [verdict]))
    return capsys.readouterr().out.splitlines()


def test_labels_break_where_their_parts_meet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    label = "epsilon_greedy:epsilon=0.1"
    lines = shown(capsys, monkeypatch, result(label, 1.234, 1.1, 1.3), result("ucb:c=2", -0.0001, -0.012, 0.0123))
    assert all(len(line) <= 80 for line in lines)
    assert lines[:2] == ["w" * 70, "5 seeds, 1,000 steps"]  # no title broken in the middle of a phrase
    first = [line.split(" ")[0] for line in lines[3:6]]
    assert first == ["epsilon_greedy:", "epsilon=0.1", "ucb:c=2"]
    assert lines[5].split() == ["ucb:c=2", "0.000", "0.000", "[−0.012,", "0.012]", "1.526", "1.526", "50", "%"]


def test_a_part_that_is_too_long_is_folded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capsys, monkeypatch, result(f"q:explore={'y' * 60}", 1.0, 0.5, 1.5))
    assert "".join(line.split(" ")[0] for line in lines[3:7]).startswith("q:explore=")
    assert sum(line.count("y") for line in lines) == 60
    assert not any("…" in line for line in lines)


def test_one_is_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capsys, monkeypatch, result("a", -1e12, -2e12, -1e12, steps=1, seeds=1))
    assert lines[1] == "1 seed, 1 step"
    assert "−1e12" in lines[3]
    assert "[−2e12, −1e12]" in lines[3]


def test_a_solution_has_its_whole_title(capsys: pytest.CaptureFixture[str]) -> None:
    world = "daedalus/Maze-v0:rows=20,columns=20"
    show_solution(world, {"optimal_value": -39.5, "states": 12_000, "horizon": None})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == world
    assert lines[1].split() == ["optimal", "value", "−39.500000"]
    assert any(line.split() == ["states", "12,000"] for line in lines)
