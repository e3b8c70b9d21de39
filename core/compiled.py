"""The decorators for compiled code, and where its cache lives.

Numba's disk cache misses edits of inlined functions in *other* files, so the cache folder is keyed by a hash of
every kernel source: an edit anywhere makes a fresh folder. Kernel sources are the files of this distribution that
import this module. Other packages' kernels may use it and share the folder, but their edits do not make a fresh one:
after editing a function that theirs inline from another file, they must empty the folder themselves.
Kernels are serial and release the GIL; threads and processes run many of them (no `parallel`, no `fastmath`).
"""

import contextlib
import functools
import hashlib
import os
import shutil
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import cgutils
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

_MARK = b"compiled import"
_KEPT_SECONDS = 30 * 24 * 3600  # a folder that no process has used for so long is of a past version


def cache_root() -> Path:
    """The folder of all kernel caches: `$DAEDALUS_CACHE`, else `$XDG_CACHE_HOME/daedalus`, else `~/.cache/daedalus`."""
    if own := os.environ.get("DAEDALUS_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daedalus"


def _floors() -> list[Path]:
    import daedalus.core

    core = Path(daedalus.core.__file__).parent
    return [core, core.parent / "envs", core.parent / "agents", core.parent / "generative"]


@functools.cache
def cache_folder() -> Path:
    """This version's cache folder, named by a hash of all kernel sources."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(path for floor in _floors() for path in floor.rglob("*.py")):
        text = source.read_bytes()
        if _MARK in text:
            digest.update(source.name.encode() + text)
    folder = cache_root() / f"kernels-{digest.hexdigest()[:16]}"
    _tend(folder)
    return folder


def cold() -> bool:
    """Whether nothing of this version has been compiled on this machine yet."""
    return not cache_folder().exists()


def _tend(folder: Path) -> None:
    """Mark the folder as in use; where it is new, remove those long unused. What cannot be done is left."""
    with contextlib.suppress(OSError):
        if folder.exists():
            os.utime(folder)
            return
        for old in folder.parent.glob("kernels-*"):
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


def compiled(function: F) -> F:
    """Compile `function` on first call, cached on disk. The function must stand at module level."""
    return _compile(function)


def lean(function: F) -> F:
    """`compiled`, without counting references: for hot loops, where the counting costs twice what the learning does.

    Such a function reads, writes and slices the arrays it is given; it can neither make nor return one.
    """
    return _compile(function, _nrt=False)


def inlined(function: F) -> F:
    """`lean`, and copied into every compiled caller: for the small rules inside hot loops.

    A call that passes a dozen arrays costs more than such a rule; Numba leaves most of them as calls.
    """
    return _compile(function, _nrt=False, forceinline=True)


def _aside(typing_context: Any) -> Any:
    def mark(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        builder.function.attributes.add("cold")
        return context.get_dummy_value()

    return numba.types.void(), mark


#: As the first line of a `lean` function it keeps this a call, out of the way of the loops where it is called: for what
#: happens rarely, or takes longer than a call. Copied into a loop it would take the registers from the rest of it.
aside: Callable[[], None] = cast(Any, intrinsic)(_aside)


def _likely(typing_context: Any, condition: Any) -> Any:
    def expect(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        llvm: Any = cgutils
        bit = llvm.bool_t
        told = builder.module.declare_intrinsic("llvm.expect", [bit], llvm.ir.FunctionType(bit, [bit, bit]))
        return builder.call(told, [arguments[0], llvm.true_bit])

    return numba.types.boolean(numba.types.boolean), expect


#: The same condition, of which the compiler is told that it mostly holds: that way is laid out without a jump. Where a
#: step has a dozen conditions, the jumps cost more than the conditions.
likely: Callable[[bool], bool] = cast(Any, intrinsic)(_likely)


def _granted(typing_context: Any, condition: Any) -> Any:
    def assume(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        llvm: Any = cgutils
        of_a_bit = llvm.ir.FunctionType(llvm.ir.VoidType(), [llvm.bool_t])
        builder.call(builder.module.declare_intrinsic("llvm.assume", [], of_a_bit), [arguments[0]])
        return context.get_dummy_value()

    return numba.types.void(numba.types.boolean), assume


#: The compiler takes this condition for granted, and compiles nothing for where it does not hold. The caller must have
#: made sure: where it does not hold after all, anything may happen.
granted: Callable[[bool], None] = cast(Any, intrinsic)(_granted)


def _compile(function: F, **options: bool) -> F:
    options = {"forceinline": False} | options  # unless told, Numba copies what an inlined function calls as well
    config: Any = numba.config
    njit: Any = numba.njit
    before, config.CACHE_DIR = config.CACHE_DIR, str(cache_folder())
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy", **options)(function))
    finally:
        config.CACHE_DIR = before


def bind(template: F, home: str, **parts: Callable[..., Any]) -> F:
    """A `lean` copy of `template` in which the names of `parts` stand for these functions: one loop, many bodies.

    `home` is the module (`__name__`) that binds it at its top level. A function handed over as an argument or kept in
    a closure would be compiled anew by every process; what a copy finds among its globals is cached like any other,
    in a file that is named by the qualified name: by the parts too, so that a module may bind several copies.
    """
    copy = types.FunctionType(template.__code__, template.__globals__ | parts, template.__name__)
    bodies = hashlib.sha256(" ".join(f"{part.__module__}.{part.__qualname__}" for part in parts.values()).encode())
    copy.__qualname__, copy.__module__ = f"{home}.{template.__name__}_{bodies.hexdigest()[:12]}", home
    copy.__doc__ = template.__doc__
    return cast(F, lean(copy))
