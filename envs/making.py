"""What Gymnasium calls to make one of our worlds by id.

A maker bears the name of its world's builder, by which `registration` finds it, and is bound to that world alone.
"""

from typing import Any, final

import gymnasium

from daedalus.core.catalogue import find
from daedalus.core.spec import fill
from daedalus.core.world import Bandit

from .bandit_env import BanditEnv
from .world_env import RenderMode, WorldEnv


@final
class Maker:
    """Makes the environment of one catalogue world; `metadata` tells Gymnasium its render modes."""

    def __init__(self, world: str) -> None:
        self._world = world
        self.metadata = (BanditEnv if "bandit" in find("world", world).suits else WorldEnv).metadata

    def __call__(self, *, render_mode: RenderMode | None = None, **params: Any) -> gymnasium.Env[int, int]:
        """Make it; `params` are its builder's, checked against the builder's signature.

        Raises `UserError` for an unknown or unfit parameter.
        """
        problem = fill(find("world", self._world).load(), params, self._world)
        if isinstance(problem, Bandit):
            return BanditEnv(problem, render_mode)
        return WorldEnv(problem, render_mode)


bandit = Maker("daedalus/Bandit-v0")
maze = Maker("daedalus/Maze-v0")
cliff = Maker("daedalus/Cliff-v0")
four_rooms = Maker("daedalus/FourRooms-v0")
