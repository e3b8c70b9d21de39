"""What the report shows of models' exhibits: the last large, samples as they came about, passages as text."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from daedalus.core.generating import Passage, Picture
from daedalus.core.lab.exhibits import exhibits_record
from daedalus.core.lab.experiment import Record
from daedalus.core.lab.report import exhibits as module
from daedalus.core.lab.report.exhibits import Exhibit, exhibitions
from daedalus.core.lab.report.page import render, write_report
from daedalus.core.lab.report.style import CEILING
from daedalus.core.lab.report.worlds import Household, Lived
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.lab.store.run import block_at, open_run
from daedalus.core.lab.store.writer import BlockWriter


def pixels(wide, value):
    return np.full((20, wide, 3), value, dtype=np.uint8)


def shown_at(step):
    return [
        Picture("traversal", "Traversal", "along <one> axis", pixels(2000, step % 251), False),
        Picture("samples", "Samples", "drawn by it", pixels(50, step % 251)),
        Passage("words", "Words", "", f"to be at {step}\n" + "or not <to> be\n" * 20),
    ]


def with_exhibits(run, exhibits, steps=(0, 500, 1000)):
    """The first member showed these at each step."""
    member = run.members()[0]
    block = block_at(member.folder, range(member.experiment.seeds))
    writer = BlockWriter(block, member.experiment, "made")
    table = block.table("curve")
    names = [name for name in table.column_names if name not in ("world", "agent", "label")]
    writer.add(Record("curve", {name: table[name].to_numpy() for name in names}))
    for step in steps:
        writer.add(exhibits_record(0, step, exhibits(step)))
    writer.finish(None)
    return open_run(run.path)


@pytest.fixture
def shown(made_run, group):
    """What is shown of a run's first member, and the run."""

    def made(exhibits):
        run = with_exhibits(made_run(group("CartPole-v1", {"dqn": "random"}, seeds=3, steps=1000)), exhibits)
        lived = [Lived(member, member.curve()) for member in run.members()]
        house = Household("key", lived[0].member.world, lived, [], dict.fromkeys(("dqn",), CEILING))
        return exhibitions([house])["key"], run

    return made


def picture(one):
    """The pixels of an exhibit."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(one.source.removeprefix("data:image/png;base64,")))))


def test_the_last_stand_large_and_samples_also_as_they_came_about(shown):
    ((found,), _) = shown(shown_at)
    traversal, samples, words = found.last
    np.testing.assert_array_equal(picture(traversal), pixels(2000, 1000 % 251))
    assert (traversal.width, traversal.height, traversal.pixelated) == (1088, 11, False)  # a strip
    assert (samples.width, samples.height, samples.pixelated) == (500, 200, True)  # ten times what it is
    assert words.text.startswith("to be at 1000\n")
    assert [(one.step, picture(one)[0, 0, 0]) for one in found.earlier] == [(0, 0), (500, 500 % 251)]
    assert found.when == "after 1,000 steps"


def test_without_samples_the_first_is_followed_and_a_passage_in_brief(shown):
    ((found,), _) = shown(lambda step: shown_at(step)[2:])
    assert len(found.last[0].text.splitlines()) == 21
    assert [one.text.splitlines()[0] for one in found.earlier] == ["to be at 0", "to be at 500"]
    assert {len(one.text.splitlines()) for one in found.earlier} == {9}


def test_what_never_changes_is_shown_once(shown):
    ((found,), _) = shown(lambda step: shown_at(7))
    assert len(found.last) == 3
    assert found.earlier == []


def test_of_too_much_only_the_last_is_shown(shown, monkeypatch):
    monkeypatch.setattr(module, "_BYTES", 1_000)
    ((found,), _) = shown(shown_at)
    assert len(found.last) == 3
    assert found.earlier == ()


def test_the_page_is_safe_and_says_which_step(shown):
    _, run = shown(shown_at)
    html = render(run, summarise(run))
    assert "What the model shows" in html
    assert html.index("What the model shows") < html.index("Scores and curves") < html.index('<figure class="plot"')
    assert html.count('src="data:image/png;base64,') == 4
    assert html.count('class="pixelated enlarged"') == 3
    assert "Samples, as it learnt" in html
    assert "step 500" in html
    assert "along &lt;one&gt; axis" in html
    assert html.count("or not &lt;to&gt; be") == 20
    assert "or not <to>" not in html


def test_who_shows_nothing_takes_no_room(made_run, group):
    run = made_run(group("CartPole-v1", {"dqn": "random"}, seeds=3, steps=1000))
    assert "What the model shows" not in render(run, summarise(run))


def test_short_lines_stand_in_columns():
    assert Exhibit("", "", "", 0, text="\n".join(["anna"] * 20)).columns
    assert not Exhibit("", "", "", 0, text="\n".join(["anna"] * 5)).columns
    assert not Exhibit("", "", "", 0, text="\n".join(["to be or not to be, that is"] * 20)).columns


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(shown, driver, width):
    def much(step):
        return [*shown_at(step), Passage("long", "Long", "", "a" * 500), Passage("names", "Names", "", "anna\n" * 60)]

    _, run = shown(much)
    driver.get(write_report(run, summarise(run)).as_uri())
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    found = driver.execute_script(WIDTHS)
    assert found["page"] <= width
    assert found["shown"] > 4
    assert found["outside"] == []


WIDTHS = """
const all = [...document.querySelectorAll('.exhibition img, .exhibition pre')];
const most = document.documentElement.clientWidth;
const outside = all.filter(one => {
  const box = one.getBoundingClientRect();
  return box.width < 40 || box.left < 0 || box.right > most || one.scrollWidth > one.clientWidth + 1;
});
const page = document.documentElement.scrollWidth;
return {page, shown: all.length, outside: outside.map(one => one.outerHTML.slice(0, 80))};
"""
