"""What Gymnasium calls to make one of our worlds by id, alone or many at once.

`daedalus.envs.making:maze` makes the environment of the world whose builder is called `maze`, and `batched_maze`
makes many of them as one; `registration` names them so.
"""

import functools
from collections.abc import Callable
from typing import Any, final

import gymnasium

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from .building import build

_BATCHED = "batched_"

#: Makes a world's value from its parameters, as `building.build` does.
Source = Callable[..., Any]


def environment(problem: Any, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
    """The Gymnasium environment of a problem of ours. Raises `UserError` for a render mode that it has not."""
    match problem:
        case World() | Schedule():
            from .world_env import WorldEnv

            return WorldEnv(problem, render_mode)
        case Bandit():
            from .bandit_env import BanditEnv

            return BanditEnv(problem, render_mode)
        case _ if hasattr(problem, "environment"):  # a value of this floor that brings its own
            made: gymnasium.Env[Any, Any] = problem.environment(render_mode)
            return made
    raise UserError(f"{problem.name} is not one of Daedalus's own worlds")


@final
class Maker:
    """Makes the environments of one world; `metadata` tells Gymnasium its render modes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 10}

    def __call__(self, *, render_mode: str | None = None, **params: Any) -> gymnasium.Env[Any, Any]:
        """Make it; `params` are its builder's and those of `building.SIGHTS`.

        Raises `UserError` for an unknown or unfit parameter.
        """
        return environment(self.source(params), render_mode)


@final
class BatchMaker:
    """Makes many environments of one world in one kernel."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(
        self,
        *,
        num_envs: int = 1,
        render_mode: str | None = None,
        autoreset_mode: Any = None,
        max_episode_steps: int | None = None,
        **params: Any,
    ) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
        """Make them; `autoreset_mode` is Gymnasium's, next-step where none is given. Raises `UserError`."""
        from .vector.batch import batch

        return batch(self._source(params), num_envs, autoreset_mode, render_mode, max_episode_steps)


def __getattr__(name: str) -> Maker | BatchMaker:
    for entry in of_kind("world").values():
        builder, source = entry.target.partition(":")[2], functools.partial(build, entry.name)
        if name == builder:
            return Maker(source)
        if name == _BATCHED + builder:
            return BatchMaker(source)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
