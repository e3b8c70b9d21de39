"""What Gymnasium calls to make one of our worlds by id."""

from typing import Any

import gymnasium

from daedalus.core.catalogue import find
from daedalus.core.spec import fill
from daedalus.core.world import Bandit

from .bandit_env import BanditEnv
from .world_env import RenderMode, WorldEnv


def make_env(world: str, render_mode: RenderMode | None = None, **params: Any) -> gymnasium.Env[int, int]:
    """The environment of a catalogue world; `params` are its builder's, checked against its signature.

    Raises `UserError` for an unknown or unfit parameter.
    """
    problem = fill(find("world", world).load(), params, world)
    if isinstance(problem, Bandit):
        return BanditEnv(problem, render_mode)
    return WorldEnv(problem, render_mode)


make_env.metadata = WorldEnv.metadata  # type: ignore[attr-defined]  # Gymnasium looks here for render modes
