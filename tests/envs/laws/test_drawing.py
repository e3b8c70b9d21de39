"""Every world is drawn, in text and in pixels, at any size, light and dark."""

import numpy as np
import pytest

from daedalus.core.staging import staged, where
from daedalus.core.world import Schedule, Thing, Tile, World
from daedalus.envs.drawing.machines import draw_machines
from daedalus.envs.drawing.scenes import colour_text, draw, draw_text
from daedalus.envs.levels.drawn import parse_drawing
from daedalus.envs.levels.levels import Levels

#: What a drawing can say of a world.
DRAWN = {Thing.CANDY, Thing.KEY, Thing.DOOR, Thing.PORTAL, Thing.ONE_WAY}
TILE_SIZES = (1, 2, 5, 8, 16, 24, 33, 64)


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_environments_show_what_happens(spec, make, mode):
    env = make(spec, render_mode=mode)
    env.reset(seed=0)
    pictures = [env.render()]
    for action in np.random.default_rng(0).integers(env.action_space.n, size=20).tolist():
        if any(env.step(action)[2:4]):
            pictures.append(env.render())
            env.reset()
        pictures.append(env.render())
    if mode == "ansi":
        assert all(isinstance(picture, str) and picture.endswith("\n") for picture in pictures)
        assert len(set(pictures)) > 1
    else:
        assert all(picture.dtype == np.uint8 and picture.shape[2:] == (3,) for picture in pictures)
        assert len({picture.shape for picture in pictures}) == 1
        assert len({picture.tobytes() for picture in pictures}) > 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_size_light_and_dark(spec, value_of, worlds_of, theme):
    value = value_of(spec)
    if not isinstance(value, World | Schedule | Levels):
        for width in (120, 640):
            picture = draw_machines(np.linspace(-1, 2, value.arms), np.arange(value.arms), width=width, theme=theme)
            assert picture.shape[1:] == (width, 3)
            assert np.ptp(picture) > 0
        return
    for world in worlds_of(spec):
        scene = world.scene
        rows, columns = scene.tiles.shape[-2:]
        some = np.flatnonzero(world.mdp.start)[0], world.states // 2, world.states - 1
        for tile in TILE_SIZES:
            for agent in (None, *map(int, some)):
                picture = draw(scene, tile, agent=agent, theme=theme)
                assert (picture.shape, picture.dtype) == ((rows * tile, columns * tile, 3), np.uint8)
        for agent in map(int, some):
            lines = colour_text(scene, agent, theme).splitlines()
            assert len(lines) == rows
            assert all(line.endswith("\x1b[0m") for line in lines)


def test_text_reads_back_where_a_drawing_can_say_it(walkable, worlds_of):
    for world in worlds_of(walkable):
        if not {piece.thing for piece in world.scene.pieces} <= DRAWN:
            pytest.skip("has what no drawing says")
        scene, now = staged(world.scene, None)
        lying = {(piece.thing, where(piece, now), piece.variant) for piece in scene.pieces if where(piece, now) >= 0}
        tiles, things = parse_drawing(draw_text(world.scene), "drawn")
        expected = scene.tiles.copy()
        expected.flat[[tile for _, tile, _ in lying]] = Tile.FLOOR
        assert np.array_equal(tiles, expected)
        read = {(Thing.KEY, *one) for one in things.keys} | {(Thing.DOOR, *one) for one in things.doors}
        read |= {(Thing.ONE_WAY, *one) for one in things.one_way}
        read |= {(Thing.CANDY, tile, 0) for tile, _ in things.candies}
        read |= {(Thing.PORTAL, tile, pair) for pair, ends in enumerate(things.portals) for tile in ends}
        assert read == lying
