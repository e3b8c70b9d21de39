"""Scenes in characters, plain and in colours."""

import re

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.world import Piece, Scene, Thing
from daedalus.envs.drawing.palette import THEMES
from daedalus.envs.drawing.scenes import colour_text, draw_text
from daedalus.envs.levels.drawn import drawn_world, parse_drawing

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
THINGS = "###########\n#S.a.A.*.1#\n#.^.>.v.<.#\n#~b.B.1..G#\n###########\n"


def at(*tiles):
    return np.array(tiles, dtype=np.int32)


def test_every_piece_has_its_character():
    pieces = [Piece(Thing.KEY, at(1), 2), Piece(Thing.DOOR, at(2), 3), Piece(Thing.PORTAL, at(3), 8)]
    pieces += [Piece(Thing.ONE_WAY, at(4 + k), k) for k in range(4)]
    pieces += [Piece(Thing.SIGN, at(8 + k), k) for k in range(4)]
    pieces += [Piece(Thing.CANDY, at(12)), Piece(Thing.PLAYER, at(13)), Piece(Thing.PASSENGER, at(14))]
    pieces += [Piece(Thing.DESTINATION, at(15)), Piece(Thing.WIND, at(16), 2)]
    scene = Scene(np.zeros((1, 17), np.uint8), np.array([[0, 0]]), MOVES, tuple(pieces))
    assert draw_text(scene, 0) == "@cD9^>v<↑→↓←*MpX²\n"


def test_what_stands_where_the_agent_stands_is_told():
    pieces = (Piece(Thing.PORTAL, at(0, -1)), Piece(Thing.SIGN, at(0, -1), 0), Piece(Thing.CANDY, at(0, 2)))
    scene = Scene(np.zeros((2, 3), np.uint8), np.array([[0, 0], [0, 0]]), MOVES, pieces)
    assert (draw_text(scene, 0), draw_text(scene, 1)) == ("@·· @↑*\n···\n", "@·*\n···\n")
    assert ["•*" in colour_text(scene, 0), "••" in colour_text(scene, 1)] == [True, True]


def test_text_follows_the_state():
    scene = Scene(np.zeros((1, 3), np.uint8), np.array([[0, 0], [0, 1]]), MOVES, (Piece(Thing.KEY, at(1, -1)),))
    assert (draw_text(scene, 0), draw_text(scene, 1), draw_text(scene)) == ("@a·\n", "·@·\n", "·a·\n")
    levels = Scene(np.array([[[0, 1]], [[3, 0]]], np.uint8), np.array([[0, 0], [0, 1]]), MOVES, level=at(0, 1))
    assert (draw_text(levels, 0), draw_text(levels, 1)) == ("@█\n", "G@\n")


def test_a_printed_world_is_a_drawing_again():
    world = drawn_world(THINGS, "things")
    assert world.scene is not None
    again = parse_drawing(draw_text(world.scene), "again")
    for first, second in zip(parse_drawing(THINGS, "things"), again, strict=True):
        assert np.array_equal(first, second) if isinstance(first, np.ndarray) else first == second


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_coloured_text_is_two_characters_a_tile_and_resets(theme):
    pieces = tuple(Piece(thing, at(2 + k), 1) for k, thing in enumerate(Thing))
    tiles = np.array([[0, 1, *[0] * len(Thing)], [2, 3, 4, *[0] * (len(Thing) - 1)]], dtype=np.uint8)
    for heading in (None, at(2)):
        scene = Scene(tiles, np.array([[0, 0]]), MOVES, pieces, heading=heading)
        text = colour_text(scene, 0, theme)
        lines = text.rstrip("\n").split("\n")
        assert len(lines) == 2
        for line in lines:
            assert line.endswith("\x1b[0m")
            assert len(re.sub(r"\x1b\[[\d;]*m", "", line)) == 2 * tiles.shape[1]
        assert f"48;2;{';'.join(map(str, THEMES[theme].wall))}m  " in text
        assert f"48;2;{';'.join(map(str, THEMES[theme].agent))}m" in text
    with pytest.raises(UserError, match="did you mean 'dark'"):
        colour_text(scene, 0, "drak")
