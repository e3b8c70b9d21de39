"""What a model's samples are worth, by what they are samples of: quickly on the way, and at length."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import PERFECT, SLICED_WASSERSTEIN, Data, Examples
from daedalus.core.device import torch_generator
from daedalus.core.generating import Condition, Sampler

from .distances import sliced_wasserstein
from .levels import levels

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
    return {PERFECT.name: float(levels(data.form, x.numpy()).perfect.mean())}


_JUDGES: dict[str, Callable[[Data, Tensor, Examples], Numbers]] = {"maze": _mazes}
