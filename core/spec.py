"""A name with parameters, as a person types it: `q_learning:alpha=.5,explore=ucb(c=2)`.

One small grammar serves worlds, agents, strategies and models:

    agents   = piece ("," piece)*               split at commas outside parentheses
    spec     = [label "="] name [":" parameters]
    value    = number | true | false | none | word | name "(" parameters ")" | "(" value ("," value)* ")"
"""

import inspect
import math
import numbers
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import UserError, unknown

Value = "bool | int | float | str | Spec | tuple[Value, ...] | None"
C = TypeVar("C")


@dataclass(frozen=True)
class Spec:
    """A name and its parameters, in the order given. Hashable; `str` gives the canonical text."""

    name: str
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def mapping(self) -> dict[str, Any]:
        """The parameters as a dictionary."""
        return dict(self.params)

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}:{_join(self.params)}"


def _join(params: tuple[tuple[str, Any], ...]) -> str:
    return ",".join(f"{key}={show(value)}" for key, value in params)


def show(value: Any) -> str:
    """The text that `parse_value` reads back as `value`."""
    match value:
        case Spec():
            return f"{value.name}({_join(value.params)})"
        case tuple():
            return f"({','.join(map(show, value))})"
        case bool() | None:
            return str(value).lower()
        case _:
            return str(value)


def parse_value(text: str) -> Any:
    """Read one value: a number, `true`, `false`, `none`, a word, `name(key=value,…)`, or several: `(16,32)`."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        return tuple(parse_value(piece) for piece in _members(text))
    if text.endswith(")") and "(" in text:
        name, _, inside = text[:-1].partition("(")
        return Spec(name.strip(), parse_params(inside, where=name.strip()))
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    if lowered in {"none", "null"}:
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def split(text: str) -> Iterator[str]:
    """Split at commas outside parentheses."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise UserError(f"')' without '(' at character {position + 1} of {text!r}")
        elif character == "," and depth == 0:
            yield text[start:position]
            start = position + 1
    if depth:
        raise UserError(f"'(' is never closed in {text!r}")
    yield text[start:]


def _members(text: str) -> list[str]:
    """The pieces of `(16,32)`, which may end in a comma as Python's do; those of `()` are none."""
    pieces = [piece.strip() for piece in split(text[1:-1])]
    if not pieces[-1]:
        pieces.pop()
    for piece in pieces:
        if not piece:
            raise UserError(f"an empty value in {text!r}; remove the extra comma")
        if "=" in piece.partition("(")[0]:
            raise UserError(f"expected values such as (16,32), found {piece!r} in {text!r}")
    return pieces


def parse_params(text: str, where: str) -> tuple[tuple[str, Any], ...]:
    """Read `key=value,key=value`; `where` names the owner in errors."""
    params: dict[str, Any] = {}
    for piece in split(text):
        if not piece.strip():
            continue
        key, equals, value = piece.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UserError(f"expected key=value after {where!r}, found {piece.strip()!r}")
        if key.strip() in params:
            raise UserError(f"{where}: {key.strip()!r} is given twice")
        params[key.strip()] = parse_value(value)
    return tuple(params.items())


def parse_spec(text: str) -> Spec:
    """Read `name`, `name:key=value,…` or `name(key=value,…)`. The name may hold colons itself (`module:Id-v0`)."""
    name, params = _parted(text)
    return Spec(name, parse_params(params, where=name))


def _parted(text: str) -> tuple[str, str]:
    """The name, and the text of the parameters: those in parentheses before those after the colon."""
    text = text.strip()
    if not text:
        raise UserError("an empty name; expected something like daedalus/Maze-v0 or q_learning:alpha=.5")
    if called := _called(text):
        return called
    head, colon, tail = text.partition(":")
    while colon and tail and "=" not in tail.partition(":")[0]:
        more, colon, rest = tail.partition(":")
        head, tail = f"{head}:{more}", rest
    if not head:
        raise UserError(f"a name is missing before ':' in {text!r}")
    return head.strip(), tail


def _called(text: str) -> tuple[str, str] | None:
    """The parts of `ucb(c=2)`, which says the same as `ucb:c=2`; None where no such parentheses end the name."""
    name, _, rest = text.partition("(")
    if "=" in name or not name.strip():
        return None
    depth = 1
    for position, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            inside, more = rest[:position], rest[position + 1 :]
            if more and not more.startswith(":"):  # `maze(1).txt` is only a name
                return None
            return name.strip(), ",".join(part for part in (inside, more[1:]) if part.strip())
    return None


@dataclass(frozen=True)
class Labelled:
    """An agent and the label it bears in tables and plots."""

    label: str
    spec: Spec


_LABEL = re.compile(r"^\s*(?P<label>[^=:,()]+)=(?P<rest>[^=(),]+(?:\(.*\))?:.*)$", re.DOTALL)


def parse_agents(text: str) -> list[Labelled]:
    """Read a list of agents.

    A piece `key=value` continues the agent before it, anything else starts a new one. `Label=agent:…`
    starts a labelled one; the colon at its end tells it from a parameter (`Plain=ucb:`).
    """
    groups: list[list[str]] = []
    for piece in split(text):
        stripped = piece.strip()
        if not stripped:
            raise UserError(f"an empty agent in {text!r}; remove the extra comma")
        continues = "=" in stripped.partition("(")[0].partition(":")[0] and not _LABEL.match(stripped)
        if continues:
            if not groups:
                label, _, agent = stripped.partition("=")
                hint = label_hint(label, agent) if isinstance(parse_value(agent), str | Spec) else ""
                raise UserError(f"{stripped!r} is a parameter, but no agent stands before it{hint}")
            groups[-1].append(stripped)
        else:
            groups.append([stripped])
    return [_labelled(group) for group in groups]


def label_hint(label: str, agent: str) -> str:
    """What to say where a label may have been meant."""
    return f"; a label needs a colon at its end: {label}={agent}:"


def _labelled(pieces: list[str]) -> Labelled:
    label, first = "", pieces[0]
    if match := _LABEL.match(first):
        label, first = match["label"].strip(), match["rest"]
    name, params = _parted(first)
    spec = Spec(name, parse_params(",".join([params, *pieces[1:]]), where=name))
    return Labelled(label or str(spec), spec)


def fill(build: Callable[..., C], params: Mapping[str, Any], owner: str) -> C:
    """Call `build`, a frozen dataclass or a function, with parameters; `owner` is the name shown in errors.

    Every key must be one of its parameters (the nearest is named otherwise), none may be missing, and every value
    must fit the parameter's annotation: an int may stand for a float, NumPy's numbers for Python's, a list for a tuple,
    nothing else is converted. `build` checks ranges itself and raises `UserError`.
    """
    hints = typing.get_type_hints(build)
    known = inspect.signature(build).parameters
    values: dict[str, Any] = {}
    for key, value in params.items():
        if key not in known:
            raise unknown(f"parameter of {owner}", key, known)
        values[key] = _fit(value, hints.get(key, Any), f"{owner}: {key}")  # a user's own function may have none
    missing = [key for key, parameter in known.items() if parameter.default is parameter.empty and key not in values]
    if missing:
        raise UserError(f"{owner}: {', '.join(missing)} must be given")
    return build(**values)


_TYPE_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a word",
    Spec: "a name such as ucb(c=2)",
    tuple[int, ...]: "whole numbers such as (16,32)",
    tuple[float, ...]: "numbers such as (0.5,1)",
    types.NoneType: "none",
}


def _fit(value: Any, hint: Any, where: str) -> Any:
    options = (
        typing.get_args(hint)
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
        else (hint,)
    )
    for option in options:
        if option is Any or (option in (None, type(None)) and value is None):
            return value
        if typing.get_origin(option) is typing.Literal:
            if any(value == choice and type(value) is type(choice) for choice in typing.get_args(option)):
                return value
        elif option is int and isinstance(value, numbers.Integral) and not isinstance(value, bool):
            return int(value)
        elif option is float and isinstance(value, numbers.Real) and not isinstance(value, bool):
            return _float(value, where)
        elif typing.get_origin(option) is tuple and isinstance(value, tuple | list):
            member = typing.get_args(option)[0]  # of tuple[X, ...], the one form that is used
            return tuple(_fit(one, member, f"{where}[{place}]") for place, one in enumerate(value))
        elif isinstance(option, type) and isinstance(value, option) and (option is bool or not isinstance(value, bool)):
            return value
        elif option is Spec and isinstance(value, str):
            return parse_spec(value)
    literals = [c for o in options if typing.get_origin(o) is typing.Literal for c in typing.get_args(o)]
    types_ = [_TYPE_NAMES.get(o, o.__name__) for o in options if typing.get_origin(o) is not typing.Literal]
    if literals and not types_ and isinstance(value, str):
        raise unknown(where, value, map(str, literals))
    expected = " or ".join([*types_, *map(repr, literals)])
    raise UserError(f"{where} must be {expected}, not {show(value)!r}")


def _float(value: numbers.Real, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise UserError(f"{where} is too large; give a smaller number") from None
    if math.isnan(number):
        raise UserError(f"{where} is NaN; give a number")
    return number


def chosen(kind: str, asked: Spec | str, known: Mapping[str, Callable[..., C]]) -> C:
    """One of the `known` by its name, filled with the parameters: `adam(lr=1e-3)` or its `Spec`.

    Raises `UserError` that names the nearest known one.
    """
    spec = parse_spec(asked) if isinstance(asked, str) else asked
    if spec.name not in known:
        raise unknown(kind, spec.name, known)
    return fill(known[spec.name], spec.mapping, spec.name)
