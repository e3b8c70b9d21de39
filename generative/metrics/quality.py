"""What a model's samples are worth, by what they are samples of: quickly on the way, and at length.

As many samples are drawn as there are real examples to hold them against, up to a number for each form of data. Beside
a distance stands its floor: the same of as many training examples in place of the samples.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from daedalus.core.data import PERFECT, SLICED_WASSERSTEIN, Data, Examples, Held
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition, Sampler

from .coverage import modes, precision_recall, ring
from .distances import frechet_distance, kernel_distance, mmd, sliced_wasserstein
from .features import Features, features
from .levels import judge_levels, levels
from .memorised import memorised

#: How many samples are judged at most, by the form of the data; how many of others; how many are drawn at a time.
SAMPLES = {"points": 2_500}
_OTHERS, _AT_ONCE = 500, 500
_FAR = 1e6

Numbers = dict[str, float]


def drawn(sampler: Sampler, n: int, generator: torch.Generator, y: Tensor | None = None) -> Tensor:
    """`n` samples on the CPU, (n, …), drawn some at a time; of classes y (n,) where they are given."""
    found = []
    with torch.no_grad():
        for begin in range(0, n, _AT_ONCE):
            end = min(begin + _AT_ONCE, n)
            condition = Condition() if y is None else Condition(y=y[begin:end].to(generator.device))
            found.append(sampler.sample(end - begin, condition, generator).cpu())
    return torch.cat(found)


def real(part: Examples, n: int, field: str = "x") -> Tensor:
    """The first `n` examples of a part, or all where they are fewer, (n, …)."""
    indices = np.arange(min(n, part.size or n))
    return torch.from_numpy(np.ascontiguousarray(part.take(indices)[field]))


def as_numbers(data: Data, x: Tensor) -> Tensor:
    """Examples (n, …) as real numbers: of V whole numbers v the shares v / (V − 1).

    What is no number is 0, and what is beyond all measure a million, so that a model that diverges has a score.
    """
    values = data.fields["x"].values
    shares = x.float() if values is None else x.float() / max(values - 1, 1)
    return shares.nan_to_num().clamp(-_FAR, _FAR)


class BySamples:
    """A sampler of what a data set holds, judged by its samples (`core.generating.SampleJudge`)."""

    data: Data

    def judge_samples(self, part: Examples, generator: torch.Generator) -> Numbers:
        """The measure of the data set's sampling task, and what else is quickly known of samples."""
        assert isinstance(self, Sampler)
        return judge_samples(self.data, self, part, generator)


def judge_samples(data: Data, sampler: Sampler, part: Examples, generator: torch.Generator) -> Numbers:
    """The measure of samples, held against a part, by the form of the data; and what else is soon known."""
    true = real(part, _most(data))
    x = drawn(sampler, len(true), generator)
    if data.form.name == "maze":
        found = levels(data.form, x.numpy())
        return {PERFECT.name: float(found.perfect.mean()), "solvable": float(found.solvable.mean())}
    return {SLICED_WASSERSTEIN.name: -_sliced(data, x, true), **_modes(data, x)}


def examine_samples(data: Data, sampler: Sampler, part: Examples, generator: torch.Generator) -> Numbers:
    """All that is known of samples, with the number of them and what real examples reach beside.

    Nothing is drawn where nothing is known of such, as of windows of a text.
    """
    if not _known(data):
        return {}
    true = real(part, _most(data))
    x = drawn(sampler, len(true), generator)
    numbers: Numbers = {"samples": len(x), **_EXAMINERS[data.form.name](data, x, true)}
    if data.form.name == "image" and "y" in data.fields:
        numbers |= _agreement(data, sampler, part, generator)
    return numbers


def _most(data: Data) -> int:
    return SAMPLES.get(data.form.name, _OTHERS)


def _sliced(data: Data, x: Tensor, true: Tensor) -> float:
    """The sliced Wasserstein distance, along lines that are the same for all models."""
    lines = torch_generator(0, "projections")
    return float(sliced_wasserstein(as_numbers(data, x).flatten(1), as_numbers(data, true).flatten(1), lines))


def _beside(data: Data, n: int) -> Tensor:
    """Training examples in place of samples."""
    return real(data.train, n)


def _points(data: Data, x: Tensor, true: Tensor) -> Numbers:
    x, other = as_numbers(data, x), _beside(data, len(true))
    numbers = {
        "sliced_wasserstein": _sliced(data, x, true),
        "sliced_wasserstein_floor": _sliced(data, other, true),
        "mmd": float(mmd(x, true)),
        "mmd_floor": float(mmd(other, true)),
    }
    return numbers | _reach(x, true, other) | _modes(data, x) | _copies(data, x, true)


def _images(data: Data, x: Tensor, true: Tensor) -> Numbers:
    other = _beside(data, len(true))
    network = features(data)
    seen, seen_true, seen_other = (network(as_numbers(data, some)) for some in (x, true, other))
    # Where no classifier was fitted the distances are others, and so are their names.
    of = "" if network.fitted else "random_"
    numbers = {
        "sliced_wasserstein": _sliced(data, x, true),
        "sliced_wasserstein_floor": _sliced(data, other, true),
        f"{of}frechet_distance": float(frechet_distance(seen, seen_true)),
        f"{of}frechet_floor": float(frechet_distance(seen_other, seen_true)),
        f"{of}kernel_distance": float(kernel_distance(seen, seen_true)),
        f"{of}kernel_floor": float(kernel_distance(seen_other, seen_true)),
    }
    return numbers | _reach(seen, seen_true, seen_other) | _copies(data, x, true) | _classes(data, network, x)


def _mazes(data: Data, x: Tensor, true: Tensor) -> Numbers:
    numbers = judge_levels(data.form, x.numpy(), true.numpy())
    of_real = judge_levels(data.form, _beside(data, len(true)).numpy(), true.numpy())
    return numbers | {f"{name}_real": of_real[name] for name in ("steps_distance", "novel") if name in of_real}


def _text(data: Data, x: Tensor, true: Tensor) -> Numbers:
    """How many samples differ from each other and from all that was trained on, where examples are whole texts."""
    if data.vocabulary is None or not isinstance(data.train, Held):
        return {}
    decode = data.vocabulary.decode
    own, test, train = (
        [decode(one) for one in some.numpy()] for some in (x, true, torch.from_numpy(data.train.arrays["x"]))
    )
    known = set(train)
    return {
        "distinct": len(set(own)) / len(own),
        "novel": float(np.mean([one not in known for one in own])),
        "novel_real": float(np.mean([one not in known for one in test])),
    }


_EXAMINERS: dict[str, Callable[[Data, Tensor, Tensor], Numbers]] = {
    "points": _points,
    "image": _images,
    "maze": _mazes,
    "text": _text,
}


def _known(data: Data) -> bool:
    """Whether there is anything to be told of samples."""
    texts = data.vocabulary is not None and isinstance(data.train, Held)
    return texts if data.form.name == "text" else data.form.name in _EXAMINERS


def _reach(x: Tensor, true: Tensor, other: Tensor) -> Numbers:
    precision, recall = precision_recall(x, true)
    of_real = precision_recall(other, true)
    return {"precision": precision, "precision_real": of_real[0], "recall": recall, "recall_real": of_real[1]}


def _modes(data: Data, x: Tensor) -> Numbers:
    told = ring(data.form) if data.form.name == "points" else None
    if told is None:
        return {}
    found = modes(x, *told)
    return {"modes": found.covered, "high_quality": found.high_quality}


def _copies(data: Data, x: Tensor, true: Tensor) -> Numbers:
    """Nothing where training examples never end: no model can have learnt them by heart."""
    if data.train.size is None:
        return {}
    train = real(data.train, data.train.size)
    return memorised(*(as_numbers(data, some).flatten(1) for some in (x, train, true)))


def _classes(data: Data, network: Features, x: Tensor) -> Numbers:
    return {"classes_seen": len(torch.unique(network.classes(as_numbers(data, x))))} if network.fitted else {}


def _agreement(data: Data, sampler: Sampler, part: Examples, generator: torch.Generator) -> Numbers:
    """How often the classifier sees the class that was asked for, where the model follows classes; and of real ones."""
    network, y = features(data), real(part, _most(data), "y")
    try:
        x = drawn(sampler, len(y), generator, y)
    except UserError:
        return {}
    seen = {"class_agreement": x, "class_agreement_real": real(part, _most(data))}
    return {name: float((network.classes(as_numbers(data, some)) == y).double().mean()) for name, some in seen.items()}
