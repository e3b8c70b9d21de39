"""Given policies: their exact values, the random one, and the best one that explores with probability ε."""

from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, Ints, States
from daedalus.core.compiled import compiled
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size

from .optimal import Solution, solve

Policy = Ints | Floats  # (S,) actions or (S, A) probabilities


def random_policy(mdp: FiniteMDP) -> Floats:
    """Every action with equal probability, (S, A)."""
    return np.full((mdp.states, mdp.actions), 1.0 / mdp.actions)


def soften(policy: Policy, epsilon: float, actions: int) -> Floats:
    """With probability ε a uniformly random action, else the policy's, (S, A).

    Raises `UserError` where ε lies outside [0, 1] or the policy names no action of `actions`.
    """
    _check_epsilon(epsilon)
    _check_entries(policy, actions)
    greedy: Floats = np.eye(actions)[policy] if policy.ndim == 1 else policy.astype(np.float64)
    return (1.0 - epsilon) * greedy + epsilon / actions


def check_policy(mdp: FiniteMDP, policy: Policy) -> None:
    """Raise `UserError`, naming a state, where `policy` is none for this MDP."""
    if policy.shape not in ((mdp.states,), (mdp.states, mdp.actions)):
        raise UserError(
            f"a policy must have shape ({mdp.states},) or ({mdp.states}, {mdp.actions}), not {policy.shape}"
        )
    _check_entries(policy, mdp.actions)


def _check_epsilon(epsilon: float) -> None:
    if not 0.0 <= epsilon <= 1.0:
        raise UserError(f"epsilon must lie in [0, 1], not {epsilon:g}")


def _check_entries(policy: Policy, actions: int) -> None:
    """Raise `UserError` unless `policy` is (S,) actions or (S, A) probabilities for so many actions."""
    if policy.ndim == 1:
        if not np.issubdtype(policy.dtype, np.integer):
            raise UserError(f"a policy of shape ({policy.size},) must hold integer actions, not {policy.dtype}")
        wrong = (policy < 0) | (policy >= actions)
        what = f"an action outside 0…{actions - 1}"
    elif policy.ndim == 2 and policy.shape[1] == actions:
        wrong = ~((policy >= 0).all(axis=1) & (np.abs(policy.sum(axis=1) - 1) < 1e-9))
        what = "probabilities below 0 or that do not sum to 1"
    else:
        raise UserError(f"a policy must have shape (states,) or (states, {actions}), not {policy.shape}")
    if wrong.any():
        raise UserError(f"the policy has {what} in state {int(wrong.argmax())}")


def induced(mdp: FiniteMDP, policy: Policy) -> FiniteMDP:
    """The Markov reward process that `policy` makes of the MDP: an MDP with one action."""
    check_policy(mdp, policy)
    if policy.ndim == 1:
        chosen = np.arange(mdp.states), policy
        tables = mdp.next_state[chosen], mdp.probability[chosen], mdp.reward[chosen]
    else:
        tables = _mixed(mdp.next_state, mdp.probability, mdp.reward, np.asarray(policy, dtype=np.float64))
    next_state, probability, reward = (table[:, None, :] for table in tables)
    return FiniteMDP(next_state, probability, reward, mdp.start, mdp.terminal)


@compiled
def _mixed(next_state: States, probability: Floats, reward: Floats, policy: Floats) -> tuple[States, Floats, Floats]:
    """The outcomes (S, outcomes) of a random choice of action, those with the same successor put together."""
    states, actions, outcomes = next_state.shape
    successors, width = np.full(actions * outcomes, -1, dtype=np.int32), 1
    for counting in (True, False):
        if not counting:
            mixed_state = np.zeros((states, width), dtype=np.int32)
            mixed_probability, mixed_reward = np.zeros((states, width)), np.zeros((states, width))
        for s in range(states):
            used = 0
            for a in range(actions):
                for k in range(outcomes):
                    p = policy[s, a] * probability[s, a, k]
                    if p == 0.0:
                        continue
                    place = 0
                    while place < used and successors[place] != next_state[s, a, k]:
                        place += 1
                    successors[place] = next_state[s, a, k]
                    used = max(used, place + 1)
                    if not counting:
                        mixed_state[s, place] = next_state[s, a, k]
                        mixed_probability[s, place] += p
                        mixed_reward[s, place] += p * reward[s, a, k]
            width = max(width, used)
            if not counting:
                for place in range(used):
                    mixed_reward[s, place] /= mixed_probability[s, place]
    return mixed_state, mixed_probability, mixed_reward


def evaluate_policy(mdp: FiniteMDP, policy: Policy, gamma: float = 1.0) -> Floats:
    """The exact value (S,) of a policy without a time limit; infinite or NaN as in `Solution`."""
    return solve(induced(mdp, policy), gamma).value


def best_soft_policy(mdp: FiniteMDP, epsilon: float, gamma: float = 1.0) -> Solution:
    """The best of the policies that take a uniformly random action with probability ε.

    `policy` (S,) is their greedy part (Sutton & Barto 2018, section 5.4): the optimum of an MDP whose actions
    are already softened.
    """
    _check_epsilon(epsilon)
    states, actions, outcomes = mdp.next_state.shape
    check_size(states, actions, outcomes * (1 + actions))

    def everyone(table: np.typing.NDArray[Any]) -> np.typing.NDArray[Any]:
        return np.broadcast_to(table.reshape(states, 1, -1), (states, actions, actions * outcomes))

    chosen, explored = (1.0 - epsilon) * mdp.probability, epsilon / actions * mdp.probability
    softened = FiniteMDP(
        np.concatenate([mdp.next_state, everyone(mdp.next_state)], axis=2),
        np.concatenate([chosen, everyone(explored)], axis=2),
        np.concatenate([mdp.reward, everyone(mdp.reward)], axis=2),
        mdp.start,
        mdp.terminal,
    )
    return solve(softened, gamma)
