"""`daedalus doctor`: what it finds, how it looks, and how it ends when something is amiss."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from daedalus.core.device import devices
from daedalus.core.lab import doctor, smoke
from daedalus.core.lab.cli import main
from daedalus.core.lab.smoke import Smoke


@pytest.fixture(scope="module")
def found() -> doctor.Findings:
    return doctor.examine()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: doctor.Findings):
    """Run the command on findings with changes; returns what it printed."""

    def run(*arguments: str, status: int, **changes: object) -> str:
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(doctor, "examine", lambda: replace(found, **changes))  # type: ignore[arg-type]
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *arguments])
        assert ended.value.code == status
        return capsys.readouterr().out

    return run


def test_every_device_learns_and_says_what_it_has(found: doctor.Findings) -> None:
    assert [one.name for one in found.devices] == list(devices())
    assert found.auto == found.devices[0].name
    for one in found.devices:
        assert one.smoke.passed
        assert "float32" in one.precisions
        assert one.memory_bytes > 2**20
    assert found.packages["torch"] == torch.__version__


def test_it_fits_eighty_columns_and_says_that_all_is_well(says) -> None:
    out = says(status=0, cache_writable=True)
    assert all(len(line.rstrip()) <= 80 for line in out.splitlines())
    assert f"torch {torch.__version__}" in out
    assert "✓  cpu" in out
    assert "device=auto is" in out
    assert out.rstrip().endswith("All is well.")


def test_it_is_json_too(says) -> None:
    told = json.loads(says("--json", status=0, cache_writable=True))
    assert told["well"] is True
    assert told["devices"][-1]["name"] == "cpu"
    assert told["devices"][-1]["smoke"]["after"] < told["devices"][-1]["smoke"]["before"]


def test_what_is_amiss_is_said_with_the_remedy(says, found: doctor.Findings) -> None:
    broken = replace(found.devices[-1], name="cuda:0", smoke=Smoke(error="CUDA driver version is insufficient"))
    out = says(status=1, devices=(broken, *found.devices), cache_writable=False, cache="/no",
               packages=found.packages | {"numba": None})  # fmt: skip
    flat = " ".join(out.split())
    assert "✗ cuda:0" in flat
    assert "cuda:0: CUDA driver version is insufficient" in flat
    assert "Amiss: missing: numba; install the package again" in flat
    assert "training fails on cuda:0; choose another device, or mend its driver" in flat
    assert "/no cannot be written, so kernels compile each time; set DAEDALUS_CACHE" in flat
    assert "Numba missing" in flat


def test_a_device_that_fails_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no kernel image\nis available")

    monkeypatch.setattr(smoke, "numerics", fails)
    tried = smoke.smoke("cpu")
    assert (tried.error, tried.passed) == ("no kernel image is available", False)
    assert not Smoke(before=1.0, after=float("nan"), milliseconds=1.0).passed


def test_folders_that_can_be_written(tmp_path: Path) -> None:
    assert doctor._writable(tmp_path / "new" / "deeper")
    (tmp_path / "file").write_text("")
    assert not doctor._writable(tmp_path / "file")
    assert not doctor._writable(tmp_path / "file" / "below")
