"""Exact solutions of finite MDPs: optimal, within a time limit, ε-soft, and of any given policy."""

from .facts import Truth, evaluation_horizon, optimum_within, summary, truth
from .horizon import backward_induction, first_actions, policy_value_within, policy_values_within
from .optimal import Solution, optimal_actions, policy_iteration, solve, start_value, value_iteration
from .policies import best_soft_policy, evaluate_policy, induced, random_policy, soften

__all__ = [
    "Solution",
    "Truth",
    "backward_induction",
    "best_soft_policy",
    "evaluate_policy",
    "evaluation_horizon",
    "first_actions",
    "induced",
    "optimal_actions",
    "optimum_within",
    "policy_iteration",
    "policy_value_within",
    "policy_values_within",
    "random_policy",
    "soften",
    "solve",
    "start_value",
    "summary",
    "truth",
    "value_iteration",
]
