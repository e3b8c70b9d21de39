"""What characters, colours and numbers of a drawing mean."""

import numpy as np
import pytest
from PIL import Image

from daedalus.core.errors import UserError
from daedalus.core.world import Tile
from daedalus.envs import drawn_world
from daedalus.envs.drawing.text import draw_text
from daedalus.envs.levels.drawn import drawing, parse_drawing
from daedalus.envs.levels.legend import CHARACTERS, PIXELS, TOLERANCE

WALL, FLOOR, START, GOAL = Tile.WALL, Tile.FLOOR, Tile.START, Tile.GOAL


def test_each_character_is_its_thing():
    _, things = parse_drawing("Sa.Cc\nE~12^\n21>v<\n*G*A▒", "maze")
    assert things.keys == ((1, 0), (4, 2))
    assert things.doors == ((18, 0), (3, 2), (5, 4))
    assert things.portals == ((7, 11), (8, 10))
    assert things.one_way == ((9, 0), (12, 1), (13, 2), (14, 3))
    assert [tile for tile, _ in things.candies] == [15, 17]
    assert parse_drawing("S~\nG▒", "maze")[0].tolist() == [[START, Tile.HAZARD], [GOAL, Tile.HAZARD]]


EVERYTHING = "S1.a.>bC1\nAcB^2.d2v\nD<e3E4fF*\n~3.4....G\n"


def test_a_printed_world_is_a_drawing_again():
    world = drawn_world(EVERYTHING)
    text = draw_text(world.scene)
    assert text == EVERYTHING.replace(".", "·").replace("~", "▒")
    assert drawn_world(text).mdp.fingerprint() == world.mdp.fingerprint()


def test_a_picture_says_everything_too(tmp_path):
    lines = EVERYTHING.split()
    pixels = np.array([[PIXELS[CHARACTERS[mark]] for mark in line] for line in lines], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "maze.png")
    world = drawing(tmp_path / "maze.png")
    assert world.mdp.fingerprint() == drawn_world(EVERYTHING).mdp.fingerprint()
    assert drawn_world(pixels).mdp.fingerprint() == world.mdp.fingerprint()
    assert draw_text(world.scene) == draw_text(drawn_world(EVERYTHING).scene)


def test_no_two_colours_can_be_taken_for_each_other():
    colours = np.array(list(PIXELS.values()))
    apart = np.abs(colours[:, None] - colours).max(axis=2)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 2 * TOLERANCE


def test_the_docstring_lists_every_colour_of_things():
    for meaning, colour in PIXELS.items():
        if meaning >= 16:
            assert "#" + bytes(colour).hex() in drawing.__doc__


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("SsG", ["line 1, column 2", "unknown character 's'", "'a' to 'f' keys"]),
        ("SgG", ["unknown character 'g'"]),
        ("S0G", ["unknown character '0'", "'1' to '9'"]),
        ("S.G\n.1.", ["line 2, column 2", "portal 1 is drawn once"]),
        ("S2G\n2..\n..2", ["line 3, column 3", "portal 2 is drawn 3 times"]),
        ("SAG", ["line 1, column 1", "no goal can be reached"]),
        ("aAS.BbBG", ["line 1, column 3", "no goal can be reached"]),
        ("S<G", ["no goal can be reached"]),
        ("S1#1#G", ["no goal can be reached"]),
        ("S.*#*", ["line 1, column 1", "not every candy can be reached"]),
        ("###\n#S#", ["no goal", "'G', or candies"]),
        ("S~S.G", ["exactly one start"]),
        ("S" + "*" * 30, ["30 keys and candies", "at most 27"]),
    ],
)
def test_things_that_cannot_be_are_refused(text, fragments):
    with pytest.raises(UserError) as caught:
        drawn_world(text, "maze")
    assert str(caught.value).startswith("maze")
    assert "\n" not in str(caught.value)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_an_array_is_a_drawing():
    tiles = np.array([[START, FLOOR, GOAL], [WALL, FLOOR, WALL]])
    world = drawn_world(tiles, slip=0.1)
    assert world.mdp.fingerprint() == drawn_world("S.G\n#.#", slip=0.1).mdp.fingerprint()
    assert world.name == "drawing:slip=0.1"
    assert (
        drawn_world(np.array([[PIXELS[tile] for tile in row] for row in tiles.tolist()])).mdp.fingerprint()
        == drawn_world(tiles).mdp.fingerprint()
    )


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[2, 9], [0, 3]]), "row 1, column 2: 9 is no Tile"),
        (np.array([[2.0, 3.0]]), "must hold whole numbers"),
        (np.array([2, 3]), "must hold whole numbers"),
        (np.zeros((0, 3), dtype=int), "must hold whole numbers"),
        (np.zeros((3, 3, 4), dtype=int), "must hold whole numbers"),
        (np.array([[-1, 3]]), "-1 is no Tile"),
        (np.array([[0, 3]]), "no start; draw at least one Tile.START"),
        (np.array([[2, 1, 3]]), "row 1, column 1: no goal can be reached"),
        (np.array([[[0, 255, 0], [7, 7, 70000]]]), "unknown colour"),
    ],
)
def test_a_wrong_array_says_what_and_where(array, message):
    with pytest.raises(UserError, match=message):
        drawn_world(array)


def test_rewards_are_parameters_of_a_drawing(tmp_path):
    (tmp_path / "maze.txt").write_text("S*~G\n....")
    world = drawing(tmp_path / "maze.txt", step_reward=-2, goal_reward=3.5, hazard_reward=-7, candy_reward=5)
    assert world.mdp.reward[0, 1, 0] == -2 + 5
    assert world.mdp.reward[8 + 1, 1, 0] == -7
    assert world.mdp.reward[8 + 7, 0, 0] == 3.5
    assert world.name.endswith(":step_reward=-2,goal_reward=3.5,hazard_reward=-7,candy_reward=5")
