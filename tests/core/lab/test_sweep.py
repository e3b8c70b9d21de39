"""Sweeps become ordinary members, whether they were typed, written in YAML or called; a useless one is refused."""

from pathlib import Path
from typing import Any

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import compare, open_run
from daedalus.core.lab.commands import _planned
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.planfile import read_plan
from daedalus.core.spec import Spec

MAZE, CLIFF = "daedalus/Maze-v0", "daedalus/Cliff-v0"


def labels(agents: str, sweep: Any, worlds: Any = MAZE) -> list[str]:
    return [label for label, _ in make_plan(worlds, agents, sweep=sweep).groups[0].agents]


def test_every_agent_that_has_the_parameter_is_swept() -> None:
    plan = make_plan(MAZE, "q_learning,Fast=sarsa:epsilon=.3,random", sweep="alpha=.1,1")
    assert plan.groups[0].agents == (
        ("q_learning:alpha=0.1", Spec("q_learning", (("alpha", 0.1),))),
        ("q_learning:alpha=1", Spec("q_learning", (("alpha", 1),))),
        ("Fast:alpha=0.1", Spec("sarsa", (("epsilon", 0.3), ("alpha", 0.1)))),
        ("Fast:alpha=1", Spec("sarsa", (("epsilon", 0.3), ("alpha", 1)))),
        ("random", Spec("random")),
    )


def test_sweeps_make_a_grid_the_last_fastest() -> None:
    assert labels("sarsa", ["alpha=.1,.2", "explore=ucb(c=1),greedy"]) == [
        "sarsa:alpha=0.1,explore=ucb(c=1)",
        "sarsa:alpha=0.1,explore=greedy",
        "sarsa:alpha=0.2,explore=ucb(c=1)",
        "sarsa:alpha=0.2,explore=greedy",
    ]


def test_one_agent_is_aimed_at_by_its_name_or_its_label() -> None:
    agents = "q_learning,Fast=sarsa:"
    assert labels(agents, "sarsa.alpha=.5") == ["q_learning", "Fast:alpha=0.5"]
    assert labels(agents, "Fast.alpha=.5") == ["q_learning", "Fast:alpha=0.5"]
    assert labels(agents, ["alpha=.1,.2", "Fast.alpha=1"]) == [
        "q_learning:alpha=0.1",
        "q_learning:alpha=0.2",
        "Fast:alpha=1",
    ]


def test_what_an_agent_fixes_stays() -> None:
    assert labels("Base=q_learning:alpha=.9,sarsa", "alpha=.1,.2") == ["Base", "sarsa:alpha=0.1", "sarsa:alpha=0.2"]


def test_worlds_are_swept() -> None:
    def worlds(sweep: Any) -> list[str]:
        return [
            str(world)
            for world in make_plan([MAZE, CLIFF, "daedalus/Gambler-v0"], "random", sweep=sweep).groups[0].worlds
        ]

    assert worlds("env.slip=0,.1") == [
        f"{MAZE}:slip=0",
        f"{MAZE}:slip=0.1",
        f"{CLIFF}:slip=0",
        f"{CLIFF}:slip=0.1",
        "daedalus/Gambler-v0",
    ]
    assert worlds(f"{CLIFF}.slip=.1") == [MAZE, f"{CLIFF}:slip=0.1", "daedalus/Gambler-v0"]
    assert worlds(["env.slip=0", f"{CLIFF}.slip=.1"]) == [f"{MAZE}:slip=0", f"{CLIFF}:slip=0.1", "daedalus/Gambler-v0"]


def test_three_ways_to_say_it(tmp_path: Path) -> None:
    expected = make_plan(CLIFF, "q_learning,sarsa", sweep=["alpha=.1,.5", "sarsa.epsilon=0,.2", "env.slip=0,.1"])
    (tmp_path / "plan.yaml").write_text(
        f"worlds: {CLIFF}\nagents: [q_learning, sarsa]\n"
        "sweep: {alpha: [0.1, 0.5], sarsa.epsilon: [0, 0.2], env.slip: [0, 0.1]}\n"
    )
    assert read_plan(tmp_path / "plan.yaml", {}) == expected
    mapping = {"alpha": [0.1, 0.5], "sarsa.epsilon": (0, 0.2), "env.slip": [0, 0.1]}
    assert make_plan(CLIFF, "q_learning,sarsa", sweep=mapping) == expected
    assert _planned(tmp_path / "plan.yaml", {"sweep": ["alpha=1"]}) == make_plan(
        CLIFF, "q_learning,sarsa", sweep="alpha=1"
    )


def test_a_group_has_its_own_sweep_or_that_of_all() -> None:
    groups = [{"worlds": MAZE, "agents": "sarsa", "sweep": {"alpha": "1"}}, {"worlds": CLIFF, "agents": "sarsa"}]
    first, second = make_plan(groups=groups, sweep={"epsilon": [0.1, 0.2]}).groups
    assert [label for label, _ in first.agents] == ["sarsa:alpha=1"]
    assert [label for label, _ in second.agents] == ["sarsa:epsilon=0.1", "sarsa:epsilon=0.2"]
    (third,) = make_plan(groups=[second], sweep="alpha=.1,.2").groups
    assert len(third.agents) == 4


@pytest.mark.parametrize(
    ("sweep", "says"),
    [
        ("alpha", "sweep: expected a parameter and its values such as alpha=0.1,0.2,0.5, not 'alpha'"),
        ("alpha=", "alpha has an empty value in 'alpha='"),
        ("alpha=.1,,.2", "alpha has an empty value"),
        ("alpha=.1,epsilon=2", "'epsilon=2' is a second parameter; give each a sweep of its own"),
        ("alpha=.1,.10", "alpha has the value 0.1 twice"),
        ("al pha=.1", "'al pha' is no parameter"),
        (["alpha=1", "alpha=2"], "alpha is swept twice"),
        ("explore=ucb(c=1", "is never closed"),
        ("alpa=.1", "unknown parameter of the agents listed 'alpa'; did you mean 'alpha'"),
        ("sars.alpha=.1", "unknown target of a sweep 'sars'"),
        ("q_learning.slip=.1", "unknown parameter of q_learning 'slip'"),
        ("epsilon=.1", "q_learning:epsilon=0.5 fixes epsilon itself; leave it out there"),
        ({"alpha": []}, "alpha has no values"),
        ({"alpha": [{"a": 1}]}, r"alpha: expected a list of values such as \[0.1, 0.2\], found {'a': 1}"),
        ({"alpha": {"a": 1}}, "alpha: expected a list"),
        (3, "expected alpha=0.1,0.2,0.5 or"),
        ([3], "not 3"),
        ({"alpha": [n / 101 for n in range(1, 102)], "gamma": [n / 100 for n in range(101)]}, "10,202 combinations"),
    ],
)
def test_what_is_wrong_is_said(sweep: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        make_plan(MAZE, "q_learning:epsilon=.5,random", sweep=sweep)


def test_errors_name_their_place_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(f"groups: [{{worlds: {MAZE}, agents: sarsa, sweep: {{alpa: 1}}}}]\n")
    with pytest.raises(
        UserError, match=r"plan.yaml: groups\[0\]\.sweep: unknown parameter of the agents listed 'alpa'"
    ):
        read_plan(tmp_path / "plan.yaml", {})


def test_a_value_out_of_range_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"alpha must lie in \(0, 1\]"):
        compare(MAZE, "q_learning", 1, 10, sweep="alpha=.5,2", out=tmp_path / "runs", progress=False)
    assert not list(tmp_path.iterdir())


def test_a_sweep_is_stored_and_extended_like_any_members(tmp_path: Path) -> None:
    def run(sweep: str) -> list[tuple[str, float | None]]:
        found = compare(
            "daedalus/Bandit-v0",
            "epsilon_greedy",
            2,
            50,
            sweep=sweep,
            name="r",
            out=tmp_path,
            jobs=1,
            progress=False,
            report=False,
        )
        return [(result.label, result.mean) for result in found.results]

    first = run("epsilon=.1,.2")
    assert [label for label, _ in first] == ["epsilon_greedy:epsilon=0.1", "epsilon_greedy:epsilon=0.2"]
    stamp = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("r/*/*0.1*/*/done.json"))]
    more = run("epsilon=.2,.4")
    assert more[:2] == first
    assert [label for label, _ in more[2:]] == ["epsilon_greedy:epsilon=0.4"]
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("r/*/*0.1*/*/done.json"))] == stamp != []
    assert open_run(tmp_path / "r").missing() == 0
