"""From a spec to a problem: our own worlds, drawings, and whatever else Gymnasium knows."""

from pathlib import Path
from typing import cast

from daedalus.core.catalogue import of_kind
from daedalus.core.spec import Spec, fill
from daedalus.core.world import Problem

_PREFIX = "daedalus.envs:"


def load_problem(spec: Spec, seed: int = 0) -> Problem:
    """Build the problem that a spec names: an id of ours, the path of a drawing, or any Gymnasium id.

    `seed` draws the arms of bandits whose spec gives no seed; nothing else depends on it. Raises `UserError` for an
    unknown name (naming the nearest), a wrong parameter, or a Gymnasium environment that cannot be made.
    """
    name, worlds = spec.name.removeprefix(_PREFIX), of_kind("world")
    params = spec.mapping
    if name in worlds:
        if "bandit" in worlds[name].suits:
            params = {"seed": seed, **params}
        return cast(Problem, fill(worlds[name].load(), params, name))
    if _is_drawing(name):
        from .levels.drawn import drawing

        return fill(drawing, {"path": name, **params}, name)
    from .imported import load_imported

    return load_imported(spec)


def _is_drawing(name: str) -> bool:
    if name.lower().endswith((".txt", ".png")):
        return True
    try:
        return Path(name).is_file()
    except OSError:  # too long for a path
        return False
