"""Every learner: a time limit is bootstrapped through, the end of the world is not; after both nothing is carried on.

One step from state 0 pays 1 and leads to state 1, where everything is worth 8 to the learner; γ = ½. So the target is
1 + ½·8 = 5 where a time limit cut the episode (`truncated`), and 1 where the world ended (`terminated`). The agent here
is interactive; it calls what the compiled loop calls (`test_compiled_equals_interactive`).
"""

import numpy as np
import pytest

from daedalus.agents.interface import Step
from daedalus.agents.tables.agent import TableAgent
from daedalus.agents.tables.method import Shape
from daedalus.agents.tables.population import fresh_memory
from daedalus.core.catalogue import find, of_kind
from daedalus.core.spec import fill

LEARNERS = sorted(name for name, entry in of_kind("agent").items() if entry.trial in ("tabular", "prediction"))

#: Half the way from 8 to the target.
HALF = 6.5, 4.5
#: Q(0) after a step that a time limit cut, and after one that ended the world, where that is not half the way.
EXPECTED = {
    "double_q": (7.25, 6.25),  # one of two tables goes half the way, and q is their mean
    "dyna_q": (5.375, 1.875),  # the model repeats the step twice: 5 + 3/8 and 1 + 7/8 are left
    "dyna_q_plus": (5.375, 1.875),
    "off_policy_monte_carlo": (5.0, 1.0),  # a weighted mean of one return
    "r_max": (5.0, 1.0),  # it solves its model; what is not known pays 4 for ever, 8 in all
}
SETTINGS = {"alpha": 0.5, "alpha_value": 0.5, "gamma": 0.5, "initial": 8.0, "planning": 2, "kappa": 0.0}
SETTINGS |= {"known": 1, "reward_max": 4.0, "prior": 1e-9, "noise": 1e-6, "reward_mean": 4.0}
#: They replay what they remember at every step, in later episodes too.
REPLAYING = {"dyna_q", "dyna_q_plus", "posterior_sampling"}


def agent_of(name):
    """A learner of four states and one action, to which every state is worth 8."""
    face = find("agent", name).load()
    known = face.config_class.__dataclass_fields__
    settings = {key: value for key, value in SETTINGS.items() if key in known}
    config = fill(face.config_class, settings, name)
    memory = fresh_memory(face.method, Shape(1, 4, 1), config, 4)
    if hasattr(memory.own, "v"):  # a policy gradient: what states are worth stands beside its preferences
        memory.own.v[...] = 8.0
    return TableAgent(face.method, config, memory, 0, 3), memory


def worth(name, memory, state):
    """What the learner believes of a state."""
    if hasattr(memory.own, "v"):
        return memory.own.v[0, state]
    return memory.now.q[0, state, 0]


@pytest.mark.parametrize("terminated", [False, True], ids=["truncated", "terminated"])
@pytest.mark.parametrize("name", LEARNERS)
def test_a_time_limit_is_bootstrapped_through_and_an_end_is_not(name, terminated):
    agent, memory = agent_of(name)
    agent.update(Step(0, 0, 1.0, 1, terminated=terminated, truncated=not terminated))
    if name == "posterior_sampling":  # what it has drawn for state 1, of which it knows nothing
        expected = 1.0 if terminated else 1.0 + 0.5 * memory.own.value[0, 1]
        assert memory.own.counts[0, 0, 0].tolist() == [0, 0 if terminated else 1, 0, 0, int(terminated)]
        assert memory.own.value[0, 1] != 0.0
        assert worth(name, memory, 0) == pytest.approx(expected, abs=1e-3)
        return
    assert worth(name, memory, 0) == pytest.approx(EXPECTED.get(name, HALF)[terminated])


@pytest.mark.parametrize("terminated", [False, True], ids=["truncated", "terminated"])
@pytest.mark.parametrize("name", [name for name in LEARNERS if name not in REPLAYING])
def test_what_follows_an_episode_says_nothing_of_it(name, terminated):
    """As in the compiled loop, nobody calls `begin` between the episodes: `learn` itself drops what it carried."""
    agent, memory = agent_of(name)
    agent.update(Step(0, 0, 1.0, 1, terminated=terminated, truncated=not terminated))
    before = worth(name, memory, 0)
    agent.update(Step(2, 0, 100.0, 3, terminated=False, truncated=False))
    agent.update(Step(3, 0, 100.0, 2, terminated=True, truncated=False))
    assert worth(name, memory, 0) == before
    assert worth(name, memory, 3) > 8.0


@pytest.mark.parametrize("name", [name for name in LEARNERS if name not in REPLAYING])
def test_an_episode_that_is_left_is_forgotten(name):
    """An interactive loop may begin anew in mid-episode: what comes then is no continuation."""
    agent, memory = agent_of(name)
    agent.update(Step(0, 0, 1.0, 1, terminated=False, truncated=False))
    before = worth(name, memory, 0)
    agent.begin(2)
    agent.update(Step(2, 0, 100.0, 3, terminated=False, truncated=False))
    agent.update(Step(3, 0, 100.0, 2, terminated=True, truncated=False))
    assert worth(name, memory, 0) == before
    np.testing.assert_array_equal(memory.now.episodes, [1])
