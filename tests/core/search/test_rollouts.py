"""A small policy is found by what its episodes earn: a linear one for Gymnasium's CartPole, with no gradient at all."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from daedalus.core.arrays import Floats
from daedalus.core.nn.layers import linear
from daedalus.core.search.distributions import CrossEntropy, EvolutionStrategy
from daedalus.core.search.policies import flatten, unflatten
from daedalus.core.search.protocol import Method

SOLVED = 195.0  # the mean return from which CartPole counted as solved (its first version)
TRAINED, HELD_OUT = range(2), range(100, 110)  # seeds of episodes


@pytest.fixture(scope="module")
def env():
    with gym.make("CartPole-v1") as made:
        yield made


def mean_return(env: gym.Env, weight_AF: Floats, seeds: range) -> float:
    """Of the policy that takes the action of the greatest logit, over one episode for each seed."""
    total = 0.0
    for seed in seeds:
        seen, over = env.reset(seed=seed)[0], False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(int((weight_AF @ seen).argmax()))
            total, over = total + float(reward), terminated or truncated
    return total / len(seeds)


METHODS: dict[str, Method] = {"cem": CrossEntropy(16, 4, spread=0.2), "es": EvolutionStrategy(16, sigma=0.2, rate=0.2)}


@pytest.mark.parametrize("name", METHODS)
def test_a_linear_policy_balances_the_pole(name: str, env: gym.Env) -> None:
    """It begins badly, as do its neighbours; the search learns from two starts, and holds the pole from ten others."""
    module = linear(4, 2, torch.Generator().manual_seed(5), bias=False)
    search, generator = METHODS[name].begin(flatten(module)), np.random.default_rng(0)
    assert mean_return(env, flatten(module).reshape(2, 4), HELD_OUT) < 10
    for generation in range(12):
        points = search.ask(generator)
        search.tell(points, np.array([mean_return(env, point.reshape(2, 4), TRAINED) for point in points]))
        if search.best_fitness >= 500:
            break
        assert generation or search.best_fitness < SOLVED
    unflatten(module, search.best_point)
    assert mean_return(env, module.weight.detach().numpy(), HELD_OUT) >= SOLVED
