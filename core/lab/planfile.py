"""A plan in a YAML file.

    name: mazes
    seeds: 20
    steps: 50_000
    groups:
      - worlds: [daedalus/Bandit-v0]
        agents: [greedy, "epsilon_greedy:epsilon=.1"]
        steps: 1000
      - worlds: ["daedalus/Maze-v0:rows=10", maze.txt]
        agents: [q_learning, {label: Fast, agent: "sarsa:alpha=.9"}]
        sweep: {q_learning.alpha: [0.1, 0.2, 0.5], env.slip: [0, 0.1]}

Instead of `groups`, `worlds`, `agents` and `sweep` may stand at the top; a `sweep` there also serves every group that
has none (`core.lab.sweep` tells what it means). Data sets and models may stand under `data` and `models` in place of
`worlds` and `agents`. A drawing with a relative path is looked for from the current folder first, then from the YAML
file's.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from daedalus.core.errors import UserError

from .experiment import Plan
from .plan import check_keys, make_plan

KEYS = ("name", "seeds", "steps", "horizon", "episodes", "groups", "worlds", "agents", "sweep")


def read_plan(path: Path, over: Mapping[str, Any]) -> Plan:
    """Read a plan; `over` holds the top-level keys that the command line overrides.

    Raises `UserError`, with the file and the place in it, for a wrong key or type, and for any Python tag.
    """
    data = _load(path)
    try:
        data = _plain(data)
        check_keys(data, KEYS, "")
        if "groups" in data and ("worlds" in data or "agents" in data):
            raise UserError("give either groups, or worlds and agents at the top, not both")
        if "groups" in data and ("worlds" in over or "agents" in over):
            raise UserError("the file has groups of its own; give no worlds or agents beside it")
        chosen = {**data, **over}
        if "groups" in chosen and chosen["groups"] is None:
            raise UserError("groups: expected a list of groups, found nothing")
        folder = Path(os.path.relpath(path.parent))
        return make_plan(**chosen, base=folder)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


_OTHER_NAMES = {"data": "worlds", "models": "agents"}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same with `data` and `models`, at the top and in groups, under the names that all plans have."""
    for other, name in _OTHER_NAMES.items():
        if other in data and name in data:
            raise UserError(f"give either {other} or {name}, which mean the same here, not both")
    plain = {_OTHER_NAMES.get(key, key): value for key, value in data.items()}
    if isinstance(plain.get("groups"), list):
        plain["groups"] = [_plain(group) if isinstance(group, Mapping) else group for group in plain["groups"]]
    return plain


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise UserError(f"line {key.start_mark.line + 1}: the key {key.value!r} is given twice")
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _load(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file in UTF-8") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except yaml.constructor.ConstructorError as error:
        raise UserError(f"{path}: {error.problem}; plain YAML only, tags are never run") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise UserError(f"{path}: expected keys such as worlds, agents, seeds and steps, found {_kind(data)}")
    return data


def _kind(data: Any) -> str:
    return "nothing" if data is None else f"a {type(data).__name__}"
