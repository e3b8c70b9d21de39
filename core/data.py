"""Data sets are values, as worlds are: named fields, three parts fixed by rule, and the measure that judges a model.

A data set is a sort of problem: what an agent is in a world, a model is on a data set, in the same store, statistics
and report. A score is higher where it is better; `ceiling` is the best that any model can reach, where that is known.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from .arrays import Ints
from .catalogue import Entry, of_kind
from .errors import UserError, unknown
from .spec import Spec, fill

Arrays = Mapping[str, np.typing.NDArray[Any]]

#: The environment variable that names a folder with files data sets are made of, in place of the network.
DATA_FOLDER = "DAEDALUS_DATA"


@dataclass(frozen=True)
class Column:
    """One named array of an example: its shape without the batch, and its type.

    `values` is how many whole numbers from 0 it can hold, such as classes or tokens; None for real numbers.
    """

    shape: tuple[int, ...]
    dtype: str
    values: int | None = None


@dataclass(frozen=True)
class Measure:
    """How models are judged: the mean over examples of the score that a model gives under this name.

    `words` and `unit` are what a person reads; no score is below `least` or above `most`. A measure `of_samples` is
    of what a model draws, held against a part as a whole.
    """

    name: str
    words: str
    unit: str = ""
    least: float = -np.inf
    most: float = np.inf
    of_samples: bool = False

    @property
    def told(self) -> str:
        """The words with the unit, as an axis says them."""
        return f"{self.words}, {self.unit}" if self.unit else self.words


ACCURACY = Measure("accuracy", "accuracy", least=0.0, most=1.0)
R_SQUARED = Measure("r_squared", "R²", most=1.0)
#: Of a density this may be positive, of classes or tokens never: `LOG_PROBABILITY`.
LOG_LIKELIHOOD = Measure("log_likelihood", "log-likelihood", "nats per example")
LOG_PROBABILITY = replace(LOG_LIKELIHOOD, most=0.0)
#: Of sequences: the nats of an example by the mean number of tokens that are predicted in one of its part.
PER_TOKEN = Measure("log_likelihood_per_token", "log-likelihood", "nats per token", most=0.0)
MASKED = Measure("masked_log_likelihood", "log-likelihood of masked tokens", "nats per token", most=0.0)
SQUARED_ERROR = Measure("minus_squared_error", "minus squared error", most=0.0)
SLICED_WASSERSTEIN = Measure("minus_sliced_wasserstein", "minus sliced Wasserstein distance", most=0.0, of_samples=True)
PERFECT = Measure("perfect", "share of perfect mazes", least=0.0, most=1.0, of_samples=True)


class Vocabulary(Protocol):
    """What tokens stand for."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def encode(self, text: str) -> Ints:
        """Its tokens, (T,). Raises `UserError` for what the vocabulary lacks."""
        ...

    def decode(self, tokens: Ints) -> str:
        """The text of tokens (T,)."""
        ...


class Examples(Protocol):
    """One part of a data set."""

    @property
    def size(self) -> int | None:
        """How many examples there are; None where they are made by index without end."""
        ...

    def take(self, indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        """The examples of these indices, every field (B, …): a pure function of them."""
        ...


class Held:
    """Examples in memory: arrays of one length by field."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        (self._size,) = {len(array) for array in arrays.values()}

    @property
    def size(self) -> int:
        """How many examples there are."""
        return self._size

    def take(self, indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        """The examples of these indices."""
        return {name: array[indices] for name, array in self.arrays.items()}


class Made:
    """Examples that a pure function makes from their indices; `size` None where they never end."""

    def __init__(self, make: Callable[[Ints], dict[str, np.typing.NDArray[Any]]], size: int | None) -> None:
        self._make, self._size = make, size

    @property
    def size(self) -> int | None:
        """How many examples there are."""
        return self._size

    def take(self, indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        """Make the examples of these indices."""
        return self._make(indices)


@dataclass(frozen=True, eq=False)
class Data:
    """A data set. `validation` chooses among weights, `test` gives the score; neither is ever trained on.

    `sort` is the task, the word by which models say what they can be fitted to (`Entry.suits`):

    "classification"  x and y, a class                "regression"  x and y, a real number
    "density"         x, whole numbers or real ones, judged by log-likelihood; y where there are classes
    "sampling"        the same, judged by samples     "reconstruction"  the same, judged by what comes back of x
    "sequence"        tokens x (T,) and y (T,), the tokens that follow; w (T,) is 1 where y counts, else 0, and
                      `tokens` the mean of Σw in the part; the first of x is given. Judged by nats per token
    "tagging"         the same, but y is not what follows   "masked"  the same as "sequence", judged at masked places

    `ceiling` and `chance`, the score of the best constant guess, are None where they are not known. `form` says what a
    person sees in an x: image, points, text, maze(rows=5,columns=5,layout=edges), numbers. `notes` say how parts and
    fields were made.
    """

    name: str
    sort: str
    fields: Mapping[str, Column]
    train: Examples
    validation: Examples
    test: Examples
    measure: Measure
    ceiling: float | None = None
    chance: float | None = None
    notes: tuple[str, ...] = ()
    form: Spec = Spec("numbers")  # noqa: RUF009  # frozen
    vocabulary: Vocabulary | None = None

    @property
    def parts(self) -> dict[str, Examples]:
        """The three parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def fingerprint(self) -> str:
        """A hash of all that is held in memory, and of a sample of what is made."""
        facts = (self.sort, self.fields, self.measure, self.ceiling, self.chance)
        digest = hashlib.sha256(repr(facts).encode())
        for part in self.parts.values():
            digest.update(repr(part.size).encode())
            held = part.arrays if isinstance(part, Held) else part.take(np.arange(min(part.size or _SAMPLE, _SAMPLE)))
            for name, array in sorted(held.items()):
                digest.update(f"{name}{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


_SAMPLE = 64


def is_data(spec: Spec) -> bool:
    """Whether a name is that of a data set; anything else is a world."""
    return spec.name in of_kind("data")


def tasked(data: Spec, models: Sequence[Entry]) -> Spec:
    """A data set that serves several tasks, with the one that all `models` suit: the first of the first model's.

    The data set's own first task goes without saying, and one that is named stays. Raises `UserError` where no task
    suits all models.
    """
    entry = of_kind("data").get(data.name)
    if entry is None or len(entry.suits) < 2 or "task" in data.mapping or not models:
        return data
    shared = [task for task in models[0].suits if task in entry.suits and all(task in one.suits for one in models)]
    if not shared and all(set(one.suits) & set(entry.suits) for one in models):
        each = "; ".join(f"{one.name} {_either(one.suits, entry.suits)}" for one in models)
        raise UserError(f"{data.name}: no task suits all these models ({each}); compare them apart")
    if not shared or shared[0] == entry.suits[0]:
        return data
    return Spec(data.name, (*data.params, ("task", shared[0])))


def _either(suits: Sequence[str], tasks: Sequence[str]) -> str:
    return " or ".join(task for task in suits if task in tasks)


def load_data(spec: Spec) -> Data:
    """Make a data set. Raises `UserError` for an unknown name or parameter, naming the nearest."""
    known = of_kind("data")
    if spec.name not in known:
        raise unknown("data set", spec.name, known)
    build: Callable[..., Data] = known[spec.name].load()
    return fill(build, spec.mapping, spec.name)


def order(key: int, step: int, batch: int, size: int | None) -> Ints:
    """Which examples training step `step` (from 0) sees, (B,): a pure function, so nothing of it needs to be saved.

    The steps go through one permutation of all examples after the other, an epoch each, so a batch may hold the end of
    one and the beginning of the next. A batch of `size` or more is all of them, in their own order. Of examples
    without end every step sees fresh ones.
    """
    if size is None:
        drawn = np.random.Generator(np.random.Philox(key=[key, step])).integers(0, _ENDLESS, batch)
        return np.asarray(drawn, dtype=np.int64)
    if batch >= size:
        return np.arange(size)
    first, last = divmod(step * batch, size), divmod((step + 1) * batch - 1, size)
    if first[0] == last[0]:
        return _epoch(key, first[0], size)[first[1] : last[1] + 1]
    return np.concatenate([_epoch(key, first[0], size)[first[1] :], _epoch(key, last[0], size)[: last[1] + 1]])


def streamed(step: int, batch: int, size: int) -> Ints:
    """Which examples training step `step` sees where each row of a batch reads on where it was, (B,).

    The training part is cut into as many stretches as rows; row b begins with the first example of stretch b.
    """
    return np.asarray((np.arange(batch) * size // batch + step) % size)


_ENDLESS = 2**62  # so many indices that two of a run are hardly ever equal


@functools.lru_cache(maxsize=4)
def _epoch(key: int, epoch: int, size: int) -> Ints:
    shuffled: Ints = np.random.Generator(np.random.Philox(key=[key, epoch])).permutation(size)
    return shuffled
