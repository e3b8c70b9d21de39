"""The best weights are those that were evaluated; each slot has its own and its own patience."""

import numpy as np
import pytest
import torch
from torch import nn

from daedalus.core.errors import UserError
from daedalus.core.optim.best import Best, Patience


class Weight(nn.Module):
    def __init__(self, *values: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(values, dtype=torch.float32)[:, None])
        self.register_buffer("seen", torch.tensor(0))

    def set(self, *values: float) -> None:
        with torch.no_grad():
            self.weight.copy_(torch.tensor(values, dtype=torch.float32)[:, None])


def test_the_best_of_one_network_and_when_to_stop() -> None:
    best, module = Best(Patience(2, least=0.5)), Weight(0)
    scores = [1.0, 1.4, 3.0, 3.2, np.nan]  # 1.4 is no better by more than ½
    for step, score in enumerate(scores):
        assert not best.over
        module.set(10.0 * step)
        assert best.offer(score, step, module).tolist() == [step in (0, 2)]
    assert best.over
    assert not best.offer(99.0, 9, module).any()  # too late
    assert (best.score_N.tolist(), best.step_N.tolist()) == ([3], [2])
    best.restore(module)
    assert module.weight.item() == 20


def test_each_slot_has_its_own_best() -> None:
    best, module = Best(Patience(2), slots=3), Weight(0, 0, 0)
    for step, scores in enumerate([[1, 5, 1], [2, 4, 1], [3, 3, 2], [4, 9, 3]]):
        module.set(step, step, step)
        best.offer(np.array(scores), step, module)
    assert best.step_N.tolist() == [3, 0, 3]  # the second was closed when its 9 came
    assert best.score_N.tolist() == [4, 5, 3]
    assert best.closed_N.tolist() == [False, True, False]
    assert not best.over
    best.restore(module)
    assert module.weight.flatten().tolist() == [3, 0, 3]


def test_a_slot_is_kept_as_it_would_be_alone() -> None:
    scores = np.random.Generator(np.random.Philox(0)).normal(size=(12, 4))

    def run(slots: list[int]) -> Best:
        best, module = Best(Patience(3), slots=len(slots)), Weight(*[0.0] * len(slots))
        for step, score in enumerate(scores[:, slots]):
            module.set(*(step + slot / 10 for slot in slots))
            best.offer(score, step, module)
        return best

    together = run([0, 1, 2, 3]).arrays()
    for n in range(4):
        for name, array in run([n]).arrays().items():
            if array.ndim:
                np.testing.assert_array_equal(array[0], together[name][n])


def test_first_scores_that_are_nan_or_infinite() -> None:
    best, module = Best(), Weight(1)
    with pytest.raises(UserError, match="no weights were evaluated yet"):
        best.restore(module)
    assert not best.offer(np.nan, 0, module).any()
    assert best.offer(-np.inf, 1, module).all()
    assert best.offer(-5, 2, module).all()
    assert not best.over  # without patience never


def test_it_is_taken_up() -> None:
    best, module = Best(Patience(3), slots=2), Weight(1, 2)
    best.offer(np.array([1.0, 2.0]), 7, module)
    best.offer(np.array([0.0, 0.0]), 8, module)
    other = Best(Patience(3), slots=2)
    other.take_up(best.arrays())
    for one in (best, other):
        one.offer(np.array([0.0, 3.0]), 9, module)
        one.offer(np.array([0.0, 3.0]), 10, module)
    assert all(np.array_equal(array, other.arrays()[name]) for name, array in best.arrays().items())
    assert other.closed_N.tolist() == [True, False]
    with pytest.raises(UserError, match="of 2 slots, not 3"):
        Best(slots=3).take_up(best.arrays())
    with pytest.raises(UserError, match="2 scores are wanted, one a slot, not 1"):
        best.offer(1.0, 11, module)
    for wrong in ({"evaluations": 0}, {"least": -1.0}):
        with pytest.raises(UserError, match="patience: "):
            Patience(**wrong)  # type: ignore[arg-type]
