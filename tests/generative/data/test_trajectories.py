"""Episodes as tokens: they are the world's own, and their entropy is exact."""

import numpy as np
import pytest

from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem
from daedalus.generative.data.wandering import Wandering


def data(text):
    return load_data(parse_spec(text))


def test_a_corridor_by_hand():
    """Three states in a row; action 0 stays, action 1 goes on; the third is the end."""
    mdp = FiniteMDP(
        next_state=np.array([[[0], [1]], [[1], [2]], [[2], [2]]], dtype=np.int32),
        probability=np.ones((3, 2, 1)),
        reward=np.zeros((3, 2, 1)),
        start=np.array([1.0, 0, 0]),
        terminal=np.array([False, False, True]),
    )
    walk = Wandering.of(World("corridor", mdp, 10, ("stay", "go")), 3)
    np.testing.assert_allclose(walk.present(), [[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.5, 0.25], [0.125, 0.375, 0.25]])
    np.testing.assert_allclose(walk.choices(), [np.log(2), np.log(2), 0])
    states, actions = walk.episodes(np.arange(1_000, dtype=np.uint64))
    for row, chosen in zip(states, actions, strict=True):
        here = 0
        for t in range(3):
            if here == 2:
                assert row[t + 1] == chosen[t] == -1
                continue
            here = min(here + chosen[t], 2)
            assert row[t + 1] == here
    met = np.stack([(states == state).mean(axis=0) for state in range(3)], axis=1)
    assert met == pytest.approx(walk.present(), abs=0.07)  # 4.4 deviations of a share of 1,000


def test_choices_count_outcomes_that_lead_to_one_state_once():
    """A slip into a wall and the move itself may both stay put."""
    mdp = FiniteMDP(
        next_state=np.array([[[0, 1, 0]], [[1, 1, 1]]], dtype=np.int32),
        probability=np.array([[[0.25, 0.5, 0.25]], [[1.0, 0, 0]]]),
        reward=np.zeros((2, 1, 3)),
        start=np.array([1.0, 0]),
        terminal=np.array([False, True]),
    )
    walk = Wandering.of(World("slippery", mdp, 5, ("go",)))
    np.testing.assert_allclose(walk.choices(), [np.log(2), 0])


@pytest.mark.parametrize(
    "name", ["daedalus/Maze-v0(rows=2,columns=2,slip=.3,time_limit=none)", "FrozenLake-v1", "daedalus/Cliff-v0"]
)
def test_the_ceiling_is_what_the_truth_reaches(name):
    found = data(f"trajectories:world={name},length=8,examples=none,tested=4000")
    world = load_problem(parse_spec(name))
    mdp, part = world.mdp, found.test.take(np.arange(4_000))
    laid = np.zeros((mdp.states, mdp.actions, mdp.states))
    for k in range(mdp.outcomes):
        chance = np.broadcast_to(mdp.probability, mdp.next_state.shape)[..., k]
        np.add.at(laid, (*np.indices((mdp.states, mdp.actions)), mdp.next_state[..., k]), chance)
    log_p = np.zeros(4_000)
    for n, (x, y, w) in enumerate(zip(part["x"], part["y"], part["w"], strict=True)):
        for t in np.flatnonzero(w):
            before, said, after = x[t - 1], x[t], y[t]
            if said < world.states:  # an action follows a state, unless that is the end
                log_p[n] += 0 if mdp.terminal[said] else -np.log(mdp.actions)
                assert (after == found.vocabulary.size - 1) == mdp.terminal[said]
            elif said < world.states + mdp.actions:
                log_p[n] += np.log(
                    laid[before, said - world.states].max()
                    if after >= world.states
                    else laid[before, said - world.states, after]
                )
    score = log_p / part["tokens"]
    assert found.ceiling == pytest.approx(score.mean(), abs=4.5 * score.std() / np.sqrt(4_000) + 1e-9)
    assert part["tokens"][0] == pytest.approx(part["w"].sum(axis=1).mean())
    assert found.train.take(np.arange(1))["tokens"][0] == pytest.approx(part["w"].sum(axis=1).mean(), rel=0.02)


def test_tokens_are_written_out():
    found = data("trajectories:world=daedalus/Maze-v0(rows=2,columns=2),length=3")
    one = found.test.take(np.arange(1))
    words = found.vocabulary.decode(one["x"][0]).split()
    assert words[0] == "s0"
    assert words[1] in ("up", "right", "down", "left")
    np.testing.assert_array_equal(found.vocabulary.encode(" ".join(words)), one["x"][0])
    assert found.fields["x"].values == found.vocabulary.size == 7 + 4 + 1
    np.testing.assert_array_equal(one["x"][:, 1:], one["y"][:, :-1])
    assert data("trajectories:task=masked").measure.name == "masked_log_likelihood"


def test_what_is_behind_the_end_does_not_count():
    found = data("trajectories:world=FrozenLake-v1,length=12")
    part, end = found.test.take(np.arange(200)), found.vocabulary.size - 1
    for y, w in zip(part["y"], part["w"], strict=True):
        ends = np.flatnonzero(y == end)
        counted = ends[0] + 1 if len(ends) else len(y)
        assert w.tolist() == [1.0] * counted + [0.0] * (len(y) - counted)


def test_parts_are_finite_and_apart():
    found = data("trajectories:tested=50")
    assert (found.train.size, found.test.size) == (5_000, 50)
    assert not np.array_equal(found.test.take(np.arange(50))["x"], found.train.take(np.arange(50))["x"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trajectories:world=CartPole-v1", "no finite world"),
        ("trajectories:world=daedalus/Maz-v0", "did you mean"),
        ("trajectories:length=0", "length must lie between 1 and 1,000"),
        ("trajectories:examples=1", "examples must be at least 2"),
    ],
)
def test_bad_input(text, says):
    with pytest.raises(UserError, match=says):
        data(text)
