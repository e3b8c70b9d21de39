"""Backward searches on an MDP's graph: predecessor lists in CSR form, reachability, almost-sure reachability."""

from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, States
from daedalus.core.compiled import compiled
from daedalus.core.mdp import FiniteMDP


@dataclass(frozen=True, eq=False)
class Predecessors:
    """The (state, action) pairs that may enter each state from another one, as CSR lists.

    `pair[pointer[s]:pointer[s + 1]]` are the pairs `state·A + action` that lead to `s`.
    """

    pointer: Ints  # (S + 1,)
    pair: States  # (edges,)


@dataclass(frozen=True, eq=False)
class Search:
    """What a backward search found: `order` lists the states found, targets first and nearest next."""

    order: States  # (found,)
    level: States  # (S,), steps to the targets at the least; -1 where not found
    parent: States  # (S,), the state one level nearer from which it was found; -1 at targets and where not found

    @property
    def found(self) -> Bools:
        """Which states were found, (S,)."""
        return self.level >= 0


def predecessors(mdp: FiniteMDP) -> Predecessors:
    """The predecessor lists of every state, by a counting sort of the transitions."""
    pointer, pair = _predecessors(mdp.next_state, mdp.probability)
    return Predecessors(pointer, pair)


def search(mdp: FiniteMDP, before: Predecessors, targets: Bools, pairs: Bools) -> Search:
    """Search breadth-first, backwards from `targets` (S,), through the given `pairs` (S, A)."""
    return Search(*_search(before.pointer, before.pair, targets, pairs))


def descending(mdp: FiniteMDP, found: Search, pairs: Bools) -> States:
    """For each state the likeliest of `pairs` to lead nearer (the first at ties), (S,); -1 where none does."""
    policy: States = _descending(mdp.next_state, mdp.probability, found.level, pairs)
    return policy


def closed_pairs(mdp: FiniteMDP, region: Bools) -> Bools:
    """The pairs (S, A) that begin in `region` (S,) and never leave it."""
    closed: Bools = _closed_pairs(mdp.next_state, mdp.probability, region)
    return closed


def almost_surely(mdp: FiniteMDP, before: Predecessors, targets: Bools) -> Search:
    """The states from which some policy reaches `targets` with probability 1.

    The greatest fixed point of: reach the targets through pairs that stay in the set (de Alfaro 1997, "Formal
    verification of probabilistic systems", algorithm 3.2).
    """
    region = np.ones(mdp.states, dtype=np.bool_)
    while True:
        found = search(mdp, before, targets, closed_pairs(mdp, region))
        if np.array_equal(found.found, region):
            return found
        region = found.found


def lasting_pairs(mdp: FiniteMDP, before: Predecessors, pairs: Bools) -> Bools:
    """The largest subset of `pairs` (S, A) that can be followed for ever, whatever the outcomes."""
    alive: Bools = np.any(pairs, axis=1)
    kept = pairs & closed_pairs(mdp, alive)
    _peel(before.pointer, before.pair, alive, kept)
    return kept


@compiled
def _peel(pointer: Ints, pair: States, alive: Bools, kept: Bools) -> None:
    """Drop the pairs that may lead to a state without pairs, until there is none."""
    states, actions = kept.shape
    left, waiting, filled = np.zeros(states, dtype=np.int64), np.empty(states, dtype=np.int32), 0
    for s in range(states):
        left[s] = kept[s].sum()
        if alive[s] and left[s] == 0:
            waiting[filled] = s
            filled += 1
    while filled > 0:
        filled -= 1
        s = waiting[filled]
        for i in range(pointer[s], pointer[s + 1]):
            before, action = divmod(pair[i], actions)
            if kept[before, action]:
                kept[before, action] = False
                left[before] -= 1
                if left[before] == 0:
                    waiting[filled] = before
                    filled += 1


@compiled
def _predecessors(next_state: States, probability: Floats) -> tuple[Ints, States]:
    states, actions, outcomes = next_state.shape
    pointer = np.zeros(states + 1, dtype=np.int64)
    for s in range(states):
        for a in range(actions):
            for k in range(outcomes):
                n = next_state[s, a, k]
                if probability[s, a, k] > 0.0 and n != s:
                    pointer[n + 1] += 1
    for s in range(states):
        pointer[s + 1] += pointer[s]
    pair = np.empty(pointer[states], dtype=np.int32)
    place = pointer[:-1].copy()
    for s in range(states):
        for a in range(actions):
            for k in range(outcomes):
                n = next_state[s, a, k]
                if probability[s, a, k] > 0.0 and n != s:
                    pair[place[n]] = s * actions + a
                    place[n] += 1
    return pointer, pair


@compiled
def _search(pointer: Ints, pair: States, targets: Bools, pairs: Bools) -> tuple[States, States, States]:
    states, actions = pairs.shape
    level, parent = np.full(states, -1, dtype=np.int32), np.full(states, -1, dtype=np.int32)
    order = np.empty(states, dtype=np.int32)
    filled = 0
    for s in range(states):
        if targets[s]:
            level[s] = 0
            order[filled] = s
            filled += 1
    reading = 0
    while reading < filled:
        s = order[reading]
        reading += 1
        for i in range(pointer[s], pointer[s + 1]):
            before, action = divmod(pair[i], actions)
            if level[before] < 0 and pairs[before, action]:
                level[before], parent[before] = level[s] + 1, s
                order[filled] = before
                filled += 1
    return order[:filled].copy(), level, parent


@compiled
def _descending(next_state: States, probability: Floats, level: States, pairs: Bools) -> States:
    states, actions, outcomes = next_state.shape
    policy = np.full(states, -1, dtype=np.int32)
    for s in range(states):
        best = 0.0
        for a in range(actions):
            if level[s] > 0 and pairs[s, a]:
                nearer = 0.0
                for k in range(outcomes):
                    if 0 <= level[next_state[s, a, k]] < level[s]:
                        nearer += probability[s, a, k]
                if nearer > best * (1.0 + 1e-9):
                    policy[s], best = a, nearer
    return policy


@compiled
def _closed_pairs(next_state: States, probability: Floats, region: Bools) -> Bools:
    states, actions, outcomes = next_state.shape
    closed = np.zeros((states, actions), dtype=np.bool_)
    for s in range(states):
        if region[s]:
            for a in range(actions):
                inside = True
                for k in range(outcomes):
                    if probability[s, a, k] > 0.0 and not region[next_state[s, a, k]]:
                        inside = False
                closed[s, a] = inside
    return closed
