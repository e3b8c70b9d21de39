"""What the store keeps of a world: one row of the scene for each state that its card counts."""

import numpy as np
import pytest

from daedalus.core.lab.report.pictures import scene_of
from daedalus.core.lab.resolve import Place
from daedalus.core.lab.store.cards import card
from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import parse_spec
from daedalus.core.world import Piece, Scene, Thing, Tile, World
from daedalus.envs.loading import load_problem


@pytest.mark.parametrize("world", ["FrozenLake-v1", "daedalus/Cliff-v0"])
def test_a_scene_has_a_row_for_each_state(world: str) -> None:
    """An import adds an absorbing state to the MDP, which no agent meets and no learner's arrays count."""
    spec = parse_spec(world)
    about, arrays = card(Place(spec, load_problem(spec), None))
    assert {len(arrays[name]) for name in ("cell", "terminal", "optimal_value")} == {about["states"]}


@pytest.mark.parametrize(
    ("steps", "optimum", "since", "barrier"),
    [
        (0, -8.0, [0], "########."),
        (1000, -8.0, [0], "########."),
        (1001, -14.0, [0, 1000], ".########"),
        (6000, -14.0, [0, 1000], ".########"),
    ],
)
def test_a_world_that_changes_is_kept_as_it_is_at_the_end_of_the_run(steps, optimum, since, barrier) -> None:
    spec = parse_spec("daedalus/BlockingMaze-v0:step_reward=-1")
    about, arrays = card(Place(spec, load_problem(spec), None, steps))
    assert (about["kind"], about["optimum"], about["since"]) == ("changing", optimum, since)
    assert "".join("#" if tile == Tile.WALL else "." for tile in arrays["tiles"][3]) == barrier


def test_every_phase_and_its_time_are_in_the_fingerprint() -> None:
    def fingerprint(world: str) -> str:
        spec = parse_spec(world)
        return Place(spec, load_problem(spec), None).fingerprint

    same = [fingerprint("daedalus/BlockingMaze-v0"), fingerprint("daedalus/BlockingMaze-v0:change_at=1000")]
    others = [
        fingerprint("daedalus/BlockingMaze-v0:change_at=1001"),
        fingerprint("daedalus/BlockingMaze-v0:time_limit=99"),
        fingerprint("daedalus/ShortcutMaze-v0:change_at=1000"),
    ]
    assert same[0] == same[1]
    assert len({same[0], *others}) == 4


def test_no_optimum_is_claimed_for_all_where_each_seed_has_its_layout() -> None:
    spec = parse_spec("daedalus/Maze-v0:rows=3,columns=3,layout=per_seed")
    first, second = load_problem(spec, 0), load_problem(spec, 1)
    about, arrays = card(Place(spec, first, None))
    assert (about["layout"], about["optimum"], about["random_value"]) == ("per_seed", None, None)
    assert np.array_equal(arrays["tiles"], first.scene.tiles)
    assert not np.array_equal(arrays["tiles"], second.scene.tiles)


def test_what_lies_in_a_scene_comes_back_as_it_was() -> None:
    pieces = (
        Piece(Thing.DOOR, np.array([2, -1, 2, 7], dtype=np.int32), 3),
        Piece(Thing.WIND, np.array([1], dtype=np.int32), -2),
    )
    tiles = np.zeros((2, 1, 4), dtype=np.uint8)
    cell, level = np.array([[0, 0], [0, 1], [0, 2], [-1, -1]]), np.array([0, 1, 1, 0], dtype=np.int32)
    scene = Scene(tiles, cell, ((0, 1),), pieces, level, np.array([0, 1, 2, 3], dtype=np.int32))
    arms = np.ones((4, 1, 1))
    mdp = FiniteMDP(np.array([[[1]], [[2]], [[2]], [[3]]]), arms, 0 * arms, np.eye(4)[0], np.array([0, 0, 1, 1]) > 0)
    world = World("w", mdp, 9, ("right",), scene, states=3)
    _, arrays = card(Place(parse_spec("w"), world, None))
    again = scene_of(arrays)
    assert again is not None
    assert (again.level.tolist(), again.heading.tolist()) == ([0, 1, 1], [0, 1, 2])
    assert np.array_equal(again.tiles, tiles)
    for piece, (thing, tile, variant) in zip(
        again.pieces, [(Thing.DOOR, [2, -1, 2], 3), (Thing.WIND, [1], -2)], strict=True
    ):
        assert (piece.thing, piece.tile.tolist(), piece.variant) == (thing, tile, variant)


@pytest.mark.parametrize(
    ("world", "steps", "since"),
    [
        ("daedalus/SwitchingBandit-v0:period=100,phases=2", 350, [0, 100, 200, 300]),  # the phases come round again
        ("daedalus/SwitchingBandit-v0:period=100,phases=2", 300, [0, 100, 200]),
        ("daedalus/SwitchingBandit-v0:period=100,phases=2", 0, [0]),
        ("daedalus/SwitchingBandit-v0:period=1,phases=2", 10_000, None),  # too many to tell apart
        ("daedalus/Bandit-v0:drift=.1", 350, None),
    ],
)
def test_a_bandit_that_switches_says_when(world: str, steps: int, since: list[int] | None) -> None:
    spec = parse_spec(world)
    about, _ = card(Place(spec, load_problem(spec), None, steps))
    assert about["changing"]
    assert about.get("since") == since
