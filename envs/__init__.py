"""Worlds: bandits, mazes and grid worlds, their drawing and their Gymnasium environments.

Importing this registers the worlds with Gymnasium (now, or when Gymnasium is imported); the names below load
their modules on first use.
"""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.envs, not envs")

import importlib
from typing import TYPE_CHECKING, Any

from .registration import register_on_import

if TYPE_CHECKING:
    from .bandit_env import BanditEnv
    from .bandits import bandit
    from .grids import cliff, four_rooms
    from .imported import problem_of
    from .loading import load_problem
    from .mazes import maze
    from .tiling import grid_world
    from .world_env import WorldEnv

_HOMES = {
    "BanditEnv": "bandit_env",
    "WorldEnv": "world_env",
    "bandit": "bandits",
    "cliff": "grids",
    "four_rooms": "grids",
    "grid_world": "tiling",
    "load_problem": "loading",
    "maze": "mazes",
    "problem_of": "imported",
}

__all__ = [
    "BanditEnv",
    "WorldEnv",
    "bandit",
    "cliff",
    "four_rooms",
    "grid_world",
    "load_problem",
    "maze",
    "problem_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


register_on_import()
