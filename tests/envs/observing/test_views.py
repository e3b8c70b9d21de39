"""Views: by hand, and against a slow oracle that clips segments in fractions."""

import functools
from fractions import Fraction

import numpy as np
import pytest

from daedalus.core.world import Piece, Thing, Tile, World
from daedalus.envs.building import build
from daedalus.envs.observing import observer_of, views
from daedalus.envs.observing.stage import stage_of


def planes(*rows: str) -> list:
    return [[[int(bit) for bit in line] for line in plane.split()] for plane in rows]


def test_a_view_by_hand(tiny) -> None:
    """Around the start, then beside the closed door: seen, wall, hazard, goal, key, portal, door, other player."""
    observer = observer_of(tiny("view"))
    nothing = "000 000 000"
    at_start = ("111 111 111", "111 100 100", "000 000 001", nothing, "000 001 000", nothing, nothing, nothing)
    at_door = ("111 111 111", "111 001 000", "000 000 010", nothing, nothing, nothing, "000 000 001", nothing)
    assert observer.one(0).tolist() == planes(*at_start)
    assert observer.batch(np.array([1]))[0].tolist() == planes(*at_door)
    assert not observer.one(3).any(), "an agent without a place sees nothing"


def test_walls_and_closed_doors_hide_what_is_behind_them(scenery) -> None:
    """A wall above, a door on the right. Corners may be touched: the far corner between the two is seen."""
    pieces = (
        Piece(Thing.DOOR, np.array([13, -1], dtype=np.int32)),
        Piece(Thing.CANDY, np.array([2], dtype=np.int32)),  # behind the wall
        Piece(Thing.KEY, np.array([14], dtype=np.int32)),  # behind the door
    )
    drawing = "..... ..#.. ....G ..... S...."
    shut, opened = observer_of(scenery(drawing, [(2, 2), (2, 2)], "view", pieces, view_size=5)).batch(np.arange(2))
    seen, wall, goal, door, candy, key = shut
    assert seen.tolist() == planes("10001 11110 11110 11110 11111")[0]
    assert wall.tolist() == planes("00000 00100 00000 00000 00000")[0]
    assert door.tolist() == planes("00000 00000 00010 00000 00000")[0]
    assert [plane.any() for plane in (goal, candy, key)] == [False, False, False]
    seen, wall, goal, door, candy, key = opened
    assert seen.tolist() == planes("10001 11111 11111 11111 11111")[0]
    assert goal.tolist() == key.tolist() == planes("00000 00000 00001 00000 00000")[0]
    assert [plane.any() for plane in (door, candy)] == [False, False]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [  # seen, wall, hazard, goal
        (0, ("111 111 111", "111 100 100", "000 000 000", "000 000 000")),
        (1, ("111 111 111", "010 000 000", "000 001 000", "100 000 000")),
        (2, ("111 111 111", "111 001 001", "000 100 000", "000 000 000")),
        (3, ("000 111 111", "000 111 000", "000 000 000", "000 000 000")),
    ],
)
def test_a_heading_view_looks_ahead(scenery, heading: int, expected: tuple[str, ...]) -> None:
    """The agent stands in the middle of the last row and looks up, whichever way it looks in the grid."""
    turned = np.array([heading], dtype=np.int32)
    world = scenery("..G S.# .~.", [(1, 0)], "heading_view", heading=turned)
    assert observer_of(world).one(0).tolist() == planes(*expected)


# The oracle: for every pair of tiles of a window, whether the segment meets the open square, by clipping.


@functools.cache
def crosses(down: int, right: int, row: int, column: int) -> bool:
    """Whether the segment from (0, 0) to (down, right) meets the interior of the unit square around (row, column)."""
    half = Fraction(1, 2)
    low, high = Fraction(0), Fraction(1)
    for far, middle in ((down, row), (right, column)):
        if far == 0:
            if not middle - half < 0 < middle + half:
                return False
            continue
        ends = sorted([(middle - half) / far, (middle + half) / far])
        low, high = max(low, ends[0]), min(high, ends[1])
    return low < high


def window_of(sight: str, size: int, heading: int) -> list[tuple[int, int]]:
    """The tiles of a window from the agent, in the order in which they are shown."""
    if sight == "view":
        return [(i - size // 2, j - size // 2) for i in range(size) for j in range(size)]
    ahead, side = ((-1, 0), (0, 1), (1, 0), (0, -1))[heading], ((0, 1), (1, 0), (0, -1), (-1, 0))[heading]
    steps = [(size - 1 - i, j - size // 2) for i in range(size) for j in range(size)]
    return [(a * ahead[0] + b * side[0], a * ahead[1] + b * side[1]) for a, b in steps]


def oracle(world: World, state: int) -> np.ndarray:
    """The planes, tile by tile."""
    scene, size = world.scene, world.observation.view_size
    heading = 0 if scene.heading is None else int(scene.heading[state])
    tiles = scene.tiles if scene.tiles.ndim == 2 else scene.tiles[scene.level[state]]
    row, column = map(int, scene.cell[state])
    kinds = list(dict.fromkeys((piece.thing, piece.variant) for piece in scene.pieces))
    lying: dict[tuple[int, int], set] = {}
    for piece in scene.pieces:
        at = int(piece.tile[state if piece.tile.size > 1 else 0])
        if at >= 0:
            lying.setdefault(divmod(at, tiles.shape[1]), set()).add((piece.thing, piece.variant))

    def tile(offset: tuple[int, int]) -> int:
        i, j = row + offset[0], column + offset[1]
        return int(tiles[i, j]) if 0 <= i < tiles.shape[0] and 0 <= j < tiles.shape[1] else int(Tile.WALL)

    def things(offset: tuple[int, int]) -> set:
        return lying.get((row + offset[0], column + offset[1]), set())

    window = window_of(world.observation.sight, size, heading)
    opaque = {o for o in window if tile(o) == Tile.WALL or any(t == Thing.DOOR for t, _ in things(o))} - {(0, 0)}
    clear = {o for o in window if o not in opaque and not any(crosses(*o, *wall) for wall in opaque)}
    near = {(i + a, j + b) for i, j in clear for a in (-1, 0, 1) for b in (-1, 0, 1)}
    seen = clear | (opaque & near)
    fixtures = [Tile.WALL, *(kind for kind in (Tile.HAZARD, Tile.GOAL) if np.any(scene.tiles == kind))]
    rows = [[o in seen for o in window]]
    rows += [[o in seen and tile(o) == kind for o in window] for kind in fixtures]
    rows += [[o in seen and kind in things(o) for o in window] for kind in kinds]
    return np.array(rows, dtype=np.uint8).reshape(-1, size, size)


def cluttered(scenery, sight: str, size: int, seed: int) -> World:
    """A random grid with doors, things that stay and things that move, and two levels."""
    random = np.random.Generator(np.random.Philox(seed))
    tiles = random.choice([0, 0, 0, 1, 3, 4], size=(2, 7, 9)).astype(np.uint8)
    level, row, column = np.nonzero(tiles != Tile.WALL)
    places = np.arange(63)
    pieces = [
        *(Piece(Thing.DOOR, random.choice([-1, place], size=len(row)).astype(np.int32)) for place in places[::9]),
        Piece(Thing.DOOR, np.array([31], dtype=np.int32), variant=2),
        Piece(Thing.PORTAL, np.array([12], dtype=np.int32)),
        Piece(Thing.PLAYER, random.choice(np.append(places, -1), size=len(row)).astype(np.int32)),
    ]
    heading = random.integers(4, size=len(row)).astype(np.int32) if sight == "heading_view" else None
    cells = np.stack([row, column], axis=1)
    more = {"tiles": tiles, "level": level.astype(np.int32), "heading": heading, "view_size": size}
    return scenery(".", cells, sight, pieces, **more)


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("sight", ["view", "heading_view"])
def test_what_is_seen_is_what_the_oracle_sees(scenery, sight: str, size: int) -> None:
    for seed in range(2):
        world = cluttered(scenery, sight, size, seed)
        shown = observer_of(world).batch(np.arange(world.states))
        for state in range(world.states):
            assert shown[state].tolist() == oracle(world, state).tolist(), state


@pytest.mark.parametrize("sight", ["view", "heading_view"])
def test_the_oracle_sees_the_four_rooms_alike(sight: str) -> None:
    world = build("daedalus/FourRooms-v0", {"observation": sight})
    shown = observer_of(world).batch(np.arange(world.states))
    for state in range(0, world.states, 5):
        assert shown[state].tolist() == oracle(world, state).tolist(), state


def test_a_view_too_many_for_a_table_is_computed(scenery, monkeypatch) -> None:
    world = cluttered(scenery, "view", 5, 0)
    table = observer_of(world).batch(np.arange(world.states))
    monkeypatch.setattr(views, "MOST_TABLE", 0)
    computed = observer_of(cluttered(scenery, "view", 5, 0))
    assert isinstance(computed, views.ViewObserver)
    assert np.array_equal(computed.batch(np.arange(world.states)), table)
    assert np.array_equal(computed.one(7), table[7])


def test_the_stage_tells_what_moves(tiny) -> None:
    stage = stage_of(tiny("view").scene)
    assert [piece.thing for piece in stage.moving] == [Thing.KEY, Thing.DOOR, Thing.PLAYER]
    assert stage.cell.tolist() == [0, 1, 5, -1]
