"""Uniform replay equals a naive one, whatever the episodes; seeds beside it change nothing."""

import numpy as np
import pytest
import torch
from scipy import stats

from daedalus.core import rng
from daedalus.core.errors import UserError
from daedalus.core.replay.buffer import Replay
from daedalus.core.replay.frames import Field
from daedalus.core.replay.priorities import Priority

from .life import Together, live
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


def assert_equals_naive(replay, room=None, steps=200, frame=numbered, read=lambda batch: batch):
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


def test_frames_elsewhere_take_no_memory_here(monkeypatch):
    monkeypatch.setattr("daedalus.core.replay.buffer.available_bytes", lambda: 10_000)
    fields = {"obs": Field((1000,))}
    Replay(100, 1, fields, where=torch.device("meta"))
    for where in (None, torch.device("cpu")):
        with pytest.raises(UserError, match="more than the 10,000 available"):
            Replay(100, 1, fields, where=where)


@pytest.mark.parametrize("n_step", [1, 3])
def test_large_frames_have_less_room(n_step):
    """Capacity 40 and room for 40 + 40 / 8 + n + 2 frames: of short episodes the oldest transitions go earlier."""

    def read(batch):
        for name in ("", "next_"):
            number = batch[f"{name}obs"][..., 0, :4].contiguous().view(torch.int32)[..., 0]
            assert not batch[f"{name}obs"][..., 1:, :].numpy().any()
            assert torch.equal(batch[f"{name}mask"], (number[..., None] >> torch.arange(4)) % 2 == 0)
            batch[f"{name}obs"] = number
        return batch

    fields = {"obs": Field((30, 40), "uint8"), "mask": Field((4,), "bool")}
    assert_equals_naive(Replay(40, 2, fields, n_step=n_step), 47 + n_step, 120, wide, read)


def test_n_step_returns_by_hand():
    """γ = 1/2, n = 3. Rewards 1, 2, 4, 8 up to a time limit; then 16, 32 to an end; then 64, 128, which wait."""
    replay = Replay(10, 1, NUMBER, n_step=3, gamma=0.5)
    frame = iter(range(100))

    def begin():
        replay.begin(numbered(np.array([next(frame)])))

    def add(reward, terminated=False, truncated=False):
        step = np.array([0]), np.array([reward]), np.array([terminated]), np.array([truncated])
        replay.add(*step, numbered(np.array([next(frame)])))

    begin()
    add(1.0), add(2.0), add(4.0), add(8.0, truncated=True)
    begin()
    add(16.0), add(32.0, terminated=True)
    begin()
    add(64.0), add(128.0)
    assert replay.size_N.tolist() == [6]
    batch = replay.sample(200, KEYS[:1], 0)
    rows = {tuple(float(batch[name][0, b]) for name in ("obs", "reward", "discount", "next_obs")) for b in range(200)}
    assert rows == {
        (0, 1 + 1 + 1, 1 / 8, 3),
        (1, 2 + 2 + 2, 1 / 8, 4),
        (2, 4 + 4, 1 / 4, 4),  # the time limit's last frame is worth something
        (3, 8, 1 / 2, 4),
        (5, 16 + 16, 0, 7),
        (6, 32, 0, 7),
    }


def test_every_transition_is_equally_likely():
    """χ² of 20,000 draws over 50 transitions that lie across the ring's end; a false alarm has probability 0.001."""
    replay = filled(50, 75)
    counts = np.zeros(200)
    for t in range(200):
        np.add.at(counts, replay.sample(100, KEYS[:1], t)["obs"][0].numpy(), 1)
    assert np.count_nonzero(counts) == replay.size_N[0] == 50
    assert stats.chisquare(counts[counts > 0]).pvalue > 0.001


def filled(capacity, steps, **settings):
    """One slot after one unfinished episode of so many steps; frame k is number k."""
    replay = Replay(capacity, 1, NUMBER, **settings)
    replay.begin(numbered(np.array([0])))
    no = np.zeros(1, bool)
    for k in range(1, steps + 1):
        replay.add(np.array([k % 3]), np.array([float(k)]), no, no, numbered(np.array([k])))
    return replay


def test_batches_are_a_function_of_key_and_t():
    replay = filled(50, 30)
    first, again, later = (replay.sample(32, KEYS[:1], t)["obs"] for t in (7, 7, 8))
    other = replay.sample(32, KEYS[1:2], 7)["obs"]
    assert torch.equal(first, again)
    assert not torch.equal(first, later)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("priority", [None, Priority()], ids=["uniform", "prioritised"])
def test_a_slot_among_others_samples_what_it_would_alone(priority):
    """Bitwise, priorities too."""
    fields = {"obs": Field((2,)), "mask": Field((3,), "bool")}

    def frame(numbers):
        return {"obs": np.sin(numbers[:, None] + [0.0, 1]).astype(np.float32), "mask": numbers[:, None] % [2, 3, 5] > 0}

    whole = Replay(30, 3, fields, n_step=2, priority=priority)
    alone = [Replay(30, 1, fields, n_step=2, priority=priority) for _ in range(3)]
    both = Together([whole], alone)
    for step in live(both, [NaiveSlot(30, 2, 0.9) for _ in range(3)], 150, 1, frame):
        if whole.size_N.min() == 0:
            continue
        batch = whole.sample(8, KEYS, step, 0.5 if priority else None)
        for i, one in enumerate(alone):
            mine = one.sample(8, KEYS[i : i + 1], step, 0.5 if priority else None)
            assert all(torch.equal(mine[name][0], batch[name][i]) for name in {**batch, **mine})
            if priority:
                one.prioritise(mine["index"], mine["reward"])
        if priority:
            whole.prioritise(batch["index"], batch["reward"])


def test_bad_input_is_refused_and_adds_nothing():
    replay = Replay(10, 2, {"obs": Field((3,))})
    zeros, no, frame = np.zeros(2), np.zeros(2, bool), {"obs": np.zeros((2, 3), np.float32)}
    action, bad = np.zeros(2, int), {"obs": np.array([[0, 0, 0], [0, np.nan, 0]], np.float32)}

    def refused(match, call, *arguments):
        with pytest.raises(UserError, match=match):
            call(*arguments)

    refused("slot 0 has no running episode", replay.add, action, zeros, no, no, frame)
    refused("obs of slot 1 holds nan", replay.begin, bad)
    replay.begin(bad, np.array([True, False]))  # of the other slot nothing is asked
    refused("slot 1 has no running episode", replay.add, action, zeros, no, no, frame)
    replay.begin(frame)
    refused("nothing to sample", replay.sample, 4, KEYS[:2], 0)
    refused("reward of slot 1 is inf", replay.add, action, np.array([0, np.inf]), no, no, frame)
    refused("reward of slot 0 is 1e", replay.add, action, np.array([1e300, 0]), no, no, frame)  # too large to be kept
    refused("obs of slot 1 holds nan", replay.add, action, zeros, no, no, bad)
    refused("shape", replay.add, action[:1], zeros, no, no, frame)
    refused("must be int64", replay.add, zeros, zeros, no, no, frame)
    refused("has no field 'obs'", replay.add, action, zeros, no, no, {"view": bad["obs"]})
    refused(r"shape \(2, 3\)", replay.add, action, zeros, no, no, {"obs": np.zeros((2, 4), np.float32)})
    refused("must be float32", replay.add, action, zeros, no, no, {"obs": np.zeros((2, 3), complex)})
    assert replay.size_N.tolist() == [0, 0]
    huge = {"obs": np.full((2, 3), 3e38, np.float32)}
    replay.add(action, zeros, no, no, huge)  # its square is not finite, it is
    replay.add(action, zeros, no, no, {"obs": np.zeros((2, 3))})  # float64 will do
    assert replay.size_N.tolist() == [2, 2]
    refused("keys_N", replay.sample, 4, KEYS, 0)
    refused("at least 1 transition", replay.sample, 0, KEYS[:2], 0)
    refused("no priorities", replay.prioritise, torch.zeros(2, 4, dtype=torch.int64), torch.zeros(2, 4))


@pytest.mark.parametrize(
    ("match", "arguments", "settings"),
    [
        (r"needs 1,\d{3},\d{3},\d{3},\d{3},\d{3} bytes.*lower buffer_size", (10**12, 2, {"obs": Field((80,))}), {}),
        ("buffer_size", (0, 1, NUMBER), {}),
        ("5 steps", (4, 1, NUMBER), {"n_step": 5}),
        ("gamma", (4, 1, NUMBER), {"gamma": 1.5}),
        ("slot", (4, 0, NUMBER), {}),
        ("field", (4, 1, {}), {}),
        ("'reward'", (4, 1, {"reward": Field()}), {}),
        ("'next_obs'", (4, 1, {"obs": Field(), "next_obs": Field()}), {}),
    ],
)
def test_settings_that_cannot_be_are_refused(match, arguments, settings):
    with pytest.raises(UserError, match=match):
        Replay(*arguments, **settings)


@pytest.mark.parametrize("field", [{"dtype": "complex64"}, {"shape": (3, 0)}])
def test_fields_that_cannot_be_are_refused(field):
    with pytest.raises(UserError, match="field"):
        Field(**field)
