"""What is sampled follows what is solved: transitions, rewards, starts, and the return of the best policy."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy import stats

from daedalus.core.planning import first_actions, optimum_within
from daedalus.core.world import Bandit, Schedule, World
from daedalus.envs.making import environment
from daedalus.envs.vector.batch import kernel_of

#: The chance that any test here fails although all is well, each test's equal share of it (Bonferroni); fixed seeds.
FALSE_ALARMS = 1e-3
SHARE = FALSE_ALARMS / 100
STEPS = 6000


def worlds_met(value, env):
    """Tells in which finite world an environment stands now, as a key and the world itself."""
    layouts = {}

    def now():
        match value:
            case World():
                return 0, value
            case Schedule():
                phase = value.phase(env.snapshot()["steps"])
                return phase, value.phases[phase]
        tiles = env.snapshot()["tiles"]
        key = tiles.tobytes()
        if key not in layouts:
            layouts[key] = value.world_of(tiles)
        return key, layouts[key]

    return now


def lived(value):
    """How often each (world, state, action) led to each (next state, reward), and each world began in each state.

    Worlds that change are lived in from several seeds, so that every phase is.
    """
    env = environment(value)
    now, taken, begun, worlds = worlds_met(value, env), defaultdict(Counter), defaultdict(Counter), {}
    run = int(value.since[-1]) + 60 if isinstance(value, Schedule) else STEPS
    rng = np.random.default_rng(3)

    def here():
        key, worlds[key] = now()
        return key, env.snapshot()["state"]

    for seed in range(7, 7 + STEPS // run):
        env.reset(seed=seed)
        key, state = here()
        begun[key][state] += 1
        for action in persistent(rng, env.action_space.n, run):
            key, state = here()
            _, reward, terminated, truncated, _ = env.step(action)
            taken[key, state, action][env.snapshot()["state"], reward] += 1
            if terminated or truncated:
                env.reset()
                key, state = here()
                begun[key][state] += 1
    return worlds, taken, begun


def persistent(rng, actions, steps):
    """Random actions with a favourite for 25 steps at a time, which gets further than without one."""
    favourites = np.repeat(rng.integers(actions, size=steps // 25 + 1), 25)[:steps]
    return np.where(rng.random(steps) < 0.6, favourites, rng.integers(actions, size=steps)).tolist()


def misfit(cases):
    """χ² and its degrees of freedom of (counts, law) pairs. All that was met must be possible.

    Cases too rare for the statistic (an outcome expected fewer than 5 times) are put together with those of the same
    probabilities, in the order of their outcomes, and left out if they are too rare still.
    """
    statistic, freedom = 0.0, 0
    rare = {}
    for counted, law in cases:
        assert set(counted) <= set(law)
        counts, expected = np.array([counted[one] for one in law]), np.array(list(law.values()))
        if counts.sum() * expected.min() < 5:
            together = rare.setdefault(tuple(expected.round(12)), np.zeros_like(counts))
            together += counts
            continue
        expected *= counts.sum()
        statistic, freedom = statistic + ((counts - expected) ** 2 / expected).sum(), freedom + counts.size - 1
    for probabilities, counts in rare.items():
        expected = counts.sum() * np.array(probabilities)
        if expected.min() >= 5:
            statistic, freedom = statistic + ((counts - expected) ** 2 / expected).sum(), freedom + counts.size - 1
    return statistic, freedom


def test_samples_follow_the_table(walkable, value_of):
    value = value_of(walkable)
    worlds, taken, begun = lived(value)
    if isinstance(value, Schedule):
        assert len(worlds) == len(value.phases)
    cases = []
    for (key, state, action), counted in taken.items():
        mdp, law = worlds[key].mdp, Counter()
        for k in np.flatnonzero(mdp.probability[state, action]):
            outcome = int(mdp.next_state[state, action, k]), float(mdp.reward[state, action, k])
            law[outcome] += float(mdp.probability[state, action, k])
        cases.append((counted, law))
    for key, counted in begun.items():
        start = worlds[key].mdp.start
        cases.append((counted, {int(state): float(start[state]) for state in np.flatnonzero(start)}))
    statistic, freedom = misfit(cases)
    assert freedom > 0 or all(len(law) == 1 for _, law in cases)
    if freedom:
        assert 2 * min(stats.chi2.sf(statistic, freedom), stats.chi2.cdf(statistic, freedom)) > SHARE


def standard(value, paid, means, arm):
    """Rewards without their means, and the law that they follow."""
    law = value.laws[arm] if isinstance(value, Bandit) else "gaussian" if value.kind == "linear" else "bernoulli"
    spread = value.spread[arm] if isinstance(value, Bandit) else value.noise
    match law:
        case "gaussian":
            return (paid - means) / spread, stats.norm
        case "uniform":
            return (paid - means) / spread + 0.5, stats.uniform
        case "exponential":
            return paid / means, stats.expon
        case "constant":
            return paid - means, None
        case "bernoulli":  # sums of 100 are nearly normal
            assert set(paid) <= {0.0, 1.0}
            sums = [part.reshape(-1, 100).sum(axis=1) for part in (paid - means, means * (1 - means))]
            return sums[0] / np.sqrt(sums[1]), stats.norm
    raise AssertionError(law)


def test_pulls_follow_their_law(pullable, value_of):
    value = value_of(pullable)
    env = environment(value)
    for arm in range(value.arms):
        paid, means = np.empty((2, 4000))
        seen = env.reset(seed=arm)[0]
        for t in range(4000):
            if isinstance(value, Bandit):
                means[t] = env.means()[arm]
            else:
                means[t] = value.means(seen if value.contexts is None else value.contexts[seen])[arm]
            paid[t] = env.step(arm)[1]
            seen = env.reset()[0]
        # Near 0 and 1 sums are far from normal, and where nothing varies there is nothing to test.
        if isinstance(value, Bandit) and "bernoulli" in value.laws and np.any(means * (1 - means) < 0.01):
            means = np.clip(means, 0.0, 1.0)
            assert abs((paid - means).sum()) <= 5 * np.sqrt((means * (1 - means)).sum()) + 5
            continue
        sample, law = standard(value, paid, means, arm)
        if law is None:
            assert not sample.any()
        else:
            assert stats.kstest(sample, law.cdf).pvalue > SHARE


def test_the_best_policy_earns_what_the_solver_says(walkable, worlds_of):
    """In every phase, within 4 standard errors (false alarms: 6e-5 a world); exactly where nothing is drawn."""
    for world in worlds_of(walkable):
        horizon, count = world.horizon, 1 if world.mdp.deterministic else 4000
        value = optimum_within(world.mdp, horizon)
        kernel = kernel_of(world, count)
        kernel.begin(np.arange(count), np.arange(count))
        kernel.reset(np.ones(count, dtype=np.bool_))
        earned, over, cut = np.zeros(count), np.zeros(count, dtype=np.bool_), 0
        for left in range(horizon, 0, -1):
            assert not cut
            best = first_actions(world.mdp, left)
            under_way = ~over
            _, rewards, terminated, truncated = kernel.step(best[kernel.snapshot()["state"]], over.copy(), False)
            earned[under_way] += rewards[under_way]
            over |= terminated | truncated
            cut = truncated[under_way].sum()
        assert over.all()
        if count == 1:
            assert earned[0] == pytest.approx(value, abs=1e-9)
        else:  # what is so rare that it was never met has no part in the standard error: a few rewards are left for it
            rare = 4 * np.ptp(world.mdp.reward) / count
            assert abs(earned.mean() - value) < 4 * earned.std() / np.sqrt(count) + rare
