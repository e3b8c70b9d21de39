import numpy as np
from scipy.stats import chisquare

from daedalus.core.draws import uniform
from daedalus.core.mdp import FiniteMDP
from daedalus.core.rng import stream_key
from daedalus.core.sampling import outcome, restart_state, start_state, step_outcome, tables

KEY = np.uint64(stream_key(0, "world"))


def three_outcomes():
    """One state and action; outcomes 0…3 with probability .2, 0, .8, 0; three possible starts of five states."""
    next_state = np.zeros((5, 1, 4), np.int32)
    probability = np.tile([0.2, 0.0, 0.8, 0.0], (5, 1, 1))
    start = np.array([0.0, 0.5, 0.0, 0.3, 0.2])
    return FiniteMDP(next_state, probability, np.zeros((5, 1, 4)), start, np.zeros(5, bool))


def test_outcome_by_hand():
    row = tables(three_outcomes()).cumulative[0, 0]
    assert row.tolist() == [0.2, 0.2, 1.0, 1.0]
    drawn = {u: outcome(row, u) for u in (0.0, 0.1999, 0.2, 0.5, np.nextafter(1.0, 0.0))}
    assert list(drawn.values()) == [0, 0, 2, 2, 2]


def test_rounding_never_leads_to_an_impossible_outcome():
    tenths = np.array([0.1] * 10 + [0.0])
    assert np.cumsum(tenths)[-1] < 1  # which no draw may fall behind
    mdp = FiniteMDP(
        np.zeros((1, 1, 11), np.int32), tenths.reshape(1, 1, 11), np.zeros((1, 1, 11)), np.ones(1), np.zeros(1, bool)
    )
    assert outcome(tables(mdp).cumulative[0, 0], np.nextafter(1.0, 0.0)) == 9


def test_draws_have_their_numbers():
    world = tables(three_outcomes())
    for t in range(50):
        u_step, u_start = uniform(KEY, np.uint64(2 * t)), uniform(KEY, np.uint64(2 * t + 1))
        assert step_outcome(world, 0, 0, KEY, t) == (0 if u_step < 0.2 else 2)
        expected = 1 if u_start < 0.5 else 3 if u_start < 0.8 else 4
        assert restart_state(world, KEY, t) == start_state(world, KEY, np.uint64(2 * t + 1)) == expected


def test_frequencies():
    """False alarms: 1e-4 each, under a fixed seed."""
    world = tables(three_outcomes())
    steps = np.bincount([step_outcome(world, 0, 0, KEY, t) for t in range(3000)], minlength=4)
    assert steps[[1, 3]].tolist() == [0, 0]
    assert chisquare(steps[[0, 2]], [600, 2400]).pvalue > 1e-4
    starts = np.bincount([restart_state(world, KEY, t) for t in range(3000)], minlength=5)
    assert chisquare(starts[[1, 3, 4]], [1500, 900, 600]).pvalue > 1e-4
