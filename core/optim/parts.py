"""Batches in parts: cut apart to save memory, their metrics joined again."""

from collections.abc import Sequence

import torch
from torch import Tensor

from daedalus.core.errors import UserError
from daedalus.core.objective import Batch, Metrics


def cut(batch: Batch | Sequence[Batch], count: int, axis: int) -> list[Batch]:
    """The parts of a batch: those given, each cut into `count` about equal ones along the axis of examples.

    Tensors without that axis belong to every part.
    """
    given = [batch] if not isinstance(batch, Sequence) else list(batch)
    if not given or not all(given):
        raise UserError("a batch without tensors; give at least one example")
    if any(tensor.ndim > axis and not tensor.shape[axis] for one in given for tensor in one.values()):
        raise UserError("a batch without examples has no mean loss; give at least one example")
    return [piece for one in given for piece in _pieces(one, count, axis)] if count > 1 else given


def _pieces(batch: Batch, count: int, axis: int) -> list[Batch]:
    examples = sizes(batch)[axis]
    some = {name: tensor.tensor_split(count, axis) for name, tensor in batch.items() if tensor.ndim > axis}
    return [
        {name: some[name][n] if name in some else tensor for name, tensor in batch.items()}
        for n in range(min(count, examples))
    ]


def sizes(batch: Batch) -> tuple[int, int]:
    """How many examples there are if their axis is 0, and if it is 1 (0: no tensor has it)."""
    shapes = [tensor.shape for tensor in batch.values()]
    return (
        next((shape[0] for shape in shapes if len(shape) > 0), 0),
        next((shape[1] for shape in shapes if len(shape) > 1), 0),
    )


def joined(found: Sequence[tuple[Metrics, float]], axes: int) -> dict[str, Tensor]:
    """The metrics of the whole batch, from those of parts and each one's share of the examples.

    Numbers, of `axes` axes (1 for a population), are averaged; what has more axes tells of examples, (B, …) or
    (N, B, …), and is put one after another.
    """
    first = found[0][0]
    return {
        name: torch.cat([metrics[name] for metrics, _ in found], axes)
        if first[name].ndim > axes
        else sum((share * metrics[name] for metrics, share in found[1:]), found[0][1] * first[name])
        for name in first
    }
