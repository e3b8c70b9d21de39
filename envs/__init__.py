"""Worlds: bandits, mazes and grid worlds, their drawing and their Gymnasium environments.

Importing this registers the worlds with Gymnasium (now, or when Gymnasium is imported); the names below load
their modules on first use.
"""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.envs, not envs")

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

from .registration import register_on_import

if TYPE_CHECKING:
    from .bandit_env import BanditEnv
    from .worlds.bandits import bandit
    from .worlds.grids import cliff, four_rooms
    from .imported import problem_of
    from .loading import load_problem
    from .worlds.mazes import maze
    from .tiling import grid_world
    from .world_env import WorldEnv

_HOMES = {
    "BanditEnv": "bandit_env",
    "WorldEnv": "world_env",
    "bandit": "worlds.bandits",
    "cliff": "worlds.grids",
    "four_rooms": "worlds.grids",
    "grid_world": "tiling",
    "load_problem": "loading",
    "maze": "worlds.mazes",
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


__getattr__ = offers(__name__, _HOMES)


register_on_import()
