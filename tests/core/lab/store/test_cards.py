"""What the store keeps of a world: one row of the scene for each state that its card counts."""

import pytest

from daedalus.core.lab.resolve import Place
from daedalus.core.lab.store.cards import card
from daedalus.core.spec import parse_spec
from daedalus.envs.loading import load_problem


@pytest.mark.parametrize("world", ["FrozenLake-v1", "daedalus/Cliff-v0"])
def test_a_scene_has_a_row_for_each_state(world: str) -> None:
    """An import adds an absorbing state to the MDP, which no agent meets and no learner's arrays count."""
    spec = parse_spec(world)
    about, arrays = card(Place(spec, load_problem(spec), None))
    assert {len(arrays[name]) for name in ("cell", "terminal", "optimal_value")} == {about["states"]}
