"""`daedalus reproduce`: choosing experiments, running them, and what is told of them."""

import io
import json
import sys
import threading
import types

import numpy as np
import pytest
from PIL import Image

from daedalus.core.catalogue import Entry
from daedalus.core.errors import MissingData, UserError
from daedalus.core.lab import reproduce as lab
from daedalus.core.lab.cli import main
from daedalus.core.lab.report.charts import picture
from daedalus.core.lab.report.style import PRINTED, VARIABLES
from daedalus.core.lab.reproduction import Figure, Line, exact, mean_line, measured

LATER = threading.Event()


def slow(quick):
    """Waits until another experiment is done: what comes out is in order all the same."""
    assert LATER.wait(20)
    yield measured("a mean <b>", [1.0, 2.0, 3.0], 2.1 if quick else 2.0, "a book")
    x = np.arange(1, 6)
    lines = [mean_line("ours & <i>", x, np.random.default_rng(0).normal(size=(9, 5)))]
    lines.append(Line("printed", [1, 5], [0.5, -0.5], form="points", whose="theirs"))
    yield Figure("Figure 1", "α", "reward", lines, x_scale="log2")


def off(quick):
    yield exact("a value", 1.0, 2.0, "a book")
    LATER.set()


def broken(quick):
    yield exact("the last word", 1.0, 1.0, "a book")
    raise ZeroDivisionError("nothing\nto divide by")


def refused(quick):
    raise UserError("alpha must lie in (0, 1], not 2")


def lacking(quick):
    raise MissingData("names.txt is not here; give --data-dir")


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """A catalogue of four experiments."""
    LATER.clear()
    module = types.ModuleType("made_up_experiments")
    found = {"slow": ("first", "second"), "off": ("first",), "broken": ("second",), "refused": ("second",)}
    for name in found:
        setattr(module, name, globals()[name])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entries = {n: Entry("reproduction", n, f"made_up_experiments:{n}", f"Figure of {n}", g) for n, g in found.items()}
    monkeypatch.setattr(lab, "of_kind", lambda kind: entries)
    return list(entries.values())


def status(arguments):
    with pytest.raises(SystemExit) as stop:
        main(["reproduce", *arguments])
    return stop.value.code


def test_rows_and_figures_on_terminal_and_page(tmp_path, capsys):
    LATER.set()
    assert status(["slow", "--out", str(tmp_path / "deep" / "out")]) == 0
    folder = tmp_path / "deep" / "out"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "slow · Figure of slow"
    assert any(line.split()[0] == "✓" and "a mean <b>" in line and "2.00" in line for line in lines[1:])
    assert lines[-1] == str(folder / "index.html")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "1 of 1 row reproduced" in page
    assert "a mean &lt;b&gt;" in page
    assert "ours &amp; &lt;i&gt;" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert not any(colour in page for colour in VARIABLES)
    with Image.open(folder / "slow.png") as image:
        assert image.size == (1080, 2 * (34 + 300 + 22))
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "slow.png"]


def test_a_row_that_misses_fails_the_call(tmp_path, capsys):
    assert status(["off", "--out", str(tmp_path)]) == 1
    assert "✗  a value" in capsys.readouterr().out
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "0 of 1 row reproduced" in page
    assert "missed: a value" in page


def test_json_is_one_list_in_the_catalogues_order(tmp_path, capsys):
    assert status(["--group", "first", "--json", "--quick", "--jobs", "2", "--out", str(tmp_path)]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["experiment"] for row in rows] == ["slow", "off"]
    assert list(rows[0]) == ["experiment", "quantity", "ours", "standard_error", "theirs", "source", "passed"]
    assert rows[0] == {
        "experiment": "slow",
        "quantity": "a mean <b>",
        "ours": 2.0,
        "standard_error": pytest.approx(3**-0.5),
        "theirs": 2.1,  # it was asked to be quick
        "source": "a book",
        "passed": True,
    }
    assert rows[1]["standard_error"] == 0
    assert (tmp_path / "slow.png").is_file()


def test_one_that_breaks_off_stops_no_other(tmp_path, capsys):
    LATER.set()
    assert status(["--group", "second", "--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "broken broke off: ZeroDivisionError: nothing to divide by\n" in err
    assert "refused broke off: alpha must lie in (0, 1], not 2\n" in err
    assert "Traceback" not in err
    assert "the last word" in out
    assert "a mean <b>" in out
    assert "refused</a> broke off: alpha must lie" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert status(["broken", "--debug", "--out", str(tmp_path)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_choosing(known, capsys):
    assert lab.chosen_entries((), None, True) == known
    assert [entry.name for entry in lab.chosen_entries(("off", "slow", "off"), None, False)] == ["slow", "off"]
    assert [entry.name for entry in lab.chosen_entries(("broken",), "first", False)] == ["slow", "off", "broken"]
    with pytest.raises(UserError, match="unknown reproduction 'slov'; did you mean 'slow'"):
        lab.chosen_entries(("slow", "slov"), None, False)
    with pytest.raises(UserError, match="unknown group of reproductions 'frist'; did you mean 'first'"):
        lab.chosen_entries((), "frist", False)
    for names, group in ((("slow",), None), ((), "first")):
        with pytest.raises(UserError, match="--all runs every experiment; leave the names"):
            lab.chosen_entries(names, group, True)


def test_nothing_asked_for_lists_what_there_is(capsys):
    assert status([]) == 0
    assert "  broken   Figure of broken  [second]\n" in capsys.readouterr().out
    assert status(["--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed[0] == {"name": "slow", "summary": "Figure of slow", "groups": ["first", "second"]}


def test_a_folder_that_cannot_be_is_told_before_anything_runs(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert status(["slow", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_a_picture_has_the_colours_of_paper():
    x = [0.0, 1.0, 2.0]
    lines = [Line("bars", x, [1, 2, 3], [0.1, 0.1, 0.1], "bars"), Line("steps", x, [3, float("nan"), 1], form="steps")]
    empty = Figure("nothing", "x", "y", [Line("gone", x, [float("nan")] * 3)])
    image = Image.open(io.BytesIO(picture([Figure("a", "x", "y", lines, y_limits=(0, 4)), empty, empty])))
    assert image.size == (2160, 2 * 2 * (34 + 300 + 22))
    colours = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b, *_) in image.convert("RGB").getcolors(1 << 24)}
    seen = {name for name, printed in PRINTED.items() if printed in colours}
    assert len(seen) >= 6  # ink, muted ink, grid, paper, and two series
    assert not colours & set(VARIABLES)


def test_what_lacks_its_data_is_left_out_of_a_group_and_fails_by_name(tmp_path, capsys, monkeypatch):
    module = sys.modules["made_up_experiments"]
    module.lacking, module.fine = lacking, lambda quick: iter([exact("a value", 1.0, 1.0, "a book")])
    entries = {n: Entry("reproduction", n, f"made_up_experiments:{n}", n, ("first",)) for n in ("lacking", "fine")}
    monkeypatch.setattr(lab, "of_kind", lambda kind: entries)
    assert status(["--group", "first", "--out", str(tmp_path)]) == 0
    assert "lacking is left out: names.txt is not here; give --data-dir" in capsys.readouterr().err
    assert "is left out: names.txt is not here" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert status(["lacking", "--out", str(tmp_path)]) == 1
    assert "lacking broke off: names.txt is not here" in capsys.readouterr().err
