"""Where a run comes from, in lines for a person: machine, versions, times, and how to make it again."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from daedalus.core.lab.experiment import Plan
from daedalus.core.lab.numerals import count

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Origin:
    """What the report says of a run's making; `plan` is a YAML file that makes it again without the command."""

    date: str
    commands: Sequence[str]
    plan: str
    blocks: Sequence[tuple[str, Lines]]


def origin(plan: Plan, provenance: Mapping[str, Any], seconds: float, evaluating: float = 0.0) -> Origin:
    """Read the provenance of a run; `seconds` is the time that its workers learnt, `evaluating` what the evaluation
    of tables took beside it. What is missing is left out.
    """
    visits = [*provenance.get("earlier", []), provenance]
    commands = list(dict.fromkeys(str(visit["command"]) for visit in visits if visit.get("command")))
    versions = provenance.get("versions") or {}
    git = provenance.get("git") or {}
    commit = str(git.get("commit", ""))[:12] + (" with changes" if git.get("dirty") else "")
    made = [
        ("started", moment(visits[0].get("started"))),
        ("ended", moment(provenance.get("ended"))),
        ("continued", count(len(visits) - 1, "time") if len(visits) > 1 else ""),
        ("computing time", duration(seconds)),
        ("and of evaluation", duration(evaluating) if evaluating else ""),
        ("commit", commit),
    ]
    machine = [(name, str(provenance.get(name) or "")) for name in ("cpu", "cores", "memory", "platform")]
    software = [("daedalus", str(provenance.get("daedalus") or "")), ("python", str(provenance.get("python") or ""))]
    software += [(str(name), str(version)) for name, version in versions.items()]
    blocks = (("Run", made), ("Hardware", machine), ("Versions", software))
    return Origin(
        moment(provenance.get("ended") or provenance.get("started")),
        commands,
        as_yaml(plan),
        [(title, [line for line in lines if line[1]]) for title, lines in blocks if any(line[1] for line in lines)],
    )


def moment(stamp: Any) -> str:
    """An ISO time as `1 July 2026, 10:00 UTC`; the text itself where it is none."""
    try:
        when = datetime.datetime.fromisoformat(str(stamp or ""))
    except ValueError:
        return str(stamp or "")
    zone = when.tzname() or ""
    return f"{when.day} {when:%B %Y, %H:%M} {zone}".strip()


def duration(seconds: float) -> str:
    """`48 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def as_yaml(plan: Plan) -> str:
    """The plan as a file for `daedalus compare --config`."""
    groups = [
        {
            "worlds": [str(world) for world in group.worlds],
            "agents": [{"label": label, "agent": str(agent)} for label, agent in group.agents],
            "seeds": group.seeds,
            "steps": group.steps,
        }
        | ({"horizon": group.horizon} if group.horizon else {})
        for group in plan.groups
    ]
    data: dict[str, Any] = {"name": plan.name} if plan.name else {}
    data |= {"episodes": True} if plan.episodes else {}
    return yaml.safe_dump(data | {"groups": groups}, sort_keys=False, allow_unicode=True, width=1000)
