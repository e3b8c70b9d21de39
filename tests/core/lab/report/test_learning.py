"""How the first seed learnt: moments, colours on one scale, what was never met stays plain, told in words."""

import base64
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from daedalus.core.lab.report import learning
from daedalus.core.lab.report.galleries import galleries
from daedalus.core.lab.report.learning import Beliefs, animate_lesson, arms_lesson, beliefs_of, map_lesson
from daedalus.core.lab.report.style import styles
from daedalus.core.lab.report.worlds import Household, Lived
from daedalus.core.lab.statistics.comparison import summarise
from daedalus.core.world import Scene

SCENE = Scene(np.array([[2, 0, 0, 3]], np.uint8), np.array([[0, 0], [0, 1], [0, 2], [0, 3]]), ((0, 1), (0, -1)))


def table(values: Any, visits: Any, every: int = 10) -> pa.Table:
    """Beliefs in which action 1 is the best of all, at even steps."""
    values = np.asarray(values, dtype=np.float32)
    moments, states = values.shape
    return pa.table(
        {
            "step": np.repeat(every * np.arange(moments), states),
            "state": np.tile(np.arange(states), moments),
            "value": values.ravel(),
            "action": np.ones(values.size, np.int16),
            "visits": np.asarray(visits, dtype=np.int64).ravel(),
        }
    )


LEARNT = table([[0, 0, 0, 0], [-1, 0, 0, 0], [-3, -2, -1, 0]], [[0, 0, 0, 0], [4, 0, 0, 0], [9, 5, 2, 0]])


def frames(uri: str) -> list[Any]:
    moving = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    shown = []
    for moment in range(moving.n_frames):
        moving.seek(moment)
        shown.append(np.asarray(moving.convert("RGB")).astype(int))
    return shown


def test_what_was_never_met_is_unknown() -> None:
    found = beliefs_of(LEARNT)
    assert found is not None
    assert found.steps.tolist() == [0, 10, 20]
    nan = np.nan
    np.testing.assert_array_equal(found.values, [[nan] * 4, [-1, nan, nan, nan], [-3, -2, -1, nan]])
    np.testing.assert_array_equal(found.actions, [[-1] * 4, [1, -1, -1, -1], [1, 1, 1, -1]])
    assert beliefs_of(None) is None


def test_of_many_moments_some_are_shown_the_first_and_the_last_too() -> None:
    many = table(np.arange(102.0).reshape(51, 2), np.ones((51, 2)))
    found = beliefs_of(many)
    assert found is not None
    assert (found.steps.size, found.steps[0], found.steps[-1]) == (26, 0, 500)
    np.testing.assert_array_equal(found.values[:, 0], found.steps / 5)
    fewer = beliefs_of(many, 3)
    assert fewer is not None
    assert fewer.steps.tolist() == [0, 250, 500]


def test_a_map_is_coloured_on_one_scale_and_a_bar_runs_below() -> None:
    lesson = map_lesson("sarsa", SCENE, {"start": np.array([0])}, beliefs_of(LEARNT))
    assert lesson is not None
    assert lesson.title == "learning, up to step 20: values from −3 to −1"
    assert lesson.alt.startswith("sarsa: values and policy while seed 0 learns; it has met 1 of 3 states by step 10 of")
    picture = animate_lesson(lesson, 80)
    assert picture.light != picture.dark
    first, middle, last = frames(picture.light)
    assert first.shape == (20 + 3, 80, 3)
    assert (picture.width, picture.height) == (80, 23)
    corners = [(2, 22 + 20 * state) for state in range(2)]  # of tiles 1 and 2, where no arrow is
    assert (first[2, 22] == middle[2, 22]).all()  # not yet met
    assert (last[2, 22] != middle[2, 22]).any()
    assert (last[corners[0]] != last[corners[1]]).any()
    own = map_lesson(
        "x",
        SCENE,
        {},
        Beliefs(np.arange(2), np.array([[-3.0] * 4, [-1.0] * 4]), np.zeros((2, 4), int), np.ones((2, 4), int)),
    )
    assert own is not None
    low, high = (lesson_frame(own, moment) for moment in (0, 1))
    assert (low[2, 22] != high[2, 22]).any()  # each alone would be of one colour, the middle one
    bar = [(frame[-1] == last[-1, 0]).all(axis=-1).mean() for frame in (first, middle, last)]
    assert bar == pytest.approx([0.0, 0.5, 1.0], abs=0.02)


def lesson_frame(lesson: learning.Lesson, moment: int) -> Any:
    return lesson.draw(moment, 80, "light").astype(int)


def test_nothing_learnt_is_no_lesson() -> None:
    world = {"start": np.array([0])}
    assert map_lesson("x", SCENE, world, None) is None
    assert map_lesson("x", SCENE, world, beliefs_of(table(np.zeros((2, 4)), np.zeros((2, 4))))) is None
    assert (
        map_lesson("x", SCENE, world, beliefs_of(table(np.zeros((2, 3)), np.ones((2, 3))))) is None
    )  # another world's
    assert arms_lesson("x", None, None) is None
    assert arms_lesson("x", None, beliefs_of(table(np.zeros((2, 31)), np.ones((2, 31))))) is None  # too many to see


def test_arms_are_machines() -> None:
    found = beliefs_of(table([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]], [[1, 0, 0], [90, 9, 1]]))
    lesson = arms_lesson("ucb", np.array([1.0, 0.6, 0.2]), found)
    assert lesson is not None
    assert lesson.title == "learning, up to pull 10: 90\u00a0% of pulls on arm 0"
    assert (
        lesson.alt
        == "ucb: estimates and pulls of each arm while seed 0 learns; in the end 90\u00a0% of pulls on arm 0."
    )
    picture = animate_lesson(lesson, 80)
    assert picture.width == 560
    assert len(frames(picture.dark)) == 2
    many = beliefs_of(table(np.arange(45.0).reshape(15, 3), np.ones((15, 3))))
    longer = arms_lesson("ucb", None, many)
    assert longer is not None
    assert [len(frames(animate_lesson(longer, side).light)) for side in (320, 120)] == [15, 5]  # never smaller
    unmarked = arms_lesson("ucb", None, found)
    assert unmarked is not None
    assert (unmarked.draw(1, 80, "light") != lesson.draw(1, 80, "light")).any()


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> list[Household]:
    """A maze, a bandit that stays and one that drifts, after real runs of a few steps."""
    from daedalus.core.lab import compare, open_run

    groups = [
        {"worlds": ["daedalus/Maze-v0:rows=2,columns=2"], "agents": ["q_learning", "optimal"]},
        {"worlds": ["daedalus/Bandit-v0:arms=3", "daedalus/Bandit-v0:arms=3,drift=.1"], "agents": ["ucb", "random"]},
    ]
    out = tmp_path_factory.mktemp("runs")
    run = open_run(compare(groups=groups, seeds=2, steps=60, out=out, jobs=1, progress=False, report=False).run)
    found = []
    for world in dict.fromkeys(member.world for member in run.members()):
        lived = [Lived(member, member.curve()) for member in run.members() if member.world == world]
        looks = styles([[(one.label, one.agent) for one in lived]])
        found.append(Household(world, world, lived, [r for r in summarise(run).results if r.world == world], looks))
    return found


def test_learners_of_a_real_run_have_their_lesson_first(houses: list[Household]) -> None:
    maze, *bandits = galleries(houses).values()
    told = {gallery.label: [picture.title.partition(":")[0] for picture in gallery.pictures] for gallery in maze}
    assert told["q_learning"][:2] == ["learning, up to step 60", "an episode"]
    assert not told["optimal"][0].startswith("learning")
    for found in bandits:
        (gallery,) = found  # random actions learn nothing
        (picture,) = gallery.pictures
        assert gallery.label == "ucb"
        assert picture.title.startswith("learning, up to pull 60: ")


def test_where_true_means_drift_none_is_marked(houses: list[Household], monkeypatch: pytest.MonkeyPatch) -> None:
    marked = []
    monkeypatch.setattr(
        "daedalus.core.lab.report.galleries.arms_lesson", lambda label, means, beliefs: marked.append(means)
    )
    galleries(houses)
    steady, drifting = marked
    assert drifting is None
    np.testing.assert_array_equal(steady, houses[1].lived[0].member.final()["means"][0])
