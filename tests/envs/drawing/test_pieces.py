"""Pieces: each where its state says, told apart by shape and colour, at any size."""

import itertools

import numpy as np
import pytest

from daedalus.core.world import Piece, Scene, Thing
from daedalus.envs.drawing.palette import THEMES
from daedalus.envs.drawing.pieces import SMALLEST_MARKED, STANDING, agent_stamp, piece_colour, piece_stamp
from daedalus.envs.drawing.scenes import draw

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
THEME_NAMES = sorted(THEMES)
POINTED = (Thing.ONE_WAY, Thing.SIGN)


def tiles_of(*numbers):
    return np.array(numbers, dtype=np.int32)


def row_of_three(*pieces, **also):
    """Three floor tiles; two states stand on the first, one of them after everything was taken."""
    return Scene(np.zeros((1, 3), np.uint8), np.array([[0, 0], [0, 0]]), MOVES, tuple(pieces), **also)


def patch(picture, column, tile=32):
    return picture[:, column * tile : (column + 1) * tile].astype(int)


def near(picture, colour, within=3):
    """How many pixels have a colour."""
    return int((np.abs(picture.astype(int) - np.array(colour)).max(axis=-1) <= within).sum())


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("thing", [thing for thing in Thing if thing != Thing.WIND])
def test_a_piece_shows_its_colour_where_it_is_and_nothing_where_it_is_not(thing, theme):
    scene = row_of_three(Piece(thing, tiles_of(2, -1), 1))
    there, taken = draw(scene, 32, agent=0, theme=theme), draw(scene, 32, agent=1, theme=theme)
    colour = piece_colour(thing, 1, THEMES[theme])
    assert near(patch(there, 2), colour) > 30
    assert near(patch(taken, 2), colour) == 0
    assert np.array_equal(patch(there, 1), patch(taken, 1))
    assert np.array_equal(taken, draw(row_of_three(), 32, agent=0, theme=theme))


def test_a_piece_that_never_moves_needs_one_number():
    still, moving = Piece(Thing.KEY, tiles_of(2)), Piece(Thing.KEY, tiles_of(2, 2))
    for agent in (0, 1):
        assert np.array_equal(draw(row_of_three(still), agent=agent), draw(row_of_three(moving), agent=agent))


def test_without_an_agent_nothing_is_missing():
    scene = row_of_three(Piece(Thing.CANDY, tiles_of(-1, 1)), Piece(Thing.KEY, tiles_of(-1, 2)))
    assert np.array_equal(patch(draw(scene, 32), 1), patch(draw(scene, 32, agent=1), 1))


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_shapes_alone_tell_things_apart(theme):
    tile = 24
    marks = {
        thing: 1 - piece_stamp(thing, 1, (0, 1) if thing in POINTED else (0, 0), tile, theme).clear[..., 0]
        for thing in Thing
        if thing not in (Thing.DOOR,)
    }
    marks["agent"] = 1 - agent_stamp(None, tile, theme).clear[..., 0]
    for first, second in itertools.combinations(marks, 2):
        assert np.abs(marks[first] - marks[second]).mean() > 0.05, (first, second)


@pytest.mark.parametrize("thing", [Thing.KEY, Thing.DOOR, Thing.PORTAL])
def test_variants_differ_in_shape_too(thing):
    solid = []
    for variant in range(6):
        mark = piece_stamp(thing, variant, (0, 0), 48, "light")
        of_colour = np.abs(mark.ink - piece_colour(thing, variant, THEMES["light"])).max(axis=2) < 40
        solid.append(of_colour & (mark.clear[..., 0] < 0.1))
    for first, second in itertools.combinations(range(6), 2):
        assert (solid[first] != solid[second]).sum() > 20, (first, second)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("thing", POINTED)
def test_what_points_lies_on_the_side_it_points_to(thing, move):
    """The dark arrow of a sign and the chevrons of a one-way tile are mirror images where their moves are."""
    forward = piece_stamp(thing, 0, move, 32, "light")
    back = piece_stamp(thing, 0, (-move[0], -move[1]), 32, "light")
    flipped = back.ink[::-1] if move[0] else back.ink[:, ::-1]
    if thing == Thing.ONE_WAY:
        np.testing.assert_allclose(forward.ink, flipped, atol=1.0)
    floor = np.array(THEMES["light"].floor)
    laid = [mark.ink + mark.clear * floor for mark in (forward, back)]
    assert np.abs(laid[0] - laid[1]).max() > 100
    if thing == Thing.ONE_WAY:
        # chevrons are widest behind and meet in front: their weight is in the middle line towards the tip
        tip = np.array([16, 16]) + np.array(move) * 5
        tail = np.array([16, 16]) + np.array(move) * 15
        assert forward.clear[*tip, 0] < forward.clear[*np.minimum(tail, 31), 0] + 0.9


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", [8, 13, 14, 24, 64])
def test_what_stands_where_the_agent_stands_is_seen(tile, theme):
    """In a corner, and none hides another."""
    kinds = [Piece(Thing.SIGN, tiles_of(0, -1), k) for k in (0, 2)]
    kinds += [Piece(thing, tiles_of(0, -1), 1) for thing in STANDING if thing != Thing.SIGN]
    bare = draw(row_of_three(), tile, agent=0, theme=theme)
    alone = [draw(row_of_three(kind), tile, agent=0, theme=theme) for kind in kinds]
    for picture in alone:
        assert np.array_equal(picture[:, tile:], bare[:, tile:])
        assert np.abs(picture.astype(int) - bare).max() > 60
    for first, second in itertools.combinations(alone, 2):
        assert np.abs(first.astype(int) - second).max() > 60
    four = draw(row_of_three(*kinds[1:5]), tile, agent=0, theme=theme)
    corner = -(-9 * tile // 16)
    top_right = slice(None, tile - corner), slice(corner, tile)  # what no other badge touches
    assert np.array_equal(four[top_right], draw(row_of_three(kinds[1]), tile, agent=0, theme=theme)[top_right])
    for left_out in range(4):
        three = [kind for place, kind in enumerate(kinds[1:5]) if place != left_out]
        assert not np.array_equal(four, draw(row_of_three(*three), tile, agent=0, theme=theme))
    assert np.array_equal(draw(row_of_three(*kinds), tile, agent=1, theme=theme), bare)


def test_places_of_a_variant_have_its_colour():
    """A portal and where it leads to know each other."""
    for look in THEMES.values():
        for variant in range(8):
            assert piece_colour(Thing.DESTINATION, variant, look) == piece_colour(Thing.PORTAL, variant, look)


def test_an_agent_with_a_heading_has_a_nose_there():
    for heading, (down, right) in enumerate(MOVES):
        nose = agent_stamp(heading, 40, "light").clear[..., 0] < agent_stamp(None, 40, "light").clear[..., 0] - 0.5
        rows, columns = np.nonzero(nose)
        middle = np.array([rows.mean(), columns.mean()]) - 19.5
        np.testing.assert_allclose(middle / np.abs(middle).max(), (down, right), atol=0.1)
    scene = row_of_three(heading=np.array([1, 3], dtype=np.int32))
    assert not np.array_equal(draw(scene, agent=0), draw(scene, agent=1))


def test_a_stronger_wind_has_more_chevrons_and_blows_down_below_zero():
    ink = [1 - piece_stamp(Thing.WIND, strength, (0, 0), 32, "light").clear for strength in (1, 2, 3)]
    assert ink[0].sum() < ink[1].sum() < ink[2].sum()
    down = 1 - piece_stamp(Thing.WIND, -1, (0, 0), 32, "light").clear
    np.testing.assert_allclose(down, ink[0][::-1], atol=1e-6)


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("tile", range(1, 65))
def test_everything_is_drawn_at_any_tile(tile, theme):
    pieces = tuple(Piece(thing, tiles_of(2), variant) for thing in Thing for variant in range(4))
    scene = row_of_three(*pieces, heading=np.array([0, 1], dtype=np.int32))
    picture = draw(scene, tile, policy=np.array([1, 1]), agent=1, path=[0, 1], trail=[0], theme=theme)
    assert picture.shape == (tile, 3 * tile, 3)
    if tile < SMALLEST_MARKED:
        assert near(patch(draw(row_of_three(Piece(Thing.DOOR, tiles_of(1))), tile), 1, tile), THEMES["light"].pieces[0])


def test_a_set_of_levels_shows_the_level_of_its_agent():
    tiles = np.array([[[0, 0, 1]], [[0, 3, 0]]], dtype=np.uint8)
    cell = np.array([[0, 0], [0, 1], [0, 0], [0, 2]])
    level = np.array([0, 0, 1, 1], dtype=np.int32)
    both = Scene(tiles, cell, MOVES, level=level)
    one = Scene(tiles[1], np.where(level[:, None] == 1, cell, -1), MOVES)
    values = np.array([50.0, 99.0, 1.0, 2.0])  # those of the other level do not stretch the scale
    assert np.array_equal(draw(both, agent=3, values=values), draw(one, agent=3, values=values))
    first = Scene(tiles[0], np.where(level[:, None] == 0, cell, -1), MOVES)
    assert np.array_equal(draw(both, values=values), draw(first, values=values))


# Machado, Oliveira & Fernandes (2009), severity 1: what each kind of colour blindness makes of linear colours.
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3),
}


def oklab(colour, sight):
    coded = np.array(colour) / 255
    linear = np.clip(
        np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4) @ np.array(BLIND[sight]).T, 0, 1
    )
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.array(to_cones) @ linear)


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("sight", BLIND)
def test_the_colours_of_pieces_differ_for_every_eye(sight, theme):
    """A difference of 0.02 in OKLab can just be seen; shapes tell apart what is near."""
    seen = [oklab(colour, sight) for colour in THEMES[theme].pieces]
    for first, second in itertools.combinations(range(len(seen)), 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 0.05, (first, second)
    for colour in (*THEMES[theme].pieces, THEMES[theme].agent, THEMES[theme].player):
        assert np.linalg.norm(oklab(colour, sight) - oklab(THEMES[theme].floor, sight)) > 0.2
