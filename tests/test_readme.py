"""What the README shows works as it stands there: its Python, its commands, its names."""

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from daedalus.core.catalogue import Kind, find, of_kind
from daedalus.core.lab.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [
        text
        for name, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
        if name == language
    ]


LINES = [words for block in blocks("sh") for line in block.splitlines() if (words := shlex.split(line, comments=True))]
(DRAWING,) = blocks("")
WORLDS = re.findall(r"^\| `(daedalus/[^`]+)` \|.*\| ([^|]*) \|$", README, re.MULTILINE)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs_where_it_is_pasted(tmp_path: Path, block: str) -> None:
    (tmp_path / "pasted.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "pasted.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [words for words in LINES if words[0] == "daedalus"], ids=" ".join)
def test_commands_and_their_options_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Every word is read and every name resolved; what is long, or needs a run or a person, is left out."""
    from daedalus.core.lab import bench, job, reproduce, tuning
    from daedalus.core.lab.resolve import resolve
    from daedalus.core.lab.store import run
    from daedalus.envs.showing import play, trained

    def stop(*_: Any, **__: Any) -> None:
        raise typer.Exit

    def only_resolve(plan: Any, **_: Any) -> None:
        resolve(plan)
        stop()

    def only_find(kind: Kind, name: str) -> None:
        assert callable(find(kind, name).load())
        stop()

    monkeypatch.setattr(job, "run_plan", only_resolve)
    monkeypatch.setattr(run, "open_named", stop)
    monkeypatch.setattr(trained, "open_named", stop)
    monkeypatch.setattr(play, "play", stop)
    monkeypatch.setattr(bench, "find", only_find)
    monkeypatch.setattr(reproduce, "run_entries", stop)
    monkeypatch.setattr(tuning, "tune", stop)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_maze.txt").write_text(DRAWING)
    with pytest.raises(SystemExit) as ended:
        main(words[1:])
    error = capsys.readouterr().err
    if "cannot be reached" in error:
        pytest.skip("real data are missing: set DAEDALUS_DATA")
    assert ended.value.code == 0, error


def test_make_has_the_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [words[1] for words in LINES if words[0] == "make"]
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_table_of_worlds_is_whole() -> None:
    """Every world of the suite with every parameter."""
    ours = {name: entry for name, entry in of_kind("world").items() if name.startswith("daedalus/")}
    shown = {name: set(re.findall(r"`(\w+)`", parameters)) for name, parameters in WORLDS}
    assert shown == {name: set(inspect.signature(entry.load()).parameters) for name, entry in ours.items()}


@pytest.mark.parametrize("kind", ["agent", "data", "model"])
def test_everything_is_in_a_table(kind: Kind) -> None:
    named = set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)))
    assert [name for name in of_kind(kind) if name not in named] == []


def test_every_file_that_is_linked_is_there() -> None:
    for target in re.findall(r"\[[^\]]*\]\(([^):]+)\)", README):
        assert (ROOT / target).exists(), target
