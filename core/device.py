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

    def eager(self) -> AbstractContextManager[Any]:
        """Inside it, what was compiled runs as it was written, so that its layers can be watched."""
        return torch.compiler.set_stance("force_eager") if self.compile else contextlib.nullcontext()

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
    if compile and where.type == "cpu" and compiler() is None:
        raise UserError("compile=true needs a C++ compiler (g++ or clang++) on the CPU; install one, or leave it out")
    half = precision == "bfloat16" or (precision == "auto" and where.type == "cuda" and torch.cuda.is_bf16_supported())
    return Numerics(where, torch.bfloat16 if half else None, compile)


def compiler() -> str | None:
    """The C++ compiler that `compile` would use on the CPU, if there is one."""
    names = (os.environ.get("CXX", ""), "c++", "g++", "clang++")
    return next((name for name in names if name and shutil.which(name)), None)


def title(where: torch.device) -> str:
    """What the maker calls an accelerator; nothing for the CPU."""
    return {"cuda": torch.cuda.get_device_name, "mps": lambda _: "Apple GPU"}.get(where.type, lambda _: "")(where)


def memory_bytes(where: torch.device) -> int:
    """How much memory a device has in all."""
    if where.type == "cuda":
        return int(torch.cuda.get_device_properties(where).total_memory)
    if where.type == "mps":
        return int(torch.mps.recommended_max_memory())
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def precisions(where: torch.device) -> tuple[str, ...]:
    """The floating-point numbers that a device multiplies matrices of."""
    found = []
    for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
        with contextlib.suppress(RuntimeError, TypeError):
            ones = torch.ones(8, 8, dtype=dtype, device=where)
            if (ones @ ones).sum().item() == 512:
                found.append(str(dtype).removeprefix("torch."))
    return tuple(found)


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
