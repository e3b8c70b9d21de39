"""True values follow their laws, and pulls follow the true values."""

import copy
import pickle  # noqa: TID251 - environments must travel between processes

import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from scipy import stats

from daedalus.core.errors import UserError
from daedalus.core.pulls import arms_of, mean_now, phase_at, pull, walk_on
from daedalus.core.rng import stream_key
from daedalus.core.world import Bandit
from daedalus.envs import BanditEnv, adversarial_bandit, bandit, contextual_bandit, switching_bandit
from daedalus.envs.draw_ahead import BLOCK
from daedalus.envs.making import environment

LAWS = ("gaussian", "bernoulli", "uniform", "exponential", "constant")
TESTBED = [2.8144716724228287, -0.32087381810899906, -1.1370130359864588]
PAID = [-2.2515749839481014, -2.000133670611791, 0.8538340648422318]
CHANGING = {
    "drifting": bandit(drift=0.05, arms=3),
    "drifting coins": bandit(law="bernoulli", drift=0.3),
    "switching": switching_bandit(period=50, phases=3),
    "adversarial": adversarial_bandit(),
}


@pytest.mark.parametrize(
    ("law", "distribution"), [("gaussian", "norm"), *((law, "uniform") for law in LAWS if law != "gaussian")]
)
def test_true_values_follow_their_law(law, distribution):
    # False-alarm rate 1e-4 under the fixed seeds.
    means = np.concatenate([bandit(law=law, seed=seed).means for seed in range(600)])
    assert stats.kstest(means, distribution).pvalue > 1e-4


def test_true_values_may_lie_elsewhere():
    plain = bandit(arms=4, seed=2)
    assert bandit(arms=4, seed=2, mean=4.0, spread=0.5).means.tolist() == (4 + 0.5 * plain.means).tolist()
    level = bandit(spread=0.0, drift=0.01, noise=2.0)  # exercise 2.5 of Sutton & Barto, and louder
    assert (level.means.tolist(), level.spread.tolist(), level.drift) == ([0.0] * 10, [2.0] * 10, 0.01)


def test_arms_come_from_the_seed():
    assert np.array_equal(bandit(seed=3).means, bandit(seed=3).means)
    assert not np.array_equal(bandit(seed=3).means, bandit(seed=4).means)
    assert bandit(law="bernoulli", arms=3, seed=1).name == "daedalus/Bandit-v0:law=bernoulli,arms=3,seed=1"


def test_the_testbed_is_what_it_was():
    """What is published with these numbers can be run again."""
    assert bandit(seed=1).means[:3].tolist() == TESTBED
    assert rewards(BanditEnv(bandit(seed=1)), 2, 3, seed=7).tolist() == PAID


def test_a_switching_bandit_by_hand():
    world = switching_bandit(arms=4, period=7, phases=3, seed=5)
    assert world.means.shape == (3, 4)
    assert (world.since.tolist(), world.period) == ([0, 7, 14], 21)
    assert len(np.unique(world.means)) == 12
    assert world.best_mean(21) == pytest.approx(world.means.max(axis=1).mean())
    dealt = switching_bandit(arms=4, period=7, phases=30, change="permute", seed=5).means
    assert np.array_equal(np.sort(dealt, axis=1), np.tile(np.sort(dealt[0]), (30, 1)))
    assert len({tuple(row) for row in dealt}) > 10
    env = BanditEnv(switching_bandit(law="constant", arms=4, period=7, phases=3, seed=5))
    paid = rewards(env, 1, 43, seed=0)
    assert np.array_equal(paid, np.tile(np.repeat(env.bandit.means[:, 1], 7), 3)[:43])


def test_the_adversary_by_hand():
    world = adversarial_bandit(arms=3, gap=0.25)
    assert world.since[:7].tolist() == [0, 1, 3, 6, 11, 18, 29]  # times of 1, 2, 3, 5, 7, 11 pulls
    best = int(world.means[0].argmax())
    others = [arm for arm in range(3) if arm != best]
    assert np.array_equal(world.means[:, best], np.tile([0.25, 1.0], len(world.means) // 2))
    assert np.array_equal(world.means[:, others[0]], np.tile([0.0, 0.75], len(world.means) // 2))
    assert world.since[-1] > 10**15
    assert len({int(adversarial_bandit(arms=3, seed=seed).means[0].argmax()) for seed in range(20)}) == 3


def rewards(env, arm, pulls, seed):
    env.reset(seed=seed)
    paid = []
    for _ in range(pulls):
        observation, reward, terminated, truncated, info = env.step(arm)
        assert (observation, terminated, truncated, info) == (0, True, False, {})
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


@pytest.mark.parametrize("world", [bandit(law=law) for law in LAWS] + list(CHANGING.values()), ids=lambda w: w.name)
def test_pulls_are_the_compiled_draws(world):
    """Second implementation: pull by pull instead of a block ahead. The true means of the moment, too."""
    key, drift_key = np.uint64(stream_key(9, "world")), np.uint64(stream_key(9, "drift"))
    arms, walk = arms_of([world]), np.zeros((1, world.arms))
    env = BanditEnv(world)
    rewards(env, 0, 5, seed=8)  # a new seed in the middle of a block begins anew
    env.reset(seed=9)
    for t in range(2 * BLOCK + 10):
        phase = phase_at(arms, t)
        means = [mean_now(arms, 0, phase, arm, walk[0, arm]) for arm in range(world.arms)]
        arm = t % world.arms
        if t % 37 == 0:
            assert env.means().tolist() == means
        assert env.step(arm)[1] == pull(arms, 0, arm, means[arm], key, t)
        if world.drift:
            walk_on(arms, walk, 0, drift_key, t)
        env.reset()


def test_every_player_meets_the_same_walk():
    one, other = BanditEnv(CHANGING["drifting"]), BanditEnv(CHANGING["drifting"])
    for env, arm in ((one, 0), (other, 2)):
        rewards(env, arm, 300, seed=4)
    assert np.array_equal(one.means(), other.means())
    assert not np.array_equal(one.means(), one.bandit.means)


@pytest.mark.parametrize("world", [bandit(), *CHANGING.values()], ids=lambda w: w.name)
@pytest.mark.parametrize("pulls", [0, 3, BLOCK - 1, BLOCK, BLOCK + 5])
def test_copies_and_snapshots_go_on_like_the_original(world, pulls):
    env = BanditEnv(world, render_mode="ansi")
    rewards(env, 1, pulls, seed=3)
    fresh = BanditEnv(world, render_mode="ansi")
    fresh.restore(env.snapshot())
    twins = [fresh, copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    expected = [env.step(0), env.reset(), env.step(2)]
    means, seed_after = env.means().tolist(), env.np_random.integers(1000)
    for twin in twins:
        assert [twin.step(0), twin.reset(), twin.step(2)] == expected
        assert twin.means().tolist() == means
        assert twin.np_random.integers(1000) == seed_after
        assert twin.render() == env.render()


def test_a_snapshot_before_the_first_reset():
    env, other = BanditEnv(bandit()), BanditEnv(bandit())
    state = env.snapshot()
    rewards(env, 0, 3, seed=1)
    env.restore(state)
    with pytest.raises(ResetNeeded):
        env.step(0)
    other.restore(state)
    assert [env.reset(), env.step(1)] == [other.reset(), other.step(1)]


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_machines_are_drawn_with_estimates(mode):
    env = BanditEnv(Bandit("two", "constant", np.array([0.5, 2.0])), render_mode=mode)
    env.reset(seed=0)
    before = env.render()
    env.step(1)
    after = env.render()
    assert not np.array_equal(before, after)
    if mode == "ansi":
        assert "paid 2.00" in after
        assert "×1" in after.splitlines()[1]
    else:
        assert (after.dtype, after.shape[2]) == (np.uint8, 3)
    env.close()


@pytest.mark.parametrize(("value", "arms"), [(bandit(), 10), (contextual_bandit(), 5)])
def test_misuse_is_told(value, arms):
    env = environment(value, "ansi")
    for too_early in (lambda: env.step(0), env.render):
        with pytest.raises(ResetNeeded):
            too_early()
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=f"0…{arms - 1}"):
        env.step(arms)
    env.step(0)
    with pytest.raises(ResetNeeded):
        env.step(0)
    with pytest.raises(UserError, match="render_mode"):
        environment(value, "text")


def test_means_need_a_start():
    with pytest.raises(ResetNeeded):
        BanditEnv(bandit()).means()


@pytest.mark.parametrize(
    ("builder", "options", "message"),
    [
        (bandit, {"arms": 1}, "arms must be at least 2"),
        (bandit, {"arms": 10**12}, "bytes"),
        (bandit, {"law": "gausian"}, "did you mean 'gaussian'"),
        (bandit, {"law": "table"}, "unknown .*law"),
        (bandit, {"seed": -1}, "seed"),
        (bandit, {"drift": -1.0}, "drift"),
        (bandit, {"noise": -1.0}, "spread must be"),
        (bandit, {"spread": -1.0}, "spread"),
        (bandit, {"mean": np.inf}, "finite"),
        (bandit, {"law": "bernoulli", "mean": 4.0}, "belong to law=gaussian"),
        (switching_bandit, {"period": 0}, "period must be at least 1"),
        (switching_bandit, {"phases": 1}, "phases must be at least 2"),
        (switching_bandit, {"phases": 10**12}, "bytes"),
        (switching_bandit, {"change": "redrew"}, "did you mean 'redraw'"),
        (switching_bandit, {"arms": 1}, "arms must be at least 2"),
        (switching_bandit, {"period": 2**61}, "period"),
        (adversarial_bandit, {"gap": 0.0}, r"gap must lie in \(0, 1\]"),
        (adversarial_bandit, {"arms": 1}, "arms must be at least 2"),
    ],
)
def test_refused_bandits(builder, options, message):
    with pytest.raises(UserError, match=message):
        builder(**options)
