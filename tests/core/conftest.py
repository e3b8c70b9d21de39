"""Command lines in processes of their own, and a third party's package that announces an agent."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daedalus.core import catalogue

_SOURCE = Path(__file__).parent / "lab" / "third_party" / "third_party.py"
_MAIN = "from daedalus.core.lab.cli import main; main()"


@pytest.fixture(scope="session")
def third_party_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on which `third_party` stands as if it were installed: with its entry point."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(_SOURCE, folder)
    facts = folder / "third_party-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[daedalus.catalogue]\nthird_party = third_party:CATALOGUE\n")
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """The package is installed, here and in the processes that are started."""
    from daedalus.core.lab.store import writer

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder))
        patch.setattr(writer, "SNAPSHOT_SECONDS", writer.SNAPSHOT_SECONDS)  # the package changes it
        catalogue.entries.cache_clear()
        yield folder
    catalogue.entries.cache_clear()


@pytest.fixture
def third_party(third_party_folder: Path) -> Iterator[Path]:
    """The package is installed for this test."""
    with installed(third_party_folder) as folder:
        yield folder


@pytest.fixture(scope="session")
def finished_run(third_party_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run named r, to be copied."""
    from daedalus.core.lab import compare

    out = tmp_path_factory.mktemp("runs")
    with installed(third_party_folder):
        compare("daedalus/Bandit-v0", "drawer,random", 3, 100, out=out, name="r", report=False, progress=False)
    return out / "r"


@pytest.fixture
def finished(finished_run: Path, third_party: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, with the package installed."""
    return Path(shutil.copytree(finished_run, tmp_path / "r"))


class Daedalus:
    """Runs `daedalus` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _MAIN, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "80"},
        )

    def __call__(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        """Stdout and stderr; the exit status must be `status`."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == status, f"status {process.returncode}\n{out}\n{err}"
        return out, err


@pytest.fixture
def daedalus(tmp_path: Path) -> Daedalus:
    return Daedalus(tmp_path)
