"""What is said of a run's making can be typed again."""

import sys
from pathlib import Path

import pytest

from daedalus.core.lab.store.provenance import provenance, typed_command


@pytest.mark.parametrize(
    ("argv", "typed"),
    [
        (["/home/me/.venv/bin/daedalus", "compare", "a b.txt"], "daedalus compare 'a b.txt'"),
        (["script.py", "--fast"], "python script.py --fast"),
        (["-c"], ""),
        ([""], ""),
        ([], ""),
    ],
)
def test_the_command_can_be_typed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], typed: str
) -> None:
    (tmp_path / "script.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", argv)
    assert typed_command() == typed


def test_the_machine_is_told() -> None:
    made = provenance("daedalus compare")
    assert made["cores"] >= 1
    assert made["memory"].endswith(" GiB")
    assert {"numpy", "torch", "gymnasium", "stable-baselines3", "pygame-ce"} <= set(made["versions"])
