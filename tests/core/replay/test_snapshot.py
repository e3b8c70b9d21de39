"""A replay saved and taken up goes on to the bit; arrays that are no state of it are refused and change nothing."""

import numpy as np
import pytest
import torch

from daedalus.core import rng
from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays, write_arrays
from daedalus.core.replay.buffer import Replay
from daedalus.core.replay.frames import Field
from daedalus.core.replay.priorities import Priority

from .life import Together, live
from .naive import NaiveSlot

KEYS = rng.stream_keys(range(2), "replay")
FIELDS = {"obs": Field((2,)), "mask": Field((3,), "bool")}


def frame(numbers):
    return {"obs": np.sin(numbers[:, None] + [0.0, 1]).astype(np.float32), "mask": numbers[:, None] % [2, 3, 5] > 0}


def fresh(priority=None, where=None):
    return Replay(30, 2, FIELDS, n_step=3, priority=priority, where=where)


def lived(replay, steps, then=None):
    """Live so many steps; at moment `then[0]` call `then[1]`."""
    for step in live(replay, [NaiveSlot(30, 3, 0.99) for _ in range(2)], steps, 5, frame, (1, 2, 9)):
        if then and step == then[0]:
            then[1]()
    return replay


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("steps", [0, 12, 29, 60, 100])
@pytest.mark.parametrize("priority", [None, Priority()], ids=["uniform", "prioritised"])
def test_a_replay_goes_on_to_the_bit(steps, priority, tmp_path):
    """Saved to a file before the ring is full and after; then both live on, sample, and are the same to the end."""
    first, second = fresh(priority), fresh(priority)
    both = Together([first])

    def resume():
        if priority:
            batch = first.sample(5, KEYS, 1)
            first.prioritise(batch["index"], batch["reward"])
        write_arrays(tmp_path / "replay.safetensors", first.arrays())
        second.take_up(read_arrays(tmp_path / "replay.safetensors", "")[0])
        both.whole.append(second)

    def compare():
        batch, again = first.sample(20, KEYS, 9), second.sample(20, KEYS, 9)
        assert batch.keys() == again.keys()
        assert all(torch.equal(batch[name], again[name]) for name in batch)

    if steps == 0:  # nothing was ever added
        second.take_up(first.arrays())
        both.whole.append(second)
    lived(both, steps + 50, (steps, resume) if steps else None)
    compare()
    same(first.arrays(), second.arrays())


def test_snapshots_hold_no_more_than_was_used():
    arrays = lived(Replay(10_000, 2, FIELDS), 20).arrays()
    assert arrays["actions"].shape == (2, 20)
    assert arrays["frame.obs"].shape[1] < 60


def test_frames_of_a_device_are_saved_and_taken_up(where):
    host, there = fresh(), fresh(where=where)
    lived(Together([host, there]), 40)
    same(host.arrays(), there.arrays())
    again = fresh(where=where)
    again.take_up(host.arrays())
    assert torch.equal(again.sample(9, KEYS, 0)["obs"].cpu(), host.sample(9, KEYS, 0)["obs"])


def changed(name, change):
    def spoil(arrays):
        arrays[name] = change(arrays[name].copy())

    return spoil


def put(where, value):
    def change(array):
        array[where] = value
        return array

    return change


SPOILT = {
    "missing": (lambda arrays: arrays.pop("rewards"), "rewards: missing"),
    "no state": (lambda arrays: arrays.pop("state"), "state is"),
    "unknown": (lambda arrays: arrays.update(extra=np.zeros(2)), "extra"),
    "dtype": (changed("actions", lambda array: array.astype(np.int32)), "actions is int32"),
    "shape": (changed("frame.mask", lambda array: array[:, :-1]), "frame.mask"),
    "slots": (changed("state", lambda array: array[:1]), "state is"),
    "apart": (changed("state", put((0, 0), 41)), "different numbers"),
    "too many": (changed("state", put((0, 1), 5)), "state holds"),
    "beyond": (changed("state", put((0, 2), 10**6)), "state holds"),
    "running": (changed("state", lambda state: np.add(state, [0, 0, 0, 0, 1])), "do not end"),
    "ends": (changed("ends", put((0, 3), 7)), "ends holds 7"),
    "all ended": (changed("ends", put(slice(None), 1)), "do not end|more transitions"),
    "reward": (changed("rewards", put((0, 3), np.nan)), "rewards holds"),
    "frame": (changed("frame.obs", put((1, 3, 0), np.inf)), "frame.obs holds"),
    "leaf": (changed("leaves", put((0, 3), 1e9)), "leaves"),
    "lost leaf": (changed("leaves", put((0, 3), 0.0)), "leaves"),
    "top": (changed("top", put(0, 0.5)), "top"),
}


@pytest.fixture(scope="module")
def living():
    """40 steps: the last episodes still run."""
    return lived(fresh(Priority()), 40)


@pytest.mark.parametrize("case", SPOILT)
def test_arrays_that_are_no_state_are_refused(case, living):
    spoil, match = SPOILT[case]
    arrays, before = living.arrays(), living.arrays()
    spoil(arrays)
    with pytest.raises(UserError, match=match):
        living.take_up(arrays)
    same(living.arrays(), before)


def test_other_settings_refuse_a_snapshot(living):
    for other in (
        Replay(31, 2, FIELDS, n_step=3, priority=Priority()),
        Replay(30, 2, {"obs": Field((2,))}, n_step=3, priority=Priority()),
        Replay(30, 2, FIELDS, n_step=3),
        Replay(30, 1, FIELDS, n_step=3, priority=Priority()),
    ):
        with pytest.raises(UserError):
            other.take_up(living.arrays())
