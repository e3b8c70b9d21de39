"""Uniform replay equals a naive one, whatever the episodes; seeds beside it change nothing."""

import numpy as np
import pytest
import torch

from daedalus.core import rng
from daedalus.core.replay.buffer import Replay
from daedalus.core.replay.frames import Field

from .life import live
from .naive import NaiveSlot

KEYS = rng.stream_keys(range(3), "replay")
NUMBER = {"obs": Field((), "int32")}


def numbered(numbers):
    return {"obs": numbers.astype(np.int32)}


def wide(numbers):
    """Frames too large to have room for the shortest episodes: pixels, and a mask."""
    pixels = np.zeros((len(numbers), 30, 40), np.uint8)
    pixels[:, 0, :4] = numbers.astype("<i4")[:, None].view(np.uint8)
    return {"obs": pixels, "mask": (numbers[:, None] >> np.arange(4)) % 2 == 0}


def assert_batch(batch, expected, gamma=None):
    """A batch (N, B) of numbered frames holds the naive transitions."""
    frame, action, reward, discount, reached = (np.array(column) for column in zip(*expected, strict=True))
    np.testing.assert_array_equal(batch["obs"], frame)
    np.testing.assert_array_equal(batch["next_obs"], reached)
    np.testing.assert_array_equal(batch["action"], action)
    np.testing.assert_allclose(batch["reward"], reward, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(batch["discount"], discount, rtol=1e-6)


def assert_equals_naive(replay, room=None, steps=300, frame=numbered, read=lambda batch: batch):
    """Live, and compare every third step's batch and all sizes with naive slots of the same settings."""
    slots = [NaiveSlot(replay.capacity, replay.n_step, replay.gamma, room) for _ in range(replay.slots)]
    sampled = 0
    for step in live(replay, slots, steps, replay.capacity, frame):
        sizes = [len(slot.transitions()) for slot in slots]
        assert replay.size_N.tolist() == sizes
        if min(sizes) and step % 3 == 0:
            batch, sampled = read(replay.sample(16, KEYS[: replay.slots], step)), sampled + 1
            for i, slot in enumerate(slots):
                assert_batch({name: part[i] for name, part in batch.items()}, slot.sample(16, KEYS[i], step))
    assert sampled > steps / 5


@pytest.mark.parametrize(("capacity", "n_step"), [(1, 1), (2, 2), (7, 1), (7, 3), (7, 7), (50, 1), (50, 5)])
def test_every_sample_equals_the_naive_one(capacity, n_step):
    """Episodes of one step, longer than the ring, cut, terminated, begun anew; the ring goes round many times."""
    assert_equals_naive(Replay(capacity, 3, NUMBER, n_step=n_step, gamma=0.9))


def test_one_slot_equals_the_naive_one():
    """It is written and read by a shorter way."""
    assert_equals_naive(Replay(20, 1, NUMBER, n_step=2, gamma=0.9))


def test_frames_on_a_device_are_the_same(where):
    def read(batch):
        assert {part.device for part in batch.values()} == {where}
        return {name: part.cpu() for name, part in batch.items()}

    assert_equals_naive(Replay(20, 3, NUMBER, n_step=2, gamma=0.9, where=where), read=read)


@pytest.mark.parametrize("n_step", [1, 3])
def test_large_frames_have_less_room(n_step):
    """Capacity 40 and room for 40 + 40 / 8 + n + 2 frames: of short episodes the oldest transitions go earlier."""

    def read(batch):
        for name in ("", "next_"):
            number = batch[f"{name}obs"][..., 0, :4].contiguous().view(torch.int32)[..., 0]
            assert (batch[f"{name}obs"][..., 1:, :] == 0).all()
            assert torch.equal(batch[f"{name}mask"], (number[..., None] >> torch.arange(4)) % 2 == 0)
            batch[f"{name}obs"] = number
        return batch

    fields = {"obs": Field((30, 40), "uint8"), "mask": Field((4,), "bool")}
    assert_equals_naive(Replay(40, 2, fields, n_step=n_step), 47 + n_step, frame=wide, read=read)
