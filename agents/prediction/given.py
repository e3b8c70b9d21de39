"""What all learners of a given policy's value do alike: they follow it. Their table has one column, v(s) = q[s, 0]."""

from typing import Any, NamedTuple

import numpy as np

from daedalus.agents.exploring.rates import Rate, step_size
from daedalus.agents.tables.loop import Population
from daedalus.agents.tables.method import Shape
from daedalus.core.arrays import Floats
from daedalus.core.compiled import inlined
from daedalus.core.draws import uniform
from daedalus.core.world import World

from .config import PredictionConfig
from .policies import GIVEN, policy_in, thresholds


class Given(NamedTuple):
    """The own array of a learner that needs none but the policy."""

    chances: Floats  # (N, S, A + 1), cumulative action probabilities from 0 to 1


class ValueRule(NamedTuple):
    """The numbers of a learner that updates by one step's target."""

    alpha: Rate
    gamma: float


def value_rule(config: PredictionConfig) -> ValueRule:
    """The rule of those settings."""
    return ValueRule(step_size(config.alpha), config.gamma)


def uniform_chances(shape: Shape) -> Floats:
    """The thresholds of the uniformly random policy, (N, S, A + 1)."""
    one = thresholds(np.full((1, shape.actions), 1.0 / shape.actions))
    return np.tile(one, (shape.seeds, shape.states, 1))


def given(shape: Shape, config: PredictionConfig) -> Given:
    """The policy alone."""
    return Given(uniform_chances(shape))


def enter(rule: Any, own: Any, config: PredictionConfig, world: World) -> Any:
    """Take up the named policy in that world; one that was handed over stays."""
    if config.policy.name != GIVEN:
        own.chances[...] = thresholds(policy_in(config.policy, world))
    return rule


@inlined
def follow(rule: Any, now: Population, own: Any, i: int, row: np.uint64, key: np.uint64, t: int) -> int:
    """An action of the given policy, by the first draw of decision t."""
    state = int(row) - i * (now.q.shape[0] // now.t.size)
    last = own.chances.shape[2] - 2
    draw = uniform(key, np.uint64(2) * np.uint64(t))
    for action in range(last):
        if draw < own.chances[i, state, action + 1]:
            return action
    return int(last)
