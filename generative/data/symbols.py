"""Vocabularies of a few symbols: each token is a character, or a word where blanks stand between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.errors import UserError


@dataclass(frozen=True)
class Symbols:
    """Token n is written as `words[n]`, with `between` from one to the next."""

    words: tuple[str, ...]
    between: str = ""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.words)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def encode(self, text: str) -> Ints:
        """Its tokens, (T,). Raises `UserError` for what is no symbol."""
        pieces: Sequence[str] = text.split(self.between) if self.between else text
        for piece in pieces:
            if piece not in self._number:
                shown = ", ".join(self.words[:12]) + (", …" if self.size > 12 else "")
                raise UserError(f"{piece!r} is no symbol of this data set; they are {shown}")
        return np.array([self._number[piece] for piece in pieces], dtype=np.int64)

    def decode(self, tokens: Ints) -> str:
        """The text of tokens (T,)."""
        return self.between.join(self.words[token] for token in tokens)
