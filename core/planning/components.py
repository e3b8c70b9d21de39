"""End components: sets of states in which a policy can stay for ever, and what staying earns on average."""

from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.mdp import FiniteMDP

from .graph import Predecessors, lasting_pairs


@dataclass(frozen=True, eq=False)
class Components:
    """Maximal end components: `label` (S,) numbers them, -1 outside; `pairs` (S, A) are those that stay inside."""

    label: Ints
    pairs: Bools


def end_components(mdp: FiniteMDP, before: Predecessors, pairs: Bools) -> Components:
    """The maximal end components of the MDP restricted to `pairs` (S, A).

    Strongly connected components are split and pairs that may leave theirs are dropped until nothing changes
    (de Alfaro 1997, algorithm 3.1).
    """
    label = np.full(mdp.states, -1, dtype=np.int64)
    pairs = lasting_pairs(mdp, before, pairs)
    while pairs.any():
        label = _strong_components(mdp, pairs)
        inside = (label[mdp.next_state] == label[:, None, None]) | (mdp.probability == 0)
        kept = lasting_pairs(mdp, before, pairs & inside.all(axis=2))
        if np.array_equal(kept, pairs):
            break
        pairs = kept
    return Components(np.where(pairs.any(axis=1), label, -1), pairs)


def _strong_components(mdp: FiniteMDP, pairs: Bools) -> Ints:
    from scipy.sparse import coo_array  # slow to import, and worlds are judged within a time limit without it
    from scipy.sparse.csgraph import connected_components

    used = pairs[:, :, None] & (mdp.probability > 0)
    origin = np.repeat(np.arange(mdp.states, dtype=np.int32), used.sum(axis=(1, 2)))
    edges = coo_array((np.ones(origin.size, dtype=np.int8), (origin, mdp.next_state[used])), shape=(mdp.states,) * 2)
    return np.asarray(connected_components(edges.tocsr(), connection="strong")[1], dtype=np.int64)


def best_gain(mdp: FiniteMDP, states: Ints, pairs: Bools, reward_SA: Floats) -> float:
    """The best long-run average reward within one end component, by its linear program.

    Maximise Σ x·r over stationary state-action frequencies x (Puterman 1994, section 8.8).
    """
    from scipy.optimize import linprog  # slow to import, rarely needed
    from scipy.sparse import coo_array

    index = np.full(mdp.states, -1, dtype=np.int64)
    index[states] = np.arange(states.size)
    where, action = np.nonzero(pairs[states])
    origin = states[where]
    column = np.repeat(np.arange(where.size), mdp.outcomes)
    enters = index[mdp.next_state[origin, action]].ravel()
    mass = mdp.probability[origin, action].ravel()
    used = mass > 0
    rows = np.concatenate([where, enters[used], np.full(where.size, states.size)])
    columns = np.concatenate([np.arange(where.size), column[used], np.arange(where.size)])
    entries = np.concatenate([np.ones(where.size), -mass[used], np.ones(where.size)])
    balance = coo_array((entries, (rows, columns)), shape=(states.size + 1, where.size)).tocsr()
    total = np.zeros(states.size + 1)
    total[-1] = 1.0
    answer = linprog(-reward_SA[origin, action], A_eq=balance, b_eq=total, method="highs")
    return -float(answer.fun)
