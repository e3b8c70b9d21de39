"""Where tensors live and in which numbers: the only place that names a device."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from .errors import UserError
from .rng import stream_key

Precision = Literal["auto", "float32", "bfloat16"]


def devices() -> tuple[str, ...]:
    """The devices of this machine, the best first."""
    found = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return (*found, *(["mps"] if torch.backends.mps.is_available() else []), "cpu")


def device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA where there is one, then MPS, then the CPU.

    Raises `UserError` that names what there is.
    """
    there = devices()
    if name == "auto":
        return torch.device(there[0])
    try:
        asked = torch.device(name)
    except (RuntimeError, ValueError):
        raise UserError(f"unknown device {name!r}; this machine has {_listed(there)}") from None
    exact = str(asked) if asked.type == "cuda" else str(asked).removesuffix(":0")
    exact = "cuda:0" if exact == "cuda" else exact
    if exact not in there:
        raise UserError(f"device {name!r} is not available; this machine has {_listed(there)}")
    return torch.device(exact)


def _listed(there: tuple[str, ...]) -> str:
    return ", ".join(there)


@dataclass(frozen=True)
class Numerics:
    """On which device, in which numbers, and whether compiled: resolved once, then handed on."""

    device: torch.device
    autocast: torch.dtype | None = None
    compile: bool = False

    def cast(self) -> AbstractContextManager[Any]:
        """Inside it, operations that can do with fewer bits take them. Weights stay float32."""
        if self.autocast is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def place(self, module: nn.Module) -> None:
        """Move a module to the device, in place, and have it compiled on its first call where that was asked."""
        module.to(self.device)
        if self.compile:
            module.compile()  # in place: parameters keep their names


def numerics(name: str = "auto", precision: Precision = "auto", compile: bool = False) -> Numerics:
    """Resolve a device and its numbers: bfloat16 autocast on CUDA, float32 elsewhere, unless `precision` says which.

    Compiling pays for large networks alone. Raises `UserError` for what this machine lacks.
    """
    where = device(name)
    if precision not in ("auto", "float32", "bfloat16"):
        raise UserError(f"precision must be auto, float32 or bfloat16, not {precision!r}")
    if compile and where.type == "cpu" and not _compiler():
        raise UserError("compile=true needs a C++ compiler (g++ or clang++) on the CPU; install one, or leave it out")
    half = precision == "bfloat16" or (precision == "auto" and where.type == "cuda" and torch.cuda.is_bf16_supported())
    return Numerics(where, torch.bfloat16 if half else None, compile)


def _compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++") if name)


@contextlib.contextmanager
def threads(n: int) -> Iterator[None]:
    """Inside it, torch runs `n` threads on the CPU. One gives the bits that the laws promise."""
    if n < 1:
        raise UserError(f"threads must be at least 1, not {n}")
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def torch_generator(seed: int, role: str, where: torch.device | None = None) -> torch.Generator:
    """A generator on a device (the CPU if not given) for what `role` draws under `seed`."""
    generator = torch.Generator(device=where or "cpu")
    generator.manual_seed(stream_key(seed, role))
    return generator
