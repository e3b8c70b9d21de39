"""Trajectories on disk equal the lists that were recorded, in every view; a crash loses what was not committed."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.replay.fields import Field
from daedalus.core.replay.recorder import Recorder
from daedalus.core.replay.trajectories import Trajectories

FRAME = {"obs": Field((2,)), "mask": Field((3,), "bool")}
STEP = {"action": Field((), "int64"), "reward": Field((), "float32")}
LENGTHS = (3, 1, 0, 5, 2, 4)


def episode(number, length):
    """Every number in it tells where it is from: 100 · episode + place."""
    at = 100 * number + np.arange(length + 1)
    frame = {"obs": np.stack([at, -at], axis=1).astype(np.float32), "mask": at[:, None] % [2, 3, 5] == 0}
    return frame, {"action": at[:-1], "reward": at[:-1] / 4}, number % 2 == 0


def recorded(folder, lengths=LENGTHS):
    with Recorder(folder, FRAME, STEP) as recorder:
        for number, length in enumerate(lengths):
            recorder.append(*episode(number, length))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("store") / "made" / "here")


@pytest.fixture(scope="module")
def store(folder):
    return Trajectories.open(folder)


def naive_steps(numbers=(0, 1, 2, 3, 4, 5)):
    """(place, reached, terminated, first, last) of every step, in order."""
    return [
        (100 * e + k, 100 * e + k + 1, e % 2 == 0 and k == LENGTHS[e] - 1, k == 0, k == LENGTHS[e] - 1)
        for e in numbers
        for k in range(LENGTHS[e])
    ]


def seen(batch):
    """What a batch of steps says, as `naive_steps` does; all fields must say the same."""
    place, reached = batch["obs"][..., 0], batch["next_obs"][..., 0]
    np.testing.assert_array_equal(batch["obs"][..., 1], -place)
    np.testing.assert_array_equal(batch["mask"], place[..., None] % [2, 3, 5] == 0)
    np.testing.assert_array_equal(batch["next_mask"], reached[..., None] % [2, 3, 5] == 0)
    np.testing.assert_array_equal(batch["action"], place)
    np.testing.assert_array_equal(batch["reward"], place / 4)
    columns = place, reached, batch["terminated"], batch["first"], batch["last"]
    return np.stack(columns, axis=-1).tolist()


def test_episodes_are_what_was_recorded(store):
    assert store.episodes == len(LENGTHS)
    assert store.lengths_E.tolist() == list(LENGTHS)
    for number, length in enumerate(LENGTHS):
        frame, step, terminated = episode(number, length)
        found = store.episode(number)
        assert found.terminated == terminated
        for name, array in {**frame, **step}.items():
            one = {**found.frame, **found.step}[name]
            np.testing.assert_array_equal(one, array)
            assert one.dtype == {**FRAME, **STEP}[name].dtype
            assert not one.flags.writeable


def test_transitions(store):
    view = store.transitions()
    assert view.size == sum(LENGTHS)
    assert seen(view.take(np.arange(view.size))) == [list(map(float, step)) for step in naive_steps()]
    shuffled = np.random.default_rng(0).permutation(view.size)
    np.testing.assert_array_equal(view.take(shuffled)["action"], view.take(np.arange(view.size))["action"][shuffled])


@pytest.mark.parametrize("length", [1, 2, 4, 5])
@pytest.mark.parametrize("every", [1, 2, 7])
@pytest.mark.parametrize("crossing", [False, True])
def test_windows_of_steps(store, length, every, crossing):
    sources = [naive_steps()] if crossing else [naive_steps([number]) for number in range(len(LENGTHS))]
    expected = [s[k : k + length] for s in sources for k in range(0, len(s) - length + 1, every)]
    view = store.windows(length, every, crossing)
    assert view.size == len(expected)
    assert seen(view.take(np.arange(view.size))) == [[list(map(float, step)) for step in one] for one in expected]


@pytest.mark.parametrize(("length", "every", "crossing"), [(1, 1, False), (3, 1, False), (3, 2, False), (4, 3, True)])
def test_windows_of_frames(store, length, every, crossing):
    episodes = [[100 * e + k for k in range(LENGTHS[e] + 1)] for e in range(len(LENGTHS))]
    sources = [list(itertools.chain(*episodes))] if crossing else episodes
    expected = [s[k : k + length] for s in sources for k in range(0, len(s) - length + 1, every)]
    view = store.frames(length, every, crossing)
    batch = view.take(np.arange(view.size))
    assert batch["obs"][..., 0].tolist() == expected
    assert batch["first"].tolist() == [[place % 100 == 0 for place in one] for one in expected]


def test_parts_see_only_their_episodes(store):
    part = store.select(np.array([4, 0]))
    expected = [list(map(float, step)) for step in naive_steps([4, 0])]
    assert seen(part.transitions().take(np.arange(5))) == expected
    assert [seen(part.windows(5, crossing=True).take(np.array([0])))[0]] == [expected]
    odd = store.select(store.lengths_E % 2 == 1)
    assert odd.numbers_E.tolist() == [0, 1, 3]
    assert odd.select(np.array([2])).episode(0).step["action"][0] == 300


def test_splits_are_by_episode_and_stay(tmp_path):
    """Shares of 4,000 episodes by χ²; a false alarm has probability 0.001. Later episodes move none."""
    with Recorder(tmp_path, {"token": Field((), "int32")}, {}) as recorder:
        for _ in range(4000):
            recorder.append({"token": np.zeros(1, np.int32)}, {}, False)
    whole, shares = Trajectories.open(tmp_path), {"train": 0.8, "validation": 0.15, "none": 0.0, "test": 0.05}
    parts = whole.split(shares, seed=1)
    assert sorted(np.concatenate([part.numbers_E for part in parts.values()])) == list(range(4000))
    counts = [part.episodes for name, part in parts.items() if name != "none"]
    assert parts["none"].episodes == 0
    assert stats.chisquare(counts, np.array([0.8, 0.15, 0.05]) * 4000).pvalue > 0.001
    fewer = whole.select(np.arange(100)).split(shares, seed=1)
    for name, part in parts.items():
        assert fewer[name].numbers_E.tolist() == [number for number in part.numbers_E if number < 100]
    assert whole.split(shares, seed=2)["test"].numbers_E.tolist() != parts["test"].numbers_E.tolist()
    with pytest.raises(UserError, match="sum to 1"):
        whole.split({"train": 0.5})


def test_recording_goes_on_where_it_stopped(tmp_path, store):
    recorded(tmp_path, LENGTHS[:3])
    early = Trajectories.open(tmp_path)
    with Recorder(tmp_path, FRAME, STEP) as recorder:
        for number, length in enumerate(LENGTHS[3:], 3):
            recorder.append(*episode(number, length))
        with pytest.raises(UserError, match="another process"):
            Recorder(tmp_path, FRAME, STEP)
    both = [each.transitions() for each in (Trajectories.open(tmp_path), store)]
    assert seen(both[0].take(np.arange(15))) == seen(both[1].take(np.arange(15)))
    assert early.episodes == 3  # what was open does not change
    assert early.episode(0).step["action"].tolist() == [0, 1, 2]
    with pytest.raises(UserError, match="other fields"):
        Recorder(tmp_path, FRAME, {})


CRASH = """
import os
from pathlib import Path
import numpy as np
from daedalus.core.replay.fields import Field
from daedalus.core.replay.recorder import Recorder
recorder = Recorder(Path({folder!r}), {{"x": Field((), "int32")}}, {{}})
for number in range(10):
    recorder.append({{"x": np.full(1000, number, np.int32)}}, {{}}, False)
    if number == 6:
        recorder.commit()
os._exit(9)
"""


def test_a_crash_loses_what_was_not_committed(tmp_path):
    done = subprocess.run([sys.executable, "-c", CRASH.format(folder=str(tmp_path))], check=False)
    assert done.returncode == 9
    assert (tmp_path / "frame.x.bin").stat().st_size == 40_000
    store = Trajectories.open(tmp_path)
    assert store.episodes == 7
    with Recorder(tmp_path, {"x": Field((), "int32")}, {}) as recorder:
        recorder.append({"x": np.full(5, 70, np.int32)}, {}, False)
    assert [int(Trajectories.open(tmp_path).episode(k).frame["x"][0]) for k in range(8)] == [*range(7), 70]


def test_episodes_that_do_not_fit_are_refused(tmp_path):
    frame, step, end = episode(0, 3)
    nan = {**step, "reward": np.array([0, np.nan, 0], np.float32)}
    with Recorder(tmp_path, FRAME, STEP) as recorder:
        for match, bad in (
            ("not finite", (frame, nan, end)),
            ("action must have shape", (frame, {**step, "action": np.zeros(4, int)}, end)),
            ("must be int64", (frame, {**step, "action": np.zeros(3)}, end)),
            ("not so: reward", (frame, {"action": step["action"]}, end)),
            ("not so: extra", ({**frame, "extra": np.zeros(4)}, step, end)),
            ("at least one frame", ({}, {}, end)),
        ):
            with pytest.raises(UserError, match=match):
                recorder.append(*bad)
        recorder.append(frame, step, end)
    assert Trajectories.open(tmp_path).episodes == 1


@pytest.mark.parametrize("names", [("../x", "a"), ("a", "a"), ("a", "next_a"), ("first", "a"), ("a b", "a")])
def test_names_that_files_or_batches_cannot_have_are_refused(names, tmp_path):
    with pytest.raises(UserError, match="field"):
        Recorder(tmp_path, {names[0]: Field()}, {names[1]: Field()})
    assert list(tmp_path.iterdir()) == []


def index(change):
    def spoil(folder):
        told = json.loads((folder / "index.json").read_text())
        change(told)
        (folder / "index.json").write_text(json.dumps(told))

    return spoil


SPOILT = {
    "no folder": (lambda folder: folder.rename(folder.with_name("away")), "cannot read"),
    "no index": (lambda folder: (folder / "index.json").unlink(), "no store of trajectories"),
    "no JSON": (lambda folder: (folder / "index.json").write_text("{"), "damaged"),
    "foreign": (index(lambda told: told.update(format="else")), "no store of trajectories"),
    "version": (index(lambda told: told.update(version=2)), "version 2"),
    "field": (index(lambda told: told["frame"].update(obs={"shape": [2], "dtype": "object"})), "damaged"),
    "path": (index(lambda told: told["frame"].update({"../obs": {"shape": [2], "dtype": "int8"}})), "damaged"),
    "shape": (index(lambda told: told["frame"].update(obs={"shape": "2", "dtype": None})), "damaged"),
    "axes": (index(lambda told: told["frame"].update(obs={"shape": [1] * 99, "dtype": "bool"})), "damaged"),
    "no field": (index(lambda told: told["frame"].update(obs=3)), "damaged"),
    "negative": (index(lambda told: told.update(episodes=-1)), "damaged"),
    "counts": (index(lambda told: told.update(steps=14)), "not the episodes"),
    "short": (lambda folder: os.truncate(folder / "frame.obs.bin", 100), "100 bytes where"),
    "missing": (lambda folder: (folder / "step.action.bin").unlink(), "cannot read"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_no_whole_store_is_refused(case, tmp_path):
    spoil, match = SPOILT[case]
    place = recorded(tmp_path / "store")
    spoil(place)
    with pytest.raises(UserError, match=match):
        Trajectories.open(place)


def test_a_recorder_leaves_other_folders_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match=r"letter\.txt"):
        Recorder(tmp_path, FRAME, STEP)


def test_what_is_not_there_is_refused(store):
    for call in (
        lambda: store.episode(6),
        lambda: store.windows(6),
        lambda: store.windows(0),
        lambda: store.select(np.array([6])),
        lambda: store.select(np.array([True])),
        lambda: store.transitions().take(np.array([15])),
        lambda: store.transitions().take(np.array([-1])),
        lambda: store.transitions().take(np.array([0.5])),
    ):
        with pytest.raises(UserError):
            call()
