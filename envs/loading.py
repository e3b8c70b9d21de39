"""From a spec to a problem: our own worlds, drawings, and whatever else Gymnasium knows."""

import functools
from pathlib import Path
from typing import Any

from daedalus.core.catalogue import of_kind
from daedalus.core.spec import Spec, fill
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World

from .building import build, parted, seen_as
from .levels.levels import Levels

_PREFIX = "daedalus.envs:"


def load_problem(spec: Spec, seed: int = 0) -> Problem:
    """Build the problem that a spec names: an id of ours, the path of a drawing, or any Gymnasium id.

    `seed` draws the arms of bandits, and the layouts of worlds with a layout for each seed, whose spec gives no seed;
    nothing else depends on it. Raises `UserError` for an unknown name (naming the nearest), a wrong parameter, or a
    Gymnasium environment that cannot be made.
    """
    name, worlds = spec.name.removeprefix(_PREFIX), of_kind("world")
    params = spec.mapping
    if name in worlds:
        if {"bandit", "contextual"} & set(worlds[name].suits):
            params = {"seed": seed, **params}
        return as_problem(build(name, params), seed)
    if _is_drawing(name):
        from .levels.drawn import drawing

        own, observation = parted(params, name)
        world: World = fill(drawing, {"path": name, **own}, name)
        return world if observation is None else as_problem(seen_as(world, observation))
    from .imported import load_imported

    return load_imported(spec, seed)


def as_problem(value: Any, seed: int = 0) -> Problem:
    """A builder's value as learners take it: what is neither finite nor a bandit is lived in by its environment.

    Of levels with a layout for each seed it is the layout of `seed`. What knows its `prospects`, a contextual bandit,
    is judged by them.
    """
    if isinstance(value, World | Schedule | Bandit):
        return value
    if isinstance(value, Levels):
        value.check()
        if value.each == "seed":
            return value.world(seed)
    from .making import environment

    prospects = value.prospects() if hasattr(value, "prospects") else None
    return OpenWorld(value.name, functools.partial(environment, value), prospects)


def _is_drawing(name: str) -> bool:
    if name.lower().endswith((".txt", ".png")):
        return True
    try:
        return Path(name).is_file()
    except OSError:  # too long for a path
        return False
