"""Every learner of action values finds the optimum that the solver computes: by the cliff, in four rooms, in a maze.

Settings are the learner's own where exploring must fade (learners of the policy they follow), or where it must not.
What they found in so many steps under fixed seeds is certain, not likely, so there are no false alarms.
"""

import numpy as np
import pytest

from daedalus.agents.tables.population import TablePopulation
from daedalus.core.catalogue import find, of_kind
from daedalus.core.planning import policy_values_within, truth
from daedalus.core.spec import fill, parse_spec
from daedalus.envs import load_problem

WORLDS = {
    "cliff": "daedalus/Cliff-v0",
    "rooms": "daedalus/FourRooms-v0",
    "maze": "daedalus/Maze-v0:rows=9,columns=9",
}
SEEDS = (0, 1)
STEPS = {"off_policy_monte_carlo": 4_000_000, "dyna_q": 60_000, "dyna_q_plus": 60_000}
STEPS |= {"prioritized_sweeping": 60_000, "r_max": 60_000}

#: Explores widely at first and less and less, but what looks deadly never: on-policy learners come to dare the edge.
_FADING = "explore=softmax(temperature=exponential(start=20,end=.05,steps=600000))"
_LINEAR = "epsilon=linear(start=1,end=0,steps=540000)"
SETTINGS = {
    "double_q": f"{_LINEAR},alpha=.5",
    "dyna_q": "alpha=.5,planning=2",
    "dyna_q_plus": "alpha=.5,planning=2,kappa=.0001",
    "prioritized_sweeping": "planning=2",
    "expected_sarsa": _FADING,
    "monte_carlo": f"{_LINEAR},alpha=.02",
    "monte_carlo cliff": f"{_FADING},alpha=.02,gamma=.8",
    "n_step_sarsa": _FADING,
    "off_policy_monte_carlo": "initial=-1000,epsilon=.1",
    "off_policy_monte_carlo cliff": "initial=-1000,epsilon=.3",
    "sarsa": _FADING,
    "sarsa_lambda": f"{_FADING},lam=.5",
    "r_max": "reward_max=0,known=1",
}
#: Whose returns must come from the goal itself.
UNLIMITED = ("monte_carlo", "off_policy_monte_carlo")
#: These hold no action values, and have tests of their own.
VALUELESS = {"actor_critic", "posterior_sampling", "reinforce"}
LEARNERS = sorted(name for name, entry in of_kind("agent").items() if entry.trial == "tabular")


@pytest.mark.parametrize("place", WORLDS)
@pytest.mark.parametrize("name", [name for name in LEARNERS if name not in VALUELESS])
def test_the_greedy_policy_becomes_optimal(name, place):
    world = load_problem(parse_spec(WORLDS[place]))
    settings = parse_spec(f"{name}:{SETTINGS.get(f'{name} {place}', SETTINGS.get(name, ''))}").mapping
    face = find("agent", name).load()
    config = fill(face.config_class, {"gamma": 1.0} | settings, name)
    home = world.within(None) if name in UNLIMITED else world
    learners = TablePopulation(home, face.method, config, SEEDS)
    learners.run(STEPS.get(name, 600_000))
    known = truth(world)
    np.testing.assert_allclose(policy_values_within(world.mdp, learners.greedy(), known.horizon), known.optimum)
