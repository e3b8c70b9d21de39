"""From a world's id and parameters to its value: the one place where a builder is called and told what is seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import Observation, Schedule, World

#: The parameters that every grid world takes beside its own: what is seen of it (`Observation`).
SIGHTS = {"observation": "sight", "view_size": "view_size", "tile_size": "tile_size", "action_mask": "action_mask"}


def build(name: str, params: Mapping[str, Any]) -> Any:
    """The value of the catalogue's world `name`. Raises `UserError` for an unknown or unfit parameter."""
    own = {key: value for key, value in params.items() if key not in SIGHTS}
    asked = {SIGHTS[key]: value for key, value in params.items() if key in SIGHTS}
    value = fill(find("world", name).load(), own, name)
    return seen_as(value, fill(Observation, asked, name)) if asked else value


def seen_as(value: Any, observation: Observation) -> Any:
    """The same world under another observation. Raises `UserError` where it cannot be seen so."""
    match value:
        case World():
            return replace(value, name=_named(value.name, observation), observation=observation)
        case Schedule():
            phases = tuple(seen_as(world, observation) for world in value.phases)
            return replace(value, name=_named(value.name, observation), phases=phases)
        case _ if hasattr(value, "seen_as"):  # a value of this floor that knows how
            return value.seen_as(_named(value.name, observation), observation)
    raise UserError(f"{value.name} is no grid; leave {', '.join(SIGHTS)} out")


def _named(name: str, observation: Observation) -> str:
    spec, plain = parse_spec(name), Observation()
    asked = [(key, getattr(observation, own)) for key, own in SIGHTS.items()]
    more = tuple((key, value) for key, value in asked if value != getattr(plain, SIGHTS[key]))
    return str(Spec(spec.name, spec.params + more))
