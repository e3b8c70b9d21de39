"""From words, YAML and Python to a plan; everything wrong is said before anything is made."""

from pathlib import Path
from typing import Any

import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import compare
from daedalus.core.lab.experiment import Group
from daedalus.core.lab.plan import make_plan, merged, normal
from daedalus.core.lab.planfile import read_plan
from daedalus.core.lab.resolve import resolve
from daedalus.core.spec import Spec, parse_spec

MAZE, BANDIT = "daedalus/Maze-v0:rows=4,columns=4", "daedalus/Bandit-v0"


def test_defaults_and_forms() -> None:
    plan = make_plan(MAZE, ["q_learning:alpha=.5,epsilon=.1,sarsa", "Fast=q_learning:alpha=.9"])
    (group,) = plan.groups
    assert (group.seeds, group.steps, group.horizon) == (10, 10_000, None)
    assert [label for label, _ in group.agents] == ["q_learning:alpha=0.5,epsilon=0.1", "sarsa", "Fast"]
    assert group.agents[2][1] == Spec("q_learning", (("alpha", 0.9),))
    assert make_plan([parse_spec(MAZE)], "q_learning").groups[0].worlds == group.worlds


def test_normal_form_does_not_depend_on_how_it_was_said() -> None:
    together = make_plan([MAZE, BANDIT], "random,optimal")
    apart = make_plan(
        groups=[
            {"worlds": MAZE, "agents": "random"},
            {"worlds": BANDIT, "agents": ["random"]},
            {"worlds": [MAZE, BANDIT], "agents": "optimal"},
        ]
    )
    assert together == apart == normal(apart)
    assert len(together.groups) == 1


def test_groups_take_defaults_from_above() -> None:
    plan = make_plan(
        groups=[{"worlds": BANDIT, "agents": "ucb", "steps": 7}, {"worlds": MAZE, "agents": "sarsa"}], seeds=3
    )
    assert [(g.seeds, g.steps) for g in plan.groups] == [(3, 7), (3, 10_000)]
    assert make_plan(groups=plan.groups) == plan


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"seeds": 0}, "seeds must be a whole number of at least 1, not 0"),
        ({"seeds": -3}, "seeds must be a whole number of at least 1, not -3"),
        ({"steps": 0}, "steps must be a whole number of at least 1, not 0"),
        ({"steps": -1}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"steps": 1e4}, "steps must be a whole number"),
        ({"horizon": 0}, "horizon must be a whole number"),
        ({"steps": 10**15 + 1}, "steps must be at most 1,000,000,000,000,000"),
        ({"horizon": 10**20}, "horizon must be at most"),
        ({"seeds": 1_000_001}, "seeds must be at most 1,000,000"),
        ({"worlds": [MAZE, BANDIT, MAZE]}, f"the world {MAZE} is listed twice"),
        ({"agents": "q_learning,q_learning"}, "two agents are called 'q_learning'"),
        ({"agents": "a b=random:,a:b=1,a-b=sarsa:"}, "would share the folder"),
        ({"agents": ""}, "an empty agent"),
        ({"agents": []}, "agents: nothing is listed"),
        ({"agents": [3]}, r"agents\[0\]: expected an agent"),
        ({"worlds": {"a": 1}}, "worlds: expected a list"),
        ({"agents": "q_learning:alpha=.1,"}, "an empty agent"),
        ({"name": "a/b"}, "name must be one folder's name"),
        ({"name": ".."}, "name must be one folder's name"),
        ({"groups": []}, "not both"),
        ({"episodes": 1}, "episodes must be true or false"),
    ],
)
def test_what_is_wrong_is_said(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        make_plan(**{"worlds": MAZE, "agents": "random", **arguments})


def test_one_world_under_two_lengths_is_refused() -> None:
    with pytest.raises(UserError, match="different steps"):
        make_plan(groups=[{"worlds": MAZE, "agents": f"A{s}=random:", "steps": s} for s in (5, 6)])


@pytest.mark.parametrize(
    ("worlds", "agents", "says"),
    [
        ("daedalus/Maze-v1", "random", "daedalus/Maze-v0"),
        (MAZE, "q_lerning", "did you mean 'q_learning'"),
        (MAZE, "q_learning:alhpa=.1", "did you mean 'alpha'"),
        ("daedalus/Maze-v0:row=3", "random", "did you mean 'rows'"),
        (MAZE, "ucb", "ucb is made for bandits, and cannot run in .* a finite world; try .*q_learning"),
        (
            "daedalus/BlockingMaze-v0",
            "ucb",
            "ucb is made for bandits, and cannot run in .* changes in mid-run; try .*q_learning",
        ),
        (f"{MAZE},observation=view", "sarsa", "learns a table of states, .* shows view; leave observation=… out"),
        (BANDIT, "q_learning", "q_learning is made for .* a bandit; try .*epsilon_greedy"),
        ("CartPole-v1", "optimal", "a world that is not finite"),
        (MAZE, "q_learning:alpha=0", "alpha"),
        (MAZE, "q_learning:alpha=nan", "alpha"),
        (MAZE, "q_learning:explore=ucbb(c=2)", "ucb"),
        (MAZE, "q_learning:alpha=.5,Label=sarsa", "'Label'.*; a label needs a colon at its end: Label=sarsa:"),
        (BANDIT, "greedy,Label=ucb(c=2)", "a label needs a colon at its end: Label=ucb\\(c=2\\):"),
    ],
)
def test_nothing_is_made_before_everything_is_known(tmp_path: Path, worlds: str, agents: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        compare(worlds, agents, 1, 10, out=tmp_path / "runs", progress=False)
    assert not list(tmp_path.iterdir())


def test_the_name_is_a_hash_of_what_is_resolved(tmp_path: Path) -> None:
    def name(worlds: str = MAZE, agents: str = "q_learning", **more: Any) -> str:
        return resolve(make_plan(worlds, agents, **more)).name()

    assert name() == name()
    assert name().startswith("maze-v0-")
    assert (
        len({name(), name(seeds=11), name(steps=7), name("daedalus/Maze-v0:rows=5,columns=4"), name(agents="sarsa")})
        == 5
    )
    assert name(name="mine") == "mine"


def test_merging_keeps_what_is_there_and_adds() -> None:
    def plan(worlds: list[str], agents: str, seeds: int) -> Any:
        return make_plan(worlds, agents, seeds=seeds, name="r")

    assert merged(plan([MAZE], "random", 5), plan([MAZE], "random", 3)).groups[0].seeds == 5
    grown = merged(plan([MAZE], "random", 5), plan([MAZE, BANDIT], "random,optimal", 5))
    assert grown == plan([MAZE, BANDIT], "random,optimal", 5)
    mixed = merged(plan([MAZE], "random,optimal", 5), plan([MAZE], "random,sarsa", 8))
    assert [(e.label, e.seeds) for e in mixed.experiments()] == [("random", 8), ("sarsa", 8), ("optimal", 5)]


def yaml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return path


def test_yaml_says_the_same_and_more(tmp_path: Path) -> None:
    path = yaml(
        tmp_path,
        """
        name: both
        seeds: 3
        groups:
          - worlds: [daedalus/Bandit-v0]
            agents: [greedy, "epsilon_greedy:epsilon=.1"]
            steps: 1_000
          - worlds: ["daedalus/Maze-v0:rows=4,columns=4"]
            agents: [q_learning, {label: Fast, agent: "q_learning:alpha=.9"}]
        """,
    )
    expected = make_plan(
        groups=[
            {"worlds": BANDIT, "agents": "greedy,epsilon_greedy:epsilon=.1", "steps": 1000},
            Group(
                (parse_spec(MAZE),),
                (("q_learning", Spec("q_learning")), ("Fast", parse_spec("q_learning:alpha=.9"))),
                3,
                10_000,
            ),
        ],
        seeds=3,
        name="both",
    )
    assert read_plan(path, {}) == expected
    assert read_plan(path, {"name": "other", "seeds": 4}).name == "other"
    assert read_plan(path, {"seeds": 4}).groups[1].seeds == 4


def test_a_label_without_quotes_is_understood(tmp_path: Path) -> None:
    """YAML reads `UCB1=ucb:` as a key without a value."""
    plan = read_plan(yaml(tmp_path, f"worlds: {BANDIT}\nagents:\n  - UCB1=ucb:\n  - greedy\n"), {})
    assert plan.groups[0].agents == (("UCB1", Spec("ucb")), ("greedy", Spec("greedy")))


def test_drawings_beside_the_yaml_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "maze.txt").write_text("#####\n#S.G#\n#####\n")
    yaml(tmp_path / "plans", "worlds: maze.txt\nagents: random\n")
    monkeypatch.chdir(tmp_path)
    assert str(read_plan(Path("plans/plan.yaml"), {}).groups[0].worlds[0]) == "plans/maze.txt"
    monkeypatch.chdir(tmp_path / "plans")
    assert str(read_plan(Path("plan.yaml"), {}).groups[0].worlds[0]) == "maze.txt"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found nothing"),
        ("- a", "found a list"),
        ("worlds: [W]\nagents: [r]\nworlds: [V]", "line 3: the key 'worlds' is given twice"),
        ("groups:\n - worlds: [W]\n   steps: 1\n   steps: 2", "line 4: the key 'steps' is given twice"),
        ("worlds: [", "plan.yaml: while parsing"),
        ("seeeds: 3", "unknown key 'seeeds'; did you mean 'seeds'"),
        ("worlds: [W]\nagents: [random]\nseeds: many", "seeds must be a whole number of at least 1, not 'many'"),
        ("groups: [{worlds: [W], agent: [random]}]", r"groups\[0\]: unknown key 'agent'; did you mean 'agents'"),
        ("groups: [{worlds: [W], agents: [r]}, {worlds: [W], agents: 5}]", r"groups\[1\]\.agents: expected a list"),
        ("groups: [{worlds: [W], agents: ['a,,b']}]", r"groups\[0\]\.agents\[0\]: an empty agent"),
        ("groups: [{worlds: [W], agents: [{label: 3, agent: r}]}]", r"groups\[0\]\.agents\[0\]: expected"),
        ("groups: [{worlds: [W], agents: [{lable: L, agent: r}]}]", r"did you mean 'label'"),
        ("groups: [{worlds: [W]}]", r"groups\[0\]\.agents: nothing is listed"),
        ("groups: [{worlds: [W], agents: [r], steps: 1.5}]", r"groups\[0\]\.steps must be a whole number"),
        ("groups: []\nworlds: [W]", "not both"),
        ("groups:", "found nothing"),
        ("groups: 4", "expected a list of at least one group"),
        ("worlds: !!python/object/apply:os.system ['touch executed']\nagents: [random]", "tags are never run"),
        ("worlds: [!mine x]", "tags are never run"),
    ],
)
def test_yaml_errors_name_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=says) as caught:
        read_plan(yaml(tmp_path, text), {})
    assert str(caught.value).startswith(str(tmp_path / "plan.yaml"))
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "executed").exists()


def test_yaml_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_plan(tmp_path / "none.yaml", {})
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        read_plan(tmp_path / "plan.yaml", {})


def test_data_and_models_are_other_words_for_worlds_and_agents(tmp_path):
    text = "groups:\n  - data: [digits]\n    models: [mlp, cnn]\n    steps: 100\n"
    other = text.replace("data", "worlds").replace("models", "agents")
    assert read_plan(yaml(tmp_path, text), {}) == read_plan(yaml(tmp_path, other), {})
    with pytest.raises(UserError, match="give either data or worlds, which mean the same here, not both"):
        read_plan(yaml(tmp_path, "data: digits\nworlds: digits\nmodels: mlp\n"), {})
