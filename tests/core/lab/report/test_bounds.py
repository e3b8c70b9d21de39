"""Bounds that move: by hand."""

import numpy as np
import pyarrow as pa
import pytest

from daedalus.core.lab.report.bounds import Bound, bound, moving_bound
from daedalus.core.lab.report.plots import change_words


def test_a_bandit_that_changes_has_stairs_of_its_intervals():
    """Means over all pulls so far of 1, 2 and 4 after 10, 20 and 40 pulls: 1, then 3, then 6 in their intervals."""
    one = pa.table({"seed": [0, 0, 0], "step": [10, 20, 40], "optimum": [0.5, 1.5, 3.5]})
    two = pa.table({"seed": [0, 0, 0], "step": [10, 20, 40], "optimum": [1.5, 2.5, 4.5]})
    found = moving_bound("best possible", [one, two], "optimum")
    assert found.level == 4.0
    assert np.allclose(found.stairs, [(0, 1), (10, 3), (20, 6)])
    assert found.at(np.array([0.0, 10.0, 11.0, 20.0, 39.0])) == pytest.approx([1, 1, 3, 3, 6])
    assert found.words == "best possible 4 on average"
    unknown = pa.table({"seed": [0], "step": [10], "optimum": [np.nan]})
    assert moving_bound("best possible", [unknown], "optimum") is None


def test_a_world_that_changes_has_the_level_of_each_phase_from_its_first_step_on():
    """The change at 15 is measured at 20; a phase that no evaluation falls into is left out."""
    one = pa.table({"seed": [0] * 4, "step": [0, 10, 20, 30], "optimum": [-8.0, -8.0, -14.0, -14.0]})
    found = bound("best possible", [one], "optimum", (0, 15))
    assert found == Bound("best possible", -14.0, ((0.0, -8.0), (15.0, -14.0)))
    assert found.at(np.array([0.0, 14.0, 15.0, 16.0, 30.0])).tolist() == [-8, -8, -8, -14, -14]
    assert found.words == "best possible −8, from step 15 −14"
    assert bound("best possible", [one], "optimum", (0, 15, 16, 18)).stairs == ((0.0, -8.0), (18.0, -14.0))
    assert bound("best possible", [one], "optimum", (0, 5)).level == -8.0


def test_what_is_measured_where_a_world_changes_is_of_the_phase_before():
    one = pa.table({"seed": [0] * 4, "step": [0, 10, 20, 30], "optimum": [-8.0, -8.0, -14.0, -14.0]})
    found = bound("best possible", [one], "optimum", (0, 10))
    assert found.stairs == ((0.0, -8.0), (10.0, -14.0))
    assert found.at(np.array([10.0, 20.0])).tolist() == [-8, -14]


def test_a_world_that_stays_has_one_level_the_mean_over_seeds():
    one = pa.table({"seed": [0, 1, 0, 1], "step": [0, 0, 10, 10], "optimum": [1.0, 3.0, 1.0, 3.0]})
    found = bound("best possible", [one], "optimum")
    assert found == Bound("best possible", 2.0)
    assert found.words == "best possible 2"
    assert found.at(np.arange(3.0)).tolist() == [2, 2, 2]


def test_changes_in_words():
    assert change_words([1000]) == "at step 1,000"
    assert change_words([1, 2]) == "at steps 1 and 2"
    assert change_words([1, 2, 3, 4]) == "at steps 1, 2, 3 and 4"
    assert change_words([100, 200, 300, 400, 500]) == "at steps 100, 200, 300 and 2 later ones"
