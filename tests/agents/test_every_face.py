"""The faces of all learners of the catalogue: what is saved goes on to the bit, and to predict is to change nothing."""

import numpy as np
import pytest

from daedalus.core.catalogue import of_kind

WORLDS = {
    "bandit": "daedalus/Bandit-v0:arms=4",
    "contextual": "daedalus/ContextualBandit-v0:contexts=3,arms=3",
    "tabular": "daedalus/Maze-v0:rows=3,columns=3,slip=.1,time_limit=25",
    "prediction": "daedalus/Maze-v0:rows=3,columns=3,slip=.1,time_limit=25",
}
LEARNERS = {name: entry for name, entry in of_kind("agent").items() if entry.trial in WORLDS}


def learner_of(name, steps):
    """A learner that has learnt so many steps."""
    return LEARNERS[name].load()(WORLDS[LEARNERS[name].trial], seed=4).learn(steps)


def arrays(learner):
    return {name: array.copy() for name, array in learner._memory.arrays.items()}


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].tobytes() == right[name].tobytes(), name


@pytest.mark.parametrize("name", LEARNERS)
def test_a_saved_learner_goes_on_to_the_bit(name, tmp_path):
    """Saved in mid-episode, where it has one: what was carried along, and what was chosen ahead, come back too.

    Contexts come from an environment that is no exact problem: there a loaded learner begins anew, always alike.
    """
    part, path = learner_of(name, 363), tmp_path / "learner"
    part.save(path)
    loaded, again = (LEARNERS[name].load().load(path, env=WORLDS[LEARNERS[name].trial]) for _ in range(2))
    assert loaded.config == part.config
    assert_same(arrays(loaded), arrays(part))
    whole = again.learn(127) if LEARNERS[name].trial == "contextual" else learner_of(name, 490)
    assert_same(arrays(loaded.learn(127)), arrays(whole))
    assert loaded.num_timesteps == 490


@pytest.mark.parametrize("name", LEARNERS)
def test_to_predict_changes_nothing(name):
    learner, other = learner_of(name, 200), learner_of(name, 200)
    observations = np.zeros(3, np.int64) if LEARNERS[name].trial == "bandit" else np.arange(3)
    sure = learner.predict(observations, deterministic=True)[0]
    learner.predict(observations)
    for _ in range(3):
        np.testing.assert_array_equal(learner.predict(observations, deterministic=True)[0], sure)
    np.testing.assert_array_equal(other.predict(observations, deterministic=True)[0], sure)
    assert_same(arrays(learner.learn(50)), arrays(other.learn(50)))
    assert learner.num_timesteps == 250
