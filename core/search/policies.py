"""Searching for a small policy: a network's weights as one point, and its exact value on a finite world."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from daedalus.core.arrays import Floats
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning.horizon import check_horizon

from .minimise import Function


def flatten(module: nn.Module) -> Floats:
    """All parameters as one point (D,), in the order of `module.parameters()`."""
    return parameters_to_vector(module.parameters()).detach().cpu().double().numpy()


def unflatten(module: nn.Module, point: Floats) -> None:
    """Write the point (D,) into the parameters. Raises `UserError` where D is another number."""
    check_point(module, point)
    rest = torch.tensor(point)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(rest[: parameter.numel()].view_as(parameter))
            rest = rest[parameter.numel() :]


def start_values(mdp: FiniteMDP, policies_PSA: Floats, horizon: int, gamma: float = 1.0) -> Floats:
    """The exact start values (P,) of random policies within `horizon` steps, for many at once: h sweeps over P·S·A·K.

    `policy_value_within` gives the same for one; it is the faster one where the limit is long and a policy soon ends.
    """
    value_PS = np.zeros(policies_PSA.shape[:2])
    earned_SA = (mdp.probability * mdp.reward).sum(-1)
    for _ in range(check_horizon(horizon)):
        later_PSA = np.einsum("sak,psak->psa", mdp.probability, value_PS[:, mdp.next_state])
        value_PS = (policies_PSA * (earned_SA + gamma * later_PSA)).sum(-1)
    return np.asarray(value_PS @ mdp.start)


def minus_value(
    module: nn.Module, inputs: torch.Tensor, mdp: FiniteMDP, horizon: int, gamma: float = 1.0, greedy: bool = False
) -> Function:
    """The function that gives points (P, D) of weights minus the exact start value (P,) of their policies: no rollouts.

    `module` maps the inputs (S, …), one for each state, to logits (S, A). Its policy is their softmax, or with `greedy`
    their argmax, for at most `horizon` steps. All points go through it in one batch, and it keeps
    its own weights: `unflatten` writes those that were found.
    """

    check_horizon(horizon)
    shape = (mdp.states, mdp.actions)
    named = list(module.named_parameters())
    sizes = [parameter.numel() for _, parameter in named]

    def logits(point: torch.Tensor) -> torch.Tensor:
        parts = torch.split(point, sizes)
        own = {name: part.view_as(like).to(like) for (name, like), part in zip(named, parts, strict=True)}
        out: torch.Tensor = torch.func.functional_call(module, own, (inputs,))
        return out

    def values(points: Floats) -> Floats:
        check_point(module, points[0])
        with torch.no_grad():
            all_PSA = torch.func.vmap(logits)(torch.tensor(points))
        if all_PSA.shape[1:] != shape:
            raise UserError(f"the module must give logits {shape} for all states, not {tuple(all_PSA.shape[1:])}")
        policies: Floats = torch.softmax(all_PSA.double(), dim=-1).cpu().numpy()
        if greedy:
            policies = np.eye(shape[1])[policies.argmax(-1)]
        return -start_values(mdp, policies, horizon, gamma)

    return values


def check_point(module: nn.Module, point: Floats) -> None:
    """Raise `UserError` unless the point has a number for each of the module's parameters."""
    size = sum(parameter.numel() for parameter in module.parameters())
    if point.shape != (size,):
        raise UserError(f"the module has {size} parameters, the point has shape {point.shape}")
