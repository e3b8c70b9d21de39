"""Contextual bandits compiled: drawing contexts and pulling arms, the same for one environment and for many.

Context number c of a stream, counted since seeding, comes from number cd + j of "context" for feature j of d, or, where
there are n contexts, from number c. Pull t draws its reward from number 2t of "world".
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from daedalus.core.arrays import Bools, Floats, Ints, Keys
from daedalus.core.compiled import inlined, lean
from daedalus.core.draws import normal, uniform

Features = npt.NDArray[np.float32]


class Truth(NamedTuple):
    """How rewards come about."""

    weights: Floats  # (A, d)
    contexts: Features  # (n, d), n = 0 where contexts are drawn from N(0, I)
    logistic: bool
    noise: float  # the standard deviation of linear rewards


class Guests(NamedTuple):
    """All state of N environments."""

    world_key: Keys  # (N,)
    context_key: Keys  # (N,)
    t: Ints  # (N,), pulls since seeding
    drawn: Ints  # (N,), contexts since seeding
    number: Ints  # (N,), which of n contexts is there
    context: Features  # (N, d)
    best: Floats  # (N,), the best arm's mean in this context
    mean: Floats  # (N,), that of the arm pulled; before the pull `best`


@inlined
def score(truth: Truth, arm: int, context: Features, i: int) -> float:
    """The inner product of an arm's weights and context i."""
    total = 0.0
    for j in range(context.shape[1]):
        total += truth.weights[arm, j] * float(context[i, j])
    return total


@inlined
def mean_of(truth: Truth, score: float) -> float:
    """The mean reward that belongs to a score."""
    return 1.0 / (1.0 + math.exp(-score)) if truth.logistic else score


@inlined
def arrive(truth: Truth, guests: Guests, i: int) -> None:
    """Draw the next context of environment i."""
    d, c, key = guests.context.shape[1], np.uint64(guests.drawn[i]), guests.context_key[i]
    if len(truth.contexts):
        guests.number[i] = int(uniform(key, c) * len(truth.contexts))
        for j in range(d):
            guests.context[i, j] = truth.contexts[guests.number[i], j]
    else:
        for j in range(d):
            guests.context[i, j] = normal(key, c * np.uint64(d) + np.uint64(j))
    highest = -math.inf
    for arm in range(len(truth.weights)):
        highest = max(highest, score(truth, arm, guests.context, i))
    guests.best[i] = guests.mean[i] = mean_of(truth, highest)
    guests.drawn[i] += 1


@lean
def arrive_where(truth: Truth, guests: Guests, mask: Bools) -> None:
    """Draw the next context of the environments in the mask (N,)."""
    for i in range(mask.size):
        if mask[i]:
            arrive(truth, guests, i)


@lean
def pull_all(truth: Truth, guests: Guests, actions: Ints, over: Bools, restart: bool, rewards: Floats) -> None:
    """Pull one arm everywhere; with `restart` those whose episode is over draw a context instead.

    Writes rewards (N,) and where an episode ends now into over (N,).
    """
    for i in range(actions.size):
        if restart and over[i]:
            arrive(truth, guests, i)
            rewards[i], over[i] = 0.0, False
            continue
        mean = mean_of(truth, score(truth, actions[i], guests.context, i))
        counter = np.uint64(2) * np.uint64(guests.t[i])
        if truth.logistic:
            rewards[i] = 1.0 if uniform(guests.world_key[i], counter) < mean else 0.0
        else:
            rewards[i] = mean + truth.noise * normal(guests.world_key[i], counter)
        guests.mean[i] = mean
        guests.t[i] += 1
        over[i] = True
