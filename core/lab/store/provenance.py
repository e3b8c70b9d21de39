"""Where, when and with what a run was made. Nothing here may fail."""

import datetime
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

_PACKAGES = (
    *("numpy", "scipy", "numba", "gymnasium", "torch", "stable-baselines3"),
    *("pygame-ce", "pyarrow", "safetensors", "matplotlib"),
)


def provenance(command: str) -> dict[str, Any]:
    """Versions, machine, git commit, command and the time it started; `ended` is filled in at the end."""
    return {
        "daedalus": version(),
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := version(name))},
        "platform": platform.platform(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "git": _git(),
        "command": command,
        "started": now(),
        "ended": None,
    }


def version(package: str = "daedalus-suite") -> str:
    """A package's version, from its metadata alone; empty where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def now() -> str:
    """The time, ISO 8601 with its zone."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def typed_command() -> str:
    """The command line as one would type it again; empty where there is none (a notebook, `python -c`)."""
    program = Path(sys.argv[0]) if sys.argv else Path()
    if program.name == "daedalus":
        return shlex.join(["daedalus", *sys.argv[1:]])
    return shlex.join(["python", *sys.argv]) if program.is_file() else ""


def cpu() -> str:
    """What the processor's maker calls it; empty where nobody says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _git() -> dict[str, Any] | None:
    """The commit of the checkout that holds this code, or else of the current folder."""
    for folder in (Path(__file__).resolve().parent, Path.cwd()):
        commit = _output(folder, "rev-parse", "HEAD")
        if commit:
            return {"commit": commit, "dirty": bool(_output(folder, "status", "--porcelain", "--untracked-files=no"))}
    return None


def _output(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
