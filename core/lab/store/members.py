"""What stands beside the records: each world's card and each member's config, compared before a run goes on.

A file of these that is missing or damaged is written again: a card from the world, a config from `run.json`. Where
that is gone too, records without a config are refused, because nobody knows with which settings they were made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from daedalus.core.errors import UserError
from daedalus.core.files import fingerprint, make_folder, read_json, write_arrays, write_json
from daedalus.core.lab.experiment import Group
from daedalus.core.lab.plan import normal
from daedalus.core.lab.resolve import Place, Resolved, Seat, resolve

from .cards import card
from .run import JOURNAL, Run, blocks_in, member_at, read_card, scene_file, world_at

_CONFIG = {
    "world": str,
    "fingerprint": str,
    "label": str,
    "agent": str,
    "trial": str,
    "steps": int,
    "horizon": int | None,
    "episodes": bool,
    "settings": dict,
}

_TOLD = ("world", "label", "steps", "horizon", "episodes")

_OURS = {"lock", "report.html", JOURNAL}
_CARDS = {"world.json", "world.safetensors"}


def foreign(path: Path, asked: Resolved) -> list[str]:
    """What a folder without `run.json` holds that is no part of what is asked for; hidden files do not count."""
    members = {member_at(path, seat.experiment) for seat in asked.seats}
    worlds = {member.parent for member in members}
    found = [entry for entry in path.iterdir() if entry not in worlds and entry.name not in _OURS]
    for world in worlds:
        if world.is_dir():
            found += [entry for entry in world.iterdir() if entry not in members and entry.name not in _CARDS]
    return sorted(str(entry.relative_to(path)) for entry in found if not entry.name.startswith("."))


def with_stored_seeds(path: Path, asked: Resolved) -> Resolved:
    """The same with the seeds that are finished, where more are than are asked for."""
    stored = {
        (experiment.world, experiment.label): max((b.seeds.stop for b in blocks_in(folder) if b.done), default=0)
        for experiment, folder in ((seat.experiment, member_at(path, seat.experiment)) for seat in asked.seats)
    }
    groups = tuple(
        Group((e.world,), ((e.label, e.agent),), max(e.seeds, stored[e.world, e.label]), e.steps, e.horizon)
        for e in asked.plan.experiments()
    )
    plan = normal(replace(asked.plan, groups=groups))
    return asked if plan == asked.plan else resolve(plan)


class Members:
    """The worlds and members of a run at `path` that is begun, or goes on after what is `stored`."""

    def __init__(self, path: Path, resolved: Resolved, stored: Run | None) -> None:
        self.path = path
        self.resolved = resolved
        self._stored = stored

    def changes(self) -> list[str]:
        """What the stored members are that the resolved ones are not.

        Raises `UserError` where that cannot be known.
        """
        changes = []
        for place in self.resolved.places:
            stored = _readable_card(world_at(self.path, place.spec))
            if stored and stored.get("fingerprint") != place.fingerprint:
                changes.append(_changed(str(place.spec)))
        remembered = self._remembered()
        for seat in self.resolved.seats:
            folder = member_at(self.path, seat.experiment)
            config = _readable_config(folder) or remembered.get(folder)
            if config:
                changes += _differences(self._config(seat), config)
            elif blocks_in(folder):
                raise UserError(
                    f"{folder} holds records, but no whole config.json says with which settings they were made;\n"
                    "delete that folder and run the same command again, or choose another --name"
                )
        return changes

    def _remembered(self) -> Mapping[Path, dict[str, Any]]:
        """Configs made again from `run.json`, where any of its members has lost its own."""
        if self._stored is None or all(_readable_config(member.folder) for member in self._stored.members()):
            return {}
        earlier = Members(self.path, resolve(self._stored.plan), None)
        return {member_at(self.path, seat.experiment): earlier._config(seat) for seat in earlier.resolved.seats}

    def write(self) -> None:
        """Write what is missing or damaged."""
        for place in self.resolved.places:
            folder = world_at(self.path, place.spec)
            if not _whole(folder):
                _write_card(folder, place)
        for seat in self.resolved.seats:
            folder = member_at(self.path, seat.experiment)
            if not _readable_config(folder):
                make_folder(folder)
                write_json(folder / "config.json", self._config(seat))

    def _config(self, seat: Seat) -> dict[str, Any]:
        """The whole experiment, but for its seeds."""
        experiment = seat.experiment
        return {
            "world": str(experiment.world),
            "fingerprint": self.resolved.place(seat).fingerprint,
            "label": experiment.label,
            "agent": seat.entry.name,
            "trial": seat.entry.trial,
            "steps": experiment.steps,
            "horizon": experiment.horizon,
            "episodes": experiment.episodes,
            "settings": seat.settings,
        }


def _readable_config(member: Path) -> dict[str, Any] | None:
    try:
        return read_json(member / "config.json", "", _CONFIG)
    except UserError:
        return None


def _readable_card(world: Path) -> dict[str, Any] | None:
    try:
        return read_card(world)
    except UserError:
        return None


def _whole(world: Path) -> bool:
    """Whether a world's card and scene are in place."""
    try:
        scene_file(world)
    except UserError:
        return False
    return True


def _write_card(folder: Path, place: Place) -> None:
    facts, arrays = card(place)
    make_folder(folder)
    if arrays:
        scene = folder / "world.safetensors"
        write_arrays(scene, arrays)
        facts["scene"] = fingerprint(scene)
    write_json(folder / "world.json", facts)


def _changed(world: str) -> str:
    return f"the world {world} itself has changed since (its drawing or its code)"


def _differences(asked: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[str]:
    where = f"of {asked['label']} in {asked['world']}"
    if stored["fingerprint"] != asked["fingerprint"]:
        yield _changed(asked["world"])
    if stored["agent"] != asked["agent"]:
        yield f"the agent {where} was {stored['agent']}, now {asked['agent']}"
        return
    old, new = ({**config["settings"], **{key: config[key] for key in _TOLD}} for config in (stored, asked))
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield f"{key} {where} was {old.get(key, 'absent')}, now {new.get(key, 'absent')}"
