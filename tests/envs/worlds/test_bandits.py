"""True values follow their laws, and pulls follow the true values."""

import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.sampling import LAWS, pull
from daedalus.core.world import Bandit
from daedalus.envs import BanditEnv, bandit
from daedalus.envs.draw_ahead import BLOCK


@pytest.mark.parametrize(("law", "distribution"), [("gaussian", "norm"), ("bernoulli", "uniform")])
def test_true_values_follow_their_law(law, distribution):
    # False-alarm rate 1e-4 under the fixed seeds.
    means = np.concatenate([bandit(law=law, seed=seed).means for seed in range(3000)])
    assert stats.kstest(means, distribution).pvalue > 1e-4


def test_arms_come_from_the_seed():
    assert np.array_equal(bandit(seed=3).means, bandit(seed=3).means)
    assert not np.array_equal(bandit(seed=3).means, bandit(seed=4).means)
    assert bandit(law="bernoulli", arms=3, seed=1).name == "daedalus/Bandit-v0:law=bernoulli,arms=3,seed=1"


def rewards(env, arm, pulls, seed):
    env.reset(seed=seed)
    paid = []
    for _ in range(pulls):
        observation, reward, terminated, truncated, _ = env.step(arm)
        assert (observation, terminated, truncated) == (0, True, False)
        paid.append(reward)
        env.reset()
    return np.array(paid)


def test_gaussian_rewards():
    # Within four standard errors of mean and variance: false-alarm rate 1e-4 under the fixed seed.
    paid = rewards(BanditEnv(Bandit("two", "gaussian", np.array([0.5, -1.0]))), 1, 10_000, seed=2)
    assert abs(paid.mean() + 1.0) < 4 / 100
    assert abs(paid.var() - 1.0) < 4 * np.sqrt(2) / 100


def test_bernoulli_rewards():
    paid = rewards(BanditEnv(Bandit("two", "bernoulli", np.array([0.2, 0.9]))), 0, 10_000, seed=2)
    assert set(paid) == {0.0, 1.0}
    assert abs(paid.mean() - 0.2) < 4 * 0.4 / 100


@pytest.mark.parametrize("law", ["gaussian", "bernoulli"])
def test_pulls_are_the_compiled_draws(law):
    world = bandit(law=law)
    key = np.uint64(stream_key(9, "world"))
    expected = [pull(LAWS[law], world.means[t % 10], key, t) for t in range(3 * BLOCK)]
    env = BanditEnv(world)
    rewards(env, 0, 5, seed=8)  # a new seed in the middle of a block begins anew
    env.reset(seed=9)
    paid = []
    for t in range(3 * BLOCK):
        paid.append(env.step(t % 10)[1])
        env.reset()
    assert paid == expected


def test_misuse_is_told():
    env = BanditEnv(bandit())
    with pytest.raises(ResetNeeded):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="0…9"):
        env.step(10)
    env.step(0)
    with pytest.raises(ResetNeeded):
        env.step(0)
    with pytest.raises(UserError, match="cannot be drawn"):
        BanditEnv(bandit(), render_mode="ansi")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arms": 1}, "arms must be at least 2"),
        ({"arms": 10**12}, "bytes"),
        ({"law": "gausian"}, "did you mean 'gaussian'"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refused_bandits(options, message):
    with pytest.raises(UserError, match=message):
        bandit(**options)
