"""The heading as state changes what is seen, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import truth
from daedalus.core.world import Piece, Scene, Thing
from daedalus.envs.building import build
from daedalus.envs.observing import with_heading
from daedalus.envs.observing.headings import heading_after


@pytest.mark.parametrize(
    ("move", "heading"),
    [((-1, 0), 0), ((0, 1), 1), ((1, 0), 2), ((0, -1), 3), ((0, 0), -1), ((-1, 1), 0), ((1, -1), 2), ((0, 2), 1)],
)
def test_the_heading_after_a_move(move: tuple[int, int], heading: int) -> None:
    assert heading_after(move) == heading


@pytest.mark.parametrize("name", ["daedalus/Cliff-v0:slip=0.2,time_limit=60", "daedalus/FourRooms-v0", "FrozenLake-v1"])
def test_the_optimum_is_the_same(name: str) -> None:
    from daedalus.core.spec import parse_spec
    from daedalus.envs.loading import load_problem

    world = load_problem(parse_spec(name))
    turned = with_heading(world)
    assert turned.states == 4 * world.states
    assert turned.horizon == world.horizon
    for horizon in (None, 20):
        plain, other = (truth(each.within(horizon or each.horizon)) for each in (world, turned))
        assert other.optimum == pytest.approx(plain.optimum, abs=1e-9)
        assert other.random_value == pytest.approx(plain.random_value, abs=1e-9)


def test_it_looks_where_it_last_tried_to_go() -> None:
    world = build("daedalus/FourRooms-v0", {})
    turned = with_heading(world).mdp
    assert np.flatnonzero(turned.start).tolist() == [0], "the upper left tile, looking up"
    assert turned.next_state[0, 3, 0] == 3, "the wall on the left stops it, but it looks there"
    assert turned.next_state[3, 1, 0] == 4 * 1 + 1, "one tile to the right, looking right"
    goal = int(np.flatnonzero(world.mdp.terminal)[0])
    assert np.flatnonzero(turned.terminal).tolist() == [4 * goal + heading for heading in range(4)]
    assert np.all(turned.next_state[turned.terminal] == np.flatnonzero(turned.terminal)[:, None, None])


def test_an_action_that_is_no_move_keeps_the_heading(scenery) -> None:
    world = scenery("S.G", [(0, 0), (0, 1)], "index")
    world = replace(world, scene=replace(world.scene, moves=((-1, 0), (0, 0), (1, 1), (0, -1))))
    assert with_heading(world).mdp.next_state[:4, :, 0].tolist() == [
        [0, 0, 2, 3],
        [0, 1, 2, 3],
        [0, 2, 2, 3],
        [0, 3, 2, 3],
    ]


def test_everything_of_the_scene_is_told_for_every_heading(scenery) -> None:
    pieces = (Piece(Thing.KEY, np.array([1, -1], dtype=np.int32)), Piece(Thing.PORTAL, np.array([2], dtype=np.int32)))
    tiles = np.zeros((2, 1, 3), dtype=np.uint8)
    level = np.array([0, 1], dtype=np.int32)
    world = scenery("S.G", [(0, 0), (0, 1)], "index", pieces, tiles=tiles, level=level)
    scene = with_heading(replace(world, shows=np.array([1, 0], dtype=np.int32)))
    assert scene.shows.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    turned: Scene = scene.scene
    assert turned.cell.tolist() == [[0, 0]] * 4 + [[0, 1]] * 4
    assert turned.heading.tolist() == [0, 1, 2, 3] * 2
    assert turned.level.tolist() == [0] * 4 + [1] * 4
    assert [piece.tile.tolist() for piece in turned.pieces] == [[1] * 4 + [-1] * 4, [2]]


def test_a_heading_is_given_once_and_only_to_scenes(scenery) -> None:
    turned = with_heading(scenery("S.G", [(0, 0), (0, 1)], "index"))
    assert with_heading(turned) is turned
    with pytest.raises(UserError, match="still has no scene, so nobody looks anywhere in it"):
        with_heading(replace(scenery("S.G", [(0, 0)], "index"), scene=None))
