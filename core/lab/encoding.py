"""Plans, specs and settings as strict JSON, and back; names as folder names."""

import dataclasses
import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from daedalus.core.lab.experiment import Experiment, Group, Plan
from daedalus.core.spec import Spec, show

T = TypeVar("T")

_RESERVED = {"run.json", "lock", "report.html", "world.json", "world.safetensors", "config.json"}


def slug(name: str) -> str:
    """A folder name for `name`: letters, digits, `_`, `.` and `-`; the rest becomes `-`.

    Nothing like `key=value` is left, which query engines would take for a partition.
    """
    text = re.sub(r"[^\w.-]", "-", name).strip("-.")
    if not text or len(text.encode()) > 80 or text.lower() in _RESERVED:
        short = text.encode()[:71].decode(errors="ignore")
        text = f"{short}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}".lstrip("-")
    return text


def value_to_json(value: Any) -> Any:
    """A parameter's value as JSON: nested specs as objects, tuples as lists, numbers that JSON lacks as words."""
    match value:
        case Spec():
            return spec_to_json(value)
        case tuple():
            return [value_to_json(one) for one in value]
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value


def _value_from_json(value: Any) -> Any:
    match value:
        case dict():
            return spec_from_json(value)
        case list():
            return tuple(_value_from_json(one) for one in value)
        case "inf" | "-inf" | "nan":
            return float(value)
        case _:
            return value


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """A spec as JSON."""
    return {"name": spec.name, "params": {key: value_to_json(value) for key, value in spec.params}}


def spec_from_json(data: Mapping[str, Any]) -> Spec:
    """The inverse of `spec_to_json`."""
    return Spec(
        _known(str, data["name"]), tuple((key, _value_from_json(value)) for key, value in data["params"].items())
    )


def settings_of(config: Any) -> dict[str, Any]:
    """A config dataclass as flat JSON for people: nested specs as the text one types."""
    return {field.name: _setting(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _setting(value: Any) -> Any:
    match value:
        case Spec():
            return show(value)
        case bool() | int() | str() | None:
            return value
        case float():
            return value_to_json(value)
        case tuple() | list():
            return [_setting(item) for item in value]
        case _:
            return str(value)


def experiment_to_json(experiment: Experiment) -> dict[str, Any]:
    """An experiment as JSON, for the worker processes."""
    plain = dataclasses.asdict(dataclasses.replace(experiment, world=Spec(""), agent=Spec("")))
    return plain | {"world": spec_to_json(experiment.world), "agent": spec_to_json(experiment.agent)}


def experiment_from_json(data: Mapping[str, Any]) -> Experiment:
    """The inverse of `experiment_to_json`."""
    plain = dict(data) | {"world": spec_from_json(data["world"]), "agent": spec_from_json(data["agent"])}
    return Experiment(**plain)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as JSON, without its name."""
    return {
        "episodes": plan.episodes,
        "groups": [
            {
                "worlds": [spec_to_json(world) for world in group.worlds],
                "agents": [{"label": label, "agent": spec_to_json(agent)} for label, agent in group.agents],
                "seeds": group.seeds,
                "steps": group.steps,
                "horizon": group.horizon,
            }
            for group in plan.groups
        ],
    }


def plan_from_json(data: Mapping[str, Any], name: str) -> Plan:
    """The inverse of `plan_to_json`. Raises `ValueError` where the data is no plan."""
    try:
        groups = tuple(_group_from_json(group) for group in data["groups"])
        return Plan(_some(groups), _known(bool, data["episodes"]), name)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it holds no plan: {error}") from error


def _group_from_json(group: Mapping[str, Any]) -> Group:
    return Group(
        _some(tuple(spec_from_json(world) for world in group["worlds"])),
        _some(tuple((_known(str, agent["label"]), spec_from_json(agent["agent"])) for agent in group["agents"])),
        _known(int, group["seeds"]),
        _known(int, group["steps"]),
        None if group["horizon"] is None else _known(int, group["horizon"]),
    )


def _known(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _some(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise TypeError("an empty list")
    return items
