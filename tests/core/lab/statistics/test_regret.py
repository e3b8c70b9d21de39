"""Lai and Robbins' coefficient against numbers worked out by hand."""

import math

import numpy as np
import pytest

from daedalus.core.lab.statistics.regret import lai_robbins


def test_bernoulli_arms() -> None:
    """Arms of .9 and .8: .1 / (.8 ln(.8/.9) + .2 ln 2); a best arm that always pays shows itself for certain."""
    means = np.array([[0.9, 0.8], [0.8, 0.9], [1.0, 0.5], [0.5, 0.5], [0.3, 0.0]])
    found = lai_robbins(["bernoulli"] * 2, means, np.ones_like(means))
    certain = 0.3 / math.log(1 / 0.7)
    assert found == pytest.approx([2.252100, 2.252100, 0.0, 0.0, certain], abs=1e-6)


def test_gaussian_arms_of_known_spread() -> None:
    """Each arm costs 2 σ² / Δ: 2 / .5 + 2 · 4 / 2; without spread one pull tells all."""
    means, spread = np.array([[1.0, 0.5, -1.0], [1.0, 0.5, 1.0]]), np.array([[9.0, 1.0, 2.0], [9.0, 0.0, 0.0]])
    assert lai_robbins(["gaussian"] * 3, means, spread) == pytest.approx([8.0, 0.0])


@pytest.mark.parametrize("laws", [["uniform", "uniform"], ["gaussian", "bernoulli"]])
def test_other_laws_have_none(laws: list[str]) -> None:
    assert lai_robbins(laws, np.array([[0.9, 0.8]]), np.ones((1, 2))) is None
