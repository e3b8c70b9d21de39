import itertools

import numpy as np
import pytest
from scipy import stats

from daedalus.core.lab.statistics import coverage
from daedalus.core.lab.statistics.intervals import interval, widened
from daedalus.core.lab.statistics.measures import (
    Estimate,
    holm,
    improvement,
    iqm,
    least_p,
    mean,
    median,
    optimality_gap,
    paired_p,
    profile,
    seeds_needed,
)


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("count", [*range(1, 14), 100, 101])
def test_iqm_is_scipys_trimmed_mean(count):
    scores = generator(count).lognormal(size=(3, count))
    assert iqm(scores) == pytest.approx(stats.trim_mean(scores, 0.25, axis=1))
    assert iqm(scores, axis=0) == pytest.approx(stats.trim_mean(scores, 0.25, axis=0))


def test_iqm_by_hand():
    assert iqm(np.array([100.0, 1, 2, 3])) == 2.5
    assert iqm(np.array([100.0, 1, 2, 3, -50])) == 2.0  # 4 does not divide 5: three of five are kept
    assert iqm(np.array([9.0, 1, 2])) == 4.0


def test_mean_median_and_gap_by_hand():
    scores = np.array([0.0, 0.5, 1.5])
    assert (mean(scores), median(scores)) == (pytest.approx(2 / 3), 0.5)
    assert optimality_gap(scores) == pytest.approx(0.5)  # 1.5 counts as 1


@pytest.mark.parametrize("bad", [[], [1.0, np.nan], [np.inf]])
def test_scores_that_are_not_finite_or_not_there_are_refused(bad):
    for statistic in (iqm, mean, median, optimality_gap):
        with pytest.raises(ValueError, match="finite"):
            statistic(np.array(bad))
    with pytest.raises(ValueError, match="finite"):
        interval([np.array(bad)], iqm, generator())


def test_improvement_is_mann_whitneys_u():
    rng = generator()
    for first, second in [(rng.normal(size=7), rng.normal(size=9)), (rng.integers(0, 3, 8), rng.integers(0, 3, 8))]:
        u = stats.mannwhitneyu(first, second).statistic
        assert improvement(first, second).value == pytest.approx(u / (first.size * second.size))
        by_hand = np.mean([(a > b) + 0.5 * (a == b) for a, b in itertools.product(first, second)])
        assert improvement(first, second).value == pytest.approx(by_hand)


def test_improvement_of_equals_and_opposites():
    ones = np.ones(5)
    assert improvement(ones, ones).value == 0.5
    better, worse = improvement(ones, 0 * ones), improvement(0 * ones, ones)
    assert (better.value, better.high, worse.value, worse.low) == (1, 1, 0, 0)
    assert 0.4 < better.low < 0.9  # five against five leave doubt, although every run is better
    assert worse.high == pytest.approx(1 - better.low)


def test_improvement_interval_solves_newcombes_equation_and_covers():
    n, z, rng = 12, stats.norm.ppf(0.975), generator(1)
    found = improvement(rng.normal(0.5, 1, n), rng.normal(0, 1, n))
    for bound in (found.low, found.high):
        variance = bound * (1 - bound) / n**2 * (1 + (n - 1) * ((1 - bound) / (2 - bound) + bound / (1 + bound)))
        assert (found.value - bound) ** 2 == pytest.approx(z**2 * variance)
    truth = stats.norm.cdf(1 / np.sqrt(2))  # P(N(1, 1) > N(0, 1))
    intervals = [improvement(rng.normal(1, 1, 10), rng.normal(0, 1, 10)) for _ in range(400)]
    covered = np.mean([low <= truth <= high for _, low, high in intervals])
    assert covered > 0.91  # nominal .95, standard error .011: false alarm below .001


@pytest.mark.parametrize("seeds", [1, 2, 5, 8, 13])
def test_the_paired_test_is_scipys_exact_one(seeds):
    differences = generator(seeds).normal(0.4, 1, (seeds, 3)).round(1)  # rounding makes ties
    expected = [
        1.0
        if seeds == 1
        else stats.permutation_test((column,), np.mean, permutation_type="samples", n_resamples=9999).pvalue
        for column in differences.T
    ]
    assert paired_p(differences, generator()) == pytest.approx(expected)


def test_the_paired_test_by_hand():
    differences = np.array([[3.0], [1.0], [2.0]])  # of 8 sign flips only +++ and --- reach a sum of 6
    assert paired_p(differences, generator()) == [2 / 8]
    assert paired_p(np.zeros((20, 1)), generator()) == [1.0]
    assert paired_p(np.full((5, 1), 0.1), generator()) == [least_p(5)]
    assert least_p(5) == 0.0625


def test_the_sampled_paired_test_agrees_with_enumeration():
    differences = generator(3).normal(0.5, 1, (16, 4))
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=16)))
    exact = (np.abs(signs @ differences) >= np.abs(differences.sum(axis=0)) - 1e-9).mean(axis=0)
    sampled = paired_p(differences, generator())
    # 9999 flips: within 4.5 standard errors, false alarm below 1e-4
    assert np.all(np.abs(sampled - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / 9999) + 1e-4)
    assert np.array_equal(sampled, paired_p(differences, generator()))


def test_the_paired_test_keeps_its_level():
    p = paired_p(generator(4).standard_t(3, (20, 500)), generator())
    assert np.mean(p < 0.05) < 0.087  # 500 tests: standard error .01, false alarm below 1e-3


def test_many_columns_get_enough_flips_to_survive_holm():
    p = paired_p(np.full((20, 500), 1.0), generator())
    assert np.all(holm(p) < 0.05)


def test_holm_by_hand():
    # sorted .005 .01 .03 .04, times 4 3 2 1 = .02 .03 .06 .04, made monotone
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.03]) == pytest.approx([0.03])
    assert holm([]).size == 0


@pytest.mark.parametrize(("effect", "family"), [(0.5, 1), (0.7, 3), (1.0, 1), (1.3, 10), (1.7, 1), (1.7, 10)])
def test_the_seeds_needed_give_the_promised_power(effect, family):
    level = 0.05 / family
    seeds = int(seeds_needed(effect, 1.0, level))
    power = np.mean(paired_p(generator(5).normal(effect, 1, (seeds, 500)), generator()) < level)
    assert power > 0.72  # about 80 %, standard error .018: false alarm below 1e-4 each
    fewer = np.mean(paired_p(generator(5).normal(effect, 1, (seeds * 2 // 3, 500)), generator()) < level)
    assert fewer < 0.72


def test_seeds_needed_at_the_edges():
    assert seeds_needed(0.0, 1.0) == np.inf
    assert seeds_needed(5.0, 0.0) == 6  # 2 / 2⁶ is the first below .05
    assert seeds_needed(-0.5, 1.0) == seeds_needed(0.5, 1.0) == 34


def test_profile_by_hand():
    found = profile(np.array([0.0, 0.5, 0.5, 1.0]), np.array([-0.1, 0.0, 0.5, 1.0]))
    assert found.share == pytest.approx([1.0, 0.75, 0.25, 0.0])
    wilson = stats.binomtest(3, 4).proportion_ci(method="wilson")
    assert (found.low[1], found.high[1]) == pytest.approx((wilson.low, wilson.high))
    assert np.all((found.low <= found.share) & (found.share <= found.high))


def test_intervals_at_the_edges():
    assert interval([np.full(5, -13.0)], iqm, generator()) == Estimate(-13, -13, -13)
    value, low, high = interval([np.array([4.0])], iqm, generator())
    assert value == 4
    assert np.isnan(low)
    assert np.isnan(high)
    low, high = interval([np.array([1.0, 2.0]), np.array([5.0])], mean, generator())[1:]
    assert np.isnan(low)
    assert np.isnan(high)
    assert interval([np.full(3, 0.0), np.full(3, 1.0)], mean, generator()) == Estimate(0.5, 0.5, 0.5)


def test_strata_are_resampled_within_themselves():
    far = [np.array([0.0, 0.2, 0.1, 0.1, 0.0]), np.array([100.0, 100.1, 100.2, 100.0, 100.1])]
    value, low, high = interval(far, mean, generator())
    assert value == pytest.approx(50.08)
    assert high - low < 0.5  # drawing from the pool would add the distance of the worlds


def test_the_widening_by_hand():
    # n = 5: sqrt(5/4) * 2.776445 / 1.959964 = 1.583784
    low, high = widened(np.array(10.0), np.array([9.0, 12.0]), [5])
    assert (low, high) == (pytest.approx(10 - 1.583784), pytest.approx(10 + 2 * 1.583784))
    assert widened(np.array(10.0), np.array([9.0, 12.0]), [50, 5]) == (low, high)


def test_intervals_do_not_depend_on_the_chunks(monkeypatch):
    scores = generator().normal(size=40)
    whole = interval([scores], iqm, generator())
    assert whole == interval([scores], iqm, generator())
    monkeypatch.setattr("daedalus.core.lab.statistics.intervals._CHUNK", 400)
    assert interval([scores], iqm, generator()) == whole


def test_the_laws_have_the_iqm_of_a_large_sample():
    for law in coverage.LAWS.values():
        scores = law.draw((100_000,), generator(6))
        assert law.iqm() == pytest.approx(iqm(scores), abs=0.05)
    assert coverage.LAWS["log-normal"].iqm() == pytest.approx(1.072923, abs=1e-6)


def test_the_interval_of_five_normal_scores_covers_93_percent():
    rng = generator(7)
    found = [interval([rng.normal(size=5)], iqm, rng, 500) for _ in range(1500)]
    covered = np.mean([low <= 0 <= high for _, low, high in found])
    assert covered >= 0.93  # truly .967, standard error .005: false alarm below 1e-10


# What the module reports from 10,000 simulations of 1000 resamples.
REPORTED = {
    ("normal", 5): (0.967, 0.899),
    ("normal", 10): (0.969, 0.936),
    ("normal", 20): (0.963, 0.946),
    ("log-normal", 5): (0.964, 0.895),
    ("log-normal", 10): (0.968, 0.931),
    ("log-normal", 20): (0.961, 0.944),
    ("bimodal", 5): (0.933, 0.854),
    ("bimodal", 10): (0.963, 0.935),
    ("bimodal", 20): (0.955, 0.940),
    ("three worlds", 5): (0.961, 0.872),
    ("three worlds", 10): (0.965, 0.923),
    ("three worlds", 20): (0.957, 0.937),
}


def test_coverage_is_what_the_module_reports():
    """1500 simulations: within 4 standard errors and .005 for fewer resamples; 24 checks, false alarm below .002."""
    rows = coverage.coverage_table(simulations=1500, resamples=400)
    assert {(row.law, row.seeds) for row in rows} == set(REPORTED)
    for row in rows:
        for found, reported in zip((row.widened, row.percentile), REPORTED[row.law, row.seeds], strict=True):
            error = np.sqrt(reported * (1 - reported) / 1500)
            assert abs(found - reported) < 4 * error + 0.005, row
            assert f"{reported:.3f}".lstrip("0") in coverage.__doc__
