"""Gymnasium's tables, imported: counts, the absorbing state, and values known to many digits."""

import gymnasium
import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import solve, start_value, truth
from daedalus.core.spec import parse_spec
from daedalus.core.world import Tile
from daedalus.envs import WorldEnv, load_problem
from daedalus.envs.toy_text import from_table


def load(text):
    return load_problem(parse_spec(text))


@pytest.mark.parametrize(
    ("name", "states", "actions", "horizon"),
    [
        ("FrozenLake-v1", 16, 4, 100),
        ("FrozenLake8x8-v1", 64, 4, 200),
        ("CliffWalking-v1", 48, 4, None),
        ("CliffWalkingSlippery-v1", 48, 4, None),
        ("Taxi-v4", 500, 6, 200),
        ("Taxi-v4:is_rainy=true", 500, 6, 200),
    ],
)
def test_one_absorbing_state_stands_behind_the_original_ones(name, states, actions, horizon):
    world = load(name)
    assert (world.states, world.mdp.states, world.mdp.actions, world.horizon) == (states, states + 1, actions, horizon)
    assert np.flatnonzero(world.mdp.terminal).tolist() == [states]
    assert world.name == name
    assert len(world.actions) == actions
    env = gymnasium.make(world.name.partition(":")[0], **parse_spec(name).mapping).unwrapped
    for state, choices in env.P.items():
        for action, row in choices.items():
            law = {}
            for chance, reached, paid, done in row:
                key = (states if done else int(reached), float(paid))
                law[key] = law.get(key, 0) + chance
            mine = {}
            for k in range(world.mdp.outcomes):
                key = (int(world.mdp.next_state[state, action, k]), float(world.mdp.reward[state, action, k]))
                if world.mdp.probability[state, action, k]:
                    mine[key] = mine.get(key, 0) + world.mdp.probability[state, action, k]
            assert mine == pytest.approx(law)


@pytest.mark.parametrize(
    ("name", "gamma", "value"),
    [
        ("FrozenLake-v1", 1.0, 14 / 17),
        ("FrozenLake-v1", 0.99, 0.542026),
        ("FrozenLake-v1:is_slippery=false", 0.99, 0.950990),
        ("FrozenLake8x8-v1:is_slippery=false", 0.99, 0.877521),
        ("CliffWalking-v1", 1.0, -13),
        ("CliffWalking-v1", 0.99, -12.247898),
    ],
)
def test_known_values(name, gamma, value):
    mdp = load(name).mdp
    assert start_value(mdp, solve(mdp, gamma).value) == pytest.approx(value, abs=1e-6)


def test_known_values_within_the_limit():
    assert truth(load("FrozenLake-v1")).optimum == pytest.approx(0.744190, abs=1e-6)
    assert truth(load("FrozenLake-v1")).random_value == pytest.approx(0.013940, abs=1e-6)
    assert truth(load("Taxi-v4")).optimum < 8.46  # which Gymnasium claims and no policy reaches


def test_scenes_of_the_two_grids():
    lake, cliff = load("FrozenLake-v1").scene, load("CliffWalking-v1").scene
    assert lake.tiles[0, 0] == Tile.START
    assert lake.tiles[1].tolist() == [Tile.FLOOR, Tile.HAZARD, Tile.FLOOR, Tile.HAZARD]
    assert lake.tiles[3, 3] == Tile.GOAL
    assert lake.moves == ((0, -1), (1, 0), (0, 1), (-1, 0))
    assert (lake.cell[6].tolist(), lake.cell[16].tolist()) == ([1, 2], [-1, -1])
    assert cliff.tiles[3].tolist() == [Tile.START, *[Tile.HAZARD] * 10, Tile.GOAL]
    assert cliff.moves == ((-1, 0), (0, 1), (1, 0), (0, -1))
    assert load("Taxi-v4").scene is None


def test_walking_an_imported_world_stays_among_its_states():
    env = WorldEnv(load("FrozenLake-v1"))
    state, _ = env.reset(seed=0)
    returns = 0.0
    for action in np.random.default_rng(0).integers(4, size=3000).tolist():
        state, reward, terminated, truncated, _ = env.step(action)
        assert state in env.observation_space
        returns += reward
        if terminated or truncated:
            env.reset()
    assert returns > 0


class Table:
    """A table without an environment around it."""

    def __init__(self, table):
        self.P = table
        self.initial_state_distrib = [1.0] + [0.0] * (len(table) - 1)


def test_a_table_that_is_no_mdp_is_refused_by_state_and_action():
    right = [(1.0, 0, 0.0, False)]
    with pytest.raises(UserError, match="state 1, action 0 has probabilities that do not sum to 1"):
        from_table("broken", Table({0: {0: right}, 1: {0: [(0.5, 0, 0.0, False)]}}), None)
    with pytest.raises(UserError, match="state 0, action 0 leads outside"):
        from_table("broken", Table({0: {0: [(1.0, 7, 0.0, False)]}}), None)
    with pytest.raises(UserError, match="state 1 has 2 actions"):
        from_table("broken", Table({0: {0: right}, 1: {0: right, 1: right}}), None)
