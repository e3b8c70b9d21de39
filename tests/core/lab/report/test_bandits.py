"""A bandit's plots: the lower bound is the one that the arms allow, pulls are counted by rank."""

import math
import re
from html import unescape
from typing import Any

import numpy as np
import pytest

from daedalus.core.files import read_json, write_json
from daedalus.core.lab.numerals import number
from daedalus.core.lab.report.bandits import shares_by_rank
from daedalus.core.lab.report.page import render
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.lab.statistics.regret import lai_robbins

AGENTS = {"a": "ucb", "optimal": "optimal"}


def plots(run: Any) -> dict[str, str]:
    """What each plot says in words."""
    page = render(run, summarise(run))
    return {
        label.split(".")[0].split(",")[0]: label for label in map(unescape, re.findall(r'aria-label="(.*?)"', page))
    }


def test_pulls_are_ranked_by_the_true_means_of_each_run() -> None:
    pulls, means = np.array([[1, 2, 7], [10, 0, 0]]), np.array([[0.1, 0.3, 0.2], [0.5, 0.9, 0.5]])
    assert shares_by_rank(pulls, means) == pytest.approx(np.array([[0.2, 0.7, 0.1], [0, 1, 0]]))


def test_the_bound_is_the_mean_over_the_runs(make: Any) -> None:
    run = make()
    final = run.members()[0].final()
    coefficient = lai_robbins(["gaussian"] * 10, final["means"], final["spread"])
    assert coefficient is not None
    said = plots(run)
    assert f"Lai–Robbins bound {number(float(coefficient.mean()) * math.log(900))}" in said["Cumulative regret"]
    shares = 100 * shares_by_rank(final["pulls"], final["means"]).mean(axis=0)
    assert f"a {number(shares[0])} and {number(shares[-1])}." in said["Pulls per arm"]
    assert "optimal" not in said["Pulls per arm"]


@pytest.mark.parametrize("change", [{"law": "uniform"}, {"changing": True}, {"law": ["gaussian", "bernoulli"]}])
def test_no_bound_where_none_is_known(make: Any, change: dict[str, Any]) -> None:
    said = plots(make(**change))
    assert "Lai–Robbins" not in said["Cumulative regret"]
    assert ("Pulls per arm" in said) == ("changing" not in change)


def test_switches_are_marked(make: Any) -> None:
    said = plots(make(changing=True, since=[0, 300, 600]))
    for plot in ("Learning curves", "Best arm", "Cumulative regret"):
        assert "The world changes at steps 300 and 600." in said[plot]


@pytest.fixture
def make(made_run: Any, group: Any) -> Any:
    """A function that makes a run on a bandit whose card says these things beside what it says anyway."""

    def made(**change: Any) -> Any:
        run = made_run(group("daedalus/Bandit-v0", AGENTS, seeds=6, steps=900))
        card = run.members()[0].folder.parent / "world.json"
        write_json(card, read_json(card, "", {}) | change)
        return run

    return made
