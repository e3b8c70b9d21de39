"""The rules of exploration, compiled: one set for bandits and tables. `strategies.py` says how to add one.

Here a strategy's code finds its rule; the rules stand in files by family, and `basics.py` tells their arguments:
`estimates` (greedy, ε-greedy, softmax), `bounds` (optimism), `posteriors` (Thompson), `weights` (gradient bandit,
EXP3) and `forgetting` (means for arms that drift).
"""

import math

import numpy as np

from daedalus.core.arrays import Floats, Ints, Keys, Row
from daedalus.core.compiled import aside, inlined, lean, likely

from .basics import (
    CLOSED_FORM,
    EPSILON_FIRST,
    EPSILON_FIRST_SOFTMAX,
    EPSILON_GREEDY,
    EXP3,
    FORGETFUL_UCB,
    GRADIENT,
    GREEDY,
    SOFTMAX,
    THOMPSON_BETA,
    THOMPSON_GAUSSIAN,
    UCB,
    UCB_TUNED,
    Explore,
    average,
    highest,
    pick,
    private,
    share_best,
    tried,
    within,
)
from .bounds import bound, highest_bound, level, remember_variance, row_bounds
from .estimates import epsilon_greedy, greedy, softmax, softmax_probabilities, spread
from .forgetting import remember_discounted, remember_window
from .posteriors import gaussian_posterior, thompson_beta, thompson_gaussian
from .rates import rate_at
from .weights import exp3_rate, remember_exp3, remember_gradient, weighted, weighted_probabilities

__all__ = [
    "CLOSED_FORM",
    "Explore",
    "average",
    "choose",
    "choose_each",
    "expectation",
    "greedy",
    "highest",
    "observe",
    "pick",
    "private",
    "probabilities",
    "remember",
    "scores",
    "softmax",
    "softmax_probabilities",
]


@inlined
def choose(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, key: np.uint64, t: int) -> int:
    """The action of a strategy at decision t."""
    if likely(explore.code <= EPSILON_GREEDY):  # or greedy: its rate is 0
        return epsilon_greedy(q, row, rate_at(explore.rate, t), key, t)
    return other_choice(explore, q, n, memory, row, key, t)


@lean
def other_choice(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, key: np.uint64, t: int) -> int:
    """`choose` for the strategies that take longer than a call does."""
    aside()
    code, params, actions = explore.code, explore.params, q.shape[1]
    if code == SOFTMAX:
        return softmax(q, row, rate_at(explore.rate, t), key, t)
    if code == THOMPSON_BETA:
        return thompson_beta(memory, row, actions, params[2], key, t)
    if code == THOMPSON_GAUSSIAN:
        return thompson_gaussian(q, n, row, params[0], params[1], params[2], key, t)
    if code == GRADIENT:
        return weighted(memory, row, actions, 1.0, 0.0, key, t)
    if code == EXP3:
        scale = -exp3_rate(actions, tried(n, row) + 1, params[2])
        return weighted(memory, row, actions, scale, params[2], key, t)
    if code not in (EPSILON_FIRST, EPSILON_FIRST_SOFTMAX):
        return highest_bound(explore, q, n, memory, row, key, t)
    if t < params[0]:  # the two ε-first rules begin with pure exploration
        return pick(key, t, actions)
    if code == EPSILON_FIRST_SOFTMAX:
        return softmax(q, row, rate_at(explore.rate, t), key, t)
    return greedy(q, row, key, t)


@inlined
def choose_each(
    explore: Explore,
    q: Floats,
    n: Ints,
    memory: Floats,
    first: int,
    last: int,
    keys: Keys,  # (R,), one for each row
    t: int,
    scores: Floats,  # (≥ last - first, A), free to write on
    chosen: Ints,  # (≥ last - first,), where the actions go
) -> None:
    """`choose` in each of the rows `first` … `last` - 1, all at decision t."""
    if UCB <= explore.code <= FORGETFUL_UCB:  # the highest bound is the greedy choice among bounds
        row_bounds(explore, q, n, memory, first, last, scores)
        for place in range(last - first):
            chosen[place] = greedy(scores, np.uint64(place), keys[first + place], t)
    else:
        for place in range(last - first):
            row = first + place
            chosen[place] = choose(explore, q, n, memory, row, keys[row], t)


@inlined
def observe(explore: Explore, n: Ints, memory: Floats, row: Row, action: int, sample: float, t: int) -> None:
    """What a strategy remembers of one sample (a reward, or the target of a table) after decision t; n counts it."""
    if likely(memory.shape[1] == 0):
        return
    remember(explore, n, memory, row, action, sample, t)


@lean
def remember(explore: Explore, n: Ints, memory: Floats, row: Row, action: int, sample: float, t: int) -> None:
    """`observe` for the strategies that have a memory of their own."""
    aside()
    code, params, actions = explore.code, explore.params, n.shape[1]
    if code == UCB_TUNED:
        remember_variance(memory, row, actions, action, sample)
    elif code == GRADIENT:
        remember_gradient(memory, row, actions, action, sample, params[0], params[1] > 0.0)
    elif code == EXP3:
        remember_exp3(n, memory, row, action, 1.0 - within(sample, params[0], params[1]), params[2])
    else:  # THOMPSON_BETA and FORGETFUL_UCB
        kept = within(sample, params[0], params[1]) if code == THOMPSON_BETA else sample
        if params[4] > 0.0:
            remember_window(memory, row, actions, action, kept, int(params[4]))
        else:
            remember_discounted(memory, row, actions, action, kept, params[3])


@lean
def probabilities(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, t: int, out: Floats) -> None:
    """Write into out (A,) the probability of each action at decision t; it is what `choose` samples from.

    For the strategies in `CLOSED_FORM`; NaN for others.
    """
    code, params = explore.code, explore.params
    out[:] = 0.0
    if code == EPSILON_GREEDY:
        epsilon = rate_at(explore.rate, t)
        out[:] = epsilon / q.shape[1]
        spread(q, row, 1.0 - epsilon, out)
    elif code == GREEDY:
        spread(q, row, 1.0, out)
    elif code == SOFTMAX:
        softmax_probabilities(q, row, rate_at(explore.rate, t), out)
    elif code == GRADIENT:
        weighted_probabilities(memory, row, 1.0, 0.0, out)
    elif code == EXP3:
        weighted_probabilities(memory, row, -exp3_rate(out.size, tried(n, row) + 1, params[2]), params[2], out)
    elif code in (THOMPSON_BETA, THOMPSON_GAUSSIAN):
        out[:] = math.nan
    elif code not in (EPSILON_FIRST, EPSILON_FIRST_SOFTMAX):
        shared = level(explore, n, memory, row)
        for action in range(out.size):
            out[action] = bound(explore, shared, q, n, memory, row, action)
        share_best(out)
    elif t < params[0]:
        out[:] = 1.0 / q.shape[1]
    elif code == EPSILON_FIRST_SOFTMAX:
        softmax_probabilities(q, row, rate_at(explore.rate, t), out)
    else:
        spread(q, row, 1.0, out)


@inlined
def expectation(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, t: int, scratch: Floats) -> float:
    """Σ π(a) q[a] over what `choose` samples from at decision t; scratch (A,) is free to write on."""
    if likely(explore.code <= EPSILON_GREEDY):
        epsilon = rate_at(explore.rate, t)
        return float((1.0 - epsilon) * highest(q, row) + epsilon * average(q, row))
    return other_expectation(explore, q, n, memory, row, t, scratch)


@lean
def other_expectation(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, t: int, scratch: Floats) -> float:
    """`expectation` for the strategies whose probabilities differ from action to action."""
    aside()
    probabilities(explore, q, n, memory, row, t, scratch)
    total = 0.0
    for action in range(q.shape[1]):
        total += scratch[action] * q[row, action]
    return total


@lean
def scores(explore: Explore, q: Floats, n: Ints, memory: Floats, row: Row, out: Floats) -> None:
    """Write into out (A,) what the strategy holds of each action; a bandit's greedy choice is the highest.

    The estimates q; but the preferences of a gradient bandit, the estimated losses of EXP3 with a minus, the posterior
    means of Thompson sampling, and the means that forget, -inf where nothing is remembered.
    """
    code, params, actions = explore.code, explore.params, q.shape[1]
    for action in range(actions):
        if code == GRADIENT:
            out[action] = memory[row, action]
        elif code == EXP3:
            out[action] = -memory[row, action]
        elif code == THOMPSON_BETA:
            out[action] = (params[2] + memory[row, action]) / (2.0 * params[2] + memory[row, actions + action])
        elif code == THOMPSON_GAUSSIAN:
            out[action], _ = gaussian_posterior(q[row, action], n[row, action], params[0], params[1], params[2])
        elif code == FORGETFUL_UCB:
            count = memory[row, actions + action]
            out[action] = memory[row, action] / count if count > 0.0 else -math.inf
        else:
            out[action] = q[row, action]
