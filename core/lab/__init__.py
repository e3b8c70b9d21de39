"""The lab: experiments, the run store, statistics, reports and the command line.

from daedalus.core.lab import compare

comparison = compare("daedalus/Maze-v0", "q_learning,sarsa", seeds=20)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daedalus.core.lab.store.run import open_run as open_run

    from .job import compare as compare

_HOMES = {"compare": "job", "open_run": "store.run"}

__all__ = ["compare", "open_run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
