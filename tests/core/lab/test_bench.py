"""`daedalus bench`: the same rows on the terminal and as JSON."""

import json

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab.bench import Row, bench, rate


def test_envs_are_measured(capsys):
    bench("envs", as_json=True, quick=True)
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) >= 10
    for row in rows:
        assert list(row) == ["name", "ours_per_second", "peer", "peer_per_second", "ratio"]
        assert row["ratio"] == pytest.approx(row["ours_per_second"] / row["peer_per_second"])
        assert row["ours_per_second"] > 0


def test_rows_on_the_terminal(capsys, monkeypatch):
    from daedalus.envs import bench as measured

    monkeypatch.setattr(measured, "bench_envs", lambda quick: [Row("stepping", 3_000_000.0, "theirs", 6_000.0)])
    bench("envs")
    printed = capsys.readouterr().out
    assert "One thread" in printed
    assert "stepping" in printed
    assert "500 ×" in printed


def test_unknown_names_are_told():
    with pytest.raises(UserError, match="unknown bench 'env'; did you mean 'envs'"):
        bench("env")


def test_a_rate_counts_units():
    calls = []
    assert rate(lambda: calls.append(1), 10, quick=True) > 0
    assert len(calls) > 5
