"""The value of a policy by linear algebra: (I - γP) v = r."""

import numpy as np

from daedalus.core.arrays import Floats, States

from .frame import Frame

_DENSE = 500  # states up to which a dense solution is faster than a sparse one


def solve_policy(ready: Frame, policy: States) -> Floats:
    """The exact value (S,) of `policy`, which ends from every state; 0 where it is -1 or the state is not solved."""
    from scipy.sparse import coo_array, diags_array  # slow to import, see `components`
    from scipy.sparse.linalg import splu

    mdp = ready.mdp
    moving = ready.order[policy[ready.order] >= 0]
    value = np.zeros(mdp.states)
    if moving.size == 0:
        return value
    index = np.full(mdp.states, -1, dtype=np.int64)
    index[moving] = np.arange(moving.size)
    chosen = policy[moving]
    columns = index[mdp.next_state[moving, chosen]]
    rows = np.broadcast_to(np.arange(moving.size)[:, None], columns.shape)
    mass = mdp.probability[moving, chosen]
    used = (columns >= 0) & (mass > 0)
    stays = columns == rows
    chain = coo_array((mass[used & ~stays], (rows[used & ~stays], columns[used & ~stays])), shape=(moving.size,) * 2)
    leave = np.sum(mass, axis=1, where=~stays)  # 1 - γ·stay would lose the digits of a small chance to leave
    system = (diags_array(1.0 - ready.gamma + ready.gamma * leave) - ready.gamma * chain).tocsc()
    reward = ready.reward[moving, chosen]
    if moving.size <= _DENSE:
        value[moving] = np.linalg.solve(system.toarray(), reward)
    else:
        # an M-matrix: elimination needs no pivots, so the ordering keeps its sparsity
        factors = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        value[moving] = factors.solve(reward)
    return value
