"""Prioritised replay draws in exact proportions, weighs by them, and forgets what went."""

import numpy as np
import pytest
import torch
from scipy import stats

from daedalus.core import draws, rng
from daedalus.core.errors import UserError
from daedalus.core.replay import tree
from daedalus.core.replay.buffer import Replay
from daedalus.core.replay.frames import Field
from daedalus.core.replay.priorities import Priority, tree_bytes

from .life import live
from .naive import NaiveSlot

KEYS = rng.stream_keys(range(2), "replay")
NUMBER = {"obs": Field((), "int32")}


def numbered(numbers):
    return {"obs": numbers.astype(np.int32)}


def filled(capacity, steps, priority, n_step=1):
    """One slot after one unfinished episode of so many steps; transition k, counted from 0, begins with frame k."""
    replay = Replay(capacity, 1, NUMBER, priority=priority, n_step=n_step)
    replay.begin(numbered(np.array([0])))
    for k in range(1, steps + 1):
        step(replay, k)
    return replay


def step(replay, k, terminated=False):
    no = np.zeros(1, bool)
    replay.add(np.array([0]), np.zeros(1), no | terminated, no, numbered(np.array([k])))


def assess(replay, errors):
    """Give transitions errors by their numbers."""
    index = torch.tensor([list(errors)])
    replay.prioritise(index, torch.tensor([list(errors.values())]))


def frequencies(replay, batches, size, transitions):
    counts = np.zeros(transitions)
    for t in range(batches):
        np.add.at(counts, replay.sample(size, KEYS[:1], t)["index"][0].numpy(), 1)
    return counts


class NaivePriorities:
    """Priorities by the first frame's number, drawn by cumulative sums over the places of the ring."""

    def __init__(self, slot, priority):
        self.slot, self.priority, self.top, self.given, self.order = slot, priority, 1.0, {}, {}

    def look(self):
        """Number new transitions, and drop what went."""
        for episode in self.slot.episodes:
            for frame in episode.frames[: len(episode.actions)]:
                self.order.setdefault(frame, len(self.order))
        self.held = {self.order[found[0]]: found for found in self.slot.transitions()}
        self.given = {k: self.given.get(k, self.top) for k in self.held}

    def sample(self, size, key, t, beta):
        places = sorted(self.held, key=lambda k: k % self.slot.capacity)
        leaves = np.array([self.given[k] for k in places])
        stream = np.uint64(draws.bits(np.uint64(key), np.uint64(t)))
        parts = [(b + draws.uniform(stream, np.uint64(b))) / size for b in range(size)]
        chosen = np.searchsorted(np.cumsum(leaves) / leaves.sum(), parts, side="right")
        chance = leaves / leaves.sum()
        weights = (len(leaves) * chance) ** -beta  # Schaul et al. 2016, as it is written there
        return [places[c] for c in chosen], (weights / weights.max())[chosen]

    def assess(self, index, errors):
        for k, error in zip(index, errors, strict=True):
            if k in self.held:
                self.given[k] = (abs(error) + self.priority.epsilon) ** self.priority.alpha
                self.top = max(self.top, self.given[k])


@pytest.mark.parametrize(("capacity", "n_step"), [(1, 1), (7, 3), (9, 1), (70, 4)])
def test_every_sample_equals_the_naive_one(capacity, n_step):
    """Through ends, cuts and many rounds of the ring; errors come back late, some for transitions that went."""
    priority, draw, late = Priority(alpha=0.7, epsilon=1e-3), np.random.default_rng(0), None
    replay = Replay(capacity, 2, NUMBER, priority=priority, n_step=n_step)
    slots = [NaiveSlot(capacity, n_step, 0.99) for _ in range(2)]
    naive = [NaivePriorities(slot, priority) for slot in slots]
    for t in live(replay, slots, 150, capacity, numbered):
        for one in naive:
            one.look()
        if not replay.size_N.all():
            continue
        batch = replay.sample(6, KEYS, t, beta=0.5)
        for i, one in enumerate(naive):
            index, weights = one.sample(6, KEYS[i], t, 0.5)
            assert batch["index"][i].tolist() == index
            assert batch["obs"][i].tolist() == [one.held[k][0] for k in index]
            np.testing.assert_allclose(batch["weight"][i], weights, rtol=1e-5)
        if late is not None:
            errors = draw.normal(size=(2, 6)) * 3
            replay.prioritise(late, torch.from_numpy(errors))
            for i, one in enumerate(naive):
                one.assess(late[i].tolist(), errors[i])
        late = batch["index"] if t % 4 else None


def test_proportions_are_exact():
    """χ² of 20,000 single draws against |δ|^α / Σ |δ|^α; a false alarm has probability 0.001."""
    replay = filled(50, 50, Priority(alpha=0.5, epsilon=1e-12))
    errors = {k: float((k - 20) ** 2 + 0.25) for k in range(50)}
    assess(replay, errors)
    expected = np.sqrt(list(errors.values()))
    counts = frequencies(replay, 20_000, 1, 50)
    assert stats.chisquare(counts, expected / expected.sum() * 20_000).pvalue > 0.001


def test_a_batch_takes_one_from_each_equal_part():
    """A transition with 2.5 of 10 equal parts comes two to four times in every batch; α = 0 makes all alike."""
    replay = filled(4, 4, Priority(alpha=1.0, epsilon=1e-12))
    assess(replay, {0: 1.0, 1: 2.5, 2: 4.0, 3: 2.5})
    for t in range(50):
        counts = np.bincount(replay.sample(10, KEYS[:1], t)["index"][0], minlength=4)
        assert counts[0] == 1
        assert all(abs(counts[1:] - [2.5, 4, 2.5]) <= 1.5)
    alike = filled(4, 4, Priority(alpha=0.0))
    assess(alike, {0: 1.0, 1: 100.0, 2: 0.0, 3: 5.0})
    assert np.bincount(alike.sample(20, KEYS[:1], 0)["index"][0]).tolist() == [5, 5, 5, 5]


def test_weights_by_hand():
    """Priorities 1, 2, 4: the least likely weighs 1, the others (1/2)^β and (1/4)^β."""
    replay = filled(3, 3, Priority(alpha=1.0, epsilon=1e-12, beta=1.0))
    assess(replay, {0: 1.0, 1: -2.0, 2: 4.0})
    for beta, expected in ((None, [1, 0.5, 0.25]), (0.5, [1, 0.5**0.5, 0.5]), (0.0, [1, 1, 1])):
        batch = replay.sample(30, KEYS[:1], 0, beta)
        weight = np.array(expected)[batch["index"][0].numpy()]
        np.testing.assert_allclose(batch["weight"][0], weight, rtol=1e-6)


def test_new_transitions_come_with_the_highest_priority_so_far():
    replay = filled(10, 2, Priority(alpha=1.0, epsilon=1e-12))
    assess(replay, {0: 9.0, 1: 1.0})
    assess(replay, {0: 1.0})
    step(replay, 3)
    counts = np.bincount(replay.sample(11, KEYS[:1], 0)["index"][0])
    assert counts[2] >= 8  # 9 of 11 parts


def test_what_cannot_be_sampled_yet_never_is():
    """Of n = 3 the newest two wait until the episode ends."""
    replay = filled(10, 6, Priority(), n_step=3)
    assert set(replay.sample(100, KEYS[:1], 0)["index"][0].tolist()) == {0, 1, 2, 3}
    step(replay, 7, terminated=True)
    assert set(replay.sample(100, KEYS[:1], 0)["index"][0].tolist()) == set(range(7))


def test_trees_are_functions_of_their_leaves():
    """Ten thousand writes leave no error behind: all nodes equal those built anew."""
    starts, draw = tree.level_starts(100), np.random.default_rng(1)
    assert starts.tolist() == [0, 104, 120, 128]  # 13 eights of leaves, two of those, and these two
    sums, lows = np.zeros((1, 128)), np.full((1, 128), np.inf)
    for leaf, value in zip(draw.integers(0, 100, 10_000), draw.pareto(0.5, 10_000), strict=True):
        tree.put(sums, lows, starts, 0, leaf, value if leaf % 3 else 0.0)
    fresh, fresh_lows = np.zeros((1, 128)), np.full((1, 128), np.inf)
    tree.rebuild(sums[:, :100].copy(), fresh, fresh_lows, starts)
    np.testing.assert_array_equal(sums, fresh)
    np.testing.assert_array_equal(lows, fresh_lows)
    assert tree.total_of(sums, 0) == pytest.approx(sums[0, :100].sum(), rel=1e-12)
    assert tree.lowest_of(lows, 0) == sums[0, :100][sums[0, :100] > 0].min()
    assert tree_bytes(100) == 2 * sums.nbytes
    for value in (0.0, tree.total_of(sums, 0), np.inf):  # at the edges too it is a leaf above 0
        assert sums[0, tree.find(sums, starts, 0, value)] > 0


def test_errors_that_are_no_numbers_change_nothing():
    replay = filled(10, 5, Priority())
    before = replay.arrays()
    for errors in (torch.tensor([[1.0, np.nan]]), torch.tensor([[1.0, np.inf]]), torch.ones(1, 3)):
        with pytest.raises(UserError, match=r"finite|index and errors"):
            replay.prioritise(torch.tensor([[0, 1]]), errors)
    np.testing.assert_array_equal(replay.arrays()["leaves"], before["leaves"])


@pytest.mark.parametrize("settings", [{"alpha": -0.1}, {"alpha": 1.5}, {"beta": 2.0}, {"epsilon": 0.0}])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(UserError, match=next(iter(settings))):
        Priority(**settings)
    if "beta" in settings:
        with pytest.raises(UserError, match="beta"):
            filled(3, 3, Priority()).sample(2, KEYS[:1], 0, beta=2.0)
