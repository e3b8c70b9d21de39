"""What a search may choose from: ranges and choices of an agent's parameters.

    alpha=0.01..1:log,epsilon=0..0.3      from … to, the first on a logarithmic scale
    n_steps=1..16:log                     whole numbers where the parameter is one
    explore=greedy|ucb(c=1)|ucb(c=2)      one of several values

An agent's config may declare its own in this form, as a class variable `space`. Otherwise every number of the config
that has one is searched: the config itself tells what is legal, by refusing what is not.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec, fill, parse_value, show, split

_EXAMPLE = "alpha=0.01..1:log,epsilon=0..0.3"

#: The digits of a number that is searched: more would only make it hard to read.
DIGITS = 4


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __str__(self) -> str:
        return f"{self.key}={self.low:g}..{self.high:g}{':log' if self.log else ''}"

    def rounded(self, value: float) -> float:
        """A number of few digits within the range."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    key: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.key}={'|'.join(map(show, self.values))}"

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return value in self.values


Space = tuple[Range | Choice, ...]


def show_space(space: Space) -> str:
    """The text that `parse_space` reads back."""
    return ",".join(map(str, space))


def parse_space(text: str) -> Space:
    """Read a space. Raises `UserError` that says what is wrong."""
    found: list[Range | Choice] = []
    for piece in split(text):
        key, equals, said = piece.strip().partition("=")
        if not equals or not key.strip().isidentifier():
            raise UserError(f"space: expected {_EXAMPLE}, found {piece.strip()!r}")
        if key.strip() in {one.key for one in found}:
            raise UserError(f"space: {key.strip()} is given twice")
        found.append(_range(key.strip(), said.strip()) if ".." in said else _choice(key.strip(), said.strip()))
    return tuple(found)


def _range(key: str, said: str) -> Range:
    ends, colon, scale = said.partition(":")
    low, _, high = ends.partition("..")
    first, last = parse_value(low), parse_value(high)
    for end in (first, last):
        if not isinstance(end, int | float) or isinstance(end, bool) or not math.isfinite(end):
            raise UserError(f"space: {key} must range from one number to another such as 0.01..1, not {said!r}")
    if first >= last:
        raise UserError(f"space: {key} must range from a lower to a higher number, not {ends}")
    if colon and scale != "log":
        raise UserError(f"space: after {key}={ends}: only log can stand, not {scale!r}")
    if scale and first <= 0:
        raise UserError(f"space: {key} cannot start at {first:g} on a logarithmic scale; start above 0")
    return Range(key, first, last, bool(scale), isinstance(first, int) and isinstance(last, int))


def _choice(key: str, said: str) -> Choice:
    values = tuple(parse_value(value) for value in said.split("|") if value.strip())
    if len(values) < 2:
        raise UserError(f"space: {key} needs a range such as 0.01..1 or choices such as greedy|ucb(c=1), not {said!r}")
    return Choice(key, values)


def space_of(config_class: Any, agent: Spec, asked: str = "") -> Space:
    """What to search for an agent: what is `asked`, or what its config declares, or what its numbers allow.

    What the agent's own text fixes is left alone. Raises `UserError` where nothing is left, and where an end of a
    range that was asked for is refused by the config.
    """
    if getattr(config_class, "judged_by", "") == "error":
        raise UserError(
            f"{agent} learns the value of a given policy, whose return no parameter changes; take\n"
            "`daedalus compare … --sweep`, whose report shows the error of the values"
        )
    if asked:
        return tuple(_checked(one, config_class, agent) for one in parse_space(asked))
    declared = getattr(config_class, "space", "")
    found = parse_space(declared) if declared else tuple(_inferred(config_class, agent))
    left = tuple(one for one in found if one.key not in agent.mapping)
    if not vars(config := fill(config_class, agent.mapping, agent.name)):
        raise UserError(f"{agent.name} has no parameters, so there is nothing to tune")
    if not left:
        known = ", ".join(key for key in vars(config) if key not in agent.mapping)
        raise UserError(f"{agent} has no parameter whose range is known; give --space KEY=LOW..HIGH, of {known}")
    return left


def _checked(one: Range | Choice, config_class: Any, agent: Spec) -> Range | Choice:
    known = fill(config_class, agent.mapping, agent.name)
    if not hasattr(known, one.key):
        raise unknown(f"parameter of {agent.name}", one.key, vars(known))
    if one.key in agent.mapping:
        raise UserError(f"space: {agent} fixes {one.key} itself; leave it out there")
    if isinstance(one, Range) and one.whole and isinstance(getattr(known, one.key), float):
        one = Range(one.key, one.low, one.high, one.log)
    for value in (one.low, one.high) if isinstance(one, Range) else one.values:
        try:
            fill(config_class, {**agent.mapping, one.key: value}, agent.name)
        except UserError as error:
            raise UserError(f"space: {one}: {error}") from error
    return one


#: The discount belongs to the problem rather than to the learner; the others are numerical precision.
_LEFT_ALONE = {"gamma", "tolerance", "cutoff"}

_SMALL = 0.3  # a share below this is searched on a logarithmic scale
_SPREAD = 30.0  # a positive number without bounds is searched from a 30th of its default to 30 times it


def _inferred(config_class: Any, agent: Spec) -> Iterator[Range]:
    """A range for each number of the config, from its default and from what the config refuses."""
    defaults = fill(config_class, agent.mapping, agent.name)

    def legal(key: str, value: float) -> bool:
        try:
            fill(config_class, {**agent.mapping, key: value}, agent.name)
        except UserError:
            return False
        return True

    for key, default in vars(defaults).items():
        if not isinstance(default, float) or key in _LEFT_ALONE or not math.isfinite(default):
            continue
        if legal(key, 1.0) and not legal(key, 2.0):  # a share or a step size
            if 0 < default < _SMALL:
                yield Range(key, min(0.01, default / 10), 1.0, log=True)
            else:
                yield Range(key, 0.0 if legal(key, 0.0) else 0.5 if default > 0.5 else default / 2, 1.0)
        elif default > 0 and legal(key, ends := default / _SPREAD) and legal(key, default * _SPREAD):
            yield Range(key, _plain(ends), _plain(default * _SPREAD), log=True)


def _plain(value: float) -> float:
    return float(f"{value:.2g}")


def defaults_in(space: Space, config_class: Any, agent: Spec) -> Mapping[str, Any] | None:
    """The agent's own values of everything in the space; None where one lies outside."""
    config = fill(config_class, agent.mapping, agent.name)
    own = {one.key: getattr(config, one.key) for one in space}
    return own if all(one.holds(own[one.key]) for one in space) else None
