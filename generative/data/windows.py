"""Windows of a long text: what a model sees of it at a time."""

from typing import Any

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.data import MASKED, PER_TOKEN, Column, Measure
from daedalus.core.errors import UserError

from .tokens import Tokens

MEASURES: dict[str, Measure] = {"sequence": PER_TOKEN, "masked": MASKED}


def fields(length: int, values: int) -> dict[str, Column]:
    """The fields of sequences: x and what follows it, where that counts, and how many of a part do on the average."""
    token = Column((length,), "int64", values)
    return {"x": token, "y": token, "w": Column((length,), "float32"), "tokens": Column((), "float32")}


class Windows:
    """Windows of `length` tokens x with those that follow, y, cut from a `stream` (N,) on demand.

    One after another: the last one is filled up with what does not count (w = 0), so every token but the first is
    predicted once. Or `everywhere`: a window begins at every place; numbered so that the next one goes on where one
    ends, through the whole stream, and then again a place later. So they can be shuffled, and read on as well.
    """

    def __init__(self, stream: Tokens, length: int, everywhere: bool = False) -> None:
        self.stream, self._length, self._everywhere = stream, length, everywhere
        most = len(stream) // 2 if everywhere else len(stream) - 1
        if not 1 <= length <= most:
            raise UserError(f"length must lie between 1 and {most}, as the text goes, not {length}")
        predicted = len(stream) - 1
        self._row = len(stream) // length - 1 if everywhere else -(-predicted // length)
        self._tokens = np.float32(length if everywhere else predicted / self._row)

    @property
    def size(self) -> int:
        """How many there are."""
        return self._row * self._length if self._everywhere else self._row

    def take(self, indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
        """The windows of these indices."""
        begin = indices % self._row * self._length + indices // self._row
        places = begin[:, None] + np.arange(self._length + 1)  # (B, T + 1)
        there = places < len(self.stream)
        tokens = np.where(there, self.stream[np.where(there, places, 0)], 0).astype(np.int64)
        return {
            "x": tokens[:, :-1],
            "y": tokens[:, 1:],
            "w": there[:, 1:].astype(np.float32),
            "tokens": np.full(len(indices), self._tokens),
        }


def constant_guess(train: Tokens, test: Tokens, values: int) -> float:
    """Mean ln p of the tokens `test` by their frequencies in `train`, half of one added to each count."""
    counts = np.bincount(train, minlength=values) + 0.5
    return float(np.log(counts / counts.sum())[test].mean())
