"""Texts that models of sequences are known by: plays of Shakespeare and first names."""

import random  # noqa: TID251  # a generator of one's own, for a split that others made with it
from pathlib import Path
from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.data import Data, Held
from daedalus.core.errors import UserError
from daedalus.core.files import damaged, unreadable
from daedalus.core.spec import Spec

from .fetching import fetched
from .tokens import Characters, tokenised
from .windows import MEASURES, Windows, constant_guess, fields

Task = Literal["sequence", "masked"]

#: Where the plays begin to validate and to test, as shares of the text; the last tenth is what others test on.
CUTS = (0.85, 0.9)

_CHAR = Spec("char")


def shakespeare(task: Task = "sequence", length: int = 64, tokens: Spec = _CHAR, whole: bool = False) -> Data:
    """1,115,394 characters of Shakespeare's plays (Karpathy 2015), in windows of `length` tokens.

    By position the first 85 % train, the next 5 % validate and the last 10 % test; with `whole` the first 90 % train,
    the last of it also in place of a validation part. `tokens` are characters (char) or pairs of them, learnt from the
    training part (`bpe(size=512)`). Training windows begin at every place; those of validation and test do not overlap.
    """
    text = read(fetched("tinyshakespeare.txt"))
    first, second = (int(share * len(text)) for share in CUTS)
    parts = {"train": text[: second if whole else first], "validation": text[first:second], "test": text[second:]}
    vocabulary, streams = tokenised("shakespeare", parts, tokens)
    train, validation, test = (Windows(streams[part], length, part == "train") for part in parts)
    rule = (
        "the first 90 % train, 5 % at their end also stand for a validation part (choose nothing by it)"
        if whole
        else "the first 85 % train, the next 5 % validate"
    )
    notes: tuple[str, ...] = (f"by position: {rule}, the last 10 % test",)
    if vocabulary.size != len(set(text)):
        notes = (*notes, f"a token of the test part is {len(parts['test']) / len(streams['test']):.3f} characters long")
    return Data(
        "shakespeare",
        task,
        fields(length, vocabulary.size),
        train,
        validation,
        test,
        measure=MEASURES[task],
        chance=constant_guess(train.stream, test.stream[1:], vocabulary.size) if task == "sequence" else None,
        notes=notes,
        form=Spec("text"),
        vocabulary=vocabulary,
    )


def names(task: Task = "sequence") -> Data:
    """32,033 first names (Karpathy 2022, from the US Social Security Administration), by letter.

    Each begins and ends with token 0, and is filled up with it to the longest; what fills up does not count. Shuffled
    as makemore does, 80 % train, 10 % validate and 10 % test.
    """
    listed = read(fetched("names.txt")).split()
    vocabulary = Characters("." + "".join(sorted(set("".join(listed)))), end=0)
    parts = [_words([listed[n] for n in part], vocabulary, max(map(len, listed)) + 1) for part in _split(len(listed))]
    train, validation, test = map(Held, parts)
    told = [part["y"][part["w"] > 0] for part in parts]
    return Data(
        "names",
        task,
        fields(parts[0]["x"].shape[1], vocabulary.size),
        train,
        validation,
        test,
        measure=MEASURES[task],
        chance=constant_guess(told[0], told[2], vocabulary.size) if task == "sequence" else None,
        notes=("shuffled once for all as makemore does: 80 % train, 10 % validate, 10 % test",),
        form=Spec("text"),
        vocabulary=vocabulary,
    )


def _split(size: int) -> tuple[list[int], list[int], list[int]]:
    """The indices of the parts: Python's own shuffle by 42, so that figures can be held against those of others."""
    shuffled = list(range(size))
    random.Random(42).shuffle(shuffled)
    first, second = int(0.8 * size), int(0.9 * size)
    return shuffled[:first], shuffled[first:second], shuffled[second:]


def _words(listed: list[str], vocabulary: Characters, length: int) -> dict[str, np.typing.NDArray[Any]]:
    """Words as x, which `end` begins, and y, which it ends, (B, `length`)."""
    both_BT: Ints = np.zeros((len(listed), length + 1), dtype=np.int64)
    w_BT = np.zeros((len(listed), length), dtype=np.float32)
    for row, word in enumerate(listed):
        tokens = vocabulary.encode(word)
        both_BT[row, : len(tokens)] = tokens
        w_BT[row, : len(tokens)] = 1.0
    mean = np.full(len(listed), w_BT.sum(1).mean(), dtype=np.float32)
    return {"x": both_BT[:, :-1], "y": both_BT[:, 1:], "w": w_BT, "tokens": mean}


def read(path: Path) -> str:
    """The text of a file. Raises `UserError` where it cannot be read, or holds none."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise unreadable(path, error, "make it readable") from error
    except UnicodeDecodeError as error:
        raise damaged(path, "no text in UTF-8", "save it as UTF-8") from error
    if not text.strip():
        raise UserError(f"{path} holds no text")
    return text
