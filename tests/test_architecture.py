"""The laws of the house: floors import downwards only, every floor guards its name, randomness is an argument."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ABOVE = {
    "core": {"envs", "agents", "generative"},
    "envs": {"agents", "generative"},
    "agents": {"generative"},
    "generative": {"agents"},
}
FILES = [path for floor in ABOVE for path in sorted((ROOT / floor).rglob("*.py"))]


def imported_modules(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def floors_of(modules: set[str]) -> set[str]:
    parts = [module.removeprefix("daedalus.").split(".")[0] for module in modules]
    return {part for part in parts if part in ABOVE}


def upward(floor: str, source: str) -> set[str]:
    return floors_of(imported_modules(source)) & ABOVE[floor]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_floor_imports_only_floors_below(path: Path) -> None:
    assert not upward(path.relative_to(ROOT).parts[0], path.read_text(encoding="utf-8"))


def test_the_walk_sees_an_upward_import() -> None:
    assert upward("core", "def f():\n    from daedalus.envs.worlds.mazes import maze") == {"envs"}
    assert upward("agents", "from daedalus import generative") == {"generative"}
    assert upward("envs", "from daedalus.core.mdp import FiniteMDP") == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_lab_imports_the_lab(path: Path) -> None:
    """Within core, the lab stands on top: nothing below it imports it."""
    relative = path.relative_to(ROOT).parts
    if relative[0] == "core" and relative[1] != "lab":
        modules = imported_modules(path.read_text(encoding="utf-8"))
        assert not any(module.startswith("daedalus.core.lab") for module in modules)
        assert "from .lab" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("floor", ABOVE)
def test_a_floor_refuses_to_be_imported_by_its_folder_name(floor: str) -> None:
    run = subprocess.run([sys.executable, "-c", f"import {floor}"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert f"import daedalus.{floor}, not {floor}" in run.stderr


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function but for its docstring: a world's has Gymnasium's form, which is long."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno - docstring


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_keep_their_size(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert _lines(node) < 60, node.name


HEAVY = {"torch", "numba", "scipy.stats", "gymnasium"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list"], ["list", "agents", "--json"], ["reproduce"], ["compare", "--help"]]
)
def test_listing_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['daedalus', *{arguments!r}]\n"
        "from daedalus.core.lab.cli import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        f"print('HEAVY', sorted(set(sys.modules) & {HEAVY!r}))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.rstrip().endswith("HEAVY []")
