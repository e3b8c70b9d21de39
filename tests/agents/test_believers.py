"""R-max and posterior sampling: what they believe, and whether their plans solve it exactly."""

import numpy as np
import pytest
from scipy import stats

from daedalus.agents.tables.population import TablePopulation, flat
from daedalus.agents.tables.posterior_sampling import (
    PosteriorConfig,
    draw_chances,
    reward_posterior,
)
from daedalus.agents.tables.r_max import RMaxConfig
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import policy_values_within, solve, truth
from daedalus.core.rng import stream_keys
from daedalus.core.spec import fill, parse_spec
from daedalus.envs import load_problem

MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1"
KEYS = stream_keys(range(2000), "learning")


def population(name, spec, seeds, **settings):
    learner, place = find("agent", name).load(), load_problem(parse_spec(spec))
    return TablePopulation(place, learner.method, fill(learner.config_class, settings, name), seeds)


def believed(next_state, probability, reward):
    """The world of a belief, with rewards of pairs and one more state, the end, where nothing happens."""
    return FiniteMDP(
        next_state=next_state,
        probability=probability,
        reward=np.repeat(reward[:, :, None], next_state.shape[2], axis=2),
        start=np.eye(len(next_state))[0],
        terminal=np.arange(len(next_state)) == len(next_state) - 1,
    )


def imagined(learners, n, known, reward_max):
    """What R-max believes: the first outcomes of known pairs; the others pay the most for ever, in a state of its own.

    Numbered: the world's states, that paradise, the end.
    """
    own, states, actions = learners.own, *learners.now.q.shape[1:]
    next_state = np.full((states + 2, actions, known), states)
    reward = np.full((states + 2, actions), reward_max)
    sure = learners.now.visits[n] >= known
    led_to = own.led_to[n].astype(np.int64)
    next_state[:states][sure] = np.where(led_to == states, states + 1, led_to)[sure]
    reward[:states][sure] = own.reward[n][sure] / known
    next_state[-1], reward[-1] = states + 1, 0.0
    return believed(next_state, np.full(next_state.shape, 1 / known), reward)


@pytest.mark.parametrize("steps", [50, 400, 4000])
@pytest.mark.parametrize("spec", [MAZE, "daedalus/RiverSwim-v0", "FrozenLake-v1"])
def test_r_max_solves_what_it_believes(spec, steps):
    reward_max = 10_000.0 if "River" in spec else 1.0
    learners = population("r_max", spec, [0, 1], known=4, gamma=0.9, reward_max=reward_max)
    learners.run(steps)
    for n in (0, 1):
        mdp = imagined(learners, n, 4, reward_max)
        value = solve(mdp, 0.9).value
        ahead = (mdp.probability * (mdp.reward + 0.9 * value[mdp.next_state])).sum(axis=2)
        np.testing.assert_allclose(learners.now.q[n], ahead[:-2], atol=1e-4 * reward_max)
    assert (learners.now.visits >= 4).any()


def test_r_max_tries_everything_it_can_reach_and_then_does_the_best():
    learners = population("r_max", "daedalus/DeepSea-v0:size=8", range(3), known=1)
    learners.run(8 * 80)  # 36 places, two actions each: after at most 72 dives nothing is unknown
    assert (learners.now.visits[:, :36] > 0).all()
    world = load_problem(parse_spec("daedalus/DeepSea-v0:size=8"))
    np.testing.assert_allclose(policy_values_within(world.mdp, learners.greedy(), 8), 0.99)


def test_chances_are_a_dirichlet_draw():
    """Each entry follows its beta marginal; three tests, each errs with probability 1e-4."""
    counts, drawn = np.array([0.0, 3.0, 10.0]), np.empty((len(KEYS), 3))
    for chance, key in zip(drawn, KEYS, strict=True):
        draw_chances(counts, chance, 1.5, key)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    weight = counts + 0.5
    for k in range(3):
        assert stats.kstest(drawn[:, k], stats.beta(weight[k], weight.sum() - weight[k]).cdf).pvalue > 1e-4


def test_chances_too_small_for_a_float_are_one_outcome():
    chance = np.empty(4)
    taken = set()
    for key in KEYS[:100]:
        draw_chances(np.zeros(4), chance, 1e-9, key)
        assert sorted(chance) == [0, 0, 0, 1]
        taken.add(int(chance.argmax()))
    assert taken == {0, 1, 2, 3}  # one is missed with probability 1e-12


def test_the_posterior_of_a_reward_by_hand():
    """Prior N(1, 2²), noise 0.5: precisions ¼ and 4. Three visits that paid 6 in all: (¼ + 24) / 12.25."""
    rule = (
        find("agent", "posterior_sampling")
        .load()
        .method.rule(PosteriorConfig(reward_mean=1.0, reward_spread=2.0, noise=0.5))
    )
    assert reward_posterior(rule, 0.0, 0) == (1.0, 2.0)
    mean, deviation = reward_posterior(rule, 6.0, 3)
    assert mean == pytest.approx(24.25 / 12.25)
    assert deviation == pytest.approx(12.25**-0.5)


@pytest.mark.parametrize("spec", [MAZE, "FrozenLake-v1"])
def test_posterior_sampling_solves_the_world_it_drew(spec):
    learners = population("posterior_sampling", spec, [0, 1], gamma=0.9)
    learners.run(1500)
    own, (states, actions) = learners.own, learners.now.q.shape[1:]
    for n in (0, 1):
        everywhere = np.tile(np.arange(states + 1), (states + 1, actions, 1))
        chance, reward = np.zeros(everywhere.shape), np.zeros((states + 1, actions))
        chance[:-1], reward[:-1] = own.chance[n], own.reward[n]
        chance[-1, :, -1] = 1.0
        mdp = believed(everywhere, chance, reward)
        value = solve(mdp, 0.9).value
        q = reward + 0.9 * (chance * value[everywhere]).sum(axis=2)
        np.testing.assert_allclose(learners.now.q[n], q[:-1], atol=1e-3)
    met = own.counts.sum(axis=3)
    np.testing.assert_array_equal(met, learners.now.visits)


def test_posterior_sampling_comes_to_know_the_world():
    """After 30,000 steps in a slippery maze what it draws is nearly the truth, and its policy nearly the best."""
    learners = population("posterior_sampling", MAZE, range(3), gamma=0.95)
    learners.run(30_000)
    world = load_problem(parse_spec(MAZE))
    known = truth(world)
    values = policy_values_within(world.mdp, learners.greedy(), known.horizon)
    assert (values > known.optimum - 0.5).all()
    often = learners.now.visits[0] > 300
    flat_now, flat_own = flat(learners.now, learners.own)
    assert flat_own.paid.shape == flat_now.q.shape
    expected = (world.mdp.probability * world.mdp.reward).sum(axis=2)
    assert often.any()
    np.testing.assert_allclose(learners.own.reward[0][often], expected[often], atol=0.15)  # 5 deviations of .5/√300


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RMaxConfig(known=0), "known must be"),
        (lambda: RMaxConfig(gamma=1.0), "with gamma=1"),
        (lambda: RMaxConfig(gamma=1.5), "gamma must lie"),
        (lambda: RMaxConfig(reward_max=float("inf")), "reward_max must be"),
        (lambda: PosteriorConfig(prior=0.0), "prior must be above 0"),
        (lambda: PosteriorConfig(noise=-1.0), "noise must be above 0"),
        (lambda: PosteriorConfig(reward_spread=float("inf")), "reward_spread must be above 0"),
        (lambda: PosteriorConfig(reward_mean=float("inf")), "reward_mean"),
        (lambda: PosteriorConfig(gamma=-0.5), "gamma must lie"),
        (
            lambda: population("r_max", "daedalus/Maze-v0:rows=40,columns=40", range(64), known=10_000),
            r"r_max needs [\d,]+ b",
        ),
        (lambda: population("r_max", "daedalus/Maze-v0:rows=60,columns=60", [0]), "would take hours"),
    ],
)
def test_bad_settings_are_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()
