"""Precision, recall, modes and copies on sets so small that a hand can count them."""

import numpy as np
import pytest
import torch

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.generative.metrics.coverage import modes, precision_recall, ring
from daedalus.generative.metrics.memorised import equals, memorised, nearest


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_precision_and_recall_by_hand():
    # Balls up to the nearest other, of the real ones: [-1, 1], [0, 2], [1, 3], [2, 14]; of samples: [.4, .6], [.5, .7],
    # [.6, 39.4].
    real, samples = column(0, 1, 2, 8), column(0.5, 0.6, 20)
    precision, recall = precision_recall(samples, real, k=1)
    assert precision == pytest.approx(2 / 3)  # all but 20
    assert recall == pytest.approx(3 / 4)  # all but 0


def test_a_ball_reaches_the_kth_other_and_its_edge_counts():
    real = column(0, 1, 3)
    assert precision_recall(column(-1, -1, 5), real, k=1) == (1.0, 1.0)  # the ball of 5 reaches back to -1
    assert precision_recall(column(-1.01, -1.01, 5.01), real, k=1) == (0.0, 1.0)
    assert precision_recall(column(5.01, 5.01), real, k=1) == (0.0, 0.0)
    assert precision_recall(column(-3, 4, 6), real, k=2)[0] == 1.0


def test_equal_sets_have_both_and_distant_ones_none():
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    assert precision_recall(x, x.flip(0)) == (1.0, 1.0)
    assert precision_recall(x, x + 100) == (0.0, 0.0)
    collapsed = x[:1] + 1e-3 * x
    assert precision_recall(collapsed, x)[1] < 0.1  # one point of it: precise, and covers nothing
    with pytest.raises(UserError, match="3 neighbours need more than 3 of each"):
        precision_recall(x[:3], x)


def test_modes_by_hand():
    centres, deviation = ring(Spec("points", (("modes", 4), ("radius", 2.0), ("deviation", 0.1))))
    np.testing.assert_allclose(centres, [(2, 0), (0, 2), (-2, 0), (0, -2)], atol=1e-6)
    x = torch.tensor([(2.29, 0.0), (2.31, 0.0), (0.0, -2.0), (0.0, 0.0)])
    found = modes(x, centres, deviation)
    assert (found.covered, found.high_quality) == (2, 0.5)
    assert modes(x[3:], centres, deviation).covered == 0
    assert modes(torch.full((3, 2), torch.nan), centres, deviation).covered == 0
    assert ring(Spec("points")) is None


def test_copies_by_hand():
    train, test = column(0, 10), column(1, 2, 3, 4, 14)  # 1, 2, 3, 4 and 4 from what was trained on
    found = memorised(column(0, 10, 12, 5), train, test)  # 0, 0, 2 and 5
    assert found["nearer_than_test"] == pytest.approx((5 + 5 + 3.5 + 0) / 20)
    assert found["copies"] == 0.5
    assert found["near_copies"] == 0.5  # nearer than 1.4, the tenth by interpolation
    assert found["test_copies"] == 0.0


def test_who_copies_is_found_out_and_who_does_not_is_not():
    draw = torch.Generator().manual_seed(1)
    train, test, fresh = (torch.randn(n, 2, generator=draw) for n in (300, 400, 400))
    assert memorised(train, train, test)["nearer_than_test"] > 0.99
    # The statistic's deviation is about sqrt((n + m + 1) / 12 n m) = .02 where nothing is copied; 4 of them.
    assert abs(memorised(fresh, train, test)["nearer_than_test"] - 0.5) < 0.08


def test_equals_and_nearest_however_many_rows():
    x = torch.randint(3, (300, 2), generator=torch.Generator().manual_seed(0)).float()
    others = torch.tensor([(0.0, 1.0), (-0.0, 0.0)])
    assert (equals(x, others) == ((x[:, 0] == 0) & (x[:, 1] < 2)).numpy()).all()
    assert (nearest(x, others) == torch.cdist(x, others).amin(1)).all()
