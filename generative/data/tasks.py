"""Tasks that tell what a sequence model remembers. Made by index; what a model without memory reaches is exact."""

import math
import string
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Ints, Keys
from daedalus.core.data import MASKED, PER_TOKEN, SQUARED_ERROR, Column, Data, Made
from daedalus.core.errors import UserError
from daedalus.core.indexed import keys, uniform
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec

from .symbols import Symbols

Fields = dict[str, np.typing.NDArray[Any]]

_LONGEST = 10_000


def adding(length: int = 100, examples: int | None = None, tested: int = 2_000) -> Data:
    """The adding problem: x (T, 2) are numbers of [0, 1) and marks; y is the sum of the two that are marked.

    One mark lies in the first half, one in the second, each place as likely (Arjovsky, Shah & Bengio 2016; after
    Hochreiter & Schmidhuber 1997). Chance is the squared error of the best guess that sees no numbers, 1: it is 1/6,
    the variance of y, by which R² is told, too.
    """
    _check("adding", examples, tested, length=(length, 2, _LONGEST))
    half = length // 2

    def make(keys_B: Keys) -> Fields:
        drawn = uniform(keys_B, length + 2)
        numbers, places = drawn[:, :length], drawn[:, length:]
        row = np.arange(len(keys_B))
        first, second = (places * np.array([half, length - half])).astype(np.int64).T
        marks = np.zeros_like(numbers)
        marks[row, first] = marks[row, half + second] = 1.0
        y = (numbers * marks).sum(axis=1)
        x = np.stack([numbers, marks], axis=-1).astype(np.float32)
        return {"x": x, "y": y.astype(np.float32), "variance": np.full(len(y), 1 / 6, np.float32)}

    return Data(
        "adding",
        "regression",
        {"x": Column((length, 2), "float32"), "y": Column((), "float32")},
        *_parts("adding", make, examples, tested),
        measure=SQUARED_ERROR,
        ceiling=0.0,
        chance=-1 / 6,
        notes=(f"{length} steps; one mark in each half", "made by index"),
    )


def copy(
    length: int = 30, symbols: int = 8, copied: int = 10, examples: int | None = None, tested: int = 2_000
) -> Data:
    """Copy memory: `copied` symbols, a gap of `length` steps that ends with a signal, and then they are to be said.

    x and y have length + 2 · copied tokens (Arjovsky, Shah & Bengio 2016; after Hochreiter & Schmidhuber 1997); y is
    blank but for the copies at its end. All are judged. Chance is what a model without memory reaches, which knows when
    to be blank: copied · ln(symbols) / (length + 2 · copied) nats a token.
    """
    _check("copy", examples, tested, length=(length, 1, _LONGEST), symbols=(symbols, 2, 26), copied=(copied, 1, 1_000))
    whole, blank, signal = length + 2 * copied, symbols, symbols + 1

    def make(keys_B: Keys) -> Fields:
        said = _symbols(keys_B, copied, symbols)
        x, y = np.full((2, len(keys_B), whole), blank)
        x[:, :copied] = y[:, -copied:] = said
        x[:, copied + length - 1] = signal
        return _tokens(x, y, np.ones_like(x))

    return Data(
        "copy",
        "tagging",
        _columns(whole, symbols + 2),
        *_parts("copy", make, examples, tested),
        measure=PER_TOKEN,
        ceiling=0.0,
        chance=-copied * math.log(symbols) / whole,
        notes=(f"{copied} of {symbols} symbols, again after {length} steps", "made by index"),
        form=Spec("text"),
        vocabulary=Symbols((*string.ascii_lowercase[:symbols], "_", ">")),
    )


def reversal(
    length: int = 10,
    symbols: int = 8,
    task: Literal["sequence", "masked"] = "sequence",
    examples: int | None = None,
    tested: int = 2_000,
) -> Data:
    """Symbols, a sign, and the symbols backwards: abc>cba. The answer alone is judged, of masked tokens all are.

    Chance is that of every symbol alike, -ln(symbols) nats a token.
    """
    _check("reversal", examples, tested, length=(length, 1, _LONGEST), symbols=(symbols, 2, 26))
    sequence = task == "sequence"

    def make(keys_B: Keys) -> Fields:
        said = _symbols(keys_B, length, symbols)
        sign = np.full((len(said), 1), symbols)
        whole = np.concatenate([said, sign, said[:, ::-1]], axis=1)
        x, y = whole[:, :-1], whole[:, 1:]
        counts = np.arange(2 * length) >= length if sequence else np.ones(2 * length)
        return _tokens(x, y, np.broadcast_to(counts, x.shape))

    return Data(
        "reversal",
        task,
        _columns(2 * length, symbols + 1),
        *_parts("reversal", make, examples, tested),
        measure=PER_TOKEN if sequence else MASKED,
        ceiling=0.0 if sequence else None,
        chance=-math.log(symbols) if sequence else None,
        notes=(f"{length} of {symbols} symbols, then backwards", "made by index"),
        form=Spec("text"),
        vocabulary=Symbols((*string.ascii_lowercase[:symbols], ">")),
    )


def _symbols(keys_B: Keys, count: int, symbols: int) -> Ints:
    """Symbols drawn evenly, (B, count)."""
    return np.asarray((uniform(keys_B, count) * symbols).astype(np.int64))


def _tokens(x: Ints, y: Ints, counts: np.typing.NDArray[Any]) -> Fields:
    w = counts.astype(np.float32)
    return {"x": x, "y": y, "w": w, "tokens": w.sum(axis=1)}


def _columns(length: int, values: int) -> dict[str, Column]:
    token, weight = Column((length,), "int64", values), Column((length,), "float32")
    return {"x": token, "y": token, "w": weight, "tokens": Column((), "float32")}


def _parts(name: str, make: Callable[[Keys], Fields], examples: int | None, tested: int) -> tuple[Made, Made, Made]:
    def part(role: str, size: int | None) -> Made:
        key = stream_key(0, f"{name}/{role}")
        return Made(lambda indices: make(keys(key, indices)), size)

    return part("train", examples), part("validation", tested), part("test", tested)


def _check(name: str, examples: int | None, tested: int, **bounded: tuple[int, int, int]) -> None:
    for what, (number, least, most) in bounded.items():
        if not least <= number <= most:
            raise UserError(f"{name}: {what} must lie between {least} and {most:,}, not {number}")
    for what, size in (("examples", examples), ("tested", tested)):
        if size is not None and size < 2:
            raise UserError(f"{name}: {what} must be at least 2, not {size}")
