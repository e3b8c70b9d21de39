"""A relaxation of a policy's linear system that is exact where the world is a tree, as perfect mazes are.

The search from the ends leaves every state a parent, one level nearer. The system (I - γP) v = r is split into the
couplings along this forest, both ways, and the rest. The forest's part is eliminated from the leaves inwards without
fill; the rest uses the old values: a regular splitting, so from below values rise monotonically (Varga 1962,
section 3.6). On a line or a tree one pass is the solution, however much the world slips back.
"""

import numpy as np

from daedalus.core.arrays import Floats, States
from daedalus.core.compiled import compiled


@compiled
def relax(
    next_state: States,
    probability: Floats,
    reward_SA: Floats,
    gamma: float,
    policy: States,
    order: States,
    parent: States,
    value: Floats,
) -> float:
    """One pass over `value` (S,), in place; the largest change. `order` lists parents before children."""
    # after elimination, value[s] = constant[s] + slope[s]·value[parent[s]]
    constant, slope = np.zeros(value.size), np.zeros(value.size)
    for i in range(order.size - 1, -1, -1):
        s = order[i]
        a = policy[s]
        if a < 0:
            continue  # stays: worth 0
        total, left, up = reward_SA[s, a], 1.0 - gamma, 0.0
        for k in range(next_state.shape[2]):
            n, weight = next_state[s, a, k], gamma * probability[s, a, k]
            if weight == 0.0 or n == s:
                continue
            left += weight  # summed: 1 - γ·stay would lose the digits of a small chance to leave
            if n == parent[s]:
                up += weight
            elif parent[n] == s:
                total += weight * constant[n]
                left -= weight * slope[n]
            else:
                total += weight * value[n]
        if left > 1e-12:
            constant[s], slope[s] = total / left, up / left
        else:
            constant[s] = value[s]  # as good as a loop: left to the sweep
    change = 0.0
    for i in range(order.size):
        s = order[i]
        new = constant[s]
        if slope[s] > 0.0:
            new += slope[s] * value[parent[s]]
        change = max(change, abs(new - value[s]))
        value[s] = new
    return change
