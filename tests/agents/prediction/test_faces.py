"""The face and the trial of learners of a given policy's value, and what they refuse."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TransformReward

from daedalus.agents import TD, LambdaReturn, MonteCarloPrediction, NStepTD, TDLambda
from daedalus.agents.prediction.trial import met_by
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, solve
from daedalus.core.spec import parse_spec
from daedalus.envs import WorldEnv, load_problem

FACES = (TD, NStepTD, TDLambda, LambdaReturn, MonteCarloPrediction)
MAZE = "daedalus/Maze-v0:rows=3,columns=3,slip=.1"
LEANING = np.tile([0.1, 0.2, 0.3, 0.4], (17, 1))


def maze():
    return load_problem(parse_spec(MAZE))


@pytest.mark.parametrize("policy", ["random", "optimal(epsilon=.2)", LEANING])
@pytest.mark.parametrize("face", FACES)
def test_saved_and_loaded_goes_on_as_if_never_interrupted(face, policy, tmp_path):
    whole = face(MAZE, seed=4, policy=policy).learn(1500)
    face(MAZE, seed=4, policy=policy).learn(700).save(tmp_path / "learner.safetensors")
    second = face.load(tmp_path / "learner.safetensors", env=MAZE).learn(800)
    np.testing.assert_array_equal(second.v, whole.v)
    np.testing.assert_array_equal(second.policy, whole.policy)
    alone = face.load(tmp_path / "learner.safetensors")  # without an environment it can still be asked
    np.testing.assert_array_equal(alone.predict(np.arange(9), deterministic=True)[0], whole.policy.argmax(axis=1)[:9])
    if isinstance(policy, np.ndarray):
        np.testing.assert_allclose(alone.policy, LEANING)
        assert alone.predict(0, deterministic=True)[0] == 3


@pytest.mark.parametrize("face", FACES)
def test_an_environment_behind_a_wrapper_is_learnt_the_same(face):
    hidden = TransformReward(WorldEnv(maze()), lambda reward: reward)
    for policy in ("random", LEANING):
        one = face(hidden, seed=2, policy=policy).learn(500)
        np.testing.assert_array_equal(one.v, face(MAZE, seed=2, policy=policy).learn(500).v)


def test_imported_worlds_take_a_policy_of_their_own_states():
    right = np.full(16, 2)
    learner = MonteCarloPrediction(gymnasium.make("FrozenLake-v1", is_slippery=False), policy=right).learn(100)
    assert learner.visits[:4].tolist() == [1, 1, 1, 97]  # from the corner it runs into the wall until the limit
    assert learner.policy.shape == (17, 4)  # and the absorbing state behind them


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NStepTD(MAZE, n=0), "n must be a number of steps from 1"),
        (lambda: TDLambda(MAZE, lam=-0.1), r"lam \(λ\) must lie in \[0, 1\], not -0.1"),
        (lambda: LambdaReturn(MAZE, lam=1.5), "lam"),
        (lambda: TDLambda(MAZE, trace="duch"), "did you mean 'dutch'"),
        (lambda: MonteCarloPrediction(MAZE, longest=0), "longest"),
        (lambda: TD(MAZE, alpha=0), "alpha"),
        (lambda: TD(MAZE, gamma=2.0), "gamma"),
        (lambda: TD(MAZE, initial=float("inf")), "initial"),
        (lambda: TD(MAZE, policy="optmal"), "did you mean 'optimal'"),
        (lambda: TD(MAZE, policy="optimal(epsilon=2)"), "epsilon"),
        (lambda: TD(MAZE, policy="optimal(eps=.1)"), "epsilon"),
        (lambda: TD(MAZE, policy="given"), "needs the array itself"),
        (lambda: TD(MAZE, policy=np.zeros((17, 4))), "do not sum to 1 in state 0"),
        (lambda: TD(MAZE, policy=np.full(17, 4)), "outside 0…3"),
        (lambda: TD(MAZE, policy=np.full((3, 4), 0.25)), r"shape \(17,\) or \(17, 4\)"),
        (lambda: TD(MAZE, policy=None), "must be named or an array"),
        (lambda: TD("daedalus/TMaze-v0", policy="optimal"), "does not show which state"),
        (lambda: TD("daedalus/Bandit-v0"), "is a bandit"),
        (lambda: TD("CartPole-v1"), "Discrete"),
        (lambda: TD(TransformReward(WorldEnv(maze()), float), policy="optimal"), "dynamics are known"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(UserError, match=says):
        make()


def lived(agent, world=MAZE, steps=500, seeds=(0, 1)):
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, len(seeds), steps)
    return list(find("trial", "prediction").load()(experiment, seeds, None))


def test_the_error_is_the_distance_from_the_exact_values():
    items = lived("td:gamma=.8,alpha=.5")
    *_, last = (item.columns for item in items if isinstance(item, Record) and item.table == "curve")
    place, final = maze(), items[-1]
    assert isinstance(final, Final)
    uniform = np.full((place.mdp.states, 4), 0.25)
    exact = evaluate_policy(place.mdp, uniform, 0.8)
    counted = met_by(place.mdp, uniform) & ~place.mdp.terminal
    off = final.arrays["q"][:, counted, 0] - exact[counted]
    np.testing.assert_allclose(last["error"], np.sqrt((off**2).mean(axis=1)))
    first = next(item.columns for item in items if isinstance(item, Record) and item.table == "curve")
    np.testing.assert_allclose(first["error"], np.sqrt((exact[counted] ** 2).mean()))  # zeros at first
    assert (final.arrays["policy"] == -1).all()


def test_the_error_vanishes_where_everything_is_certain():
    place = "daedalus/Maze-v0:rows=4,columns=4"
    items = lived("td:gamma=.9,alpha=1,policy=optimal", place, 2000)
    *_, last = (item.columns for item in items if isinstance(item, Record) and item.table == "curve")
    assert last["error"] == pytest.approx(0.0, abs=1e-9)
    assert last["regret"] == pytest.approx(0.0, abs=1e-9)
    best = solve(load_problem(parse_spec(place)).mdp).policy
    assert items[-1].arrays["policy"].tolist() == [best.tolist()] * 2


def test_met_states():
    chain = FiniteMDP(
        next_state=np.array([[[1], [2]], [[3], [2]], [[2], [2]], [[3], [3]]]),
        probability=np.ones((4, 2, 1)),
        reward=np.zeros((4, 2, 1)),
        start=np.array([1.0, 0, 0, 0]),
        terminal=np.array([False, False, False, True]),
    )
    first, either = np.tile([1.0, 0.0], (4, 1)), np.full((4, 2), 0.5)
    assert met_by(chain, first).tolist() == [True, True, False, True]
    assert met_by(chain, either).all()


@pytest.mark.parametrize(
    ("agent", "world", "says"),
    [("td:policy=given", MAZE, "in Python only"), ("td", "daedalus/Bandit-v0", "no finite world")],
)
def test_the_trial_refuses(agent, world, says):
    with pytest.raises(UserError, match=says):
        lived(agent, world)
