"""Parameter studies: members of a run that differ in one setting alone, found among its members as they are.

A sweep leaves nothing but ordinary members, so a study is whatever has its form: several values of one setting with
all other settings alike. That is a line; the lines of one setting make a study. Members listed by hand make one too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, parse_spec, parse_value, show

from .style import DASHES, MARKERS, SERIES, Style, learners, slot_style
from .text import listed

#: So many lines of learners can be told apart in one plot.
MOST = 8

_LINE = 3  # values that make a line worth a plot of its own, beside other learners


@dataclass(frozen=True)
class Setting:
    """What a member or a world is, but for its label: a name and its settings."""

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """Members with rising values of one setting and all others alike; both sequences are equally long."""

    name: str  # what its members' labels share
    of: str  # the agent's or the world's name
    key: str
    values: Sequence[Any]
    labels: Sequence[str]


@dataclass(frozen=True)
class Study:
    """The lines that one plot shows, over one setting, or over one of each agent."""

    lines: Sequence[Line]

    @property
    def parameter(self) -> str:
        """The name of the horizontal axis: `alpha`, `epsilon or c`."""
        return listed(list(dict.fromkeys(line.key for line in self.lines))).replace(" and ", " or ")

    @property
    def labels(self) -> list[str]:
        """Every member on a line."""
        return list(dict.fromkeys(label for line in self.lines for label in line.labels))

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return all(_is_number(value) for line in self.lines for value in line.values)


def setting_of(name: str, given: Mapping[str, Any]) -> Setting:
    """A name with its settings; nested mappings as `key.inner`, lists and specs as text."""
    return Setting(name, dict(_flat(given, "")))


def _flat(given: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        match value:
            case Mapping():
                yield from _flat(value, f"{prefix}{key}.")
            case Spec():
                yield f"{prefix}{key}", show(value)
            case list():
                yield f"{prefix}{key}", str(value)
            case _:
                yield f"{prefix}{key}", value


def studies(settings: Mapping[str, Setting], several: int = 3) -> list[Study]:
    """The studies among some members by label, those with most members first.

    Lines of two values count only where every member lies on some line and there are `several`: else they are an
    ordinary pair.
    """
    keys = dict.fromkeys(key for one in settings.values() for key in one.values)
    found = [Study(lines) for key in keys if (lines := _lines(settings, key))]
    whole = len(settings) >= several and {label for study in found for label in study.labels} == set(settings)
    found = [study for study in found if whole or any(len(line.values) >= _LINE for line in study.lines)]
    found.sort(key=lambda study: (-len(study.labels), -max(len(line.values) for line in study.lines)))
    return _joined(found)


def _lines(settings: Mapping[str, Setting], key: str) -> list[Line]:
    alike: dict[tuple[str, str], dict[Any, str]] = {}
    for label, one in settings.items():
        if key in one.values:
            rest = repr(sorted((other, repr(value)) for other, value in one.values.items() if other != key))
            alike.setdefault((one.name, rest), {}).setdefault(one.values[key], label)
    return [_line(name, key, members) for (name, _), members in alike.items() if len(members) > 1]


def _line(name: str, key: str, members: Mapping[Any, str]) -> Line:
    key, members = _inner(key, members)
    values = sorted(members) if all(map(_is_number, members)) else list(members)
    labels = [members[value] for value in values]
    shared = {_without(label, key) for label in labels}
    return Line(shared.pop() if len(shared) == 1 else name, name, key, values, labels)


def _inner(key: str, members: Mapping[Any, str]) -> tuple[str, Mapping[Any, str]]:
    """Where the values are specs of one name that differ in one parameter, that parameter: `explore.c`."""
    specs = [parse_value(value) if isinstance(value, str) else value for value in members]
    if not all(isinstance(spec, Spec) and spec.name == specs[0].name for spec in specs):
        return key, members
    differing = {inner for spec in specs for inner, value in spec.params if value != specs[0].mapping.get(inner, spec)}
    if len(differing) != 1 or any(differing - set(spec.mapping) for spec in specs):
        return key, members
    (inner,) = differing
    return f"{key}.{inner}", {spec.mapping[inner]: label for spec, label in zip(specs, members.values(), strict=True)}


def _without(label: str, key: str) -> str:
    """A label without one setting: `Fast:alpha=0.1` is `Fast`, and `q:explore=ucb(c=1)` is `q:explore=ucb`."""
    try:
        return str(_less(parse_spec(label), key.split(".")))
    except UserError:
        return label


def _less(spec: Spec, path: Sequence[str]) -> Spec:
    params = []
    for key, value in spec.params:
        if key != path[0]:
            params.append((key, value))
        elif len(path) > 1 and isinstance(value, Spec):
            inner = _less(value, path[1:])
            params.append((key, inner if inner.params else inner.name))
    return Spec(spec.name, tuple(params))


def _joined(found: Sequence[Study]) -> list[Study]:
    """Studies of different agents, each over a setting of its own, as one: figure 2.6 of Sutton & Barto (2018)."""
    agents = [name for study in found for name in {line.of for line in study.lines}]
    single = [study for study in found if study.numeric and all(agents.count(line.of) == 1 for line in study.lines)]
    if len(single) < 2:
        return list(found)
    together = Study([line for study in single for line in study.lines])
    return [together, *(study for study in found if study not in single)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def coloured(looks: Mapping[str, Style], lines: Sequence[Line]) -> dict[str, Style]:
    """The looks with one colour for each of several lines.

    Dash and marker tell the members of a line apart, unless they are so many that only the best of each is drawn.
    """
    found = dict(looks)
    crowded = len(learners(looks, looks)) > MOST
    for place, line in enumerate(lines if len(lines) > 1 else ()):
        plain = slot_style(place)
        for at, label in enumerate(line.labels):
            marker, dash = MARKERS[(place + at) % len(MARKERS)], DASHES[at % len(DASHES)]
            found[label] = plain if crowded else Style(f"{plain.key}-{at}", plain.colour, marker, dash)
    return found


def line_styles(study: Study, looks: Mapping[str, Style]) -> list[Style]:
    """The look of each line: its members' colour where they share one, else one that no member has."""
    if len(study.lines) == 1:
        members = len(learners(looks, looks))
        return [slot_style(members if members < len(SERIES) else 0)]
    return [slot_style(place) for place in range(len(study.lines))]


def leaders(labels: Sequence[str], lines: Sequence[Line], score: Mapping[str, float]) -> list[str]:
    """The member of highest score on each line, and whoever lies on none; of more than `MOST` the best."""
    on = {label: place for place, line in reversed(list(enumerate(lines))) for label in line.labels}
    best: dict[int | str, str] = {}
    for label in sorted(labels, key=lambda label: -score[label]):
        best.setdefault(on.get(label, label), label)
    chosen = list(best.values())[:MOST]
    return [label for label in labels if label in chosen]
