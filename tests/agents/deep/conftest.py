"""Small worlds that deep learners are tried in."""

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest

from daedalus.agents.deep.config import DQNConfig
from daedalus.agents.deep.finite import FiniteLiving
from daedalus.agents.deep.network import numerics_of
from daedalus.agents.deep.open import OpenLiving
from daedalus.agents.deep.population import DQNPopulation
from daedalus.agents.homes import shared
from daedalus.core.device import threads
from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem

SMALL = {
    "width": 16,
    "depth": 2,
    "train_freq": 4,
    "batch_size": 8,
    "learning_starts": 16,
    "target_update_interval": 20,
    "buffer_size": 200,
}


@pytest.fixture(autouse=True)
def _one_thread():
    with threads(1):
        yield


def chain_world(horizon=3):
    """Four states in a row; right leads on and pays 1 at the end, left leads back and pays 0.05."""
    next_state = np.array([[0, 1], [0, 2], [1, 3], [3, 3]], dtype=np.int32)[:, :, None]
    reward = np.zeros((4, 2, 1))
    reward[:3, 0], reward[2, 1] = 0.05, 1.0
    terminal = np.array([False, False, False, True])
    mdp = FiniteMDP(next_state, np.ones((4, 2, 1)), reward, np.eye(4)[0], terminal)
    return World("chain", mdp, horizon, ("left", "right"))


def finite_population(world, seeds, span=400, **settings):
    """A population in a finite world."""
    world = load_problem(parse_spec(world)) if isinstance(world, str) else world
    config = DQNConfig(**{**SMALL, **settings})
    living = FiniteLiving(shared(world, seeds), lambda seen: numerics_of(config, seen).device)
    numerics = numerics_of(config, living.sense.eye.seen)
    return DQNPopulation(living, config, seeds, span, numerics, config.buffer_size)


def open_population(make: "Callable[[], gymnasium.Env]", seeds, span=400, **settings):
    """A population in environments of its own."""
    config = DQNConfig(**{**SMALL, **settings})
    living = OpenLiving([make() for _ in seeds], seeds, lambda seen: numerics_of(config, seen).device, "test")
    numerics = numerics_of(config, living.sense.eye.seen)
    return DQNPopulation(living, config, seeds, span, numerics, config.buffer_size)


@pytest.fixture
def chain():
    return chain_world


@pytest.fixture
def finite():
    return finite_population


@pytest.fixture
def opened():
    return open_population
