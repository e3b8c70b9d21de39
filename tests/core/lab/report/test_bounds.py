"""Bounds that move: by hand."""

import numpy as np
import pyarrow as pa
import pytest

from daedalus.core.lab.report.bounds import moving_bound


def test_a_bandit_that_changes_has_stairs_of_its_intervals():
    """Means over all pulls so far of 1, 2 and 4 after 10, 20 and 40 pulls: 1, then 3, then 6 in their intervals."""
    one = pa.table({"seed": [0, 0, 0], "step": [10, 20, 40], "optimum": [0.5, 1.5, 3.5]})
    two = pa.table({"seed": [0, 0, 0], "step": [10, 20, 40], "optimum": [1.5, 2.5, 4.5]})
    found = moving_bound("best possible", [one, two], "optimum")
    assert found.level == 4.0
    assert np.allclose(found.stairs, [(0, 1), (10, 3), (20, 6)])
    assert found.at(np.array([0.0, 10.0, 39.0])) == pytest.approx([1, 3, 6])
    assert found.words == "best possible 4 on average"
    unknown = pa.table({"seed": [0], "step": [10], "optimum": [np.nan]})
    assert moving_bound("best possible", [unknown], "optimum") is None
