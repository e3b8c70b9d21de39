"""Steps to the goal and the dynamic regret, by hand."""

from typing import Any

import numpy as np

from daedalus.core.lab.report.lives import life_curves, mean_so_far
from daedalus.core.lab.report.style import styles
from daedalus.core.lab.report.worlds import Household, Lived
from daedalus.core.lab.statistics.comparison import summarise


def house(run: Any, **card: Any) -> Household:
    """The first world of a run, whose card says these things beside what it says anyway."""
    lived = [Lived(member, member.curve()) for member in run.members()]
    made = Household("g1", "w", lived, summarise(run).results, styles([[(o.label, o.agent) for o in lived]]))
    made.card.update(card)
    return made


def test_the_mean_regret_so_far() -> None:
    found = mean_so_far(np.array([[4.0, 2.0, 0.0], [1.0, np.nan, 1.0]]))
    np.testing.assert_allclose(found, [[4, 3, 2], [1, np.nan, np.nan]])


def test_the_dynamic_regret_ends_at_the_mean_over_all_points(made_run: Any, group: Any) -> None:
    run = made_run(group("daedalus/Maze-v0", {"a": "sarsa", "optimal": "optimal"}, seeds=3, steps=100))
    dynamic, _ = life_curves(house(run, since=[0, 40, 60]))
    assert (dynamic.title, dynamic.changes) == ("Dynamic regret", [40, 60])
    assert list(dynamic.bands) == ["a"]  # the optimum has none
    curve = run.members()[0].curve()
    assert dynamic.bands["a"].last()[0] == np.mean(curve["regret"])


def test_steps_to_the_goal_where_episodes_differ(made_run: Any, group: Any) -> None:
    run = made_run(group("daedalus/Maze-v0", {"a": "sarsa"}, seeds=3, steps=100))
    (steps,) = life_curves(house(run))
    assert (steps.title, steps.y) == ("Steps to the goal", "steps per episode")
    assert "counts with its 1,000 steps" in steps.caption
    band = steps.bands["a"]
    assert np.nanmin(band.low) >= 1
    assert np.nanmax(band.high) <= 1000
    alone = made_run(group("CartPole-v1", {"a": "sarsa"}, seeds=3, steps=100))
    assert life_curves(house(alone)) == []
