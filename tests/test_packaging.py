"""What is on disk is what is installed: package list, typing links, catalogues, pinned dependencies."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("core", "envs", "agents", "generative")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_on_disk_is_in_the_list() -> None:
    """A subpackage missing from the list works in an editable install and is absent from the wheel."""
    on_disk = {
        "daedalus." + ".".join(init.parent.relative_to(ROOT).parts)
        for floor in FLOORS
        for init in (ROOT / floor).rglob("__init__.py")
    }
    assert on_disk == set(PROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("floor", FLOORS)
def test_folders_with_python_files_are_packages(floor: str) -> None:
    for source in (ROOT / floor).rglob("*.py"):
        assert (source.parent / "__init__.py").is_file(), f"{source.parent} has no __init__.py"


@pytest.mark.parametrize("floor", FLOORS)
def test_each_floor_is_typed_and_linked(floor: str) -> None:
    link = ROOT / ".typing" / "daedalus" / floor
    assert link.is_symlink()
    assert link.resolve() == ROOT / floor
    assert (ROOT / floor / "py.typed").is_file()


def test_every_catalogue_entry_loads() -> None:
    from daedalus.core.catalogue import entries

    names = [(entry.kind, entry.name) for entry in entries()]
    assert len(names) == len(set(names))
    for entry in entries():
        assert entry.load() is not None
        assert entry.summary, f"{entry.name} has no summary"


def test_agents_name_trials_that_exist() -> None:
    from daedalus.core.catalogue import find, of_kind

    for agent in of_kind("agent").values():
        find("trial", agent.trial)
        assert agent.suits


def test_every_dependency_is_pinned_within_its_range() -> None:
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    wanted = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]
    for requirement in wanted:
        name = re.split(r"[<>=!~ \[]", requirement)[0]
        assert re.sub(r"[-_.]+", "-", name).lower() in pinned, f"{name} is not in constraints.txt"
    for name, version in (
        ("torch", "2.13.0"),
        ("stable-baselines3", "2.9.2"),
        ("gymnasium", "1.4.0"),
        ("numpy", "2.4.6"),
    ):
        assert pinned[name] == version


def test_the_environment_has_one_pygame() -> None:
    """pygame and pygame-ce overwrite each other's files."""
    installed = {(dist.metadata["Name"] or "").lower() for dist in importlib.metadata.distributions()}
    assert "pygame-ce" in installed
    assert "pygame" not in installed
