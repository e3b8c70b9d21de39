"""From a world's id and parameters to its value: the one place where a builder is called and told what is seen."""

import inspect
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from typing import Any

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import Bandit, Observation, Schedule, Sight, World

from .levels.levels import REVEALING
from .naming import typed

#: The parameters that every grid world takes beside its own: what is seen of it (`Observation`). `view_size` goes with
#: a view; `tile_size` is that of pixel observations (8 unasked) and of what `render()` draws (24 unasked).
SIGHTS = ("observation", "view_size", "tile_size", "action_mask")
#: What `view_size` goes with.
VIEWS: tuple[Sight, ...] = ("view", "heading_view")


def build(name: str, params: Mapping[str, Any]) -> Any:
    """The value of the catalogue's world `name`. Raises `UserError` for an unknown or unfit parameter."""
    own, observation = parted(params, name)
    entry = find("world", name)
    builder = entry.load()
    known = inspect.signature(builder).parameters
    for key in own:
        if key not in known:
            raise unknown(f"parameter of {name}", key, [*known, *(() if "bandit" in entry.suits else SIGHTS)])
    value = fill(builder, own, name)
    return value if observation is None else seen_as(value, observation)


def build_own(name: str, builder: Callable[..., Any], params: Mapping[str, Any], seed: int | None = None) -> Any:
    """The value that a user's builder makes, named as a person would type it.

    `seed` draws the arms of a bandit whose builder takes a seed, where `params` gives none. Raises `UserError` for an
    unknown or unfit parameter, and where the builder makes no world.
    """
    own, observation = parted(params, name)
    value = fill(builder, own, name)
    if isinstance(value, Bandit) and seed is not None and "seed" in inspect.signature(builder).parameters:
        own = {"seed": seed, **own}
        value = fill(builder, own, name)
    if isinstance(value, World | Schedule | Bandit):
        value = replace(value, name=typed(name, builder, own))
    elif not hasattr(value, "environment"):
        raise UserError(f"{name}: its builder must return a World, a Schedule or a Bandit, not {value!r}")
    return value if observation is None else seen_as(value, observation)


def parted(
    params: Mapping[str, Any], name: str, taken: Container[str] = ()
) -> tuple[dict[str, Any], Observation | None]:
    """A world's own parameters, and what they ask to see; None where nothing is asked. Raises `UserError`.

    `taken` are names that mean something else to the world itself.
    """
    own = {key: value for key, value in params.items() if key not in SIGHTS or key in taken}
    asked = {key: value for key, value in params.items() if key not in own}
    if not asked:
        return own, None
    observation: Observation = fill(_observation, asked, name)
    if "view_size" in asked and observation.sight not in VIEWS:
        raise UserError(
            f"{name}: view_size is the side of a view, and observation={observation.sight} is none; "
            f"leave it out, or ask for observation={'|'.join(VIEWS)}"
        )
    return own, observation


def _observation(
    observation: Sight = "index", view_size: int = 7, tile_size: int | None = None, action_mask: bool = False
) -> Observation:
    """An `Observation` by the names of its parameters."""
    return Observation(observation, view_size, tile_size, action_mask)


def seen_as(value: Any, observation: Observation) -> Any:
    """The same world under another observation. Raises `UserError` where it cannot be seen so.

    A world whose heading is not yet state becomes one whose heading is, where it is to be seen by "heading_view".
    """
    match value:
        case World():
            return _world_seen_as(value, observation)
        case Schedule():
            if value.judged is not None and observation.sight not in REVEALING:
                raise UserError(
                    f"{value.name}: who is tested in other levels must see the one that it is in, which observation="
                    f"{observation.sight} does not show; choose {'|'.join(REVEALING)}"
                )
            seen = value.each(lambda world: _world_seen_as(world, observation))
            return replace(seen, name=_named(value.name, observation))
        case _ if hasattr(value, "seen_as"):  # a value of this floor that knows how
            return value.seen_as(_named(value.name, observation), observation)
    raise UserError(f"{value.name} is no grid; leave {', '.join(SIGHTS)} out")


def _world_seen_as(world: World, observation: Observation) -> World:
    from .observing.headings import with_heading
    from .observing.seeable import check

    seen = replace(world, name=_named(world.name, observation), observation=observation)
    check(seen)
    return with_heading(seen) if observation.sight == "heading_view" else seen


def _named(name: str, observation: Observation) -> str:
    """The name with what is asked to be seen, where that differs from what is seen unasked."""
    spec, plain = parse_spec(name), Observation()
    own = tuple((key, value) for key, value in spec.params if key not in SIGHTS)
    fields = dict(zip(SIGHTS, ("sight", "view_size", "tile_size", "action_mask"), strict=True))
    asked = ((key, getattr(observation, field), getattr(plain, field)) for key, field in fields.items())
    return str(Spec(spec.name, own + tuple((key, value) for key, value, usual in asked if value != usual)))
