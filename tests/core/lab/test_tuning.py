"""Tuning: what may be searched, a search that goes on as if never stopped, and a winner judged on other seeds."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.lab import open_run, tune
from daedalus.core.lab import search as search_module
from daedalus.core.lab.experiment import Record
from daedalus.core.lab.numerals import number
from daedalus.core.lab.plan import MOST_SEEDS
from daedalus.core.lab.report.searches import search_section
from daedalus.core.lab.search import Search, search
from daedalus.core.lab.space import Choice, Range, parse_space, show_space, space_of
from daedalus.core.lab.store.run import JOURNAL
from daedalus.core.spec import Spec, parse_spec

BANDIT = "daedalus/Bandit-v0"
SPACE = parse_space("mean=-1.0..1.0")
QUIET: dict[str, Any] = {"progress": False, "report": False, "jobs": 1}


@dataclass(frozen=True)
class Config:
    """Every sort of parameter."""

    alpha: float = 0.1
    epsilon: float = 0.1
    trace: float = 0.9
    gamma: float = 0.99
    rate: float = 3e-4
    initial: float = 0.0
    depth: int = 2
    on: bool = True
    explore: Spec | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise UserError("alpha must lie in (0, 1]")
        if not (0 <= self.epsilon <= 1 and 0 <= self.trace <= 1 and 0 <= self.gamma <= 1):
            raise UserError("a share must lie in [0, 1]")
        if self.rate <= 0:
            raise UserError("rate must be positive")


@dataclass(frozen=True)
class Declared(Config):
    space: ClassVar[str] = "alpha=0.2..0.4,explore=greedy|ucb(c=1)"


def test_a_space_is_read_and_shown() -> None:
    text = "alpha=0.01..1:log,epsilon=0..0.3,n=1..16:log,explore=greedy|ucb(c=1)"
    assert parse_space(text) == (
        Range("alpha", 0.01, 1, log=True),
        Range("epsilon", 0, 0.3),
        Range("n", 1, 16, log=True, whole=True),
        Choice("explore", ("greedy", Spec("ucb", (("c", 1),)))),
    )
    assert show_space(parse_space(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alpha", "expected alpha=0.01..1:log"),
        ("alpha=1", "alpha needs a range such as 0.01..1 or choices"),
        ("alpha=1..a", "must range from one number to another"),
        ("alpha=0..inf", "must range from one number to another"),
        ("alpha=1..0.1", "must range from a lower to a higher number"),
        ("alpha=0..1:log", "cannot start at 0 on a logarithmic scale"),
        ("alpha=0.1..1:lin", "only log can stand, not 'lin'"),
        ("alpha=0.1..1,alpha=0..1", "alpha is given twice"),
        ("alpha=0..1", r"alpha=0..1: alpha must lie in \(0, 1\]"),
        ("alhpa=0.1..1", "unknown parameter of q 'alhpa'; did you mean 'alpha'"),
        ("epsilon=0..1", "q:epsilon=0.5 fixes epsilon itself"),
        ("explore=3|4", "explore must be a name such as"),
    ],
)
def test_a_wrong_space_is_refused(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        space_of(Config, parse_spec("q:epsilon=.5"), text)


def test_the_config_tells_its_own_ranges() -> None:
    found = {one.key: str(one) for one in space_of(Config, Spec("q"))}
    assert found == {
        "alpha": "alpha=0.01..1:log",
        "epsilon": "epsilon=0.01..1:log",
        "trace": "trace=0..1",
        "rate": "rate=1e-05..0.009:log",
    }
    assert [one.key for one in space_of(Config, parse_spec("q:alpha=.5,rate=1"))] == ["epsilon", "trace"]
    assert show_space(space_of(Declared, Spec("q"))) == Declared.space
    assert show_space(space_of(Declared, parse_spec("q:alpha=.3"))) == "explore=greedy|ucb(c=1)"


def test_what_has_nothing_to_tune_is_refused() -> None:
    with pytest.raises(UserError, match="random has no parameters"):
        tune("daedalus/Cliff-v0", "random", out="nowhere")
    assert not Path("nowhere").exists()


def test_numbers_are_short_and_within() -> None:
    one = Range("a", 0.12344, 0.98766)
    assert [one.rounded(value) for value in (0.5555555, 0.12344, 0.98766)] == [0.5556, 0.12344, 0.98766]


@pytest.fixture
def judged(third_party: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[int]]]:
    """What the trial is asked to run: each proposal's mean, and its seeds."""
    asked: list[tuple[Any, list[int]]] = []
    import third_party as package

    real = package.draw

    def draw(experiment: Any, seeds: Any, resume: Any) -> Iterator[Any]:
        asked.append((experiment.agent.mapping.get("mean"), list(seeds)))
        yield from real(experiment, seeds, resume)

    monkeypatch.setattr(package, "draw", draw)
    return asked


def wanted(**more: Any) -> Search:
    return Search(**{"world": Spec(BANDIT), "agent": Spec("drawer"), "space": SPACE, "seeds": 3, "steps": 200, **more})


def silent(judged: int, best: float | None) -> None: ...


def test_a_search_finds_the_maximum(judged: list[Any], tmp_path: Path) -> None:
    """The score grows with the mean, up to noise of 0.01 of its range: the best of 25 must be near the upper end."""
    told: list[tuple[int, float | None]] = []
    tried = search(wanted(), 25, tmp_path / "j", lambda *said: told.append(said))
    assert tried[0].params == {"mean": 0.0}  # the agent as it is comes first
    best = max((one for one in tried if one.score is not None), key=lambda one: one.score)
    assert best.params["mean"] > 0.8
    assert told[-1] == (25, best.score)
    assert len({one.params["mean"] for one in tried}) > 20


def test_seeds_of_a_search_are_none_of_a_comparison(judged: list[Any], tmp_path: Path) -> None:
    search(wanted(), 1, tmp_path / "j", silent)
    assert [seeds for _, seeds in judged] == [[MOST_SEEDS, MOST_SEEDS + 1], [MOST_SEEDS + 2]]  # blocks of two


def test_the_score_is_the_mean_over_seeds(judged: list[Any], tmp_path: Path) -> None:
    """The sum of one normal number a point: at the end, and on average over the 51 points."""
    draws = np.array(
        [
            [np.random.Generator(np.random.Philox(key=[seed, step])).normal(0.0) for step in _points()]
            for seed in range(MOST_SEEDS, MOST_SEEDS + 3)
        ]
    )
    so_far = draws.cumsum(axis=1)
    (final,) = search(wanted(), 1, tmp_path / "f", silent)
    (curve,) = search(wanted(goal="curve"), 1, tmp_path / "c", silent)
    assert final.score == pytest.approx(so_far[:, -1].mean())
    assert curve.score == pytest.approx(so_far.mean())


def _points() -> list[int]:
    from daedalus.core.lab.experiment import evaluation_steps

    return evaluation_steps(200)[1:]


def test_a_search_that_goes_on_is_one_that_never_stopped(judged: list[Any], tmp_path: Path) -> None:
    whole = search(wanted(), 16, tmp_path / "whole", silent)
    assert search(wanted(), 16, tmp_path / "whole", silent) == whole
    for trials in (3, 11, 16):
        parts = search(wanted(), trials, tmp_path / "parts", silent)
        assert parts == whole[:trials]
    assert search(wanted(seed=1), 16, tmp_path / "other", silent)[1:] != whole[1:]
    assert any(one.score is None for one in whole)  # the median rule gave some up


@pytest.mark.parametrize("at", [1, 12, 13])
def test_a_search_that_was_killed_goes_on(judged: list[Any], tmp_path: Path, monkeypatch: Any, at: int) -> None:
    """Killed in the middle of a proposal, even of a line of the journal, with its lock held."""
    whole = search(wanted(), 14, tmp_path / "whole", silent)
    real, calls = search_module._scores, []

    def dies(*arguments: Any) -> Iterator[float]:
        calls.append(1)
        for place, score in enumerate(real(*arguments)):
            if len(calls) == at and place == 1:
                raise KeyboardInterrupt
            yield score

    monkeypatch.setattr(search_module, "_scores", dies)
    with pytest.raises(KeyboardInterrupt):
        search(wanted(), 14, tmp_path / "killed", silent)
    monkeypatch.setattr(search_module, "_scores", real)
    with (tmp_path / "killed").open("a") as journal:
        journal.write('{"op_code":6,"wor')
    (tmp_path / "killed.lock").symlink_to("nowhere")
    assert search(wanted(), 14, tmp_path / "killed", silent) == whole


def test_another_search_is_refused(judged: list[Any], tmp_path: Path) -> None:
    search(wanted(), 1, tmp_path / "j", silent)
    with pytest.raises(UserError, match=r"steps was 200, now 300; seeds|seeds was 3, now 4; steps was 200, now 300"):
        search(wanted(steps=300, seeds=4), 2, tmp_path / "j", silent)


def test_what_the_config_refuses_is_given_up(judged: list[Any], tmp_path: Path) -> None:
    tried = search(wanted(space=(Range("delay", -1e-9, 1e-9),)), 12, tmp_path / "j", silent)
    assert [one.score is None for one in tried] == [one.params["delay"] < 0 for one in tried]
    assert {one.score is None for one in tried} == {True, False}


def test_no_number_is_no_score(monkeypatch: Any, third_party: Path, tmp_path: Path) -> None:
    import third_party as package

    rows = {"seed": np.array([0]), "step": np.array([200]), "value": np.array([np.nan])}
    monkeypatch.setattr(package, "draw", lambda *_: iter_of(Record("curve", rows)))
    assert search(wanted(), 2, tmp_path / "j", silent)[0].score is None
    with pytest.raises(UserError, match="none of 2 proposals could be judged"):
        tune(BANDIT, "drawer", space="mean=-1..1", trials=2, steps=200, out=tmp_path, **QUIET)


def iter_of(record: Record) -> Iterator[Record]:
    yield record


def test_the_winner_is_judged_on_fresh_seeds(judged: list[Any], tmp_path: Path) -> None:
    def run(trials: int) -> Any:
        more: dict[str, Any] = {"steps": 200, "fresh": 4, "name": "t", "out": tmp_path}
        return tune(BANDIT, "drawer", space="mean=-1..1", trials=trials, **more, **QUIET)

    found = run(8)
    assert found.search.seeds == 5
    best = max((one for one in found.tried if one.score is not None), key=lambda one: one.score)
    assert str(found.winner) == f"drawer:mean={best.params['mean']}"
    members = {member.label: member for member in open_run(tmp_path / "t").members()}
    assert list(members) == ["drawer", f"tuned {found.winner}"]
    for member in members.values():
        assert set(member.curve()["seed"].to_pylist()) == {0, 1, 2, 3}
    assert found.after.mean > found.before.mean
    assert found.sentence.startswith(
        f"The best of 8 proposals ({len(found.tried) - len(found.ranked)} given up on the way)"
    )
    assert "On 4 fresh seeds it ends with" in found.sentence
    judged.clear()
    again = run(8)
    assert (judged, again.to_dict()) == ([], found.to_dict())
    assert len(run(9).tried) == 9  # more proposals extend it, whoever wins


def test_it_says_where_nothing_better_was_found(judged: list[Any], tmp_path: Path, monkeypatch: Any) -> None:
    def run_plan(plan: Any, **_: Any) -> Any:
        results = [SimpleNamespace(label=one.label, seeds=one.seeds, mean=1.0) for one in plan.experiments()]
        return SimpleNamespace(run=plan.name, results=results)

    monkeypatch.setattr("daedalus.core.lab.job.run_plan", run_plan)
    found = tune(BANDIT, "drawer", space="mean=-1..0", trials=6, steps=200, fresh=2, out=tmp_path, **QUIET)
    assert found.sentence.startswith("No proposal scored higher than drawer as it was. The best of 6 proposals")
    assert found.comparison.run.startswith("tune-bandit-v0-drawer-")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["daedalus/Bandit-v0", "q_learning"], "q_learning is made for"),
        (["daedalus/Bandit-v0", "ucb", "--goal", "fin"], "unknown goal 'fin'; did you mean 'final'?"),
        (["daedalus/Bandit-v0", "ucb", "--trials", "0"], "trials must be a whole number of at least 1"),
        (["daedalus/Bandit-v0", "ucb", "--fresh", "0"], "fresh must be a whole number of at least 1"),
        (["daedalus/Bandit-v0", "ucb", "--seeds", "0"], "seeds must be a whole number of at least 1"),
        (["daedalus/Bandit-v0", "ucb", "--seed", "-1"], "seed must be a whole number of at least 0"),
        (["daedalus/Bandit-v0", "ucb", "--name", "a/b"], "name must be one folder's name"),
        (["daedalus/Bandit-v0", "sarsaa"], "did you mean 'sarsa'"),
        (["daedalus/Bandit-v0"], "Missing argument 'AGENT'"),
    ],
)
def test_what_the_user_can_mend(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any, arguments: list[str], says: str
) -> None:
    from daedalus.core.lab.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["tune", *arguments])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert says in err
    assert not list(tmp_path.iterdir())


def test_the_report_shows_the_search(judged: list[Any], tmp_path: Path) -> None:
    run: Any = SimpleNamespace(path=tmp_path)
    assert search_section(run) is None
    space = (*parse_space("mean=0.001..10.0:log"), *parse_space("fails=never|not"))
    tried = search(wanted(space=space, agent=parse_spec("drawer:mean=.5")), 6, tmp_path / JOURNAL, silent)
    best = max((one for one in tried if one.score is not None), key=lambda one: one.score)
    section = search_section(run)
    assert section is not None
    given_up = sum(one.score is None for one in tried)
    assert section.facts.startswith(f"6 proposals for drawer:mean=0.5 in {BANDIT}, {given_up} given up on the way.")
    first, second = section.plots
    assert first.alt.endswith(f"The best, {number(best.score)}, has {best.params['mean']}.")
    assert second.alt.endswith(f"has {best.params['fails']}.")
    points = re.findall(r'<g class="point line">(.*?)</g> </g>', first.wide)
    assert points[0].count("<use") == 6 - given_up
    (tmp_path / JOURNAL).write_text("{}\n{}\n")
    with pytest.raises(UserError, match=r"search\.journal is damaged"):
        search_section(run)


WORDS = ("tune", BANDIT, "drawer:delay=.002", "--space", "mean=0..1", "--trials", "4", "--steps", "100", "--fresh", "2")
WORDS += ("--name", "t", "--jobs", "1", "--seeds", "2")


def test_killed_and_typed_again_it_goes_on(
    daedalus: Any, third_party: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """It ends with the numbers of one that was not killed; then it only says them again, as a table."""
    from daedalus.core.lab.cli import main

    journal = daedalus.folder / "runs" / "t" / "search.journal"
    with daedalus.start(*WORDS) as process:
        deadline = time.monotonic() + 60
        while not (journal.exists() and journal.read_text().count('"op_code":6') >= 2):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)
        process.kill()
        process.communicate()
    monkeypatch.chdir(daedalus.folder)

    def printed(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*WORDS, *words])
        out, err = capsys.readouterr()
        assert not ended.value.code, err
        return out

    answer = json.loads(printed("--json"))
    assert set(answer) == {"run", "report", "winner", "sentence", "search", "trials", "results"}
    assert [result["label"] for result in answer["results"]] == ["drawer:delay=0.002", f"tuned {answer['winner']}"]
    same: dict[str, Any] = {"trials": 4, "steps": 100, "fresh": 2, "seeds": 2, "name": "t", "out": "whole"}
    whole = tune(BANDIT, "drawer:delay=.002", space="mean=0..1", **same, **QUIET)
    assert answer | {"run": 0, "report": 0} == json.loads(json.dumps(whole.to_dict())) | {"run": 0, "report": 0}
    assert 'id="search"' in Path(answer["report"]).read_text(encoding="utf-8")
    lines = printed().splitlines()
    assert lines[0] == f"search · drawer:delay=0.002 in {BANDIT}"
    assert lines[1].split() == ["score", "mean"]
    assert lines[-1] == "runs/t/report.html"
    assert answer["sentence"] in " ".join(" ".join(lines).split())
