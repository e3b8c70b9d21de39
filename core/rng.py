"""Named random streams.

A stream is a 64-bit key, a hash of (seed, role). Draw number `n` of a stream is a pure function of its key and
`n`, so a stream's state is one counter, adding a role moves no other, and seed *i* draws the same numbers
whichever seeds run beside it. Compiled code draws through `daedalus.core.draws`.

A role is a word of whoever draws; two that must not share numbers need two words. The common ones: "world" and
"start" (`sampling`), "policy" (what a learner decides), "predict" (what it is asked beside learning), "evaluation",
and for what is drawn at construction "layout" and "arms".
"""

import hashlib
from collections.abc import Iterable

import numpy as np

from .arrays import Keys


def stream_key(seed: int, role: str) -> int:
    """The 64-bit key of the stream that `role` reads under `seed` (BLAKE2b of both)."""
    digest = hashlib.blake2b(f"{seed}/{role}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def stream_keys(seeds: Iterable[int], role: str) -> Keys:
    """The keys of one role under many seeds, (N,) uint64."""
    return np.array([stream_key(seed, role) for seed in seeds], dtype=np.uint64)


def generator(seed: int, role: str) -> np.random.Generator:
    """A NumPy generator for what is drawn once, at construction: layouts, arms, weights."""
    return np.random.Generator(np.random.Philox(key=stream_key(seed, role)))
