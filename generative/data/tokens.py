"""Text as tokens: characters, or byte pairs learnt from the training part, kept on disk and read where they lie."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.data import Vocabulary
from daedalus.core.errors import UserError
from daedalus.core.files import make_folder, write_bytes
from daedalus.core.spec import Spec, chosen

from .fetching import cache

Tokens = np.typing.NDArray[Any]  # (N,) uint16


class Kept(Vocabulary, Protocol):
    """A vocabulary that can be written down."""

    def text(self) -> str:
        """What its kind's `read` makes it again from."""
        ...


class Kind(Protocol):
    """A way to cut text into tokens."""

    def learn(self, text: str) -> Kept:
        """A vocabulary for this text. Raises `UserError` where it cannot be one."""
        ...

    def read(self, text: str) -> Kept:
        """The vocabulary that `Kept.text` wrote down."""
        ...


@dataclass(frozen=True)
class Characters:
    """A token for each of `symbols`, in their order.

    With `end`, a text is an example of its own that this token ends; it stands before the first character too, so that
    even that is predicted.
    """

    symbols: str
    end: int | None = None

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.symbols)

    def encode(self, text: str) -> Ints:
        """Its tokens, (T,), or (1 + T,) where the first is `end`. Raises `UserError` for what is no symbol."""
        codes, order = self._codes
        asked = _codes(text)
        place = np.searchsorted(codes, asked).clip(max=len(codes) - 1)
        tokens = order[place]
        wrong = (codes[place] != asked) | (tokens == (-1 if self.end is None else self.end))
        if wrong.any():
            raise lacks(text[int(wrong.argmax())], self.symbols)
        return tokens if self.end is None else np.concatenate([[self.end], tokens])

    def decode(self, tokens: Ints) -> str:
        """The text of tokens (T,), up to the `end`. Raises `UserError` for a token that there is not."""
        check_tokens(tokens, self.size)
        if self.end is None:
            return "".join(self.symbols[token] for token in tokens)
        begun = tokens[1:] if len(tokens) and tokens[0] == self.end else tokens
        ends = np.flatnonzero(begun == self.end)
        return "".join(self.symbols[token] for token in begun[: ends[0] if len(ends) else None])

    def text(self) -> str:
        """Its symbols."""
        return self.symbols

    @cached_property
    def _codes(self) -> tuple[np.typing.NDArray[np.uint32], Ints]:
        """The symbols' numbers in Unicode, sorted, and the token of each."""
        codes = _codes(self.symbols)
        order = np.argsort(codes)
        return codes[order], order.astype(np.int64)


@dataclass(frozen=True)
class Char:
    """Each character that the training part has is a token, in the order of Unicode."""

    def learn(self, text: str) -> Characters:
        """The characters of a text."""
        return Characters("".join(sorted(set(text))))

    def read(self, text: str) -> Characters:
        """The vocabulary of these symbols."""
        return Characters(text)


class BytePairs:
    """Characters, and pairs of tokens that were joined (`BPE`)."""

    def __init__(self, text: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(text)
        self._written = text
        known = self._tokenizer.get_vocab()
        self._symbols = "".join(sorted(token for token in known if len(token) == 1))
        self.size = len(known)

    def encode(self, text: str) -> Ints:
        """Its tokens, (T,). Raises `UserError` for a character that the vocabulary lacks."""
        if strange := set(text) - set(self._symbols):
            raise lacks(min(strange, key=text.index), self._symbols)
        return np.array(self._tokenizer.encode(text).ids, dtype=np.int64)

    def decode(self, tokens: Ints) -> str:
        """The text of tokens (T,). Raises `UserError` for a token that there is not."""
        check_tokens(tokens, self.size)
        return "".join(self._tokenizer.id_to_token(int(token)) or "" for token in tokens)

    def text(self) -> str:
        """JSON, as the library `tokenizers` writes it."""
        return self._written


#: Words with the space before them, runs of digits, of other signs and of white space: no token joins two of these.
_PIECES = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"


@dataclass(frozen=True)
class BPE:
    """The characters, and what comes of joining the most frequent pair of tokens until there are `size` of them.

    Sennrich, Haddow & Birch 2016, on characters. A short text may have fewer pairs to join.
    """

    size: int = 512

    def learn(self, text: str) -> BytePairs:
        """Learn the pairs from a text. Raises `UserError` where `size` leaves no room for its characters."""
        symbols = len(set(text))
        if not symbols < self.size <= 65_536:
            raise UserError(f"bpe: size must lie between {symbols + 1}, the characters and a pair, and 65536")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # or it warns in every worker
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), "isolated")
        trainer = trainers.BpeTrainer(vocab_size=self.size, show_progress=False)
        tokenizer.train_from_iterator([text], trainer)
        return BytePairs(tokenizer.to_str())

    def read(self, text: str) -> BytePairs:
        """The vocabulary that was written as JSON."""
        return BytePairs(text)


def lacks(character: str, symbols: str) -> UserError:
    """The error for a character that a vocabulary lacks."""
    shown = symbols if len(symbols) <= 100 else f"{symbols[:100]}…"
    return UserError(f"the vocabulary lacks {character!r}; its {len(symbols)} characters are {shown!r}")


def check_tokens(tokens: Ints, size: int) -> None:
    """Raise `UserError` where a token is not one of 0 to `size` − 1."""
    if len(tokens) and not 0 <= int(tokens.min()) <= int(tokens.max()) < size:
        raise UserError(f"tokens must lie between 0 and {size - 1}, those of the vocabulary")


def tokenised(name: str, parts: Mapping[str, str], tokens: Spec) -> tuple[Vocabulary, dict[str, Tokens]]:
    """The vocabulary learnt from the part "train", and the tokens of every part, mapped from the cache into memory.

    They are made on the first use. Raises `UserError` for an empty part and where the vocabulary lacks a character.
    """
    if empty := [part for part, text in parts.items() if not text.strip()]:
        raise UserError(f"{name}: the {empty[0]} part of the text is empty")
    kind: Kind = chosen("tokens", tokens, {"char": Char, "bpe": BPE})
    folder = cache("tokens") / f"{name}-{_key(parts, kind)}"
    try:
        return _read(folder, parts, kind)
    except (OSError, ValueError, EOFError):  # not there yet, or damaged
        _write(folder, parts, kind.learn(parts["train"]))
        return _read(folder, parts, kind)


def _read(folder: Path, parts: Mapping[str, str], kind: Kind) -> tuple[Vocabulary, dict[str, Tokens]]:
    vocabulary = kind.read(json.loads((folder / _VOCABULARY).read_text("utf-8")))
    return vocabulary, {part: np.load(_file(folder, part), mmap_mode="r") for part in parts}


def _key(parts: Mapping[str, str], kind: Kind) -> str:
    import tokenizers

    digest = hashlib.sha256(f"{kind}, tokenizers {tokenizers.__version__}".encode())
    for part, text in parts.items():
        digest.update(f"\0{part}\0{text}".encode())
    return digest.hexdigest()[:16]


def _write(folder: Path, parts: Mapping[str, str], vocabulary: Kept) -> None:
    """Write tokens, and last of all the vocabulary, which says that all is there."""
    make_folder(folder)
    for part, text in parts.items():
        buffer = io.BytesIO()
        np.save(buffer, vocabulary.encode(text).astype(np.uint16))
        write_bytes(_file(folder, part), buffer.getvalue())
    write_bytes(folder / _VOCABULARY, json.dumps(vocabulary.text()).encode())


_VOCABULARY = "vocabulary.json"


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.npy"


def _codes(text: str) -> np.typing.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
