"""What a deep Q-network is trained towards: the equations, as pure functions of tensors."""

import torch
from torch import Tensor


def q_target(q_next_BA: Tensor, reward_B: Tensor, discount_B: Tensor) -> Tensor:
    """r + γ·max_a Q⁻(s', a), (..., B). Mnih et al. 2015, algorithm 1; Watkins 1989; Sutton & Barto 2018, eq. 6.8.

    `q_next_BA` are the target network's values of the next state, −∞ where an action is not allowed; `discount_B` is
    γ, and 0 only where the world really ended: a time limit is bootstrapped through.
    """
    return reward_B + discount_B * q_next_BA.max(dim=-1).values


def allowed(q_BA: Tensor, mask_BA: Tensor) -> Tensor:
    """Values with −∞ in place of those of actions that the mask (0 or 1) forbids. A mask of zeros forbids nothing."""
    mask_BA = mask_BA > 0
    return torch.where(mask_BA | ~mask_BA.any(dim=-1, keepdim=True), q_BA, -torch.inf)
