"""Contextual bandits: means by hand, contexts and rewards by their laws, thresholds by a second method."""

import copy
import pickle  # noqa: TID251 - environments must travel between processes

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from scipy import stats
from stable_baselines3.common.env_checker import check_env as check_for_sb3

from daedalus.core.draws import normal, uniform
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import parse_spec
from daedalus.envs import contextual_bandit, load_problem
from daedalus.envs.worlds.contextual import ContextualBandit

WEIGHTS = np.array([[1.0, 0.0], [0.0, 2.0]])
VARIANTS = [{}, {"contexts": 7}, {"kind": "logistic"}, {"kind": "logistic", "contexts": 7, "features": 2}]


def lived(env, pulls, seed):
    """Observations (M, ...), rewards and infos of pulling arm 1."""
    seen, paid, infos = [env.reset(seed=seed)[0]], [], []
    for _ in range(pulls):
        _, reward, terminated, truncated, info = env.step(1)
        assert (terminated, truncated) == (True, False)
        paid.append(reward)
        infos.append(info)
        seen.append(env.reset()[0])
    return np.array(seen[:-1]), np.array(paid), infos


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_means_by_hand(kind):
    bandit = ContextualBandit("b", kind, WEIGHTS, noise=0.0, contexts=np.array([[3.0, 1.0], [-1.0, 0.5]]))
    scores = np.array([[3.0, 2.0], [-1.0, 1.0]])
    expected = scores if kind == "linear" else 1 / (1 + np.exp(-scores))
    assert bandit.means(bandit.contexts) == pytest.approx(expected)
    assert bandit.best_mean() == pytest.approx((expected[0, 0] + expected[1, 1]) / 2)
    env = bandit.environment()
    for seed in range(8):
        observation, info = env.reset(seed=seed)
        assert info == {"best": pytest.approx(expected[observation].max()), "mean": info["best"]}
        shown, reward, _, _, info = env.step(1)
        assert shown == observation
        assert info == {
            "best": pytest.approx(expected[observation].max()),
            "mean": pytest.approx(expected[observation, 1]),
        }
        if kind == "linear":
            assert reward == info["mean"]


def test_two_arms_in_one_dimension_by_hand():
    """E max(x, −x) = √(2/π) for x from N(0, 1)."""
    assert ContextualBandit("b", "linear", np.array([[1.0], [-1.0]])).best_mean() == pytest.approx(
        np.sqrt(2 / np.pi), abs=1e-4
    )


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_the_best_mean_by_sampling(kind):
    """Against 400,000 contexts of NumPy's, within 4 standard errors; and twice the points change less than 1e-4."""
    bandit = contextual_bandit(kind)
    best = bandit.means(np.random.default_rng(0).standard_normal((400_000, 5))).max(axis=1)
    assert bandit.best_mean() == pytest.approx(best.mean(), abs=4 * best.std() / np.sqrt(best.size))
    assert bandit.best_mean(2**19) == pytest.approx(bandit.best_mean(), abs=1e-4)


def test_draws_have_their_numbers():
    bandit = contextual_bandit(features=3)
    seen, paid, infos = lived(bandit.environment(), 20, seed=5)
    key, context_key = np.uint64(stream_key(5, "world")), np.uint64(stream_key(5, "context"))
    for t in range(20):
        context = [normal(context_key, np.uint64(3 * t + j)) for j in range(3)]
        assert seen[t].tolist() == np.array(context, dtype=np.float32).tolist()
        assert paid[t] == pytest.approx(infos[t]["mean"] + normal(key, np.uint64(2 * t)), abs=1e-12)
    few = contextual_bandit("logistic", features=3, contexts=9)
    seen, paid, infos = lived(few.environment(), 20, seed=5)
    assert seen.tolist() == [int(9 * uniform(context_key, np.uint64(t))) for t in range(20)]
    assert paid.tolist() == [float(uniform(key, np.uint64(2 * t)) < infos[t]["mean"]) for t in range(20)]


def test_contexts_and_rewards_follow_their_laws():
    """False alarms: 1e-4 each, under fixed seeds."""
    seen, paid, infos = lived(contextual_bandit(noise=0.5).environment(), 3000, seed=1)
    assert seen.dtype == np.float32
    assert all(stats.kstest(column, "norm").pvalue > 1e-4 for column in seen.T)
    assert np.abs(np.corrcoef(seen.T) - np.eye(5)).max() < 4 / np.sqrt(3000)
    means = np.array([info["mean"] for info in infos])
    assert means == pytest.approx(contextual_bandit().means(seen)[:, 1])
    assert stats.kstest((paid - means) / 0.5, "norm").pvalue > 1e-4
    seen, paid, infos = lived(contextual_bandit("logistic", contexts=6).environment(), 3000, seed=2)
    assert stats.chisquare(np.bincount(seen, minlength=6)).pvalue > 1e-4
    assert set(paid) == {0.0, 1.0}
    means = np.array([info["mean"] for info in infos])
    assert abs((paid - means).sum()) < 4 * np.sqrt((means * (1 - means)).sum())


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("mode", [None, "ansi", "rgb_array"])
def test_checkers(options, mode):
    env = gymnasium.make("daedalus/ContextualBandit-v0", render_mode=mode, **options)
    check_env(env.unwrapped, skip_render_check=True)
    check_for_sb3(env, skip_render_check=mode is None)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_copies_and_snapshots_go_on_like_the_original(options):
    bandit = contextual_bandit(**options)
    env, fresh = bandit.environment("ansi"), bandit.environment("ansi")
    lived(env, 5, seed=3)
    fresh.restore(env.snapshot())
    twins = [fresh, copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    went_on = [[plain(env.step(2)), plain(env.reset()), env.render(), env.np_random.integers(99)] for _ in range(1)]
    for twin in twins:
        assert [
            [plain(twin.step(2)), plain(twin.reset()), twin.render(), twin.np_random.integers(99)] for _ in range(1)
        ] == went_on


def plain(result):
    return [np.asarray(result[0]).tolist(), *result[1:]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arms": 1}, "arms must be at least 2"),
        ({"features": 0}, "features must be at least 1"),
        ({"contexts": 0}, "contexts must be at least 1"),
        ({"contexts": 10**12}, "bytes"),
        ({"kind": "linera"}, "did you mean 'linear'"),
        ({"noise": -1.0}, "noise"),
        ({"features": 30_000}, "beyond 21,201 features"),
        ({"kind": "logistic", "noise": 5.0}, "noise belongs to kind=linear"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refused_contextual_bandits(options, message):
    with pytest.raises(UserError, match=message):
        contextual_bandit(**options)


def test_refused_values():
    with pytest.raises(UserError, match="weights must have shape"):
        ContextualBandit("b", "linear", np.zeros((1, 2)))
    with pytest.raises(UserError, match=r"contexts must have shape \(contexts, 2\)"):
        ContextualBandit("b", "linear", np.zeros((2, 2)), contexts=np.zeros((4, 3)))


def test_prospects_by_hand():
    few = ContextualBandit("b", "linear", WEIGHTS, contexts=np.array([[3.0, 1.0], [-1.0, 0.5]])).prospects()
    assert few.exact
    assert few.shown.tolist() == [0, 1]
    assert few.earned.tolist() == [[3.0, 2.0], [-1.0, 1.0]]
    assert (few.optimum, few.random_value, few.value([1, 0])) == (2.0, 1.25, 0.5)
    assert few.means([1, 1, 0]).tolist() == [[-1.0, 1.0], [-1.0, 1.0], [3.0, 2.0]]


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_prospects_over_even_contexts(kind):
    """The best of half a million contexts and the policy that always pulls arm 0, whose mean is known by symmetry."""
    bandit = contextual_bandit(kind)
    known = bandit.prospects()
    assert not known.exact
    assert known.shown.dtype == np.float32
    assert bandit.observation_space().contains(known.shown[0])
    assert known.optimum == pytest.approx(bandit.best_mean(), abs=1e-3)
    zero = 0.0 if kind == "linear" else 0.5
    assert known.value(np.zeros(len(known.shown))) == pytest.approx(zero, abs=1e-6)
    assert known.random_value == pytest.approx(zero, abs=1e-6)


def test_in_many_dimensions_the_best_mean_is_less_certain():
    """Against 4.2 · 10⁷ contexts: 1.54697, with a standard error of 6e-5."""
    assert contextual_bandit(arms=10, features=50).best_mean() == pytest.approx(1.54697, abs=2e-3)
    wide = contextual_bandit(arms=2, features=2**20, contexts=1)
    assert wide.prospects().exact
    assert len(contextual_bandit(arms=2, features=20_000).prospects().shown) == 512


def test_a_seed_draws_the_weights_where_the_spec_gives_none():
    spec = "daedalus/ContextualBandit-v0:contexts=3"
    ours, same, other = (load_problem(parse_spec(spec), seed).prospects for seed in (0, 0, 1))
    assert ours.earned.tolist() == same.earned.tolist() != other.earned.tolist()
    assert ours.optimum == pytest.approx(contextual_bandit(contexts=3, seed=0).best_mean())
    fixed = [load_problem(parse_spec(f"{spec},seed=5"), seed) for seed in (0, 1)]
    assert fixed[0].name == fixed[1].name
    assert fixed[0].prospects.optimum == fixed[1].prospects.optimum
