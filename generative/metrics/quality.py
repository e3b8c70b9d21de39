"""What a model's samples are worth, by what they are samples of: quickly on the way, and at length."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Bools, Pixels
from daedalus.core.data import PERFECT, SLICED_WASSERSTEIN, Data, Examples
from daedalus.core.device import torch_generator
from daedalus.core.generating import Condition, Sampler

from .distances import sliced_wasserstein

#: How many samples are drawn to be judged, by the form of the data, and how many at a time.
SAMPLES = {"points": 2_500}
_OTHERS, _AT_ONCE = 500, 500

Numbers = dict[str, float]


def drawn(sampler: Sampler, n: int, generator: torch.Generator) -> Tensor:
    """`n` samples on the CPU, (n, …), drawn some at a time."""
    sizes = [min(_AT_ONCE, n - begin) for begin in range(0, n, _AT_ONCE)]
    with torch.no_grad():
        return torch.cat([sampler.sample(size, Condition(), generator).cpu() for size in sizes])


def real(part: Examples, n: int) -> Tensor:
    """The first `n` examples of a part, or all where they are fewer, (n, …)."""
    indices = np.arange(min(n, part.size or n))
    return torch.from_numpy(np.ascontiguousarray(part.take(indices)["x"]))


def as_numbers(data: Data, x: Tensor) -> Tensor:
    """Examples as vectors of real numbers (n, D): of V whole numbers v the shares v / (V − 1)."""
    values = data.fields["x"].values
    flat = x.reshape(len(x), -1).float()
    return flat if values is None else flat / max(values - 1, 1)


def judge_samples(data: Data, sampler: Sampler, part: Examples, generator: torch.Generator) -> Numbers:
    """The measure of samples, held against a part, by the form of the data; and what else is soon known."""
    n = SAMPLES.get(data.form.name, _OTHERS)
    return _JUDGES.get(data.form.name, _distance)(data, drawn(sampler, n, generator), part)


def examine_samples(data: Data, sampler: Sampler, part: Examples, generator: torch.Generator) -> Numbers:
    """All that is known of samples, with the number of them and what real examples reach beside."""
    n = SAMPLES.get(data.form.name, _OTHERS)
    return {"samples": n, **judge_samples(data, sampler, part, generator)}


def _distance(data: Data, x: Tensor, part: Examples) -> Numbers:
    """The sliced Wasserstein distance, along lines that are the same for all models."""
    lines = torch_generator(0, "projections")
    own, true = as_numbers(data, x), as_numbers(data, real(part, len(x)))
    return {SLICED_WASSERSTEIN.name: -float(sliced_wasserstein(own, true, lines))}


def _mazes(data: Data, x: Tensor, part: Examples) -> Numbers:
    return {PERFECT.name: float(perfect(data, x).mean())}


_JUDGES: dict[str, Callable[[Data, Tensor, Examples], Numbers]] = {"maze": _mazes}


def perfect(data: Data, x: Tensor) -> Bools:
    """Which of these mazes (n, …) are perfect: every cell is reached from every other on exactly one way, (n,)."""
    told = data.form.mapping
    rows, columns, bits = told["rows"], told["columns"], x.numpy().astype(np.uint8)
    proper = np.ones(len(bits), dtype=bool)
    if told["layout"] == "tiles":
        tiles = bits.reshape(len(bits), 2 * rows + 1, 2 * columns + 1)
        proper, bits = _proper(tiles), _passages(tiles)
    return np.asarray(proper & (bits.sum(axis=1) == rows * columns - 1) & _joined(bits, rows, columns))


def _proper(tiles: Pixels) -> Bools:
    """Which drawings (n, 2R + 1, 2C + 1) have floor on every cell, and walls around and on the corners of cells."""
    closed = tiles.copy()
    closed[:, 1:-1:2, 1:-1] = 0
    closed[:, 1:-1, 1:-1:2] = 0
    return np.asarray(tiles[:, 1::2, 1::2].all(axis=(1, 2)) & ~closed.any(axis=(1, 2)))


def _passages(tiles: Pixels) -> Pixels:
    """The passages (n, E) of drawings, in the order of `daedalus.envs.levels.passages`."""
    east, south = tiles[:, 1::2, 2:-1:2], tiles[:, 2:-1:2, 1::2]
    return np.concatenate([east.reshape(len(tiles), -1), south.reshape(len(tiles), -1)], axis=1)


def _joined(bits: Pixels, rows: int, columns: int) -> Bools:
    """Which mazes (n, E) are in one piece: what the first cell reaches grows until it grows no more."""
    cut = rows * (columns - 1)
    east = bits[:, :cut].reshape(-1, rows, columns - 1).astype(bool)
    south = bits[:, cut:].reshape(-1, rows - 1, columns).astype(bool)
    reached = np.zeros((len(bits), rows, columns), dtype=bool)
    reached[:, 0, 0] = True
    before = 0
    while (count := int(reached.sum())) > before:
        before = count
        reached[:, :, 1:] |= reached[:, :, :-1] & east
        reached[:, :, :-1] |= reached[:, :, 1:] & east
        reached[:, 1:] |= reached[:, :-1] & south
        reached[:, :-1] |= reached[:, 1:] & south
    return np.asarray(reached.all(axis=(1, 2)))
