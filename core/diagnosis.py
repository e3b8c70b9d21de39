"""Norms of gradients and weights, layer by layer, and in plain words what is wrong with them."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .noise import Noise
from .objective import Batch, Objective, Phase
from .optim.clipping import norms

#: From the last layer back to the first the signal may shrink or grow to so much of its size before it is said.
SHRUNK, GROWN = 1e-4, 1e4

#: If more than this share of a layer's units are zero for every example, it is said.
DEAD = 0.5

_FOR_VANISHING = "take ReLU-like activations, residual blocks or normalisation, or draw larger weights"
_FOR_NONE = (
    "it is zero all the way, as where the last layer begins at zero on purpose; if it stays so, draw larger weights"
)
_FOR_EXPLODING = "clip the gradient (clip_norm=1), normalise, or draw smaller weights"
_NOT_FINITE = "is not finite: go back to weights that were saved earlier, and lower the learning rate"
_FOR_DEAD = "they learn nothing more; lower the learning rate, or take a leaky activation"


@dataclass(frozen=True, eq=False)
class Layer:
    """A module with parameters of its own. The numbers are (), or of a population (N,), on the CPU."""

    name: str
    weight: Tensor  #: the norm of its parameters
    gradient: Tensor  #: the norm of the loss's gradient to them, 0 where there is none
    signal: Tensor  #: the root mean square of the loss's gradient to its output, NaN where there is none
    dead: Tensor  #: the share of its units that the next one finds zero for every example; NaN for the last


@dataclass(frozen=True)
class Diagnosis:
    """The layers in the order in which they ran, and what is wrong, a sentence each: nothing, if there is none."""

    layers: tuple[Layer, ...]
    sentences: tuple[str, ...]


def diagnose(objective: Objective, batch: Batch, noise: Noise, phase: Phase | None = None) -> Diagnosis:
    """Run the loss forwards and backwards on a batch, and look at what passes. It changes nothing but `noise`.

    Vanishing and exploding are judged by the gradient to the layers' outputs: that to their weights has the size of
    what a layer is given in it too (Glorot & Bengio 2010).
    """
    module, phase = objective.module, phase or objective.phases(0)[0]
    with _buffers_kept(module):
        with _watching(module) as seen:
            loss, _ = objective.loss(phase, batch, noise)
        weights = [p for part in seen.parts.values() for p in part.parameters(recurse=False) if p.requires_grad]
        outputs = [seen.outputs[name] for name in seen.parts if name in seen.outputs]
        found = torch.autograd.grad(loss.sum(), [*weights, *outputs], allow_unused=True)
    slots = len(loss) if loss.ndim else None
    gradient_of = {id(tensor): gradient for tensor, gradient in zip([*weights, *outputs], found, strict=True)}
    dead = _dead(seen, slots)
    layers = []
    for name, part in seen.parts.items():
        mine = list(part.parameters(recurse=False))
        gradients = [gradient_of.get(id(p)) for p in mine]
        signal = gradient_of.get(id(seen.outputs.get(name)))
        numbers = (
            norms([p.detach() for p in mine], slots),
            _norms([g for g in gradients if g is not None], slots),
            _filled(torch.nan, slots) if signal is None else _root_mean_square(signal, slots),
            dead.get(name, _filled(torch.nan, slots)),
        )
        layers.append(Layer(name, *(number.cpu() for number in numbers)))
    return Diagnosis(tuple(layers), tuple(sentences(layers)))


@dataclass
class _Seen:
    """What ran: the parts with parameters in their order, and of each its first output and input."""

    parts: dict[str, nn.Module] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    inputs: dict[str, Tensor] = field(default_factory=dict)


@contextmanager
def _watching(module: nn.Module) -> Iterator[_Seen]:
    seen = _Seen()

    def hook(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def see(part: nn.Module, given: tuple[Any, ...], output: Any) -> None:
            if name not in seen.parts:
                seen.parts[name] = part
                if isinstance(output, Tensor) and output.requires_grad:
                    seen.outputs[name] = output
                if given and isinstance(given[0], Tensor) and given[0].is_floating_point():
                    seen.inputs[name] = given[0].detach()

        return see

    owners = [(name, part) for name, part in module.named_modules() if list(part.parameters(recurse=False))]
    handles = [part.register_forward_hook(hook(name)) for name, part in owners]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _buffers_kept(module: nn.Module) -> Iterator[None]:
    held = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, before in held:
            buffer.copy_(before)


def _dead(seen: _Seen, slots: int | None) -> dict[str, Tensor]:
    """The share of dead units of each layer, seen in what the next one is given: (…, B, units) or (…, B, units, …)."""
    names, found = list(seen.parts), {}
    for name, following in pairwise(names):
        given = seen.inputs.get(following)
        if given is None:
            continue
        lead = 0 if slots is None else 1
        units = lead + 1 if "Conv" in type(seen.parts[following]).__name__ else given.ndim - 1
        over = [axis for axis in range(lead, given.ndim) if axis != units]
        zero = (given == 0).movedim(units, lead).flatten(lead + 1).all(-1) if over else given == 0
        found[name] = zero.to(torch.float32).mean(-1)
    return found


def _root_mean_square(tensor: Tensor, slots: int | None) -> Tensor:
    return norms([tensor], slots) / math.sqrt(tensor.numel() / (slots or 1))


def _norms(tensors: list[Tensor], slots: int | None) -> Tensor:
    return norms(tensors, slots) if tensors else _filled(0.0, slots)


def _filled(number: float, slots: int | None) -> Tensor:
    return torch.full(() if slots is None else (slots,), number)


def sentences(layers: list[Layer]) -> Iterator[str]:
    """What is wrong, the same fault of several slots in one sentence."""
    for layer in layers:
        for what, numbers in (("weights", layer.weight), ("gradient", layer.gradient)):
            yield from _said(
                ~numbers.isfinite(), numbers, f"the norm of the {what} of layer {layer.name!r} {_NOT_FINITE}"
            )
    signals = [layer for layer in layers if layer.signal.isfinite().all()]
    if len(signals) > 1:
        first, last = signals[0], signals[-1]
        ratio, way = first.signal / last.signal, f"from layer {last.name!r} back to {first.name!r}"
        cut = torch.stack([layer.dead == 1 for layer in layers]).any(0)  # is said below
        yield from _said((ratio == 0) & ~cut, ratio, f"no gradient gets {way}: {_FOR_NONE}")
        yield from _said(
            (ratio > 0) & (ratio < SHRUNK) & ~cut,
            ratio,
            f"gradients vanish: {way} they shrink to {{:.0e}}; {_FOR_VANISHING}",
        )
        yield from _said(ratio > GROWN, ratio, f"gradients explode: {way} they grow {{:.0e}}-fold; {_FOR_EXPLODING}")
    for layer in layers:
        share = f"{{:.0f}} % of the units of layer {layer.name!r} are zero for every example: {_FOR_DEAD}"
        yield from _said(layer.dead > DEAD, 100 * layer.dead, share)


def _said(wrong: Tensor, numbers: Tensor, sentence: str) -> Iterator[str]:
    if not wrong.any():
        return
    found = wrong.reshape(-1).nonzero().flatten().tolist()
    slots = f"slot{'s' * (len(found) > 1)} {', '.join(map(str, found))}: " if wrong.ndim else ""
    yield slots + sentence.format(numbers.reshape(-1)[found[0]].item())
