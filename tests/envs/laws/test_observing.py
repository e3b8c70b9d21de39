"""What is seen of a world: pixels tell what symbols tell, and masks cost nobody anything."""

from dataclasses import replace

import numpy as np
import pytest

from daedalus.core.mdp import FiniteMDP
from daedalus.core.world import Observation, World
from daedalus.envs.building import build
from daedalus.envs.observing import action_masks, observer_of


def kinds(world: World, *asked: Observation) -> int:
    """How many sights the world's states have, under all that is asked together."""
    observers = [observer_of(replace(world, observation=one)) for one in asked]
    found = set()
    for states in np.array_split(np.arange(world.states, dtype=np.int32), 1 + world.states // 500):
        shown = [observer.batch(states).reshape(len(states), -1) for observer in observers]
        found |= {row.tobytes() for row in np.concatenate(shown, axis=1)}
    return len(found)


def test_pixels_tell_what_symbols_tell(walkable, worlds_of):
    """States that differ in "symbolic" differ in "pixels"."""
    symbolic, pixels = Observation("symbolic"), Observation("pixels")
    for world in worlds_of(walkable):
        assert kinds(world, pixels) == kinds(world, symbolic, pixels)


@pytest.mark.parametrize("tile_size", range(2, 9))
def test_a_taxi_can_be_driven_by_small_pictures(tile_size):
    taxi, pixels = build("daedalus/Taxi-v0", {}), Observation("pixels", tile_size=tile_size)
    assert kinds(taxi, pixels) == kinds(taxi, Observation("symbolic")) == 500


@pytest.mark.parametrize("tile_size", [8, 12, 24])
def test_both_signs_of_a_t_maze_are_seen(tile_size):
    world = build("daedalus/TMaze-v0", {"length": 4, "observation": "pixels", "tile_size": tile_size})
    up, down = (observer_of(world).one(state).astype(int) for state in (0, 7))
    assert np.abs(up - down).max() > 100  # of 255: a network sees it


def values(mdp: FiniteMDP, allowed: np.ndarray, limit: int, gamma: float) -> np.ndarray:
    """The optimum (limit, S) within 1…limit steps, of those who do only what is allowed (S, A); a second solver."""
    value, found = np.zeros(mdp.states), []
    going = np.where(mdp.terminal, 0.0, 1.0)
    for _ in range(limit):
        ahead = (mdp.probability * (mdp.reward + gamma * value[mdp.next_state])).sum(axis=2)
        value = going * np.where(allowed, ahead, -np.inf).max(axis=1)
        found.append(value)
    return np.array(found)


def assert_masks_cost_nothing(mdp: FiniteMDP, limit: int = 40) -> None:
    masks = action_masks(World("w", mdp, None, ("",) * mdp.actions)).astype(bool)
    for gamma in (1.0, 0.9):
        best = values(mdp, np.ones_like(masks), limit, gamma)
        np.testing.assert_allclose(values(mdp, masks, limit, gamma), best, atol=1e-9)


def test_masks_cost_nothing(walkable, worlds_of):
    """Within any limit, from every state, the best of what is unmasked is the best."""
    for world in worlds_of(walkable):
        assert_masks_cost_nothing(world.mdp)


@pytest.mark.parametrize("seed", range(40))
def test_masks_cost_nothing_in_worlds_without_walls(seed):
    """Every other world with rewards of both signs; every third with an end."""
    garnet = build("daedalus/Garnet-v0", {"states": 6, "actions": 3, "branching": 1, "seed": seed, "time_limit": 30})
    mdp = garnet.mdp
    next_state = np.array(mdp.next_state)
    next_state[:, 0] = np.arange(6)[:, None]  # the first action stays
    reward = np.array(mdp.reward) - (0.0, 0.5, 1.0, 2.0)[seed % 4]
    terminal = np.arange(6) == (5 if seed % 3 == 0 else 6)
    reward[terminal], next_state[terminal] = 0.0, 5
    assert_masks_cost_nothing(mdp)
    assert_masks_cost_nothing(FiniteMDP(next_state, mdp.probability, reward, np.eye(6)[0], terminal))


@pytest.mark.parametrize("world", ["Maze", "Cliff", "Taxi", "Gridworld", "KeyDoor", "Windy", "TMaze"])
def test_what_stands_still_for_nothing_is_masked(world):
    mdp = build(f"daedalus/{world}-v0", {}).mdp
    stays = (mdp.next_state == np.arange(mdp.states)[:, None, None]).all(axis=2) & ~mdp.terminal[:, None]
    masks = action_masks(World("w", mdp, None, ("",) * mdp.actions))
    assert stays.sum() > 0
    assert np.array_equal(masks == 0, stays)
