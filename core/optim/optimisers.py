"""Optimisers as frozen specs: torch's own are inside.

Weight decay is for weights alone: biases, what normalises and embeddings are not decayed, unless `decay="all"`.

Which of torch's implementations runs: the fused one where there is one; on the CPU it takes a third of the others' time
for small networks. There it rounds the numbers at a tensor's end, those that do not fill a vector register, otherwise
than the rest. In a population such numbers belong to the last slot, so stacked parameters whose slots do not fill whole
registers take the foreach implementation, which rounds all alike, or are packed by whoever can (`packing`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.optim import Optimizer

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec, chosen

from .packing import REGISTER

Decay = Literal["weights", "all"]

#: Torch's layers whose parameters are not decayed.
_LIGHT = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.Embedding, nn.EmbeddingBag)

#: Parameters that are treated alike, as torch's optimisers take them.
Groups = list[dict[str, Any]]


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013)."""

    lr: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    decay: Decay = "weights"

    def __post_init__(self) -> None:
        _check("sgd", self.lr, self.weight_decay, momentum=self.momentum)
        if self.nesterov and not self.momentum:
            raise UserError("sgd: nesterov needs a momentum, as in sgd(momentum=0.9,nesterov=true)")

    def build(self, module: nn.Module) -> Optimizer:
        """An optimiser of all the module's parameters that require a gradient."""
        return self.over(groups(module, self.weight_decay, self.decay))

    def over(self, groups: Groups) -> Optimizer:
        """An optimiser of groups of parameters."""
        return torch.optim.SGD(groups, self.lr, momentum=self.momentum, nesterov=self.nesterov)


@dataclass(frozen=True)
class RMSProp:
    """RMSProp (Tieleman & Hinton 2012); centred as in Graves 2013, eq. 38–41, but with ε outside the root."""

    lr: float = 0.01
    smoothing: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    centred: bool = False
    weight_decay: float = 0.0
    decay: Decay = "weights"

    def __post_init__(self) -> None:
        _check("rmsprop", self.lr, self.weight_decay, self.eps, smoothing=self.smoothing, momentum=self.momentum)

    def build(self, module: nn.Module) -> Optimizer:
        """An optimiser of all the module's parameters that require a gradient."""
        return self.over(groups(module, self.weight_decay, self.decay))

    def over(self, groups: Groups) -> Optimizer:
        """An optimiser of groups of parameters. torch has no fused one."""
        alike = [{**group, "fused": False, "foreach": True, "packed": False} for group in groups]
        return torch.optim.RMSprop(
            alike, self.lr, self.smoothing, self.eps, momentum=self.momentum, centered=self.centred
        )


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015). Its weight decay is a gradient like others; `AdamW` sets it apart."""

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    decay: Decay = "weights"

    def __post_init__(self) -> None:
        _check("adam", self.lr, self.weight_decay, self.eps, beta1=self.beta1, beta2=self.beta2)

    def build(self, module: nn.Module) -> Optimizer:
        """An optimiser of all the module's parameters that require a gradient."""
        return self.over(groups(module, self.weight_decay, self.decay))

    def over(self, groups: Groups) -> Optimizer:
        """An optimiser of groups of parameters."""
        return torch.optim.Adam(groups, self.lr, (self.beta1, self.beta2), self.eps)


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    decay: Decay = "weights"

    def __post_init__(self) -> None:
        _check("adamw", self.lr, self.weight_decay, self.eps, beta1=self.beta1, beta2=self.beta2)

    def build(self, module: nn.Module) -> Optimizer:
        """An optimiser of all the module's parameters that require a gradient."""
        return self.over(groups(module, self.weight_decay, self.decay))

    def over(self, groups: Groups) -> Optimizer:
        """An optimiser of groups of parameters."""
        return torch.optim.AdamW(groups, self.lr, (self.beta1, self.beta2), self.eps)


Optimiser = SGD | RMSProp | Adam | AdamW

OPTIMISERS = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam, "adamw": AdamW}


def optimiser(asked: Optimiser | Spec | str) -> Optimiser:
    """Read `adam(lr=1e-3)` or its `Spec`. Raises `UserError` that names the nearest known one."""
    if isinstance(asked, Optimiser):
        return asked
    found: Optimiser = chosen("optimiser", asked, OPTIMISERS)
    return found


def decayed(module: nn.Module) -> Iterator[nn.Parameter]:
    """The parameters that weight decay and penalties are for, each once: not biases, nor what its module spares.

    Torch's norms and embeddings are spared, and what a module of another kind names in its class's `undecayed`, a tuple
    of parameters' names. A weight that several parts share is spared if one of them spares it, as an embedding that is
    the output layer too.
    """
    owned = [(part, *named) for part in module.modules() for named in part.named_parameters(recurse=False)]
    spared = {parameter for part, name, parameter in owned if _spared(part, name)}
    for parameter in dict.fromkeys(parameter for _, _, parameter in owned):
        if parameter.requires_grad and parameter not in spared:
            yield parameter


def _spared(part: nn.Module, name: str) -> bool:
    return isinstance(part, _LIGHT) or "bias" in name or name in getattr(part, "undecayed", ())


def groups(module: nn.Module, weight_decay: float, decay: Decay) -> Groups:
    """The parameters that require a gradient by how they are moved: decayed ones first, and of each the packed last.

    On the CPU a population's parameters are marked "packed": those whose slots do not fill whole registers, or all of
    a population of one. Their order in a slot's row is the same whatever the number of slots.
    """
    everything = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not everything:
        raise UserError(f"{type(module).__name__} has nothing to train: no parameter requires a gradient")
    slots = {len(parameter) if parameter.ndim else 0 for parameter in everything}
    stacked = len(slots) == 1 and slots != {0} and everything[0].device.type == "cpu"
    heavy = set(everything if decay == "all" else decayed(module)) if weight_decay else set()
    found: Groups = []
    for fat in (True, False):
        mine = [parameter for parameter in everything if (parameter in heavy) == fat]
        odd = [stacked and math.prod(parameter.shape[1:]) % REGISTER != 0 for parameter in mine]
        even, uneven = ([p for p, is_odd in zip(mine, odd, strict=True) if is_odd == kind] for kind in (False, True))
        together = stacked and slots == {1}
        for members, pack in [(even + uneven, True)] if together else [(even, False), (uneven, True)]:
            if members:
                found.append({"params": members, "weight_decay": weight_decay if fat else 0.0, "packed": pack,
                              "fused": not pack, "foreach": pack})  # fmt: skip
    return found


def _check(name: str, lr: float, weight_decay: float, eps: float = 0.0, **shares: float) -> None:
    if not 0 < lr < math.inf:
        raise UserError(f"{name}: lr must be positive and finite, not {lr:g}")
    for key, value in {"weight_decay": weight_decay, "eps": eps}.items():
        if not 0 <= value < math.inf:
            raise UserError(f"{name}: {key} must be at least 0, not {value:g}")
    for key, value in shares.items():
        if not 0 <= value < 1:
            raise UserError(f"{name}: {key} must lie in [0, 1), not {value:g}")
