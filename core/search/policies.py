"""Searching for a small policy: a network's weights as one point, and its exact value on a finite world."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_value_within

from .minimise import Function


def flatten(module: nn.Module) -> Floats:
    """All parameters as one point (D,), in the order of `module.parameters()`."""
    return parameters_to_vector(module.parameters()).detach().cpu().double().numpy()


def unflatten(module: nn.Module, point: Floats) -> None:
    """Write the point (D,) into the parameters. Raises `UserError` where D is another number."""
    parameters = list(module.parameters())
    size = sum(parameter.numel() for parameter in parameters)
    if point.shape != (size,):
        raise UserError(f"the module has {size} parameters, the point has shape {point.shape}")
    rest = torch.tensor(point)
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(rest[: parameter.numel()].view_as(parameter))
            rest = rest[parameter.numel() :]


def minus_value(
    module: nn.Module, inputs: torch.Tensor, mdp: FiniteMDP, horizon: int, gamma: float = 1.0, greedy: bool = False
) -> Function:
    """The function that gives points (P, D) of weights minus the exact start value (P,) of their policies: no rollouts.

    `module` maps the inputs (S, …), one for each state, to logits (S, A). Its policy is their softmax, or with `greedy`
    their argmax, for at most `horizon` steps. The module is left with the weights of the last point that was tried.
    """

    def values(points: Floats) -> Floats:
        found = np.empty(len(points))
        for index, point in enumerate(points):
            unflatten(module, point)
            with torch.no_grad():
                logits = module(inputs)
            if logits.shape != (mdp.states, mdp.actions):
                wanted = (mdp.states, mdp.actions)
                raise UserError(f"the module must give logits {wanted} for all states, not {tuple(logits.shape)}")
            logits = logits.cpu().double()
            policy = logits.argmax(-1) if greedy else torch.softmax(logits, dim=-1)
            found[index] = -policy_value_within(mdp, policy.numpy(), horizon, gamma)
        return found

    return values
