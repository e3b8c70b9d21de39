"""What is asked to be seen of a world: names, refusals, drawings, imported worlds, worlds that change."""

from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.world import Observation, OpenWorld, Schedule, World
from daedalus.envs.building import build, parted, seen_as
from daedalus.envs.loading import load_problem
from daedalus.envs.observing import observer_of, seeable

CLIFF = "daedalus/Cliff-v0"


def test_a_world_is_named_as_it_is_asked_for() -> None:
    asked = {"columns": 5, "observation": "view", "view_size": 5, "action_mask": False}
    world = build(CLIFF, asked)
    assert world.name == "daedalus/Cliff-v0:columns=5,observation=view,view_size=5"
    assert world.observation == Observation("view", view_size=5)
    assert not world.tabular
    assert build(CLIFF, {"observation": "index"}).name == CLIFF
    assert build(CLIFF, {"action_mask": True}).name == "daedalus/Cliff-v0:action_mask=true"
    again = seen_as(world, Observation("pixels", tile_size=4))
    assert again.name == "daedalus/Cliff-v0:columns=5,observation=pixels,tile_size=4"
    assert load_problem(parse_spec(again.name)).observation == again.observation


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"observation": "symbolics"}, r"daedalus/Cliff-v0: observation .*'symbolics'.*did you mean.*symbolic"),
        ({"observation": 3}, "daedalus/Cliff-v0: observation must be 'index' or"),
        ({"observaton": "view"}, r"parameter of daedalus/Cliff-v0 'observaton'.*observation"),
        ({"observation": "view", "view_size": 4}, "view_size must be .*odd.*not 4"),
        ({"observation": "view", "view_size": 9}, "view_size must be .*odd.*7.*not 9"),
        ({"observation": "view", "view_size": 1}, "view_size must be .*odd.*not 1"),
        ({"view_size": 7}, "view_size is the side of a view, and observation=index is none; .*heading_view"),
        ({"observation": "pixels", "view_size": 3}, "view_size is the side of a view, and observation=pixels is none"),
        ({"tile_size": 1200}, "more than 67,108,864 pixels are too large; give tile_size=1182 or less"),
        ({"view_size": 3.0}, "view_size must be a whole number"),
        ({"tile_size": 0}, "tile_size must be at least 1 pixel, not 0"),
        ({"observation": "pixels", "tile_size": 400}, "more than 4,194,304 pixels are too large; give .*=295"),
        ({"action_mask": 1}, "action_mask must be true or false"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_refused_in_a_line(asked: dict, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build(CLIFF, asked)
    assert "\n" not in str(caught.value)
    assert "sight" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "layout"),
    [(CLIFF, {}), ("daedalus/BlockingMaze-v0", {}), ("daedalus/Maze-v0", {"layout": "per_seed"})],
)
def test_renders_have_the_tile_size_that_is_asked_for(name: str, layout: dict) -> None:
    """Unasked, 24 pixels a tile are drawn and 8 are seen; asked, both are as asked."""
    for asked, drawn, seen in (({}, 24, 8), ({"tile_size": 5}, 5, 5)):
        params = {**asked, **layout, "observation": "pixels"}
        one = gymnasium.make(name, render_mode="rgb_array", **params)
        many = gymnasium.make_vec(name, 2, render_mode="rgb_array", vectorization_mode="vector_entry_point", **params)
        pictures, batch = one.reset(seed=0)[0], many.reset(seed=0)[0]
        assert np.array_equal(pictures, batch[0])
        tiles = np.array(pictures.shape[:2]) // seen
        frames = [one.render(), *many.render()]
        assert [frame.shape for frame in frames] == [(*(tiles * drawn).tolist(), 3)] * 3
        assert np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[0], pictures) == (drawn == seen)


def test_a_grid_of_more_tiles_than_pixels_is_not_drawn(monkeypatch) -> None:
    monkeypatch.setattr(seeable, "MOST_PIXELS", 40)
    with pytest.raises(UserError, match="pictures of more than 40 pixels are too large; choose another observation"):
        build(CLIFF, {"observation": "pixels", "tile_size": 1})


def test_a_heading_view_makes_the_heading_state() -> None:
    plain, turned = build(CLIFF, {}), build(CLIFF, {"observation": "heading_view"})
    assert turned.states == 4 * plain.states
    assert turned.scene.heading is not None
    assert observer_of(turned).space.shape == (4, 7, 7)  # seen, wall, hazard, goal
    assert seen_as(turned, Observation("heading_view", view_size=3)).states == 4 * plain.states


def test_all_phases_of_a_changing_world_are_seen_alike() -> None:
    phases = (build(CLIFF, {}), build(CLIFF, {"slip": 0.1}))
    changing = Schedule("daedalus/Cliff-v0", np.array([0, 10]), phases)
    for sight in ("symbolic", "heading_view"):
        seen = seen_as(changing, Observation(sight))
        assert seen.name == f"daedalus/Cliff-v0:observation={sight}"
        assert [phase.observation.sight for phase in seen.phases] == [sight, sight]
    assert seen.phases[1].states == 4 * phases[1].states


def test_a_drawing_is_seen_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "hall.txt"
    path.write_text("S.G\n")
    world = load_problem(parse_spec(f"{path}:observation=symbolic,slip=0.1"))
    assert isinstance(world, World)
    assert observer_of(world).one(1).tolist() == [[[0, 0, 0]], [[0, 0, 1]], [[0, 1, 0]]]
    assert world.name == f"{path}:slip=0.1,observation=symbolic"


def test_an_imported_world_is_seen_as_asked() -> None:
    lake = load_problem(parse_spec("FrozenLake-v1:map_name=8x8,observation=symbolic"))
    assert lake.name == "FrozenLake-v1:map_name=8x8,observation=symbolic"
    assert observer_of(lake).space.shape == (4, 8, 8)
    turned = load_problem(parse_spec("FrozenLake-v1:observation=heading_view,is_slippery=false"))
    assert turned.states == 64
    assert turned.mdp.states == 68


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CartPole-v1:observation=view", "CartPole-v1 is no grid; leave observation, .* out"),
        ("daedalus/Bandit-v0:observation=view", "daedalus/Bandit-v0.* is no grid; leave observation, .* out"),
        ("Taxi-v4:observation=view", "Taxi-v4.* has no scene to see; its observation is index or one_hot"),
        ("Taxi-v4:tile_size=3", "Taxi-v4.* has no scene to draw; leave tile_size out"),
        ("FrozenLake-v1:observaton=view", "'observaton'.*observation"),
        ("FrozenLake-v1:observation=vie", "'vie'.*view"),
    ],
)
def test_what_is_no_grid_is_refused_in_a_line(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        load_problem(parse_spec(name))
    assert "\n" not in str(caught.value)


def test_an_environment_keeps_its_own_parameters() -> None:
    """One of Gymnasium's may take a `tile_size` itself, or anything at all."""
    own, observation = parted({"tile_size": 3, "observation": "view"}, "Other-v0", ("tile_size",))
    assert own == {"tile_size": 3}
    assert observation == Observation("view")
    assert parted({"tile_size": 3}, "Other-v0", ("tile_size",)) == ({"tile_size": 3}, None)


class Own:
    """A value that brings its own environment."""

    name = "daedalus/Own-v0"

    def seen_as(self, name: str, observation: Observation) -> "Own":
        other = Own()
        other.name = f"{name} {observation.view_size}"
        return other


def test_a_value_that_knows_how_is_asked() -> None:
    assert seen_as(Own(), Observation("view", 5)).name == "daedalus/Own-v0:observation=view,view_size=5 5"
    with pytest.raises(UserError, match="x is no grid"):
        seen_as(OpenWorld("x", lambda: None), Observation("view"))


def test_a_world_without_a_scene_may_be_seen_as_its_index() -> None:
    bare = replace(build(CLIFF, {}), scene=None)
    assert seen_as(bare, Observation("one_hot")).observation.sight == "one_hot"
    with pytest.raises(UserError, match="has no scene to see; its observation is index or one_hot"):
        seen_as(bare, Observation("heading_view"))
