"""How data sets become tokens, and back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from daedalus.core.data import LOG_PROBABILITY, PER_TOKEN, Column, Data, Held
from daedalus.core.errors import UserError
from daedalus.generative.sequence.reading import Reading


def bits() -> Data:
    """Four images of 2 × 3 bits."""
    x = np.arange(24, dtype=np.uint8).reshape(4, 1, 2, 3) // 3 % 2
    part = Held({"x": x, "y": np.arange(4)})
    fields = {"x": Column((1, 2, 3), "uint8", 2), "y": Column((), "int64", 4)}
    return Data("bits", "density", fields, part, part, part, LOG_PROBABILITY)


def text(w_first: float = 1.0) -> Data:
    """Two windows of five tokens."""
    tokens = np.arange(12).reshape(2, 6) % 5
    w = np.ones((2, 5), np.float32)
    w[:, 0] = w_first
    part = Held({"x": tokens[:, :-1], "y": tokens[:, 1:], "w": w, "tokens": np.full(2, w.sum(1).mean(), np.float32)})
    fields = {"x": Column((5,), "int64", 5), "y": Column((5,), "int64", 5), "w": Column((5,), "float32")}
    return Data("text", "sequence", fields, part, part, part, PER_TOKEN)


def batch_of(data: Data) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in data.train.take(np.arange(2)).items()}


def test_whole_numbers_are_read_in_raster_order_behind_a_token_of_the_beginning():
    reading, batch = Reading.of(bits()), batch_of(bits())
    read, said, weights = reading.tokens(batch)
    assert (reading.inputs, reading.values, reading.length, reading.begin) == (3, 2, 6, 2)
    assert said.tolist() == [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]]
    assert read.tolist() == [[2, 0, 0, 0, 1, 1], [2, 0, 0, 0, 1, 1]]
    assert read.dtype == said.dtype == torch.int64
    assert weights.tolist() == [[1.0] * 6] * 2
    assert float(reading.counted(batch)) == 6
    again = reading.examples(said)
    assert again.dtype == torch.uint8
    assert torch.equal(again, batch["x"])


def test_tokens_stay_as_they_are():
    reading, batch = Reading.of(text()), batch_of(text())
    read, said, weights = reading.tokens(batch)
    assert (reading.inputs, reading.values, reading.length, reading.begin) == (5, 5, 5, None)
    assert torch.equal(read, batch["x"])
    assert torch.equal(said, batch["y"])
    assert torch.equal(weights, batch["w"])
    assert reading.counted(batch).tolist() == [5.0, 5.0]
    assert torch.equal(reading.examples(said), said)


def test_an_answer_is_known_by_what_is_only_read_before_it():
    assert (Reading.of(text()).given, Reading.of(text()).answers) == (1, False)
    assert (Reading.of(text(0.0)).given, Reading.of(text(0.0)).answers) == (2, True)
    assert not Reading.of(bits()).answers


def test_real_numbers_are_no_tokens():
    data = replace(bits(), name="points", fields={"x": Column((2,), "float32")})
    with pytest.raises(UserError, match="gpt reads tokens, and points has real numbers"):
        Reading.of(data, "gpt")
