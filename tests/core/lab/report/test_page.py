"""The report as bytes: whole, self-contained, escaped, always the same, and saying the numbers in words."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from daedalus.core.lab.numerals import number
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.report.bands import band
from daedalus.core.lab.report.figures import both
from daedalus.core.lab.report.origin import duration, moment
from daedalus.core.lab.report.page import render, write_report
from daedalus.core.lab.report.pictures import Overlay, draw_all, overlays, scene_of
from daedalus.core.lab.report.style import MARKERS, VARIABLES, styles
from daedalus.core.lab.report.tables import settings_table
from daedalus.core.lab.report.text import clipped, paired, short
from daedalus.core.lab.statistics.comparison import Comparison, summarise
from daedalus.core.lab.store.run import Run

VOID = {"meta", "img", "br", "wbr", "link", "input", "source"}


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps what the tests ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [str(given[key]) for key in ("src", "href", "srcset", "action", "data") if key in given]
        self.ids += [str(given["id"])] if "id" in given else []
        self.labels += [str(given["aria-label"])] if given.get("role") == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def whole(make_run: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Comparison, str]:
    run = make_run(tmp_path_factory.mktemp("runs") / "made")
    comparison = summarise(run)
    return run, comparison, write_report(run, comparison).read_text(encoding="utf-8")


def test_everything_the_page_must_have(whole: tuple[Run, Comparison, str]) -> None:
    run, comparison, page = whole
    reader = read(page)
    for result in comparison.results:
        assert result.label in reader.text
    for verdict in comparison.verdicts:
        assert verdict.headline.split(" (")[0].split("%")[0] in reader.text.replace("\u00a0", " ")
    for words in (
        "Learning curves",
        "Exact regret",
        "Cumulative regret",
        "Best arm",
        "Final results",
        "Aggregate score",
    ):
        assert words in reader.text
    for words in ("Performance profile", "Probability of improvement", "Settings that differ", "visits, up to"):
        assert words in reader.text
    for words in ("AMD EPYC 9R14", "2.13.0", "1 July 2026", run.provenance["command"]):
        assert words in reader.text
    assert reader.text.count("an episode: reaches the goal in 8 steps") == 10  # five agents in two mazes
    assert page.count('media="(prefers-reduced-motion: reduce)"') == 20  # light and dark
    assert len(reader.ids) == len(set(reader.ids))
    assert (run.path / "report.html").stat().st_size < 10_000_000
    assert sorted(path.name for path in run.path.glob("*report*")) == ["report.html"]  # nothing half-written is left


def test_nothing_is_fetched(whole: tuple[Run, Comparison, str]) -> None:
    page = whole[2]
    reader = read(page)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in reader.links)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    assert not re.search(r"https?:|@import|\burl\((?!#)", page)


def test_labels_cannot_break_out(whole: tuple[Run, Comparison, str]) -> None:
    page = whole[2]
    assert "<b>Fast" not in page
    assert "&lt;b&gt;Fast&lt;/b&gt; &amp; $wild$" in page


def test_equal_runs_give_equal_bytes(whole: tuple[Run, Comparison, str]) -> None:
    run, _, page = whole
    assert render(run, summarise(run)) == page


def test_alternatives_say_the_final_numbers(whole: tuple[Run, Comparison, str]) -> None:
    _, comparison, page = whole
    labels = read(page).labels
    assert len(labels) == page.count('<figure class="plot"')
    (curves,) = [text for text in labels if text.startswith("Learning curves. reward per pull after 1,000 pulls")]
    (final,) = [text for text in labels if text.startswith("Final results, reward per pull")]
    for result in comparison.results[:4]:
        assert f"{result.label} {number(result.mean)}" in curves
        assert result.iqm is not None
        assert re.search(rf"{re.escape(result.label)} {result.iqm:.2f}", final)
    (regret,) = [text for text in labels if text.startswith("Cumulative regret")]
    greedy = comparison.results[0]
    assert greedy.regret is not None
    assert f"{greedy.label} {number(greedy.regret * 1000)}" in regret


def test_plots_follow_the_theme(whole: tuple[Run, Comparison, str]) -> None:
    svgs = re.findall(r"<svg viewBox=\"0 0 (?:540|340) .*?</svg>", whole[2], flags=re.DOTALL)
    assert len(svgs) == 2 * whole[2].count('<figure class="plot"')
    for svg in svgs:
        assert not re.search(r"#[0-9a-f]{6}\b", svg.replace("href=", ""))
        assert "var(--" in svg
        assert {float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)} == {12}


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_agent_few_seeds(made_run: Any, group: Any, seeds: int) -> None:
    run = made_run(group("daedalus/Maze-v0", {"alone": "q_learning"}, seeds=seeds))
    page = render(run, summarise(run))
    assert "alone" in read(page).text
    assert ("One seed" in page) == (seeds == 1)


def test_numbers_that_do_not_exist(made_run: Any, group: Any) -> None:
    run = made_run(group("daedalus/Maze-v0 CartPole-v1", {"a": "q_learning", "b": "random"}, seeds=2), strange=True)
    reader = read(render(run, summarise(run)))
    assert "nan" not in reader.text.lower()


def test_many_agents_look_different() -> None:
    labels = [(f"agent {i}", "q_learning") for i in range(24)]
    looks = styles([labels, [("agent 3", "q_learning"), ("new", "sarsa"), ("o", "optimal"), ("r", "random")]])
    shown = {(looks[label].colour, looks[label].marker, looks[label].dash) for label, _ in labels}
    assert len(shown) == len({looks[label].key for label, _ in labels}) == len(labels)
    assert (looks["o"].role, looks["r"].role) == ("ceiling", "floor")
    assert {look.marker for look in looks.values()} <= {*MARKERS, ""}
    assert {look.colour for look in looks.values()} <= set(VARIABLES)


def test_a_label_keeps_its_look_in_another_group() -> None:
    looks = styles([[("a", "x"), ("b", "x")], [("c", "x"), ("b", "x"), ("d", "x")]])
    assert looks["c"].colour == looks["a"].colour  # they never meet
    assert len({looks[label].colour for label in "bcd"}) == 3


def test_unfinished_members_are_left_out(made_run: Any, group: Any) -> None:
    run = made_run(group("daedalus/Maze-v0", {"here": "q_learning", "gone": "sarsa"}, seeds=4))
    (run.members()[1].blocks()[0].path / "done.json").unlink()
    text = read(render(run, summarise(run))).text
    assert "4 seeds of the plan not finished" in text
    assert "gone" not in text.partition("Settings")[0]


def test_the_plan_in_the_page_makes_the_same_plan(whole: tuple[Run, Comparison, str]) -> None:
    import yaml

    text = re.search(r"plan\.yaml</code></summary><pre[^>]*>(.*?)</pre>", whole[2], flags=re.DOTALL)
    assert text is not None
    plan = make_plan(**yaml.safe_load(unescape(text[1])))
    assert plan.groups == whole[0].plan.groups


def test_every_command_of_a_continued_run_is_told(made_run: Any, group: Any) -> None:
    run = made_run(group("daedalus/Maze-v0", {"a": "q_learning"}, seeds=2))
    first = {"command": "daedalus compare first", "started": "2026-06-01T00:00:00+00:00"}
    again = Run(run.path, run.plan, {**run.provenance, "earlier": [first]})
    text = read(render(again, summarise(again))).text
    assert "daedalus compare first" in text
    assert run.provenance["command"] in text
    assert "1 June 2026" in text


def test_band_by_hand() -> None:
    # mean of 1, 2, 6 is 3; s² = 7; t(2, .975) = 4.302653; 4.302653 · √(7/3) = 6.572411
    table = pa.table({"seed": [0, 1, 2, 0, 1], "step": [5, 5, 5, 9, 9], "value": [1.0, 2.0, 6.0, 4.0, np.nan]})
    found = band(table, "value")
    np.testing.assert_allclose(found.steps, [5, 9])
    np.testing.assert_allclose(found.mean, [3, 4])
    np.testing.assert_allclose(found.low, [3 - 6.572411, np.nan], rtol=1e-6)
    np.testing.assert_allclose(found.within(low=0).high, [3 + 6.572411, np.nan], rtol=1e-6)
    assert found.within(low=0).low[0] == 0


def test_curves_are_thinned_but_keep_their_ends() -> None:
    steps = np.arange(1000)
    found = band(pa.table({"seed": np.zeros(1000, int), "step": steps, "value": steps.astype(float)}), "value")
    assert found.steps.size <= 200
    assert (found.steps[0], found.steps[-1], found.mean[-1]) == (0, 999, 999)


def test_pictures_average_seeds_and_hide_what_was_never_seen() -> None:
    world = {
        "tiles": np.array([[2, 0, 3]], np.uint8),
        "cell": np.array([[0, 0], [0, 1], [0, 2]]),
        "moves": np.array([(-1, 0), (0, 1)]),
    }
    scene = scene_of(world)
    assert scene is not None
    q = np.array([[[-2.0, -1.0], [-5.0, -4.0], [0.0, 0.0]], [[-4.0, -3.0], [-2.0, -8.0], [0.0, 0.0]]])
    final = {"q": q, "policy": q.argmax(axis=2), "visits": np.array([[4, 2, 0], [2, 0, 0]])}
    values, visits = overlays("x", "q_learning", scene, world, final)
    assert values.numbers is not None
    np.testing.assert_allclose(values.numbers, [-2, -3, np.nan])  # means of the greedy values
    assert values.policy is not None
    assert values.policy.tolist() == [1, 0, -1]  # state 1: a vote each, the lower index wins; state 2: never seen
    assert visits.numbers is not None
    np.testing.assert_allclose(visits.numbers, [3, 1, 0])
    assert "2 of 3 states visited" in visits.alt


def test_pictures_stay_small_however_many_and_large(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    tiles = np.zeros((70, 700), np.uint8)
    cell = np.argwhere(tiles == 0)
    scene = scene_of({"tiles": tiles, "cell": cell, "moves": np.array([(0, 1)])})
    assert scene is not None
    noise = Overlay("values", "", "", rng.random(len(cell)), None)
    ((large,),) = draw_all([(scene, [noise])])
    assert (large.width, large.height) == (640, 64)
    monkeypatch.setattr("daedalus.core.lab.report.pictures._BYTES", len(large.light))
    ((small,),) = draw_all([(scene, [noise])])
    assert small.width == 320
    assert len(small.light) + len(small.dark) <= len(large.light)
    assert scene_of({"tiles": tiles}) is None


def test_settings_that_differ() -> None:
    looks = styles([[("a", "q_learning"), ("b", "q_learning"), ("r", "random")]])
    same = {"alpha": 0.5, "gamma": 1.0}
    table = settings_table({"a": same | {"explore": "ucb(c=2)"}, "b": same | {"explore": None}, "r": {}}, looks, "")
    assert table is not None
    assert [column.name for column in table.columns] == ["Agent", "explore"]
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "ucb(c=2)"], ["b", "none"], ["r", "–"]]
    assert settings_table({"a": same, "b": same, "r": {}}, looks, "") is None


def test_mathematics_and_foreign_letters_in_a_label() -> None:
    svg, _ = both("key", lambda axes, size: axes.set_title("$\\frac{1}$ <x> 迷宮"))
    assert "$\\frac{1}$ &lt;x&gt; 迷宮" in svg


def test_words_as_people_read_them() -> None:
    assert [short(tick) for tick in (0.25, 1000, -10_000, 2_500_000)] == ["0.25", "1,000", "−10k", "2.5M"]
    assert clipped("abcdefghij", 5) == "ab…ij"
    assert paired("short", "a_rather_long_label", 22) == "short over a_rat…label"
    assert moment("2026-07-01T10:00:00+00:00") == "1 July 2026, 10:00 UTC"
    assert (moment(None), moment("yesterday")) == ("", "yesterday")
    assert [duration(seconds) for seconds in (2.4, 48, 200, 7500)] == ["2.4 s", "48 s", "3 min 20 s", "2 h 5 min"]


def test_a_full_disk_leaves_the_old_report(whole: tuple[Run, Comparison, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from daedalus.core.errors import UserError

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr("daedalus.core.lab.report.page.render", lambda run, comparison: "new")
    with pytest.raises(UserError, match="No space left"):
        write_report(whole[0], whole[1])
    assert (whole[0].path / "report.html").read_text(encoding="utf-8") == whole[2]
