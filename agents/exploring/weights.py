"""Strategies that weigh actions by preferences of their own: gradient bandit and EXP3.

Both draw a with probability (1 − γ)·exp(x_a) / Σ_b exp(x_b) + γ / A and differ in x: the gradient bandit's are learnt
preferences, those of EXP3 the losses that each action would have made, estimated by importance weighting. Arguments
are told in `basics.py`; the preferences or losses are the first A numbers of a row of memory.
"""

import math

import numpy as np

from daedalus.core.arrays import Floats, Ints, Row
from daedalus.core.compiled import inlined, lean

from .basics import coin, tried


@inlined
def exp3_rate(actions: int, decision: int, gamma: float) -> float:
    """η of a row's decision number 1, 2, …: √(ln A / (A·t)), or γ/A where a share γ is explored.

    Bubeck & Cesa-Bianchi 2012, theorem 3.1 (anytime); Auer, Cesa-Bianchi, Freund & Schapire 2002 (γ).
    """
    if gamma > 0.0:
        return gamma / actions
    return math.sqrt(math.log(actions) / (actions * max(decision, 1)))


@inlined
def summit(memory: Floats, row: Row, actions: int, scale: float) -> float:
    """The largest of `scale` times each of the first A numbers of a row."""
    best = scale * memory[row, 0]
    for action in range(1, actions):
        best = max(best, scale * memory[row, action])
    return float(best)


@inlined
def mass(memory: Floats, row: Row, actions: int, scale: float, best: float) -> float:
    """Σ exp(scale·x − best) over the first A numbers x of a row."""
    total = 0.0
    for action in range(actions):
        total += math.exp(scale * memory[row, action] - best)
    return total


@lean
def weighted(memory: Floats, row: Row, actions: int, scale: float, gamma: float, key: np.uint64, t: int) -> int:
    """Draw an action: one of all alike with probability γ, else by weights exp(scale·x)."""
    best = summit(memory, row, actions, scale)
    total = mass(memory, row, actions, scale, best)
    left = coin(key, t)
    for action in range(actions - 1):
        left -= (1.0 - gamma) * math.exp(scale * memory[row, action] - best) / total + gamma / actions
        if left < 0:
            return action
    return actions - 1


@lean
def weighted_probabilities(memory: Floats, row: Row, scale: float, gamma: float, out: Floats) -> None:
    """What `weighted` draws from, into out (A,)."""
    best = summit(memory, row, out.size, scale)
    total = mass(memory, row, out.size, scale, best)
    for action in range(out.size):
        out[action] = (1.0 - gamma) * math.exp(scale * memory[row, action] - best) / total + gamma / out.size


@lean
def remember_gradient(
    memory: Floats, row: Row, actions: int, action: int, sample: float, alpha: float, baseline: bool
) -> None:
    """H_b ← H_b + α (r − r̄)(1[b = a] − π(b)). Sutton & Barto 2018, eq. 2.12.

    r̄ is the mean of the row's samples before this one, and of the first one itself; without a baseline it is 0. A row
    holds H (A), r̄ and how many samples it is the mean of.
    """
    seen = memory[row, actions + 1]
    mean = sample if seen == 0.0 else memory[row, actions]
    step = alpha * (sample - mean) if baseline else alpha * sample
    best = summit(memory, row, actions, 1.0)
    total = mass(memory, row, actions, 1.0, best)
    for other in range(actions):
        chance = math.exp(memory[row, other] - best) / total
        memory[row, other] += step * ((1.0 if other == action else 0.0) - chance)
    memory[row, actions] = mean + (sample - mean) / (seen + 1.0)
    memory[row, actions + 1] = seen + 1.0


@lean
def remember_exp3(n: Ints, memory: Floats, row: Row, action: int, loss: float, gamma: float) -> None:
    """L_a ← L_a + loss / p(a), for a loss in [0, 1]; n counts the decision. Bubeck & Cesa-Bianchi 2012, section 3.1."""
    actions = n.shape[1]
    scale = -exp3_rate(actions, tried(n, row), gamma)
    best = summit(memory, row, actions, scale)
    total = mass(memory, row, actions, scale, best)
    chance = (1.0 - gamma) * math.exp(scale * memory[row, action] - best) / total + gamma / actions
    memory[row, action] += loss / max(chance, 1e-300)  # what never is chosen may be handed over all the same
