"""From a world to its observer."""

import weakref
from collections.abc import Callable, Sequence

from daedalus.core.world import Schedule, Sight, World

from . import numbers, pictures, stamps, views
from .observer import Observer
from .seeable import check

#: Makes the observers of worlds that share one space: the phases of one that changes, or a single world.
Maker = Callable[[Sequence[World]], Sequence[Observer]]

_MAKERS: dict[Sight, Maker] = {
    "index": numbers.index,
    "coordinates": numbers.coordinates,
    "one_hot": stamps.one_hot,
    "symbolic": stamps.symbolic,
    "pixels": pictures.pixels,
    "view": views.view,
    "heading_view": views.heading_view,
}

_made: weakref.WeakKeyDictionary[World | Schedule, tuple[Observer, ...]] = weakref.WeakKeyDictionary()


def observer_of(world: World) -> Observer:
    """What shows the states of `world`, as `world.observation` asks; made once for each world.

    Raises `UserError` where the world cannot be seen so.
    """
    return observers_of(world)[0]


def observers_of(problem: World | Schedule) -> tuple[Observer, ...]:
    """The observers of all phases of a world, in order; they share one space, and one world is one phase."""
    made = _made.get(problem)
    if made is None:
        worlds, which = ((problem,), [0]) if isinstance(problem, World) else (problem.worlds, problem.which.tolist())
        check(worlds[0])
        of = _MAKERS[worlds[0].observation.sight](worlds)
        made = _made[problem] = tuple(of[n] for n in which)
    return made
