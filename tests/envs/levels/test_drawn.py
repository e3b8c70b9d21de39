import io
import struct
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value
from daedalus.core.spec import parse_spec
from daedalus.core.world import Tile
from daedalus.envs import load_problem
from daedalus.envs.levels import drawn
from daedalus.envs.levels.drawn import drawing, drawn_world, parse_drawing
from daedalus.envs.things import Things

EXAMPLES = Path(__file__).parents[3] / "examples"
WALL, FLOOR, START, GOAL = Tile.WALL, Tile.FLOOR, Tile.START, Tile.GOAL
COLOUR_OF = {WALL: (0, 0, 0), FLOOR: (255, 255, 255), START: (0, 255, 0), GOAL: (255, 0, 0)}


def distances(tiles):
    """Steps to the nearest goal from each tile, by breadth-first search; -1 where there is no way."""
    steps = np.full(tiles.shape, -1)
    queue = deque(map(tuple, np.argwhere(tiles == GOAL)))
    for place in queue:
        steps[place] = 0
    while queue:
        row, column = queue.popleft()
        for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= place[0] < tiles.shape[0] and 0 <= place[1] < tiles.shape[1]
            if inside and tiles[place] != WALL and steps[place] < 0:
                steps[place] = steps[row, column] + 1
                queue.append(place)
    return steps


def png(pixels, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8), mode="RGB").convert(mode).save(stream, "PNG", **options)
    return stream.getvalue()


def tried(read, *given):
    """What it returns and no message, or None and the message of its `UserError`."""
    try:
        return read(*given), ""
    except UserError as error:
        return None, str(error)


def tiles_in(text):
    return parse_drawing(text, "maze")[0].tolist()


def painted(tiles):
    return np.array([[COLOUR_OF[Tile(kind)] for kind in row] for row in tiles], dtype=np.uint8)


def test_each_character_is_its_tile():
    tiles, things = parse_drawing("#. \nSG#\n", "maze")
    assert things == Things()
    assert tiles.dtype == np.uint8
    assert tiles.tolist() == [[WALL, FLOOR, FLOOR], [START, GOAL, WALL]]
    assert tiles_in("█·.\nSG█\n") == tiles.tolist()


@pytest.mark.parametrize("text", ["S.\n.G", "S.\n.G\n", "S.\r\n.G\r\n", "S.\r.G", "S.\n.G\n\n\n", "S \n.G\n"])
def test_line_ends_do_not_matter(text):
    assert tiles_in(text) == [[START, FLOOR], [FLOOR, GOAL]]


def test_blanks_at_line_ends_count_where_all_lines_are_equally_long():
    assert tiles_in("SG  \n####") == [[START, GOAL, FLOOR, FLOOR], [WALL] * 4]
    assert np.shape(tiles_in("S \nG ")) == (2, 2)


def test_blanks_beyond_the_widest_mark_are_dropped_where_lines_differ():
    assert tiles_in("####   \n#SG#\nS  G  \n") == [
        [WALL] * 4,
        [WALL, START, GOAL, WALL],
        [START, FLOOR, FLOOR, GOAL],
    ]


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["maze is empty"]),
        (" \n \n", ["maze is empty"]),
        ("###\n#G#\n", ["no start", "'S'"]),
        ("###\n#S#\n", ["no goal", "'G'"]),
        ("####\n#SG#\n###\n", ["line 3", "3 tiles", "line 1 has 4"]),
        ("###\n#SG#\n####\n", ["line 1", "3 tiles", "line 2 has 4"]),
        ("S.G\n\n...\n", ["line 2", "0 tiles", "line 1 has 3"]),
        ("S.\n.xG\n", ["line 1", "2 tiles", "line 2 has 3"]),
        ("S..\n.xG\n", ["line 2, column 2", "unknown character 'x'", "'#' wall"]),
        ("S.\t\n..G\n", ["line 1, column 3", r"'\t'"]),
        ("S..\n..s\n..G", ["line 2, column 3", "'s'"]),
        ("S#G\n###\nS.G\n", ["line 1, column 1", "no goal can be reached"]),
        ("S.G\n###\n.#S\n", ["line 3, column 3", "no goal can be reached"]),
        ("S#\n#G\n", ["line 1, column 1", "no goal can be reached"]),
    ],
)
def test_a_wrong_drawing_says_what_and_where(text, fragments):
    with pytest.raises(UserError) as caught:
        drawn_world(text, "maze")
    message = str(caught.value)
    assert message.startswith("maze")
    assert "\n" not in message
    for fragment in fragments:
        assert fragment in message


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("#. SGx\n\r\t█~*^>v<abAB12") | st.characters(), max_size=40))
@example("S\x00\nG\x00")
@example("\x85S")
def test_any_text_is_tiles_or_a_user_error(text):
    assume(sum(text.count(item) for item in "*abcdef") <= 8)  # each doubles the states
    world, message = tried(drawn_world, text, "maze")
    if world is None:
        assert message.startswith("maze")
        assert "\n" not in message
    else:
        assert START in world.scene.tiles
        assert world.mdp.terminal.any()


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.text("##..SG", min_size=n, max_size=n), min_size=1, max_size=6)))
def test_reachability_agrees_with_a_search(lines):
    tiles = np.array([["#.SG".index(c) for c in line] for line in lines])
    tiles = np.array([WALL, FLOOR, START, GOAL])[tiles]
    lost = (tiles == START) & (distances(tiles) < 0)
    fine = (tiles == START).any() and (tiles == GOAL).any() and not lost.any()
    if fine:
        assert drawn_world("\n".join(lines), "maze").scene.tiles.tolist() == tiles.tolist()
    else:
        with pytest.raises(UserError) as caught:
            drawn_world("\n".join(lines), "maze")
        if lost.any() and (tiles == GOAL).any():
            row, column = np.argwhere(lost)[0] + 1
            assert f"line {row}, column {column}:" in str(caught.value)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_png_says_the_same_as_text(tmp_path, mode):
    text = "#####\n#S.G#\n#..S#\n"
    path = tmp_path / "maze.png"
    path.write_bytes(png(painted(tiles_in(text)), mode))
    assert drawing(path).scene.tiles.tolist() == tiles_in(text)
    assert drawing(path).mdp.fingerprint() == drawing_of(tmp_path, text).mdp.fingerprint()


def drawing_of(folder, text, **options):
    path = folder / "maze.txt"
    path.write_text(text)
    return drawing(path, **options)


def test_a_colour_may_miss_by_the_tolerance_and_no_more(tmp_path):
    path = tmp_path / "maze.png"
    path.write_bytes(png([[(32, 223, 32), (223, 32, 32), (32, 32, 32), (223, 223, 223)]]))
    assert drawing(path).scene.tiles.tolist() == [[START, GOAL, WALL, FLOOR]]
    path.write_bytes(png([[(0, 255, 0), (255, 0, 0)], [(255, 255, 255), (33, 0, 255)]]))
    with pytest.raises(UserError, match=r"row 2, column 2: unknown colour #2100ff; known, within 32 a channel: black"):
        drawing(path)


def test_what_is_transparent_is_white(tmp_path):
    pixels = np.zeros((1, 3, 4), dtype=np.uint8)
    pixels[0, 0], pixels[0, 2] = (0, 255, 0, 255), (255, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "maze.png")
    assert drawing(tmp_path / "maze.png").scene.tiles.tolist() == [[START, FLOOR, GOAL]]


@pytest.mark.parametrize(
    ("pixels", "fragment"),
    [
        ([[(255, 255, 255), (255, 0, 0)]], "has no start; draw at least one green pixel"),
        ([[(255, 255, 255), (0, 255, 0)]], "has no goal; draw at least one red pixel"),
        ([[(0, 255, 0), (0, 0, 0), (255, 0, 0)]], "row 1, column 1: no goal can be reached"),
    ],
)
def test_a_wrong_picture_says_what_and_where(tmp_path, pixels, fragment):
    path = tmp_path / "maze.png"
    path.write_bytes(png(pixels))
    with pytest.raises(UserError, match=fragment):
        drawing(path)


def test_a_text_drawing_is_known_by_its_bytes_not_its_name(tmp_path):
    path = tmp_path / "picture.txt"
    path.write_bytes(png([[(0, 255, 0), (255, 0, 0)]]))
    assert drawing(path).mdp.states == 2
    (tmp_path / "maze").write_text("SG")
    assert drawing(tmp_path / "maze").mdp.states == 2


GOOD_PNG = png([[(0, 255, 0), (255, 255, 255), (255, 0, 0)]])
HUGE_PNG = GOOD_PNG[:16] + struct.pack(">II", 200_000, 200_000) + GOOD_PNG[24:]


@pytest.mark.parametrize(
    ("name", "data", "fragment"),
    [
        ("maze.txt", b"", "is empty"),
        ("maze.png", b"", "is empty"),
        ("maze.txt", b"S.\n\xff\xfeG", r"neither UTF-8 text \(see line 2\) nor a PNG"),
        ("maze.txt", "S.G".encode("utf-16"), "neither UTF-8 text"),
        ("maze.png", b"S.G\n", "is not a PNG"),
        ("maze.png", b"\xff\xd8\xff\xe0 a photograph", "is not a PNG"),
        ("maze.png", GOOD_PNG[:8], "cannot be read as a PNG: it is cut short or damaged; save"),
        ("maze.png", GOOD_PNG[:40], "cannot be read as a PNG: .*; save the picture again"),
        ("maze.png", GOOD_PNG[:45] + b"?" + GOOD_PNG[46:], "cannot be read as a PNG"),
        ("maze.png", HUGE_PNG, "40,000,000,000 states .* make the world smaller"),
    ],
)
def test_an_unreadable_file_says_so(tmp_path, name, data, fragment):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=fragment) as caught:
        drawing(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_tile(tmp_path):
    (tmp_path / "maze.txt").write_bytes(b"\xef\xbb\xbfS.G\r\n")
    assert drawing(tmp_path / "maze.txt").mdp.states == 3


def test_a_file_that_is_not_there_or_not_a_file_says_so(tmp_path, monkeypatch):
    for path, fragment in (
        (tmp_path / "none.txt", "there is no drawing '.*none.txt'"),
        (tmp_path, "is a folder"),
        (Path("/dev/null"), "is not an ordinary file"),
        (tmp_path / ("x" * 5000), "cannot read .*too long"),
        (Path("a\0b"), "cannot read"),
    ):
        with pytest.raises(UserError, match=fragment):
            drawing(path)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "maze.txt").write_text("SG")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UserError, match=r"cannot read '.*maze.txt': Permission denied"):
        drawing(tmp_path / "maze.txt")


def test_an_absurd_size_is_refused_before_it_is_read(tmp_path, monkeypatch):
    with (tmp_path / "maze.txt").open("wb") as file:
        file.truncate(10**10)  # sparse: it takes no room
    with pytest.raises(UserError, match="10,000,000,000 states"):
        drawing(tmp_path / "maze.txt")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_pngs_raise_nothing_but_user_errors(data):
    changed = bytearray(GOOD_PNG)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(8, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    for damaged in (bytes(changed), bytes(changed[:cut])):
        picture, message = tried(drawn._decode, damaged, "maze.png")
        assert "\n" not in message
        if picture is not None:
            tried(drawn_world, picture, "maze.png")


def test_a_drawing_becomes_a_world(tmp_path):
    world = drawing_of(tmp_path, "S.G\n#.S\n")
    assert world.mdp.states == 5
    assert world.mdp.start.tolist() == [0.5, 0, 0, 0, 0.5]
    assert world.mdp.terminal.tolist() == [False, False, True, False, False]
    assert world.horizon == 2 * 6
    assert world.mdp.outcomes == 1
    assert world.name == str(tmp_path / "maze.txt")
    slippery = drawing_of(tmp_path, "S.G\n#.S\n", slip=0.1, time_limit=None)
    assert slippery.horizon is None
    assert slippery.mdp.outcomes == 3
    assert slippery.name == f"{tmp_path / 'maze.txt'}:slip=0.1,time_limit=none"
    with pytest.raises(UserError, match="slip"):
        drawing_of(tmp_path, "S.G", slip=1.5)


def test_the_labyrinth_has_two_routes_and_one_is_shorter():
    tiles = drawing(EXAMPLES / "labyrinth.txt").scene.tiles
    assert tiles.shape == (15, 25)
    start = tuple(np.argwhere(tiles == START)[0])
    assert distances(tiles)[start] == 43
    for row, column, length in ((start[0], start[1] - 1, 47), (start[0], start[1] + 1, 43)):  # shut one way, then other
        shut = tiles.copy()
        shut[row, column] = WALL
        assert distances(shut)[start] == length
    assert not (distances(tiles)[tiles != WALL] < 0).any()


def test_the_spiral_has_two_starts():
    tiles = drawing(EXAMPLES / "spiral.png").scene.tiles
    assert distances(tiles)[tiles == START].tolist() == [51, 48]


def test_the_vault_takes_sixty_steps():
    # to key a 9, to its door 4, down and past the arrow 8, to key c 4, onto the portal 1, to door C 5, to key b 4,
    # back to C 4, past the other arrow 6, to door B 1 + 5 + 6, to the goal 3; the last step is free
    mdp = drawing(EXAMPLES / "vault.txt").mdp
    assert start_value(mdp, solve(mdp).value) == -(9 + 4 + 8 + 4 + 1 + 5 + 4 + 4 + 6 + 12 + 3 - 1)


def test_the_sweets_take_forty_two_steps():
    mdp = drawing(EXAMPLES / "sweets.txt").mdp
    assert start_value(mdp, solve(mdp).value) == 6 * 10 - 42


def test_a_drawing_is_seen_as_asked():
    world = load_problem(parse_spec(f"{EXAMPLES / 'vault.txt'}:observation=symbolic,slip=0.1,action_mask=true"))
    assert (world.observation.sight, world.observation.action_mask) == ("symbolic", True)
    assert world.mdp.outcomes == 3
    with pytest.raises(UserError, match=r"unknown parameter of .* 'observations'"):
        load_problem(parse_spec(f"{EXAMPLES / 'vault.txt'}:observations=view"))
