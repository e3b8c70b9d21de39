"""The command line: what it prints where, how it ends, and what it does not import."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from daedalus.core.catalogue import of_kind
from daedalus.core.lab.cli import main

HEAVY = ("torch", "numba", "scipy.stats", "gymnasium", "pyarrow", "matplotlib")


def called(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[str, str]:
    """A command line in this process: stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    assert ended.value.code == status, err
    return out, err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["list"], ["list", "agents", "--json"], ["compare", "--help"]]
)
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from daedalus.core.lab.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as ended:\n    assert ended.code == 0\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_help_shows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = called(capsys, "--help")
    for name in ("compare", "solve", "list", "report"):
        assert name in out
    assert called(capsys)[0] == out
    assert "Examples" in called(capsys, "compare", "--help")[0]
    assert called(capsys, "--version")[0].startswith("daedalus 0.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compair"], "unknown command 'compair'; did you mean 'compare'?"),
        (["--verson"], "did you mean --version?"),
        (["compare", "--agent"], "did you mean --agents? See daedalus compare --help"),
        (["compare", "W", "--agents", "random", "--seeds", "many"], "Invalid value for '--seeds'"),
        (["compare", "W", "--agents", "random", "--seeds", "0"], "seeds must be a whole number of at least 1, not 0"),
        (["compare", "W", "--agents", "random", "--steps=-5"], "steps must be a whole number"),
        (["compare", "W", "--agents", "random", "--steps", "9" * 20], "steps must be at most"),
        (["compare", "W", "--agents", "Fast=sarsa"], "daedalus: 'Fast=sarsa' is a parameter, but no agent"),
        (["compare", "W", "W", "--agents", "random"], "daedalus: the world W is listed twice"),
        (["compare", "daedalus/Bandit-v0", "--agents", "random", "--jobs", "0"], "jobs must be a whole number"),
        (["compare"], "give worlds and --agents"),
        (["compare", "daedalus/Bandit-v0"], "give worlds and --agents"),
        (["compare", "--config", "none.yaml"], "cannot read none.yaml"),
        (["solve"], "Missing argument"),
        (["solve", "daedalus/Bandit-v0"], "is not a finite world"),
        (["solve", "daedalus/Cliff-v0", "--gamma", "2"], "gamma must lie in [0, 1], not 2.0"),
        (["solve", "daedalus/Cliff-v0", "--gamma", "nan"], "gamma must lie in [0, 1]"),
        (["solve", "daedalus/Cliff-v0", "--horizon", "0"], "horizon must be a whole number"),
        (["list", "agnets"], "did you mean 'agents'?"),
        (["report", "nowhere/at/all"], "is no run"),
        (["report"], "Missing argument"),
    ],
)
def test_what_the_user_can_mend(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = called(capsys, *arguments, status=2)
    assert out == ""
    assert says in err
    assert err.startswith("daedalus: ")
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 3
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = called(capsys, "solve", "daedalus/Bandit-v0", "--debug", status=2)
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("daedalus: daedalus/Bandit-v0 is not a finite world")


def test_a_fault_says_how_to_see_more(capsys: pytest.CaptureFixture[str], tmp_path: Path, third_party: Path) -> None:
    arguments = [
        "compare",
        "daedalus/Bandit-v0",
        "--agents",
        "drawer:fails=fault",
        "--steps",
        "100",
        "--out",
        str(tmp_path),
    ]
    out, err = called(capsys, *arguments, "--seeds", "1", status=1)
    assert out == ""
    assert err.splitlines() == [
        "daedalus: drawer:fails=fault in daedalus/Bandit-v0, seed 0: ZeroDivisionError: the drawer divided by zero",
        "This is a fault; run again with --debug for the traceback.",
    ]
    _, err = called(capsys, *arguments, "--seeds", "1", "--debug", status=1)
    assert "in the worker:" in err
    assert 'raise ZeroDivisionError("the drawer divided by zero")' in err


@pytest.mark.parametrize("how", ["as it is", "inside a compiled call"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["solve", "daedalus/Cliff-v0"], "Interrupted.\n"),
        (["report", "."], "Interrupted.\n"),
        (
            ["compare", "daedalus/Bandit-v0", "--agents", "random"],
            "Interrupted. Finished blocks are kept; run the same command again to go on.\n",
        ),
        (
            ["tune", "daedalus/Bandit-v0", "random"],
            "Interrupted. What is finished is kept; run the same command again to go on.\n",
        ),
    ],
)
def test_ctrl_c_is_no_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str, how: str
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            if how == "as it is":
                raise
            raise SystemError("<function> returned a result with an exception set") from error

    from daedalus.core import planning
    from daedalus.core.lab import job, tuning
    from daedalus.core.lab.store import run

    monkeypatch.setattr(planning, "summary", stop)
    monkeypatch.setattr(job, "run_plan", stop)
    monkeypatch.setattr(tuning, "make_plan", stop)
    monkeypatch.setattr(run, "open_run", stop)
    assert called(capsys, *arguments, status=130) == ("", says)


def test_fewer_seeds_than_the_run_holds_are_noted(
    capsys: pytest.CaptureFixture[str], finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.parent)
    arguments = ["compare", "daedalus/Bandit-v0", "--agents", "drawer", "--steps", "100", "--name", "r", "--out", "."]
    note = "r holds 3 seeds, more than the 2 asked for; all are shown."
    assert note in called(capsys, *arguments, "--seeds", "2")[1].splitlines()
    assert "holds" not in called(capsys, *arguments, "--seeds", "3")[1]


def test_list_as_json(capsys: pytest.CaptureFixture[str], third_party: Path) -> None:
    out, _ = called(capsys, "list", "--json")
    found = json.loads(out)
    assert list(found) == ["envs", "agents", "strategies", "data", "models"]
    assert {"name": "drawer", "summary": "draws numbers", "suits": ["bandit"], "family": ""} in found["agents"]
    assert "daedalus/Maze-v0" in called(capsys, "list", "envs")[0]
    assert "q_learning" not in called(capsys, "list", "envs")[0]


def test_agents_are_listed_by_family(capsys: pytest.CaptureFixture[str], third_party: Path) -> None:
    """Each once, below the heading of its family, beside which stands what suits all of it."""
    families = {entry.name: entry.family or "Others" for entry in of_kind("agent").values()}
    shown, heading = {}, ""
    for line in called(capsys, "list", "agents")[0].splitlines():
        if line.startswith("  "):
            shown[line.split()[0]] = heading
        else:
            heading = line.split("  [")[0].strip()
    assert shown == families
    assert "\n Others  [bandit]\n  drawer" in called(capsys, "list", "agents")[0]
    assert "Others" not in called(capsys, "list", "envs")[0]


def test_json_keeps_stdout_pure(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    out, err = daedalus(
        "compare",
        "daedalus/Bandit-v0",
        "--agents",
        "drawer:loud=true,random",
        "--seeds",
        "3",
        "--steps",
        "100",
        "--json",
    )
    answer = json.loads(out)  # one object and nothing else, though a library prints
    assert list(answer) == ["run", "report", "results"]
    assert "a library" not in err
    assert (tmp_path / answer["report"]).read_text().startswith("<!")
    for result in answer["results"]:
        assert set(result) == {
            *("world", "agent", "label", "seeds", "steps", "mean", "iqm", "iqm_low", "iqm_high", "optimum", "regret"),
            *("reward_last_tenth", "optimal_rate_last_tenth", "dynamic_regret", "measure"),
        }
    assert [(r["label"], r["seeds"], r["steps"]) for r in answer["results"]] == [
        ("drawer:loud=true", 3, 100),
        ("random", 3, 100),
    ]


def test_the_table_and_the_report(
    capsys: pytest.CaptureFixture[str], finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.parent)
    monkeypatch.setenv("COLUMNS", "80")
    arguments = ["compare", "daedalus/Bandit-v0", "--agents", "drawer,random", "--seeds", "3", "--steps", "100"]
    out, _ = called(capsys, *arguments, "--name", "r", "--out", ".")
    lines = out.splitlines()
    assert lines[-1] == "r/report.html"
    assert Path(lines[-1]).exists()
    assert "daedalus/Bandit-v0" in lines[0]
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[0] for line in lines[1:4]] == ["agent", "drawer", "random"]
    Path("r/report.html").unlink()
    assert called(capsys, "report", "r")[0] == "r/report.html\n"
    assert Path("r/report.html").exists()
    (block,) = Path("r").glob("*/random/seeds-*")
    (block / "done.json").unlink()
    assert "r is not finished: 3 seeds are missing" in called(capsys, "report", "r", status=2)[1]


def test_solve_tells_every_phase_of_a_world_that_changes(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = called(capsys, "solve", "daedalus/BlockingMaze-v0:step_reward=-1", "--json")
    facts = json.loads(out)
    assert facts["optimal_value_within_horizon"] == -8.0  # of the first phase, as the registered threshold
    phases = [(one["since"], one["optimal_value"], one["optimal_value_within_horizon"]) for one in facts["phases"]]
    assert phases == [(0, -8.0, -8.0), (1000, -14.0, -14.0)]
    out, _ = called(capsys, "solve", "daedalus/BlockingMaze-v0")
    assert "daedalus/BlockingMaze-v0, from step 0" in out
    assert "daedalus/BlockingMaze-v0, from step 1,000" in out


def test_solve_says_whose_layout_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    world = "daedalus/Maze-v0:rows=3,columns=3,layout=per_seed"
    assert called(capsys, "solve", world)[0].startswith(f"{world}, the layout of seed 0")
    assert json.loads(called(capsys, "solve", world, "--json")[0])["layout_seed"] == 0
    assert "layout_seed" not in json.loads(called(capsys, "solve", "daedalus/Maze-v0:rows=3", "--json")[0])


def test_solve(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = called(capsys, "solve", "FrozenLake-v1", "--json")
    facts = json.loads(out)
    assert facts["optimal_value"] == pytest.approx(14 / 17, abs=1e-9)
    assert facts["optimal_value_within_horizon"] == pytest.approx(0.744190, abs=1e-6)
    table, _ = called(capsys, "solve", "FrozenLake-v1")
    assert "0.823529" in table
    assert "0.744190" in table


def test_a_config_file_and_options_beside_it(daedalus: Any, third_party: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "name: mine\nseeds: 2\nsteps: 100\nworlds: daedalus/Bandit-v0\nagents: [drawer]\n"
    )
    answer = json.loads(daedalus("compare", "--config", "plan.yaml", "--json", "--seeds", "3")[0])
    assert answer["run"] == "runs/mine"
    assert answer["results"][0]["seeds"] == 3
