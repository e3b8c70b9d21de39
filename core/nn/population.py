"""A population of networks: N independent copies with stacked parameters, trained in one call.

Losses of the slots are summed before the gradient is taken, so that no slot feels another. Slot n begins as the
single network it was stacked from, and on the CPU computes the same bits whichever slots stand beside it.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from daedalus.core.errors import UserError

from .activations import ACTIVATIONS, RECTIFIERS, StackedActivation
from .chain import Chain
from .convolution import (
    Flatten,
    FlattenGrid,
    Pool,
    StackedConv,
    StackedDropChannels,
    StackedFlatten,
    StackedFlattenGrid,
    StackedPool,
    StackedToGrid,
    ToGrid,
)
from .dropout import Dropping
from .normalise import Normalise, StackedNormalise
from .stacked import Lookup, Stacked, StackedLinear, StackedLookup

__all__ = ["StackedConv", "StackedLinear", "put_slot", "slots", "stack", "take_slot"]

_FORMS: dict[type[nn.Module], type[Stacked]] = {
    nn.Linear: StackedLinear,
    Lookup: StackedLookup,
    Normalise: StackedNormalise,
    nn.Conv2d: StackedConv,
    Pool: StackedPool,
    ToGrid: StackedToGrid,
    Flatten: StackedFlatten,
    FlattenGrid: StackedFlattenGrid,
    **dict.fromkeys({type(make()) for make in ACTIVATIONS.values()} - set(RECTIFIERS), StackedActivation),
}


def stack(singles: Sequence[nn.Module]) -> nn.Module:
    """Stack networks of one architecture; slot n has the numbers of singles[n], copied. Names of parameters stay.

    Raises:
        UserError: no network is given, they differ, or a layer has no stacked form.
    """
    if not singles:
        raise UserError("a population needs at least one network")
    if len({str(single) for single in singles}) > 1:
        raise UserError("networks of different architectures cannot be stacked")
    return _stack(singles)


def _stack(singles: Sequence[nn.Module]) -> nn.Module:
    first = singles[0]
    if form := _form(first):
        return form.of(singles)
    if any(True for _ in first.parameters(recurse=False)) or any(True for _ in first.buffers(recurse=False)):
        raise UserError(f"{type(first).__name__} has no stacked form; train its seeds one after the other")
    return _rebuilt(first, len(singles), lambda name: _stack([single.get_submodule(name) for single in singles]))


def _form(single: nn.Module) -> type[Stacked] | None:
    if isinstance(single, Dropping):
        return StackedDropChannels if single.shared else None  # other masks have the shape of what they fall on
    return _FORMS.get(type(single))


def take_slot(module: nn.Module, n: int) -> nn.Module:
    """Slot n of a population as a single network, with numbers of its own."""
    _check_slot(module, n)
    return _take(module, n)


def _take(module: nn.Module, n: int) -> nn.Module:
    if isinstance(module, Stacked):
        return module.take(n).train(module.training)
    return _rebuilt(module, None, lambda name: _take(module.get_submodule(name), n))


def put_slot(module: nn.Module, n: int, single: nn.Module) -> None:
    """Write a single network's numbers into slot n of a population.

    Raises:
        UserError: the network is of another architecture; nothing is written then.
    """
    _check_slot(module, n)
    if _shapes(_take(module, n)) != _shapes(single):
        raise UserError("the network is of another architecture than the population")
    for name, part in module.named_modules():
        if isinstance(part, Stacked):
            part.put(n, single.get_submodule(name))


def slots(module: nn.Module) -> int:
    """How many slots a population has.

    Raises:
        UserError: it is a single network.
    """
    for part in module.modules():
        if isinstance(part, Stacked) and part.slots:
            return part.slots
    raise UserError(f"{type(module).__name__} is one network, not a population")


def _check_slot(module: nn.Module, n: int) -> None:
    if not 0 <= n < slots(module):
        raise UserError(f"there is no slot {n} in a population of {slots(module)}")


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}


def _rebuilt(module: nn.Module, slots: int | None, child: Callable[[str], nn.Module]) -> nn.Module:
    """A copy of a container (or of a layer without numbers) whose children are replaced; its code serves both forms."""
    twin: Any = copy.copy(module)
    twin._modules = {name: child(name) for name in module._modules}
    if isinstance(twin, Chain):
        twin.slots = slots
    return twin  # type: ignore[no-any-return]
