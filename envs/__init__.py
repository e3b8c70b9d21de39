"""Worlds: bandits, mazes and grid worlds, their drawing and their Gymnasium environments.

Importing this registers the worlds with Gymnasium (now, or when Gymnasium is imported); the names below load
their modules on first use.
"""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.envs, not envs")

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

from .registration import register_on_import, register_world

if TYPE_CHECKING:
    from .bandit_env import BanditEnv
    from .imported import problem_of
    from .levels.drawn import drawn_world
    from .loading import load_problem
    from .snapshots import restore, snapshot
    from .tabulating import rule_world
    from .things import Things
    from .tiling import grid_world
    from .world_env import WorldEnv
    from .worlds.arms import bandit_of, bandit_paying
    from .worlds.bandits import adversarial_bandit, bandit, switching_bandit
    from .worlds.chains import deep_sea, random_walk, river_swim, short_corridor
    from .worlds.contextual import contextual_bandit
    from .worlds.dyna import blocking_maze, dyna_maze, shortcut_maze
    from .worlds.frozen_lake import frozen_lake
    from .worlds.gambler import gambler
    from .worlds.garnet import garnet
    from .worlds.grids import cliff, four_rooms
    from .worlds.gridworld import gridworld, small_gridworld
    from .worlds.key_door import key_door
    from .worlds.maximization import maximization_bias
    from .worlds.mazes import maze
    from .worlds.pursuit import pursuit
    from .worlds.t_maze import t_maze
    from .worlds.taxi import taxi
    from .worlds.windy import windy

_HOMES = {
    "blocking_maze": "worlds.dyna",
    "dyna_maze": "worlds.dyna",
    "shortcut_maze": "worlds.dyna",
    "t_maze": "worlds.t_maze",
    "pursuit": "worlds.pursuit",
    "drifting_candy_maze": "worlds.candy",
    "candy_maze": "worlds.candy",
    "key_door": "worlds.key_door",
    "drawn_world": "levels.drawn",
    "Things": "things",
    "BanditEnv": "bandit_env",
    "WorldEnv": "world_env",
    "adversarial_bandit": "worlds.bandits",
    "bandit": "worlds.bandits",
    "bandit_of": "worlds.arms",
    "bandit_paying": "worlds.arms",
    "contextual_bandit": "worlds.contextual",
    "switching_bandit": "worlds.bandits",
    "cliff": "worlds.grids",
    "four_rooms": "worlds.grids",
    "grid_world": "tiling",
    "load_problem": "loading",
    "maximization_bias": "worlds.maximization",
    "maze": "worlds.mazes",
    "problem_of": "imported",
    "deep_sea": "worlds.chains",
    "random_walk": "worlds.chains",
    "river_swim": "worlds.chains",
    "short_corridor": "worlds.chains",
    "frozen_lake": "worlds.frozen_lake",
    "gambler": "worlds.gambler",
    "garnet": "worlds.garnet",
    "gridworld": "worlds.gridworld",
    "small_gridworld": "worlds.gridworld",
    "taxi": "worlds.taxi",
    "windy": "worlds.windy",
    "restore": "snapshots",
    "rule_world": "tabulating",
    "snapshot": "snapshots",
}

__all__ = [
    "BanditEnv",
    "Things",
    "WorldEnv",
    "adversarial_bandit",
    "bandit",
    "bandit_of",
    "bandit_paying",
    "blocking_maze",
    "candy_maze",
    "cliff",
    "contextual_bandit",
    "deep_sea",
    "drawn_world",
    "drifting_candy_maze",
    "dyna_maze",
    "four_rooms",
    "frozen_lake",
    "gambler",
    "garnet",
    "grid_world",
    "gridworld",
    "key_door",
    "load_problem",
    "maximization_bias",
    "maze",
    "problem_of",
    "pursuit",
    "random_walk",
    "register_world",
    "restore",
    "river_swim",
    "rule_world",
    "short_corridor",
    "shortcut_maze",
    "small_gridworld",
    "snapshot",
    "switching_bandit",
    "t_maze",
    "taxi",
    "windy",
]


__getattr__ = offers(__name__, _HOMES)


register_on_import()
