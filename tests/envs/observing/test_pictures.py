"""Pixels: what the drawing draws, bit for bit."""

import numpy as np
import pytest

from daedalus.core.catalogue import of_kind
from daedalus.core.world import Piece, Thing, World
from daedalus.envs.building import build
from daedalus.envs.drawing.scenes import draw
from daedalus.envs.observing import observer_of, observers_of, pictures


def drawn(world: World, state: int) -> np.ndarray:
    return draw(world.scene, world.observation.seen_tile, agent=state)


@pytest.mark.parametrize("tile_size", [1, 8, 13])
def test_a_picture_is_the_drawing(tiny, tile_size: int) -> None:
    for heading in (None, np.array([0, 3, 2, 1], dtype=np.int32)):
        world = tiny("pixels", tile_size=tile_size, heading=heading)
        shown = observer_of(world).batch(np.arange(4))
        assert shown.shape == (4, 3 * tile_size, 4 * tile_size, 3)
        assert len(np.unique(shown.reshape(4, -1), axis=0)) == 4
        for state in range(4):
            assert np.array_equal(shown[state], drawn(world, state)), state
            assert np.array_equal(observer_of(world).one(state), shown[state])


def sets_of_levels(scenery) -> World:
    """Three random levels; every kind of thing, several on a tile, the agent among them."""
    random = np.random.Generator(np.random.Philox(5))
    tiles = random.integers(5, size=(3, 6, 5)).astype(np.uint8)
    level, row, column = (np.repeat(axis, 2) for axis in np.nonzero(tiles != 1))
    pieces = [Piece(thing, random.integers(-8, 30, size=len(row)).clip(-1).astype(np.int32)) for thing in Thing]
    pieces += [Piece(Thing.PORTAL, np.array([place], dtype=np.int32), variant=1) for place in (3, 7)]
    cells = np.stack([row, column], axis=1)
    return scenery(".", cells, "pixels", pieces, tiles=tiles, level=level.astype(np.int32))


@pytest.mark.parametrize("most", [0, pictures.MOST_GROUNDS], ids=["laid tile by tile", "from whole grounds"])
def test_levels_and_all_things_are_drawn(scenery, monkeypatch, most: int) -> None:
    monkeypatch.setattr(pictures, "MOST_GROUNDS", most)
    world = sets_of_levels(scenery)
    shown = observer_of(world).batch(np.arange(world.states))
    for state in range(world.states):
        assert np.array_equal(shown[state], drawn(world, state)), state


def test_what_lies_on_top_does_not_depend_on_what_lies_elsewhere(scenery) -> None:
    """A key and a candy on one tile; another key, first in the scene, is there in one state only."""
    other, key = (Piece(Thing.KEY, np.array(tiles, dtype=np.int32)) for tiles in ([0, -1], [1, 1]))
    candy = Piece(Thing.CANDY, np.array([1, 1], dtype=np.int32))
    world = scenery("S.G", [(0, 2), (0, 2)], "pixels", (other, candy, key), tile_size=16)
    shown = observer_of(world).batch(np.arange(2))
    for state in range(2):
        assert np.array_equal(shown[state], drawn(world, state)), state
    assert np.array_equal(shown[0, :, 16:32], shown[1, :, 16:32])


FINITE = [name for name, entry in of_kind("world").items() if {"finite", "changing"} & set(entry.suits)]


@pytest.mark.parametrize("name", [name for name in FINITE if name.startswith("daedalus/")])
def test_the_catalogue_is_shown_as_it_is_drawn(name: str) -> None:
    value = build(name, {"observation": "pixels", "tile_size": 12})
    for world, observer in zip(
        (value,) if isinstance(value, World) else value.phases, observers_of(value), strict=True
    ):
        for state in np.unique(np.linspace(0, world.states - 1, 4).astype(int)).tolist():
            assert np.array_equal(observer.one(state), drawn(world, state)), state


def test_tiles_that_look_alike_share_a_patch() -> None:
    world = build("daedalus/Cliff-v0", {"columns": 400, "observation": "pixels"})
    assert len(observer_of(world)._mosaic.patches) < 50
