"""Parameter studies: found among ordinary members, drawn at their means, thinned where learners are many."""

import math
import re
from html import unescape
from typing import Any

import numpy as np
import pytest

from daedalus.core.lab.numerals import number
from daedalus.core.lab.plan import make_plan
from daedalus.core.lab.report import page as page_module
from daedalus.core.lab.report.scales import Scale, scale_of
from daedalus.core.lab.report.studies import Study, coloured, leaders, setting_of, studies
from daedalus.core.lab.report.style import styles
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.spec import parse_agents


def found(agents: str) -> list[Study]:
    return studies({one.label: setting_of(one.spec.name, one.spec.mapping) for one in parse_agents(agents)})


def lines(study: Study) -> list[tuple[str, str, list[Any]]]:
    return [(line.name, line.key, list(line.values)) for line in study.lines]


def test_a_line_is_one_setting_with_all_others_alike() -> None:
    (study,) = found("q:alpha=.5,q:alpha=.1,q:alpha=.2,s:alpha=.2,s:alpha=.1,s:alpha=.1,epsilon=0,t")
    assert lines(study) == [("q", "alpha", [0.1, 0.2, 0.5]), ("s", "alpha", [0.1, 0.2])]
    assert study.lines[0].labels == ["q:alpha=0.1", "q:alpha=0.2", "q:alpha=0.5"]
    assert study.parameter == "alpha"


def test_a_grid_is_a_study_for_each_setting() -> None:
    first, second = found(",".join(f"q:alpha={a},epsilon={e}" for a in (0.1, 0.2, 0.5) for e in (0, 1)))
    assert lines(first) == [("q:epsilon=0", "alpha", [0.1, 0.2, 0.5]), ("q:epsilon=1", "alpha", [0.1, 0.2, 0.5])]
    assert lines(second) == [(f"q:alpha={a}", "epsilon", [0, 1]) for a in (0.1, 0.2, 0.5)]


def test_settings_of_different_agents_share_a_plot() -> None:
    (study,) = found("ucb:c=1,ucb:c=2,ucb:c=4,greedy:epsilon=0,greedy:epsilon=.1")
    assert lines(study) == [("ucb", "c", [1, 2, 4]), ("greedy", "epsilon", [0, 0.1])]
    assert study.parameter == "c or epsilon"


def test_values_may_be_names_or_hold_the_parameter_inside() -> None:
    (study,) = found("q:explore=ucb(c=1),q:explore=softmax,q:explore=ucb(c=2)")
    assert lines(study) == [("q", "explore", ["ucb(c=1)", "softmax", "ucb(c=2)"])]
    (study,) = found("q:explore=ucb(c=4),q:explore=ucb(c=1),q:explore=ucb(c=2)")
    assert lines(study) == [("q:explore=ucb", "explore.c", [1, 2, 4])]


@pytest.mark.parametrize(
    ("agents", "count"),
    [
        ("q:a=1,q:a=2", 0),
        ("q:a=1,q:a=2,s:a=1,s:a=2", 1),
        ("q:a=1,q:a=2,s", 0),
        ("q:a=1,q:a=2,q:a=3,s", 1),
        ("q,s,t", 0),
        ("q", 0),
    ],
)
def test_a_pair_beside_others_is_no_study(agents: str, count: int) -> None:
    assert len(found(agents)) == count


def test_labels_of_the_users_own_name_their_line() -> None:
    given = {f"Fast:a={a}": setting_of("q", {"a": a, "b": 5}) for a in (1, 2, 3)}
    assert [line.name for line in studies(given)[0].lines] == ["Fast"]
    given = {name: setting_of("q", {"a": a}) for a, name in enumerate(("slow", "fast", "fastest"))}
    assert [line.name for line in studies(given)[0].lines] == ["q"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.1, 0.2, 0.5], "log"),
        ([2**-n for n in range(8)], "log"),
        ([n / 10 for n in range(1, 11)], "linear"),
        ([5, 10, 15], "linear"),
        ([0, 0.01, 0.1, 1], "symlog"),
        ([0, 0.1, 0.2, 0.3], "linear"),
        ([-1, 0, 10], "linear"),
        ([0.1, "average"], "names"),
        ([True, False], "names"),
    ],
)
def test_the_scale_on_which_values_stand_evenly(values: list[Any], kind: str) -> None:
    assert scale_of(values).kind == kind


def test_names_stand_in_a_row() -> None:
    assert [Scale(["b", "a"], "names").at(name) for name in ("b", "a")] == [0.0, 1.0]


def test_a_colour_is_a_line() -> None:
    labels = [f"{agent}:alpha={a}" for agent in "qs" for a in (1, 2, 3)]
    (study,) = found(",".join(labels))
    looks = coloured(styles([[(label, label[0]) for label in labels]]), study.lines)
    assert len({looks[label].colour for label in labels[:3]}) == 1
    assert looks[labels[0]].colour != looks[labels[3]].colour
    assert len({(look.dash, look.marker) for look in (looks[label] for label in labels[:3])}) == 3
    assert len({look.key for look in looks.values()}) == 6


def test_leaders_are_the_best_of_each_line_and_whoever_is_on_none() -> None:
    (study,) = found("q:a=1,q:a=2,q:a=3,s:a=1,s:a=2,t")
    score = {"q:a=1": 1.0, "q:a=2": 3.0, "q:a=3": 2.0, "s:a=1": -math.inf, "s:a=2": -5.0, "t": 0.0}
    assert leaders(list(score), study.lines, score) == ["q:a=2", "s:a=2", "t"]


@pytest.fixture(scope="module")
def make_made(write_plan: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that writes a finished run of a sweep, made of numbers."""

    def make(world: str, agents: str, sweep: list[str], seeds: int = 6, strange: bool = False) -> Any:
        plan = make_plan(world, agents, sweep=sweep, seeds=seeds, steps=1000)
        return write_plan(tmp_path_factory.mktemp("runs") / "made", plan, strange)

    return make


def render(run: Any, comparison: Any) -> str:
    """The page without its pictures, which take long and are judged elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "galleries", lambda houses: {house.key: [] for house in houses})
        return page_module.render(run, comparison)


def plots(page: str) -> dict[str, tuple[str, str]]:
    """The alternative and the whole HTML of every plot by its key's end."""
    figures = re.findall(r'<figure class="plot" id="([^"]+)">(.*?)</figure>', page, flags=re.DOTALL)
    return {key: (unescape(re.findall(r'aria-label="([^"]*)"', html)[0]), html) for key, html in figures}


@pytest.fixture(scope="module")
def swept_page(make_made: Any) -> tuple[Any, str]:
    run = make_made(
        "daedalus/Cliff-v0", "q_learning,sarsa,expected_sarsa,random", ["alpha=.1,.2,.5,1", "env.slip=0,.1"]
    )
    comparison = summarise(run)
    return comparison, render(run, comparison)


def test_the_study_says_the_means(swept_page: tuple[Any, str]) -> None:
    comparison, page = swept_page
    found = plots(page)
    alt, html = found["g1-1-daedalus-cliff-v0-slip-0-study-1"]
    assert alt.startswith("Parameter study: alpha. The best final value of each line, and the alpha that gives it: ")
    for agent in ("q_learning", "sarsa", "expected_sarsa"):
        mine = [r for r in comparison.results if r.world.endswith("slip=0") and r.agent == agent]
        best = max(mine, key=lambda result: result.mean)
        assert re.search(
            rf"\b{agent} {re.escape(number(best.mean))} \[[^]]+\] at {best.label.rpartition('=')[2]}\b", alt
        )
    assert "For comparison: best possible −39 and random −1,000." in alt
    assert html.count('class="series-0 line"') == 2  # wide and narrow


def test_across_worlds_only_the_best_of_each_line_is_drawn(swept_page: tuple[Any, str]) -> None:
    comparison, page = swept_page
    alt, _ = plots(page)["g1-worlds-1"]
    assert alt.startswith("Across worlds: daedalus/Cliff-v0, slip. ")
    means = {
        label: np.mean([r.mean for r in comparison.results if r.label == label])
        for label in {r.label for r in comparison.results if r.agent == "sarsa"}
    }
    assert re.findall(r"\bsarsa:alpha=[\d.]+(?= )", alt.replace("expected_sarsa", "")) == [
        max(means, key=lambda label: means[label])
    ]


def test_many_members_are_thinned_in_plots_but_not_in_tables(swept_page: tuple[Any, str]) -> None:
    comparison, page = swept_page
    _, html = plots(page)["g1-1-daedalus-cliff-v0-slip-0-value"]
    assert len(re.findall(r"<li data-series", html)) == 5  # three leaders, the optimum, random actions
    assert "of 12 learners, plots after the parameter study" in page
    table = page[page.index('id="results"') : page.index('id="g1"')]
    assert table.count("<tr>") == 1 + len(comparison.results) == 1 + 2 * 13


def test_few_members_are_all_drawn(make_made: Any) -> None:
    run = make_made("daedalus/Cliff-v0", "q_learning,sarsa", ["alpha=.1,.2,.3"])
    page = render(run, summarise(run))
    _, html = plots(page)["g1-1-daedalus-cliff-v0-value"]
    assert len(re.findall(r"<li data-series=\"series", html)) == 6
    assert "plots after the parameter study" not in page


def test_one_seed_and_unknown_scores(make_made: Any) -> None:
    run = make_made("daedalus/Cliff-v0", "q_learning", ["alpha=.1,.2,.3"], seeds=1)
    assert "One seed, so there are no bands." in plots(render(run, summarise(run)))["g1-1-daedalus-cliff-v0-study-1"][1]
    run = make_made("daedalus/Cliff-v0", "q_learning", ["alpha=.1,.2,.3"], strange=True)
    assert "g1-1-daedalus-cliff-v0-study-1" not in plots(render(run, summarise(run)))


def test_names_are_drawn_as_points(make_made: Any) -> None:
    run = make_made("daedalus/Cliff-v0", "q_learning,sarsa", ["explore=ucb(c=1),softmax,greedy"])
    alt, html = plots(render(run, summarise(run)))["g1-1-daedalus-cliff-v0-study-1"]
    assert "Points are means over seeds, bars their 95\u00a0% intervals" in html
    assert re.search(r"sarsa −[\d,.]+ \[[^]]+\] at (ucb\(c=1\)|softmax|greedy)", alt)
