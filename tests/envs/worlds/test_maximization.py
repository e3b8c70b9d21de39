"""The world of figure 6.5: what is worth what, and that its noise is as wide as it says."""

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.planning import evaluate_policy, random_policy, solve
from daedalus.envs import maximization_bias


def test_right_is_best_by_a_tenth():
    world = maximization_bias()
    assert solve(world.mdp).value.tolist() == pytest.approx([0, -0.1, 0, 0])
    assert evaluate_policy(world.mdp, random_policy(world.mdp)) == pytest.approx([0, -0.1, -0.05, 0])
    assert solve(maximization_bias(mean=0.25).mdp).value[2] == pytest.approx(0.25)


@pytest.mark.parametrize("actions", [2, 6])
def test_rewards_have_that_mean_and_spread(actions):
    mdp = maximization_bias(actions=actions, mean=2.0, spread=3.0).mdp
    assert mdp.next_state.shape == (4, actions, 50)
    assert (mdp.probability[1] @ mdp.reward[1].T)[0] == pytest.approx(2.0)
    assert mdp.reward[1].std(axis=1) == pytest.approx(3.0)
    assert 2.326 < (mdp.reward[1].max() - 2.0) / 3.0 < 2.36  # the 99th percentile of the normal law, stretched
    assert (mdp.next_state[1] == 0).all()


def test_half_of_the_actions_go_left():
    mdp = maximization_bias(actions=6).mdp
    assert mdp.next_state[2, :, 0].tolist() == [1, 3, 1, 3, 1, 3]
    assert not mdp.reward[2].any()


@pytest.mark.parametrize(("settings", "says"), [({"actions": 3}, "must be even"), ({"spread": -1.0}, "at least 0")])
def test_bad_settings_are_refused(settings, says):
    with pytest.raises(UserError, match=says):
        maximization_bias(**settings)


def test_left_looks_better_than_it_is():
    """The maximum of ten means of a few noisy rewards lies above 0, though every mean lies below."""
    rewards = maximization_bias().mdp.reward[1, 0]
    sample = np.random.Generator(np.random.Philox(key=1)).choice(rewards, (1000, 10, 5))
    assert sample.mean(axis=2).max(axis=1).mean() > 0.4
