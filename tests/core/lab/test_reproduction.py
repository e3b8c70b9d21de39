"""How a row is judged, at the edges of each rule."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.lab.reproduction import (
    ahead,
    alongside,
    at_least,
    at_most,
    exact,
    exact_table,
    mean_and_error,
    mean_line,
    measured,
    numbers,
)

SAMPLE = [1.0, 2.0, 3.0, 4.0, 5.0]  # mean 3, standard error √(2.5 / 5) = .7071


def test_the_standard_error_is_that_of_a_mean():
    assert mean_and_error(SAMPLE) == (3.0, pytest.approx(math.sqrt(0.5)))
    line = mean_line("a", [0, 1], np.stack([SAMPLE, np.zeros(5)], axis=1))
    np.testing.assert_allclose(line.y, [3, 0])
    np.testing.assert_allclose(line.error, [math.sqrt(0.5), 0])


@pytest.mark.parametrize(
    ("settings", "reach"),
    [
        ({}, 3 * math.sqrt(0.5)),
        ({"within": 2.0}, 2 * math.sqrt(0.5)),
        ({"slack": 0.5}, 0.5 + 3 * math.sqrt(0.5)),
        ({"error": math.sqrt(0.5)}, 3.0),  # as uncertain as ours: √2 times the reach
        ({"their_runs": 5}, 3.0),
        ({"their_runs": 1}, 3 * math.sqrt(0.5 + 2.5)),
    ],
    ids=str,
)
@pytest.mark.parametrize("side", [-1, 1])
def test_measured_reaches_so_far_and_no_further(settings, reach, side):
    inside = measured("q", SAMPLE, 3 + side * (reach - 1e-9), "book", **settings)
    assert inside.passed
    assert inside.rule == f"within {reach:.2g}"
    assert not measured("q", SAMPLE, 3 + side * (reach + 1e-9), "book", **settings).passed


def test_exact_rounds_to_the_last_printed_digit():
    assert exact("q", 2.25, 2.3, "book", digits=1).passed  # printed by whatever rounds a half up
    assert exact("q", 2.25, 2.2, "book", digits=1).passed
    assert not exact("q", 2.2499, 2.3, "book", digits=1).passed
    assert exact("q", 1.0, 1.0, "book", digits=1).rule == "to 1 decimal"
    assert not exact("q", math.nan, 2.3, "book").passed


def test_a_table_is_as_good_as_its_worst_entry():
    row = exact_table("q", np.array([[1.0, 2.04], [3.01, 4.0]]), [[1, 2], [3, 4]], "book", digits=1)
    assert row.passed
    assert (row.ours, row.theirs, row.quantity) == (2.04, 2.0, "q, worst of 4")
    assert not exact_table("q", np.array([1.0, math.nan]), [1.0, 2.0], "book").passed
    with pytest.raises(UserError, match=r"q: ours has shape \(2,\), theirs \(3,\)"):
        exact_table("q", np.zeros(2), np.zeros(3), "book")


def test_bounds_are_shown_by_three_standard_errors():
    reach = 3 * math.sqrt(0.5)
    assert at_most("q", SAMPLE, 3 + reach + 1e-9, "book").passed
    assert not at_most("q", SAMPLE, 3 + reach - 1e-9, "book").passed
    assert at_least("q", SAMPLE, 3 - reach - 1e-9, "book").passed
    assert not at_least("q", SAMPLE, 3 - reach + 1e-9, "book").passed


def test_rivals_are_paired_by_seed():
    """A difference that holds at every seed shows, however far the seeds lie apart."""
    seeds = np.linspace(-100, 100, 11)
    row = ahead("q", seeds + 1, seeds + 0.1 * np.cos(seeds), "book")
    assert row.passed
    assert row.ours == pytest.approx(1, abs=0.1)
    assert not ahead("q", seeds, seeds + 1, "book").passed
    with pytest.raises(UserError, match="q: 2 runs cannot be paired with 3"):
        ahead("q", [1, 2], [1, 2, 3], "book")


def test_runs_stand_alongside_a_peers_as_scipy_has_it():
    """At the edge of the rule, Welch's test as SciPy makes it gives the error rate for its p-value."""
    ours, theirs = np.array([1.0, 2.0, 3.0, 6.0]), np.array([2.0, 2.5, 4.0, 3.0, 2.0, 9.0, 4.0])
    for rate in (0.01, 0.2):
        reach = float(alongside("q", ours, theirs, "peer", error_rate=rate).rule.rpartition(" ")[2])
        low, high = 0.0, 100.0
        for _ in range(60):  # the shift from equal means that is just not shown
            shift = (low + high) / 2
            level = stats.ttest_ind(ours - ours.mean() + shift, theirs - theirs.mean(), equal_var=False).pvalue
            low, high = (shift, high) if level > rate else (low, shift)
        assert f"{low:.2g}" == f"{reach:.2g}"
        for beyond, passes in ((-1e-6, True), (1e-6, False)):
            for side in (-1, 1):
                moved = ours - ours.mean() + theirs.mean() + side * (low + beyond)
                assert alongside("q", moved, theirs, "peer", error_rate=rate).passed is passes
                moved = moved + side * 0.5
                assert alongside("q", moved, theirs, "peer", margin=0.5, error_rate=rate).passed is passes


def test_runs_without_any_spread_are_as_far_apart_as_they_are():
    assert alongside("q", [500.0, 500.0], [500.0, 500.0], "peer").passed
    assert not alongside("q", [500.0, 500.0], [499.0, 499.0], "peer").passed
    row = alongside("q", [500.0, 500.0], [499.0, 499.0], "peer", margin=1.0)
    assert row.passed
    assert (row.ours, row.theirs, row.standard_error, row.rule) == (500.0, 499.0, 0.0, "Welch, within 1")
    assert not alongside("q", [math.nan, 1.0], [1.0, 1.0], "peer").passed


def test_equal_runs_are_told_apart_as_rarely_as_is_said():
    """1 in 10 of 2000 comparisons of normal samples, here within four standard errors of that (1 in 16,000 fails)."""
    rng = np.random.default_rng(0)
    missed = [
        not alongside("q", rng.normal(0, 3, 5), rng.normal(0, 1, 4), "p", error_rate=0.1).passed for _ in range(2000)
    ]
    assert abs(np.mean(missed) - 0.1) < 4 * math.sqrt(0.09 / 2000)


@pytest.mark.parametrize("sample", [[], [1.0], [[1.0, 2.0], [3.0, 4.0]]])
def test_a_sample_is_one_number_of_each_run(sample):
    with pytest.raises(UserError, match="q: needs one number of each of at least 2 runs"):
        measured("q", sample, 1.0, "book")


def test_what_is_no_number_is_null():
    facts = measured("q", [1.0, math.nan], 1.0, "book").facts()
    assert facts["ours"] is None
    assert facts["standard_error"] is None
    assert facts["passed"] is False


def test_a_bound_computed_with_numpy_is_written_as_json():
    row = at_most("q", SAMPLE, np.float64(100.0), "book")
    assert json.loads(json.dumps(row.facts()))["passed"] is True


@pytest.mark.parametrize(
    ("sample", "theirs", "said"),
    [
        (SAMPLE, 3.14159, ("3.00", "0.71", "3.142")),
        ([-71.3, -71.5], -71.4, ("−71.4", "0.1", "−71.4")),
        ([2.0, 2.0], 2.0, ("2", "–", "2")),
    ],
)
def test_numbers_have_the_digits_that_their_error_deserves(sample, theirs, said):
    assert numbers(measured("q", sample, theirs, "book")) == said
