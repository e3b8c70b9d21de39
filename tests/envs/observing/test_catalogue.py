"""Every world of the catalogue under every observation."""

from typing import get_args

import numpy as np
import pytest

from daedalus.core.catalogue import of_kind
from daedalus.core.world import Schedule, Sight, World
from daedalus.envs.building import build
from daedalus.envs.observing import action_masks, observers_of

FINITE = [name for name, entry in of_kind("world").items() if {"finite", "changing"} & set(entry.suits)]


@pytest.mark.parametrize("sight", get_args(Sight))
@pytest.mark.parametrize("name", [name for name in FINITE if name.startswith("daedalus/")])
def test_one_and_many_are_shown_alike(name: str, sight: str) -> None:
    value = build(name, {"observation": sight, "tile_size": 4})
    if not isinstance(value, World | Schedule):
        pytest.skip("brings its own observations")
    worlds = (value,) if isinstance(value, World) else value.phases
    some = np.unique(np.linspace(0, worlds[0].states - 1, 12).astype(np.int32))
    for world, observer in zip(worlds, observers_of(value), strict=True):
        assert observer.space == observers_of(value)[0].space
        shown = observer.batch(some)
        assert shown.dtype == observer.space.dtype
        for state, row in zip(some.tolist(), shown, strict=True):
            one = observer.one(state)
            assert observer.space.contains(one), (state, one)
            assert np.array_equal(one, row), state
        assert action_masks(world).shape == (world.mdp.states, world.mdp.actions)
