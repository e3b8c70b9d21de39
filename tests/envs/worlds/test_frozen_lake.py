"""The frozen lake is Gymnasium's, transition by transition; random lakes can be crossed."""

import gymnasium
import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value, truth
from daedalus.core.spec import parse_spec
from daedalus.core.world import Tile
from daedalus.envs import frozen_lake, load_problem

#: Gymnasium's numbers of our actions up, right, down, left.
THEIRS = [3, 2, 1, 0]


@pytest.mark.parametrize("size", ["4x4", "8x8"])
@pytest.mark.parametrize("slippery", [True, False])
def test_every_transition_is_gymnasiums(size, slippery):
    env = gymnasium.make("FrozenLake-v1", map_name=size, is_slippery=slippery).unwrapped
    world = frozen_lake(size, slippery)
    assert world.states == len(env.P)
    assert world.mdp.start.tolist() == env.initial_state_distrib.tolist()
    for state, action in np.ndindex(world.states, 4):
        law, mine = {}, {}
        for chance, reached, paid, done in env.P[state][THEIRS[action]]:
            law[reached, paid, done] = law.get((reached, paid, done), 0.0) + chance
        for k in range(world.mdp.outcomes):
            reached = int(world.mdp.next_state[state, action, k])
            key = reached, world.mdp.reward[state, action, k], bool(world.mdp.terminal[reached])
            mine[key] = mine.get(key, 0.0) + world.mdp.probability[state, action, k]
        assert mine == pytest.approx(law, abs=1e-15)


def test_known_values():
    assert start_value(frozen_lake().mdp, solve(frozen_lake().mdp).value) == pytest.approx(14 / 17, abs=1e-9)
    assert truth(frozen_lake()).optimum == pytest.approx(0.744190, abs=1e-6)
    assert truth(frozen_lake()).random_value == pytest.approx(0.013940, abs=1e-6)
    assert (frozen_lake().horizon, frozen_lake("8x8").horizon, frozen_lake(20).horizon) == (100, 200, 500)


@pytest.mark.parametrize("seed", range(20))
def test_random_lakes_can_be_crossed(seed):
    world = frozen_lake(size=9, slippery=False, holes=0.35, seed=seed)
    assert start_value(world.mdp, solve(world.mdp).value) == 1.0
    tiles = world.scene.tiles
    assert (tiles[0, 0], tiles[-1, -1]) == (Tile.START, Tile.GOAL)
    assert np.array_equal(world.mdp.terminal, np.isin(tiles, (Tile.HAZARD, Tile.GOAL)).ravel())


def test_holes_follow_their_probability():
    # Nearly every lake with so few holes can be crossed. Within four standard errors under the fixed seed.
    tiles = frozen_lake(size=200, holes=0.1, seed=1).scene.tiles
    share, tiles_in_all = np.mean(tiles == Tile.HAZARD), tiles.size - 2
    assert abs(share - 0.1) < 4 * np.sqrt(0.09 / tiles_in_all)


def test_a_lake_comes_from_its_seed():
    assert np.array_equal(frozen_lake(8, seed=3).scene.tiles, frozen_lake(8, False, seed=3).scene.tiles)
    assert not np.array_equal(frozen_lake(8, seed=3).scene.tiles, frozen_lake(8, seed=4).scene.tiles)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size=9x9", "a whole number or '4x4' or '8x8', not '9x9'"),
        ("size=1", "size must be at least 2"),
        ("size=8,holes=1", r"holes must lie in \[0, 1\)"),
        ("size=30,holes=.9", "can be crossed; give fewer holes"),
        ("holes=.3", "give its size as a number"),
        ("size=100000", "bytes of tables"),
    ],
)
def test_refused(text, message):
    with pytest.raises(UserError, match=message):
        load_problem(parse_spec(f"daedalus/FrozenLake-v0:{text}"))
