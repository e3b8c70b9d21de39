"""Random MDPs follow the laws that they are said to be drawn from."""

import numpy as np
import pytest
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.envs import garnet


def test_every_action_has_as_many_different_next_states_as_asked():
    mdp = garnet(30, 5, 4, seed=1).mdp
    assert mdp.next_state.shape == (30, 5, 4)
    assert (np.diff(np.sort(mdp.next_state, axis=2), axis=2) > 0).all()
    assert (mdp.probability > 0).all()
    assert not mdp.terminal.any()


def test_its_parts_follow_their_laws():
    # False-alarm rate 1e-4 each under the fixed seed. Gaps between two uniform cuts: P(gap > x) = (1 - x)².
    mdp = garnet(50, 20, 3, seed=2).mdp
    assert stats.chisquare(np.bincount(mdp.next_state.ravel(), minlength=50)).pvalue > 1e-4
    assert stats.kstest(mdp.reward.ravel(), "norm").pvalue > 1e-4
    for k in range(3):
        assert stats.kstest(mdp.probability[..., k].ravel(), "beta", (1, 2)).pvalue > 1e-4


def test_it_comes_from_its_seed():
    assert garnet(seed=1).mdp.fingerprint() == garnet(seed=1, time_limit=5).mdp.fingerprint()
    assert garnet(seed=1).mdp.fingerprint() != garnet(seed=2).mdp.fingerprint()


def test_one_branch_is_deterministic_and_all_branches_reach_everywhere():
    assert (garnet(branching=1).mdp.probability == 1.0).all()
    full = garnet(7, 2, 7).mdp.next_state
    np.testing.assert_array_equal(np.sort(full, axis=2), np.broadcast_to(np.arange(7), (7, 2, 7)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"states": 1}, "states must be at least 2"),
        ({"actions": 0}, "actions must be at least 1"),
        ({"branching": 0}, "branching must be at least 1"),
        ({"branching": 21}, "at most the number of states, 20, not 21"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"states": 10**9}, "bytes of tables"),
    ],
)
def test_refused(options, message):
    with pytest.raises(UserError, match=message):
        garnet(**options)
