"""Names that a package offers without importing the modules they live in."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def offers(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module-level `__getattr__` for `package` that imports a name's module on its first use.

    `homes` maps each name to the module, relative to the package, where it lives.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f".{homes[name]}", package), name)

    return load
