"""What the page says of worlds whose optimum moves or differs from seed to seed, from real runs."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from daedalus.core.lab import compare
from daedalus.core.lab.store.run import open_run

CHANGING = "daedalus/BlockingMaze-v0:change_at=450,step_reward=-1"
OWN = "daedalus/Maze-v0:rows=3,columns=3,layout=per_seed"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One report of both, without its markup."""
    groups = [
        {"worlds": [CHANGING], "agents": ["q_learning:alpha=1", "optimal"]},
        {"worlds": [OWN], "agents": ["optimal", "random"]},
    ]
    out: Path = tmp_path_factory.mktemp("runs")
    found = compare(groups=groups, seeds=3, steps=900, out=out, jobs=1, progress=False)
    assert [result.regret for result in found.results if result.agent == "optimal"] == [0.0, 0.0]
    assert [result.dynamic_regret for result in found.results if result.agent == "optimal"] == [0.0, None]
    curve = open_run(found.run).members()[0].curve()
    regret = np.array(curve["regret"]).reshape(3, -1)
    assert found.results[0].dynamic_regret == pytest.approx(regret.mean()) != found.results[0].regret
    assert found.report is not None
    return unescape(re.sub(r"<[^>]*>|\s+", " ", found.report.read_text()))


def test_a_world_that_changes_says_so(page: str) -> None:
    assert "finite world that changes, solved exactly" in page
    assert "changes at step 450; final results and pictures are of its last phase" in page
    assert "best possible −8, at the end −14" in page
    assert "Upright strokes mark the optimum of the last phase." in page
    assert (
        "How far the policy is from the best possible of the moment; the mean over all points is the dynamic regret."
        in page
    )
    assert "Dynamic regret" in page
    assert "Dotted upright lines mark where the world changes." in page


def test_no_one_optimum_is_claimed_where_each_seed_has_its_own(page: str) -> None:
    assert "a layout for each seed; bounds are means over them, pictures show the first seed" in page
    assert "(its mean over the layouts)" in page
    assert "Upright strokes mark the optimum (" in page
