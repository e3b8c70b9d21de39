import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.world import Scene, Tile
from daedalus.envs.drawing import palette
from daedalus.envs.drawing.palette import THEMES, heat_map, luminance, wants_light_ink
from daedalus.envs.drawing.scenes import MOST_PIXELS, draw, draw_text
from daedalus.envs.levels.drawn import parse_drawing

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
TEXT = "#######\n#S....#\n#.###.#\n#....G#\n#######\n"
THEME_NAMES = sorted(THEMES)


def scene_of(text, moves=MOVES):
    tiles = parse_drawing(text, "scene")[0]
    return Scene(tiles, np.argwhere(tiles != Tile.WALL), moves)


def open_field(rows, columns):
    """Floor everywhere, so that nothing but the overlay is drawn."""
    tiles = np.zeros((rows, columns), dtype=np.uint8)
    return Scene(tiles, np.argwhere(tiles == 0), MOVES)


def middle(picture, cell, tile):
    """The pixel in the middle of a cell."""
    return picture[cell[0] * tile + tile // 2, cell[1] * tile + tile // 2]


def patch(picture, cell, tile):
    row, column = np.array(cell) * tile
    return picture[row : row + tile, column : column + tile].astype(float)


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", [1, 2, 5, 7, 8, 11, 12, 13, 24, 48])
def test_shape_and_type_at_any_tile(tile, theme):
    scene = scene_of(TEXT)
    states = len(scene.cell)
    everything = {"policy": np.arange(states) % 5 - 1, "agent": 3, "theme": theme}
    for heat in ({}, {"values": np.linspace(-9, 0, states)}, {"visits": np.arange(states) * 1.0}):
        picture = draw(scene, tile, **everything, **heat)
        assert picture.shape == (5 * tile, 7 * tile, 3)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, draw(scene, tile, **everything, **heat))


def test_drawing_changes_none_of_its_inputs():
    scene = scene_of(TEXT)
    values, policy = np.linspace(-9, 0, len(scene.cell)), np.ones(len(scene.cell), dtype=int)
    before = [scene.tiles.copy(), scene.cell.copy(), values.copy(), policy.copy()]
    draw(scene, 24, values=values, policy=policy)
    for array, copy in zip([scene.tiles, scene.cell, values, policy], before, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", [1, 6, 8, 24])
def test_walls_and_floors_have_their_colours(tile, theme):
    scene = scene_of(TEXT)
    picture = draw(scene, tile, theme=theme)
    for row, column in np.argwhere(scene.tiles == Tile.WALL):
        assert tuple(middle(picture, (row, column), tile)) == THEMES[theme].wall
    for row, column in np.argwhere(scene.tiles == Tile.FLOOR):
        assert tuple(middle(picture, (row, column), tile)) == THEMES[theme].floor


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", [3, 8, 24])
def test_every_sort_of_tile_looks_different(tile, theme):
    tiles = np.array([[Tile.FLOOR, Tile.WALL, Tile.START, Tile.GOAL, Tile.HAZARD, Tile.FLOOR]], dtype=np.uint8)
    scene = Scene(tiles, np.argwhere(tiles != Tile.WALL), MOVES)
    picture = draw(scene, tile, agent=4, theme=theme)
    patches = [patch(picture, (0, column), tile) for column in range(6)]
    for first in range(6):
        for second in range(first):
            assert np.abs(patches[first] - patches[second]).mean() > 10


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_greater_values_are_brighter(theme):
    scene = open_field(4, 6)
    values = np.random.default_rng(0).permutation(24) * 1.0
    picture = draw(scene, 8, values=values, theme=theme)
    shown = np.array([luminance(middle(picture, cell, 8)) for cell in scene.cell])
    assert np.array_equal(np.argsort(shown), np.argsort(values))


def test_pictures_on_one_scale_can_be_compared():
    scene, colours = open_field(1, 2), heat_map(*THEMES["light"].values)

    def shown(values):
        picture = draw(scene, 8, values=np.array(values), scale=(0.0, 4.0))
        return [tuple(middle(picture, cell, 8)) for cell in scene.cell]

    assert shown([0.0, 4.0]) == [tuple(colours[0]), tuple(colours[255])]
    assert shown([1.0, 1.0]) == [tuple(colours[64])] * 2
    assert shown([-1.0, 5.0]) == shown([0.0, 4.0])  # what lies outside takes the colour of that end


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_both_heat_maps_change_luminance_strictly_and_evenly(theme):
    for ends in (THEMES[theme].values, THEMES[theme].visits):
        shade = luminance(heat_map(*ends)[::5])
        steps = np.diff(np.cbrt(shade))  # lightness is about the cube root of luminance
        assert (np.sign(steps) == np.sign(steps[0])).all()
        assert np.abs(steps).max() < 3 * np.abs(steps).min()


def test_values_that_are_not_finite_stay_plain():
    scene = open_field(1, 4)
    plain = draw(scene, 24)
    picture = draw(scene, 24, values=np.array([np.nan, -np.inf, 3.0, np.inf]))
    for column in (0, 3):
        assert np.array_equal(patch(picture, (0, column), 24)[:, :-1], patch(plain, (0, column), 24)[:, :-1])
    # 3 is the only value and takes the middle of the map
    assert tuple(middle(picture, (0, 2), 24)) == tuple(heat_map(*THEMES["light"].values)[128])
    assert np.array_equal(draw(scene, 24, values=np.full(4, np.nan)), plain)


def test_visits_are_logarithmic_and_none_is_plain():
    scene = open_field(1, 4)
    picture = draw(scene, 10, visits=np.array([0.0, 9.0, 99.0, 9999.0]))
    table = heat_map(*THEMES["light"].visits)
    expected = [THEMES["light"].floor, *(tuple(table[i]) for i in (64, 128, 255))]  # 1/4, 2/4, 4/4 of four decades
    assert [tuple(middle(picture, cell, 10)) for cell in scene.cell] == expected


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", [8, 9, 12, 17, 24, 48])
@pytest.mark.parametrize("action", range(4))
def test_an_arrow_lies_on_the_side_it_points_to(action, tile, theme):
    scene = open_field(3, 3)
    policy = np.full(9, -1)
    policy[4] = action
    changed = draw(scene, tile, policy=policy, theme=theme) != draw(scene, tile, theme=theme)
    weight = np.abs(draw(scene, tile, policy=policy, theme=theme).astype(float) - draw(scene, tile, theme=theme)).sum(2)
    assert changed.any()
    rows, columns = np.indices(weight.shape)
    centre = 1.5 * tile - 0.5
    off = np.array([(weight * (rows - centre)).sum(), (weight * (columns - centre)).sum()]) / weight.sum()
    along = off @ np.array(MOVES[action])
    across = off @ np.array(MOVES[action])[::-1]
    assert along > 0.02 * tile
    assert abs(across) < 1e-3 * tile
    profile = np.flatnonzero(weight.sum(axis=1 if MOVES[action][0] else 0))  # the lines from tail to tip
    counts = (weight > 0).sum(axis=1 if MOVES[action][0] else 0)[profile]
    tip, rest = (counts[-1], counts[:-1]) if sum(MOVES[action]) > 0 else (counts[0], counts[1:])
    assert tip <= rest.max() / 2
    outside = changed.any(2)
    outside[tile : 2 * tile, tile : 2 * tile] = False
    assert not outside.any()


def test_arrows_follow_the_scenes_own_moves():
    field = open_field(3, 3)
    turned = Scene(field.tiles, field.cell, ((0, 1), (1, 0), (0, -1), (-1, 0)))
    assert np.array_equal(draw(turned, 24, policy=np.zeros(9, int)), draw(field, 24, policy=np.ones(9, int)))


def test_minus_one_goals_and_walls_draw_no_arrow():
    scene = scene_of(TEXT)
    goal = int(np.flatnonzero(scene.tiles[tuple(scene.cell.T)] == Tile.GOAL)[0])
    policy = np.full(len(scene.cell), -1)
    assert np.array_equal(draw(scene, 24, policy=policy), draw(scene, 24))
    policy[goal] = 2
    assert np.array_equal(draw(scene, 24, policy=policy), draw(scene, 24))


def test_hazards_keep_their_look_and_do_not_stretch_the_scale():
    tiles = np.array([[Tile.FLOOR, Tile.FLOOR, Tile.HAZARD]], dtype=np.uint8)
    scene = Scene(tiles, np.argwhere(tiles < 9), MOVES)
    values = np.array([-2.0, -1.0, -100.0])
    assert np.array_equal(draw(scene, 24, values=values), draw(scene, 24, values=np.array([-2.0, -1.0, np.nan])))
    assert np.array_equal(draw(scene, 24, visits=-values), draw(scene, 24, visits=np.array([2.0, 1.0, 0.0])))
    assert np.array_equal(draw(scene, 24, policy=np.array([1, 1, 1])), draw(scene, 24, policy=np.array([1, 1, -1])))


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_arrows_stand_out_from_every_heat(theme):
    look = THEMES[theme]
    for ends in (look.values, look.visits):
        ground = heat_map(*ends)
        light = wants_light_ink(ground, look)
        ink = np.where(light[:, None], look.light_ink, look.dark_ink).astype(np.uint8)
        pair = np.sort([luminance(ground), luminance(ink)], axis=0)
        assert ((pair[1] + 0.05) / (pair[0] + 0.05)).min() > 3.9  # WCAG asks 3 of graphics


def test_states_that_share_a_tile_are_drawn_together():
    field = open_field(1, 3)
    cell = np.array([[0, 0], [0, 1], [0, 1], [0, 2], [-1, -1]])
    scene = Scene(field.tiles, cell, MOVES)
    values = np.array([0.0, 1.0, 3.0, 4.0, 99.0])  # the last has no place and does not stretch the scale
    assert np.array_equal(draw(scene, 24, values=values), draw(field, 24, values=np.array([0.0, 2.0, 4.0])))
    assert np.array_equal(draw(scene, 24, visits=values), draw(field, 24, visits=np.array([0.0, 4.0, 4.0])))
    agree, differ = np.array([1, 1, 1, 1, 0]), np.array([1, 1, 2, 1, 0])
    assert np.array_equal(draw(scene, 24, policy=agree), draw(field, 24, policy=np.array([1, 1, 1])))
    assert np.array_equal(draw(scene, 24, policy=differ), draw(field, 24, policy=np.array([1, -1, 1])))
    assert np.array_equal(draw(scene, 24, agent=4), draw(scene, 24))
    assert draw_text(scene, agent=4) == draw_text(scene)


def test_the_agent_is_a_disc_on_its_tile():
    scene = scene_of(TEXT)
    picture, plain = draw(scene, 24, agent=1), draw(scene, 24)
    assert tuple(middle(picture, scene.cell[1], 24)) == THEMES["light"].agent
    changed = (picture != plain).any(axis=2)
    row, column = scene.cell[1] * 24
    assert changed[row : row + 24, column : column + 24].sum() == changed.sum() > 0


def test_a_wall_is_rounded_only_where_it_ends():
    wall, floor = THEMES["light"].wall, THEMES["light"].floor
    picture = draw(scene_of("S....\n.###.\n....G\n"), 24)
    assert tuple(picture[24, 24]) == floor  # the end of the wall
    assert tuple(picture[24, 48]) == wall  # its middle
    assert tuple(draw(scene_of("###\n#S#\n#G#\n###\n"), 24)[24, 24]) == wall  # a corner of floor between walls
    assert tuple(picture[0, -1]) == floor  # the picture's own edge is not rounded


def test_too_large_a_picture_names_a_tile_that_fits():
    scene = open_field(2001, 2001)
    with pytest.raises(UserError, match=r"2,001 × 2,001 tiles of 24 pixels .*; draw it with tile=4 or less"):
        draw(scene, 24)
    assert draw(scene, 1, values=np.arange(2001.0**2)).shape == (2001, 2001, 3)
    assert (2001 * 4) ** 2 <= MOST_PIXELS < (2001 * 5) ** 2


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"tile": 0}, "at least 1 pixel"),
        ({"theme": "drak"}, "did you mean 'dark'"),
        ({"values": np.zeros(3)}, r"values must have shape \(9,\)"),
        ({"visits": np.zeros((9, 1))}, r"visits must have shape \(9,\)"),
        ({"policy": np.zeros(8, int)}, r"policy must have shape \(9,\)"),
        ({"policy": np.full(9, 4)}, "actions 0…3, or -1"),
        ({"policy": np.full(9, -2)}, "actions 0…3, or -1"),
        ({"agent": 9}, "agent must be a state, 0…8"),
        ({"agent": -1}, "agent must be a state, 0…8"),
        ({"values": np.zeros(9), "visits": np.zeros(9)}, "one at a time"),
    ],
)
def test_a_wrong_argument_says_so(options, fragment):
    with pytest.raises(UserError, match=fragment):
        draw(open_field(3, 3), **options)


def test_text_has_a_character_a_tile():
    scene = scene_of(TEXT)
    assert draw_text(scene) == "███████\n█S····█\n█·███·█\n█····G█\n███████\n"
    assert draw_text(scene, agent=5) == "███████\n█S····█\n█@███·█\n█····G█\n███████\n"
    cliff = Scene(np.array([[0, 0, 0], [2, 4, 3]], dtype=np.uint8), np.argwhere(np.ones((2, 3))), MOVES)
    assert draw_text(cliff) == "···\nS▒G\n"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.text("#. ", min_size=n, max_size=n), min_size=0, max_size=6)))
def test_text_reads_back_as_the_same_tiles(lines):
    width = len(lines[0]) if lines else 2
    scene = scene_of("\n".join(["SG".center(width) if width > 1 else "S\nG", *lines]))
    assert np.array_equal(parse_drawing(draw_text(scene), "text")[0], scene.tiles)


def test_the_catalogue_finds_it_and_it_imports_numpy_alone():
    assert find("service", "draw").load() is draw
    code = "import sys, daedalus.envs.drawing.scenes; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["PIL", "pygame", "gymnasium", "numba", "torch", "scipy", "matplotlib"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_themes_read_without_colour():
    for look in THEMES.values():
        grey = {name: float(luminance(np.array(getattr(look, name), dtype=np.uint8))) for name in ("wall", "floor")}
        ratio = (max(grey.values()) + 0.05) / (min(grey.values()) + 0.05)
        assert ratio > 2.5
    assert palette.luminance(np.array([255, 255, 255], dtype=np.uint8)) == pytest.approx(1.0)
