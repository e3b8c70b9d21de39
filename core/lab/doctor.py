"""`daedalus doctor`: what this machine offers, and a small step of training on each of its devices."""

import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .commands import Debug, Json
from .numerals import count, number

if TYPE_CHECKING:
    from rich.table import Table

    from .smoke import Smoke

_PACKAGES = {
    "torch": "torch", "numpy": "NumPy", "scipy": "SciPy", "numba": "Numba", "gymnasium": "Gymnasium",
    "stable-baselines3": "Stable-Baselines3", "sb3-contrib": "SB3-contrib", "scikit-learn": "scikit-learn",
    "pyarrow": "PyArrow", "tensorboard": "TensorBoard",
}  # fmt: skip


@dataclass(frozen=True)
class Device:
    """A device and what it can do. `autocast` is the precision that "auto" takes there."""

    name: str
    title: str
    memory_bytes: int
    precisions: tuple[str, ...]
    autocast: str
    smoke: "Smoke"


@dataclass(frozen=True)
class Findings:
    """All that the doctor found."""

    daedalus: str
    python: str
    system: str
    packages: dict[str, str | None]
    cores: int
    threads: int
    memory_bytes: int
    cache: str
    cache_writable: bool
    compiler: str | None
    display: str | None
    auto: str
    devices: tuple[Device, ...]

    @property
    def well(self) -> bool:
        """Whether every device trains, kernels can be kept, and no package is missing."""
        whole = None not in self.packages.values()
        return whole and self.cache_writable and all(one.smoke.passed for one in self.devices)


def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Show what this machine offers: versions, cores, memory, devices, and a small step of training on each device.

    The exit status is 1 if something is amiss.

    Example:

      daedalus doctor
    """
    found = examine()
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"well": found.well}, ensure_ascii=False, allow_nan=False))
    else:
        _show(found)
    if not found.well:
        raise typer.Exit(1)


def examine() -> Findings:
    """Look at everything, and try every device."""
    import torch

    from daedalus.core.compiled import cache_root
    from daedalus.core.device import compiler, device, devices, memory_bytes

    from .store.provenance import version

    where = cache_root()
    return Findings(
        daedalus=version(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages={name: _version(name) for name in _PACKAGES},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        memory_bytes=memory_bytes(device("cpu")),
        cache=str(where),
        cache_writable=_writable(where),
        compiler=compiler(),
        display=os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY"),
        auto=str(device()),
        devices=tuple(_tried(name) for name in devices()),
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _writable(folder: Path) -> bool:
    """Whether it can be written, or made."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _tried(name: str) -> Device:
    from daedalus.core.device import device, memory_bytes, numerics, precisions, title

    from .smoke import smoke
    from .store.provenance import cpu

    where, chosen = device(name), numerics(name)
    cast = "float32" if chosen.autocast is None else str(chosen.autocast).removeprefix("torch.")
    return Device(name, title(where) or cpu(), memory_bytes(where), precisions(where), cast, smoke(name))


def _show(found: Findings) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text.assemble((f"Daedalus {found.daedalus}", "bold"), (f" · Python {found.python}", "dim")))
    console.print(_facts(found))
    console.print()
    console.print(_devices(found))
    for one in found.devices:
        others = ", ".join(name for name in one.precisions if name != one.autocast)
        auto = "device=auto is " * (one.name == found.auto)
        console.print(Text(f"{auto}{one.name}, in {one.autocast}; it also has {others}", style="dim"))
        if one.smoke.error:
            console.print(Text(f"{one.name}: {one.smoke.error}", style="red"))
    console.print()
    console.print(Text(*("All is well.", "green") if found.well else (_amiss(found), "bold red")))


def _facts(found: Findings) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    packages = ", ".join(f"{title} {found.packages[name] or 'missing'}" for name, title in _PACKAGES.items())
    memory = f"{number(found.memory_bytes / 2**30, 1)} GiB of memory"
    rows = {
        "packages": packages,
        "system": found.system,
        "machine": f"{count(found.cores, 'core')}, {memory}; torch runs {count(found.threads, 'thread')}",
        "kernels": f"{found.cache} ({'writable' if found.cache_writable else 'not writable'})",
        "compile=true": f"with {found.compiler}" if found.compiler else "not on the CPU: it needs a C++ compiler",
        "windows": f"on display {found.display}" if found.display else "none: no display",
    }
    for title, text in rows.items():
        table.add_row(title, Text(text))
    return table


def _devices(found: Findings) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("device", style="cyan", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("memory", justify="right", no_wrap=True)
    table.add_column("a wave learnt", no_wrap=True)
    table.add_column("a step", justify="right", no_wrap=True)
    for one in found.devices:
        tried = one.smoke
        mark = Text("✓", style="green") if tried.passed else Text("✗", style="bold red")
        memory = f"{number(one.memory_bytes / 2**30, 1)} GiB"
        loss = "" if tried.after is None else f"{number(tried.before, 3)} → {number(tried.after, 3)}"
        step = "" if tried.milliseconds is None else f"{number(tried.milliseconds, 2)} ms"
        table.add_row(mark, one.name, Text(one.title), memory, loss, step)
    return table


def _amiss(found: Findings) -> str:
    """What is wrong, and what to do."""
    missing = [name for name, version in found.packages.items() if version is None]
    failed = [one.name for one in found.devices if not one.smoke.passed]
    said = [f"missing: {', '.join(missing)}; install the package again"] if missing else []
    said += [f"training fails on {', '.join(failed)}; choose another device, or mend its driver"] if failed else []
    if not found.cache_writable:
        said.append(f"{found.cache} cannot be written, so kernels compile each time; set DAEDALUS_CACHE to a folder")
    return "Amiss: " + "; ".join(said)
