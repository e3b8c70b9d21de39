"""A run on disk, read: the report, the statistics and any query read only this.

    runs/<name>/run.json                                  format, plan, provenance
    runs/<name>/search.journal                            after `daedalus tune`: every proposal and its score
    runs/<name>/<world>/world.json, world.safetensors     what is known of the world, and its scene
    runs/<name>/<world>/<label>/config.json               the whole experiment: the agent's resolved settings, steps, …
    runs/<name>/<world>/<label>/seeds-00000-00016/        a finished block: curve.parquet, [episodes.parquet],
                                                          [beliefs.parquet], [scalars.parquet],
                                                          [exhibits.parquet], final.safetensors
                                                          and, last, done.json
    …/seeds-00000-00016/partial/                          an unfinished block: parts and a snapshot

One query over `runs/*/*/*/*/curve.parquet` reads every record of every run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from daedalus.core.errors import UserError, unknown
from daedalus.core.files import damaged, read_arrays, read_json, read_table, vouched
from daedalus.core.lab.encoding import plan_from_json, slug
from daedalus.core.lab.experiment import Experiment, Plan
from daedalus.core.spec import Spec

#: The layout's version; a run of a newer one is refused.
FORMAT = 1

#: The journal of a search for parameters, in a run's folder.
JOURNAL = "search.journal"

_BLOCK = re.compile(r"seeds-(\d+)-(\d+)")


@dataclass(frozen=True)
class Block:
    """The folder of one range of seeds of one member."""

    path: Path
    seeds: range

    @property
    def done(self) -> bool:
        """Whether all its files are in place."""
        return (self.path / "done.json").exists()

    @property
    def partial(self) -> Path:
        """Where parts and snapshots stand while it runs."""
        return self.path / "partial"

    @property
    def _remedy(self) -> str:
        return f"delete {self.path} and run the same command again: only these seeds are run again"

    def table(self, name: str) -> pa.Table | None:
        """A finished block's table, checked against the hash that was taken when it was written."""
        return read_table(path, self._remedy) if (path := self._checked(f"{name}.parquet")) else None

    def arrays(self) -> dict[str, np.typing.NDArray[Any]]:
        """The finished learners."""
        return read_arrays(path, self._remedy)[0] if (path := self._checked("final.safetensors")) else {}

    def check(self) -> None:
        """Raise `UserError` where a file that `done.json` lists is not what was written."""
        for name in self._files():
            self._checked(name)

    def _files(self) -> dict[str, str]:
        path = self.path / "done.json"
        files: dict[str, str] = read_json(path, self._remedy, {"files": dict})["files"]
        if "curve.parquet" not in files:
            raise damaged(path, "it lists no records", self._remedy)
        return files

    def _checked(self, name: str) -> Path | None:
        files = self._files()
        return vouched(self.path / name, files[name], self._remedy) if name in files else None


def block_at(folder: Path, seeds: range) -> Block:
    """The block of `seeds` under a member's folder, whether it exists or not."""
    return Block(folder / f"seeds-{seeds.start:05d}-{seeds.stop:05d}", seeds)


def blocks_in(folder: Path) -> list[Block]:
    """The blocks under a member's folder, finished or not, by their first seed."""
    if not folder.is_dir():
        return []
    found = [
        Block(path, range(int(match[1]), int(match[2])))
        for path in folder.iterdir()
        if (match := _BLOCK.fullmatch(path.name))
    ]
    return sorted(found, key=lambda block: (block.seeds.start, block.seeds.stop))


@dataclass(frozen=True)
class Member:
    """One agent in one world of a run."""

    experiment: Experiment
    folder: Path

    @property
    def world(self) -> str:
        """The world as the user typed it."""
        return str(self.experiment.world)

    @property
    def label(self) -> str:
        """The agent's label, unique in its world."""
        return self.experiment.label

    @property
    def settings(self) -> dict[str, Any]:
        """The agent's resolved settings."""
        return dict(read_json(self.folder / "config.json", _AGAIN, {"settings": dict})["settings"])

    @property
    def card(self) -> dict[str, Any]:
        """What is known of the world: kind, states, actions, horizon, optimum, …"""
        return read_card(self.folder.parent)

    def scene(self) -> dict[str, np.typing.NDArray[Any]]:
        """The world's arrays: tiles, cell, moves, terminal, optimal_value; empty where nothing can be drawn."""
        return read_arrays(path, _AGAIN)[0] if (path := scene_file(self.folder.parent)) else {}

    def blocks(self) -> list[Block]:
        """The finished blocks, by seed."""
        return [block for block in blocks_in(self.folder) if block.done]

    def missing(self) -> int:
        """How many seeds of the plan are not finished."""
        return self.experiment.seeds - sum(len(block.seeds) for block in self.blocks())

    def curve(self) -> pa.Table:
        """The evaluation rows of all finished seeds, sorted by seed and step."""
        for block in self.blocks():
            block.check()  # all its files, so that no reader goes by half of a block
        tables = list(self._tables("curve"))
        if not tables:
            raise UserError(f"{self.label} in {self.world} has no finished seeds yet; run the same command again")
        return pa.concat_tables(tables)

    def episodes(self) -> pa.Table | None:
        """Every episode, sorted by seed and step; None where they were not recorded."""
        tables = list(self._tables("episodes"))
        return pa.concat_tables(tables) if tables else None

    def beliefs(self) -> pa.Table | None:
        """What seed 0 believed at each evaluation point, by step and state; None where that was not kept."""
        return next(self._tables("beliefs"), None)

    def scalars(self) -> pa.Table | None:
        """Numbers by seed, step and tag, sorted by the first two; None where there are none."""
        tables = list(self._tables("scalars"))
        return pa.concat_tables(tables) if tables else None

    def exhibits(self) -> pa.Table | None:
        """What a model of seed 0 showed, by step; None where it showed nothing."""
        return next(self._tables("exhibits"), None)

    def _tables(self, name: str) -> Iterator[pa.Table]:
        return (table for block in self.blocks() if (table := block.table(name)) is not None)

    def final(self) -> dict[str, np.typing.NDArray[Any]]:
        """The finished learners' arrays, leading N, by seed; empty where none were kept."""
        parts = [block.arrays() for block in self.blocks()]
        shared = set.intersection(*(set(part) for part in parts)) if parts else set()
        return {name: np.concatenate([part[name] for part in parts]) for name in sorted(shared)}


_AGAIN = "run the run's command again: it is written anew, and what is finished is kept"

_CARD = {"kind": str, "states": int | None, "actions": int | None, "horizon": int | None, "scene": str | None}


def read_card(world: Path) -> dict[str, Any]:
    """The card in a world's folder."""
    return read_json(world / "world.json", _AGAIN, _CARD)


def scene_file(world: Path) -> Path | None:
    """The checked file of the scene in a world's folder; None where nothing can be drawn."""
    expected = read_card(world)["scene"]
    return vouched(world / "world.safetensors", expected, _AGAIN) if expected else None


def world_at(run: Path, world: Spec) -> Path:
    """A world's folder under a run's."""
    return run / slug(str(world))


def member_at(run: Path, experiment: Experiment) -> Path:
    """The folder of one agent in one world under a run's."""
    return world_at(run, experiment.world) / slug(experiment.label)


@dataclass(frozen=True)
class Run:
    """One run: a plan, where and how it was run, and its members' records."""

    path: Path
    plan: Plan
    provenance: dict[str, Any]

    def members(self) -> list[Member]:
        """One per world and label, in the plan's order."""
        return [Member(experiment, member_at(self.path, experiment)) for experiment in self.plan.experiments()]

    def missing(self) -> int:
        """How many seeds are not finished, over all members."""
        return sum(member.missing() for member in self.members())


def open_run(path: str | Path) -> Run:
    """Open a run's folder for reading.

    Raises `UserError` where there is none, where it is damaged or where a newer version wrote it.
    """
    folder = Path(path)
    file = folder / "run.json"
    if not file.exists():
        if any(folder.glob("*/*/config.json")):
            raise UserError(f"{folder} has lost its run.json; {_AGAIN}")
        if folder.is_dir() or not folder.parent.is_dir():
            raise UserError(f"{folder} is no run: it has no run.json")
        raise unknown("run", folder.name, (run.parent.name for run in folder.parent.glob("*/run.json")))
    remedy = "delete that file and run the run's command again: what is finished is kept"
    data = read_json(file, remedy, {"format": int})
    if data["format"] > FORMAT:
        raise UserError(
            f"{folder} was written in format {data['format']}, this version reads up to {FORMAT}; "
            "install a newer Daedalus to read it"
        )
    read_json(file, remedy, {"plan": dict, "provenance": dict})
    try:
        return Run(folder, plan_from_json(data["plan"], folder.name), data["provenance"])
    except ValueError as error:
        raise damaged(file, error, remedy) from error


def open_named(run: Path) -> Run:
    """Open a run by its folder, or by its name under runs/. Raises `UserError` as `open_run` does."""
    inside = Path("runs") / run
    named = len(run.parts) == 1 and not run.exists() and inside.parent.is_dir()
    return open_run(inside if named else run)
