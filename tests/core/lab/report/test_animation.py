"""Moving pictures: as many frames as states, in both themes, small, and told in words."""

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from daedalus.core.lab.report import animation
from daedalus.core.lab.report.animation import Episode, animate, animate_all, episode_of, outcome
from daedalus.core.lab.report.pictures import Picture, overlays, scene_of
from daedalus.core.world import Scene, Thing

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


def corridor(goal: bool = True) -> Scene:
    tiles = np.zeros((1, 6), dtype=np.uint8)
    tiles[0, -1] = 3 if goal else 0
    return Scene(tiles, np.argwhere(tiles < 9), MOVES)


def decoded(uri: str) -> Any:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_frame_a_state_and_a_still_with_the_path() -> None:
    picture = animate(Episode(corridor(), np.arange(6), "alt", "title"), 96)
    assert (picture.width, picture.height) == (96, 16)
    assert picture.light != picture.dark
    for uri in (picture.light, picture.dark):
        moving = decoded(uri)
        assert moving.n_frames == 6
        assert moving.size == (96, 16)
        first = np.asarray(moving.convert("RGB")).astype(int)
        moving.seek(3)
        changed = np.flatnonzero((np.asarray(moving.convert("RGB")).astype(int) != first).any(axis=(0, 2)))
        assert changed[0] < 16
        assert 48 <= changed[-1] < 64  # the agent came to its fourth tile, and none beyond was touched
    assert decoded(picture.still_light).n_frames == 1
    assert picture.size == sum(map(len, (picture.light, picture.dark, picture.still_light, picture.still_dark)))


def test_who_is_stuck_is_not_shown_for_long() -> None:
    stuck = np.array([0, 1, 2] + [2] * 198)
    assert animation._shown(stuck).tolist() == [0, 1, 2] + [2] * 6
    assert animation._shown(np.zeros(200, dtype=np.int64)).size == 7


@pytest.mark.parametrize(
    ("states", "terminal", "horizon", "goal", "words"),
    [
        ([0, 1, 2, 3, 4, 5], [5], None, True, "reaches the goal in 5 steps"),
        ([4, 5], [5], 1, True, "reaches the goal in 1 step"),
        ([1, 0], [0], 100, True, "ends after 1 step"),
        ([1, 1, 1], [5], 2, True, "does not reach the goal in 2 steps"),
        ([1] * 201, [5], None, True, "does not reach the goal in 200 steps"),
        ([1] * 201, [5], 1000, False, "does not end in 200 steps"),
        ([1] * 201, [], None, False, "goes on for 200 steps"),
        ([1, 2], [], 100, False, "ends after 1 step"),  # an import's end lies behind the states that are met
    ],
)
def test_words_for_what_happened(states: Any, terminal: Any, horizon: Any, goal: bool, words: str) -> None:
    ends = np.isin(np.arange(6), terminal)
    assert outcome(corridor(goal), np.array(states), ends, horizon) == words


def test_the_first_seeds_episode_is_told_of() -> None:
    final = {"episode": np.array([[0, 1, 2, 3, 4, 5, -1, -1], [0] * 8])}
    world = {"terminal": np.arange(6) == 5}
    episode = episode_of("sarsa", corridor(), world, final, 100)
    assert episode is not None
    assert episode.states.tolist() == [0, 1, 2, 3, 4, 5]
    assert episode.alt == "sarsa: an episode of the final policy, which reaches the goal in 5 steps."
    assert episode_of("sarsa", corridor(), world, {}, 100) is None


def test_animations_stay_small_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Episode(corridor(), np.arange(6), "", "")
    sizes = [picture.size for picture in animate_all([one, None, one]) if picture]
    assert len(sizes) == 2
    monkeypatch.setattr(animation, "_BYTES", sum(sizes) - 1)
    smaller = animate_all([one, None, one])
    assert smaller[1] is None
    assert sum(picture.size for picture in smaller if picture) < sum(sizes)
    monkeypatch.setattr(animation, "_BYTES", 10)
    assert animate_all([one, one]) == [None, None]
    monkeypatch.setattr(animation, "_MOST", 1)
    monkeypatch.setattr(animation, "_BYTES", 10**9)
    assert [picture is not None for picture in animate_all([None, one, one])] == [False, True, False]


def test_values_are_those_of_the_start_where_things_lie_about() -> None:
    candy = {"piece_thing": np.array([0]), "piece_variant": np.array([0]), "piece_size": np.array([4])}
    world = {
        "tiles": np.zeros((1, 2), np.uint8),
        "cell": np.array([[0, 0], [0, 1]] * 2),
        "moves": np.array([(0, 1), (0, -1)]),
        "terminal": np.zeros(4, dtype=np.bool_),
        "optimal_value": np.array([1.0, 2.0, 3.0, 4.0]),
        "start": np.array([2]),
        "piece_tile": np.array([-1, -1, 1, 1]),
        **candy,
    }
    scene = scene_of(world)
    assert scene is not None
    (values,) = overlays("x", "optimal", scene, world, {})
    assert values.agent == 2
    assert values.numbers is not None
    np.testing.assert_allclose(values.numbers, [np.nan, np.nan, 3, 4])
    assert "values from 3 to 4" in values.title
    (plain,) = overlays("x", "optimal", replace(scene, pieces=()), world, {})
    assert plain.agent is None


def test_another_player_stands_where_it_was_met_most() -> None:
    """At the start it is on the left, and one state was seen so; on the right it was met in two, state 4 more often."""
    world = {
        "tiles": np.zeros((1, 3), np.uint8),
        "cell": np.array([[0, 0], [0, 1], [0, 2]] * 2),
        "moves": np.array([(0, 1), (0, -1)]),
        "start": np.array([1]),
        "piece_thing": np.array([int(Thing.PLAYER)]),
        "piece_variant": np.array([0]),
        "piece_size": np.array([6]),
        "piece_tile": np.array([0, 0, 0, 2, 2, 2]),
    }
    scene = scene_of(world)
    assert scene is not None
    final = {"q": np.arange(12.0).reshape(1, 6, 2), "visits": np.array([[0, 9, 0, 1, 4, 0]])}
    values, visits = overlays("x", "q_learning", scene, world, final)
    assert (values.agent, visits.agent) == (4, 1)
    assert values.numbers is not None
    np.testing.assert_allclose(values.numbers, [np.nan] * 3 + [7, 9, np.nan])
    candy = replace(scene, pieces=(replace(scene.pieces[0], thing=Thing.CANDY),))
    assert overlays("x", "q_learning", candy, world, final)[0].agent == 1


def test_each_is_as_large_as_its_share_allows() -> None:
    """A picture of weight w has w bytes a pixel of its side in either theme; sides are 320, 200, 120 and 80."""

    def draw(weight: int, side: int) -> Picture:
        return Picture("", "", "x" * weight * side, "x" * weight * side, side, side)

    def sides(weights: list[int | None], size: int, most: int = 9) -> list[int | None]:
        return [picture and picture.width for picture in animation.fitting(weights, draw, size, most)]

    assert sides([1, 1], 1280) == [320, 320]
    assert sides([1, 1], 1279) == [200, 320]  # the second has what the first did not need
    assert sides([3, 1], 1200) == [80, 320]
    assert sides([9, 1], 1200) == [None, 320]  # not even the smallest fits
    assert sides([1, None, 1, 1], 10_000, most=2) == [320, None, 320, None]
