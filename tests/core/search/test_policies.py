"""A network's weights are found by search, its exact value on a finite world being the fitness."""

import numpy as np
import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.nn.layers import linear
from daedalus.core.planning import optimum_within, policy_value_within, random_policy
from daedalus.core.search.distributions import CrossEntropy, EvolutionStrategy
from daedalus.core.search.minimise import minimise
from daedalus.core.search.policies import flatten, minus_value, start_values, unflatten
from daedalus.core.search.protocol import Method

HORIZON = 12


def corridor() -> FiniteMDP:
    """A 3 × 3 grid, the goal in a corner behind a wall: rows 0–1 are joined on the right, rows 1–2 on the left.

    Each step costs 1; the way takes 6 steps: right, right, down, left, left, down.
    """
    next_state = np.zeros((9, 4, 1), dtype=np.int32)
    doors = {(2, 5), (5, 2), (3, 6), (6, 3)}
    for state in range(9):
        row, column = divmod(state, 3)
        for action, (down, right) in enumerate([(0, 1), (0, -1), (1, 0), (-1, 0)]):
            inside = 0 <= row + down < 3 and 0 <= column + right < 3
            there = 3 * (row + down) + column + right
            free = inside and (down == 0 or (state, there) in doors)
            next_state[state, action, 0] = there if free and state != 6 else state
    terminal = np.arange(9) == 6
    reward = np.where(terminal, 0.0, -1.0)[:, None, None] * np.ones((9, 4, 1))
    return FiniteMDP(next_state, np.ones((9, 4, 1)), reward, np.eye(9)[0], terminal)


def policy() -> nn.Linear:
    return linear(9, 4, torch.Generator().manual_seed(0), bias=False)


@pytest.mark.parametrize(
    "method", [CrossEntropy(floor=0.3, spread=2.0), EvolutionStrategy(sigma=0.5, rate=0.3)], ids=["cem", "es"]
)
def test_a_linear_softmax_policy_reaches_the_optimum(method: Method) -> None:
    """The softmax comes within 0.05 of the optimum −6, and its argmax attains it exactly."""
    mdp, module, states = corridor(), policy(), torch.eye(9)
    assert optimum_within(mdp, HORIZON) == -6.0
    loss = minus_value(module, states, mdp, HORIZON)
    result = minimise(loss, flatten(module), method, 64 * 30, np.random.default_rng(0))
    assert 6.0 <= result.value < 6.05
    assert minus_value(module, states, mdp, HORIZON, greedy=True)(result.point[None]).tolist() == [6.0]


def test_values_are_those_of_the_planner() -> None:
    """Random policies on a random MDP with start and terminal states, with and without discount."""
    generator = np.random.default_rng(0)
    probability = generator.dirichlet(np.ones(3), size=(5, 2))
    reward, next_state = generator.normal(size=(5, 2, 3)), generator.integers(5, size=(5, 2, 3)).astype(np.int32)
    next_state[4], reward[4] = 4, 0.0
    mdp = FiniteMDP(next_state, probability, reward, np.array([0.5, 0.5, 0, 0, 0]), np.arange(5) == 4)
    policies = generator.dirichlet(np.ones(2), size=(6, 5))
    for gamma in (1.0, 0.9):
        wanted = [policy_value_within(mdp, policy, 7, gamma) for policy in policies]
        np.testing.assert_allclose(start_values(mdp, policies, 7, gamma), wanted, rtol=1e-9)


def test_equal_logits_are_the_random_policy_and_greedy_takes_the_first() -> None:
    mdp, module = corridor(), policy()
    value = -minus_value(module, torch.eye(9), mdp, HORIZON)(np.zeros((2, 36)))
    np.testing.assert_allclose(value, policy_value_within(mdp, random_policy(mdp), HORIZON), rtol=1e-12)
    first = -minus_value(module, torch.eye(9), mdp, HORIZON, greedy=True)(np.zeros((1, 36)))
    assert first == policy_value_within(mdp, np.zeros(9, dtype=np.int64), HORIZON)


def test_flatten_and_unflatten_are_inverse() -> None:
    module = nn.Sequential(policy(), nn.LayerNorm(4))
    point = flatten(module)
    assert point.shape == (44,)
    assert np.array_equal(point[:36], module[0].weight.detach().double().numpy().ravel())
    wanted = np.arange(44.0)
    unflatten(module, wanted)
    assert np.array_equal(flatten(module), wanted)
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_wrong_sizes_are_one_clear_line() -> None:
    module = policy()
    with pytest.raises(UserError, match=r"has 36 parameters, the point has shape \(35,\)"):
        unflatten(module, np.zeros(35))
    with pytest.raises(UserError, match=r"logits \(9, 4\) for all states, not \(8, 4\)"):
        minus_value(module, torch.eye(9)[:8], corridor(), HORIZON)(np.zeros((1, 36)))
