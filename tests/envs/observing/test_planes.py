"""What is shown, against what is written out by hand: numbers and planes."""

from dataclasses import replace

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.world import Observation, Piece, Schedule, Thing, World
from daedalus.envs.observing import observer_of, observers_of


def planes(*rows: str) -> np.ndarray:
    """Planes from rows of 0 and 1, a plane each, tile rows apart by blanks."""
    return np.array([[[int(bit) for bit in line] for line in plane.split()] for plane in rows], dtype=np.uint8)


def test_index_is_the_state_and_shows_what_the_world_shows(tiny) -> None:
    plain = tiny("index")
    observer = observer_of(plain)
    assert observer.space.n == 4
    assert observer.one(2) == 2
    shown = observer.batch(np.array([3, 0, 2], dtype=np.int32))
    assert shown.tolist() == [3, 0, 2]
    assert shown.dtype == np.int64
    veiled = observer_of(replace(plain, shows=np.array([1, 0, 1, 2], dtype=np.int32)))
    assert veiled.space.n == 3
    assert veiled.one(2) == 1
    assert type(veiled.one(2)) is int
    assert veiled.batch(np.array([0, 1, 2, 3])).tolist() == [1, 0, 1, 2]


def test_one_hot_is_the_index_as_a_vector(tiny) -> None:
    observer = observer_of(tiny("one_hot"))
    assert observer.one(2).tolist() == [0, 0, 1, 0]
    assert observer.batch(np.array([1, 3])).tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]
    veiled = observer_of(replace(tiny("one_hot"), shows=np.array([1, 0, 1, 2], dtype=np.int32)))
    assert veiled.batch(np.array([0, 1, 2, 3])).tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert veiled.one(0).dtype == np.float32


def test_coordinates_say_where_everything_is(tiny) -> None:
    """Agent (row, column), key there, door there, other player (row, column); the portal never changes."""
    observer = observer_of(tiny("coordinates"))
    expected = [[0, 0, 1, 1, 2, 3], [0, 1, 0, 1, 2, 2], [1, 1, 0, 0, 1, 3], [-1, -1, 0, 0, -1, -1]]
    assert observer.batch(np.arange(4)).tolist() == expected
    assert observer.one(1).tolist() == expected[1]
    assert observer.space.low.tolist() == [-1, -1, 0, 0, -1, -1]
    assert observer.space.high.tolist() == [2, 3, 1, 1, 2, 3]


def test_symbolic_planes_stand_in_their_order(tiny) -> None:
    observer = observer_of(tiny("symbolic"))
    expected = planes(
        "0010 0000 1000",  # wall
        "0000 0100 0000",  # hazard
        "0001 0000 0000",  # goal
        "1000 0000 0000",  # agent
        "0100 0000 0000",  # key
        "0000 0000 0100",  # portal
        "0000 0010 0000",  # door
        "0000 0000 0001",  # the other player
    )
    assert observer.one(0).tolist() == expected.tolist()
    later = expected.copy()
    later[3:5], later[6:] = 0, 0
    later[3, 1, 1] = later[7, 1, 3] = 1  # key taken, door open
    nobody = expected.copy()
    nobody[3:5], nobody[6:] = 0, 0
    assert observer.batch(np.array([0, 2, 3])).tolist() == [expected.tolist(), later.tolist(), nobody.tolist()]


def test_a_heading_has_a_number_and_four_planes(scenery) -> None:
    heading = np.array([2, 3], dtype=np.int32)
    observer = observer_of(scenery("S.G", [(0, 0), (0, 1)], "coordinates", heading=heading))
    assert observer.batch(np.arange(2)).tolist() == [[0, 0, 2], [0, 1, 3]]
    shown = observer_of(scenery("S.G", [(0, 0), (0, 1)], "symbolic", heading=heading))
    # wall, goal, agent up, right, down, left
    assert shown.one(0).tolist() == planes("000", "001", "000", "000", "100", "000").tolist()
    assert shown.one(1).tolist() == planes("000", "001", "000", "000", "000", "010").tolist()


def levels(scenery, sight: str) -> World:
    """Two levels of two states each; the candy lies elsewhere in each, and can be taken in the second only."""
    tiles = np.array([[[2, 0, 3]], [[2, 1, 3]]], dtype=np.uint8)
    candy = Piece(Thing.CANDY, np.array([1, 1, 2, -1], dtype=np.int32))
    sign = Piece(Thing.SIGN, np.array([0, 0, 1, 1], dtype=np.int32))
    cells = [(0, 0), (0, 1), (0, 0), (0, 2)]
    return scenery("S.G", cells, sight, (candy, sign), tiles=tiles, level=np.array([0, 0, 1, 1], dtype=np.int32))


def test_levels_of_a_set(scenery) -> None:
    """Row, column, level and whether the candy is there; the sign never changes within a level."""
    observer = observer_of(levels(scenery, "coordinates"))
    assert observer.batch(np.arange(4)).tolist() == [[0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 2, 1, 0]]
    shown = observer_of(levels(scenery, "symbolic"))  # wall, goal, agent, candy, sign
    assert shown.one(1).tolist() == planes("000", "001", "010", "010", "100").tolist()
    assert shown.one(2).tolist() == planes("010", "001", "100", "001", "010").tolist()
    assert shown.one(3).tolist() == planes("010", "001", "001", "000", "010").tolist()


def test_the_phases_of_a_changing_world_share_a_space(scenery) -> None:
    """The first phase has no goal and no key, the second has; both show planes of all."""
    key = Piece(Thing.KEY, np.array([1, -1], dtype=np.int32))
    for sight, first, second in (
        ("symbolic", planes("000", "000", "100", "000"), planes("000", "001", "100", "010")),
        ("coordinates", np.array([0, 0, 0]), np.array([0, 0, 1])),
    ):
        cells = [(0, 0), (0, 1)]
        phases = (scenery("S..", cells, sight), scenery("S.G", cells, sight, (key,)))
        observers = observers_of(Schedule("x", np.array([0, 5]), phases))
        assert observers[0].space == observers[1].space
        assert observers[0].one(0).tolist() == first.tolist()
        assert observers[1].one(0).tolist() == second.tolist()


def test_an_observer_is_made_once_for_a_world(tiny) -> None:
    world = tiny("symbolic")
    assert observer_of(world) is observer_of(world)
    assert observer_of(replace(world)) is not observer_of(world)


def test_what_is_shown_is_fresh(tiny) -> None:
    for sight in ("one_hot", "coordinates", "symbolic", "view", "pixels"):
        observer = observer_of(tiny(sight))
        before = observer.one(1).copy()
        observer.one(1)[...] = 7
        observer.batch(np.array([1]))[...] = 7
        assert np.array_equal(observer.one(1), before)


def test_a_state_that_is_none_is_refused(tiny) -> None:
    for sight in ("one_hot", "symbolic", "view", "pixels", "coordinates"):
        for state in (4, 2**20):
            with pytest.raises(IndexError):
                observer_of(tiny(sight)).batch(np.array([0, state]))


@pytest.mark.parametrize("sight", ["coordinates", "symbolic", "pixels", "view"])
def test_a_world_without_a_scene_shows_only_its_index(tiny, sight: str) -> None:
    bare = replace(tiny("index"), scene=None)
    assert observer_of(bare).one(3) == 3
    assert observer_of(replace(bare, observation=Observation("one_hot"))).one(3).tolist() == [0, 0, 0, 1]
    with pytest.raises(UserError, match="still has no scene to see; its observation is index or one_hot") as caught:
        observer_of(replace(bare, observation=Observation(sight)))
    assert "\n" not in str(caught.value)
