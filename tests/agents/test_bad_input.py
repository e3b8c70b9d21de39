"""What no agent of the catalogue takes: each is refused with a clear `UserError` that names the setting."""

import dataclasses
import math
import types
import typing

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.spec import Spec, fill
from daedalus.core.world import Bandit

NAN, INF = math.nan, math.inf
AGENTS = {name: entry for name, entry in of_kind("agent").items() if entry.trial not in ("sb3", "baseline")}
_RATE = (0.0, -0.1, 1.1, NAN, INF, Spec("averge"), Spec("linear", (("end", 0.0),)))
_SHARE = (-0.1, 1.1, NAN)

#: Values that no agent takes for a setting of that name, unless it has its own below.
BAD = {
    "alpha": _RATE,
    "alpha_value": _RATE,
    "batch_size": (0, -1),
    "buffer_size": (0, -1),
    "c": (-1.0, NAN, INF),
    "cutoff": (-0.1, NAN, INF),
    "depth": (0, -1),
    "discount": (0.0, -0.1, 1.1, NAN),
    "epsilon": (-0.1, 1.1, NAN, Spec("linear", (("start", 1.5),))),
    "exploration_final_eps": _SHARE,
    "exploration_fraction": _SHARE,
    "exploration_initial_eps": _SHARE,
    "explore": (Spec("ubc"), Spec("epsilon_greedy", (("epsilon", 2.0),)), 3),
    "gamma": _SHARE,
    "gradient_steps": (0, -2),
    "high": (-1.0, NAN, INF),
    "horizon": (0, -1),
    "initial": (NAN, INF),
    "kappa": (-0.1, NAN, INF),
    "known": (0, -1),
    "lam": _SHARE,
    "learning_rate": (0.0, -0.1, NAN, INF),
    "learning_starts": (-1,),
    "longest": (0, -1),
    "low": (2.0, NAN, -INF),
    "max_grad_norm": (0.0, -1.0, NAN, INF),
    "mean": (NAN, INF),
    "memory": (0, -1),
    "n": (0, -1),
    "noise": (0.0, -1.0, NAN, INF),
    "planning": (-1,),
    "policy": (Spec("optmal"), Spec("optimal", (("epsilon", 2.0),))),
    "prior": (0.0, -1.0, NAN, INF),
    "reward_max": (NAN, INF),
    "reward_mean": (NAN, INF),
    "reward_spread": (0.0, -1.0, NAN, INF),
    "ridge": (0.0, -1.0, NAN, INF),
    "rounds": (0, -1),
    "simulations": (0, -1),
    "spread": (0.0, -1.0, NAN, INF),
    "sweeps": (0, -1),
    "target_update_interval": (0, -1),
    "tau": (0.0, -0.1, 1.1, NAN),
    "temperature": (0.0, -1.0, NAN, Spec("linear", (("end", 0.0),))),
    "theta": (-0.1, NAN, INF),
    "tolerance": (-1.0, NAN),
    "train_freq": (0, -1),
    "v": (-1.0, NAN, INF),
    "width": (-1.0, NAN, INF),
    "window": (0, -1),
    "xi": (-1.0, NAN, INF),
}
#: Of the same name, and something else.
OWN = {
    ("dqn", "depth"): (-1,),
    ("dqn", "width"): (0, -1),
    ("epsilon_first", "explore"): (-1, 0.5),
    ("epsilon_first_softmax", "explore"): (-1, 0.5),
    ("exp3", "gamma"): (0.0, -0.1, 1.1, NAN),
    ("gradient", "alpha"): (0.0, -0.1, NAN, INF),
    ("lin_ucb", "alpha"): (-0.1, NAN, INF),
}


def settings_of(name):
    """The settings of an agent and their types."""
    config = AGENTS[name].load().config_class
    hints = typing.get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def bad_values(name, key, hint):
    """What an agent must refuse for a setting: values, and what is of another sort."""
    if hint is bool or typing.get_origin(hint) is typing.Literal:
        return ("nonsense", 7)
    sorts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    other = (True, [1]) if Spec in sorts else ("nonsense", True, *((0.5,) if float not in sorts else ()))
    return (*OWN.get((name, key), BAD[key]), *other)


CASES = [(name, key, hint) for name in AGENTS for key, hint in settings_of(name).items()]


@pytest.mark.parametrize(("name", "key", "hint"), CASES, ids=[f"{name} {key}" for name, key, _ in CASES])
def test_every_setting_has_limits(name, key, hint):
    config = AGENTS[name].load().config_class
    for value in bad_values(name, key, hint):
        with pytest.raises(UserError) as error:
            fill(config, {key: value}, name)
        said = str(error.value)
        assert key in said or isinstance(value, Spec), f"{value}: {said}"
        assert len(said.splitlines()) <= 2, said


@pytest.mark.parametrize("name", AGENTS)
def test_an_unknown_setting_is_named(name):
    with pytest.raises(UserError, match=f"unknown parameter of {name} 'nonsense'"):
        fill(AGENTS[name].load().config_class, {"nonsense": 1}, name)


class Paying(gymnasium.Env[int, int]):
    """Pays `reward`; episodes of two steps where states are two, else of one."""

    def __init__(self, states: int, actions: int, reward: float) -> None:
        self.observation_space, self.action_space = Discrete(states), Discrete(actions)
        self.reward, self.place = reward, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return 0, {}

    def step(self, action):
        self.place += 1
        over = self.place == self.observation_space.n
        return self.place % int(self.observation_space.n), self.reward, over, False, {}


LEARNERS = [name for name, entry in AGENTS.items() if entry.trial != "planning"]


def paying(name, actions, reward):
    """An environment that suits a learner."""
    return Paying(1 if AGENTS[name].trial in ("bandit", "contextual") else 2, actions, reward)


@pytest.mark.parametrize("reward", [NAN, INF, -INF])
@pytest.mark.parametrize("name", LEARNERS)
def test_a_reward_that_is_no_number_is_refused(name, reward):
    learner = AGENTS[name].load()(paying(name, 2, reward), seed=1)
    with pytest.raises(UserError, match=f"reward of {reward} at (step|pull) 0; rewards must be finite") as error:
        learner.learn(10)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", LEARNERS)
def test_where_there_is_one_action_it_is_taken(name):
    """A bandit of one arm is refused where the suite makes one; an environment may well leave no choice."""
    learner = AGENTS[name].load()(paying(name, 1, 0.5), seed=1).learn(50)
    assert learner.num_timesteps == 50
    assert [int(learner.predict(0, deterministic=sure)[0]) for sure in (True, False)] == [0, 0]


@pytest.mark.parametrize("reward", [NAN, INF])
def test_worlds_that_pay_no_number_are_refused(reward):
    with pytest.raises(UserError, match="state 0, action 0"):
        FiniteMDP(
            np.array([[[1]], [[1]]]), np.ones((2, 1, 1)), np.full((2, 1, 1), reward), np.eye(2)[0], np.array([0, 1]) > 0
        )
    with pytest.raises(UserError, match="mean must be a finite number"):
        Bandit("bandit", "bernoulli", np.array([0.5, reward]))


@pytest.mark.parametrize("world", ["daedalus/Bandit-v0", "daedalus/ContextualBandit-v0"])
def test_one_arm_is_refused(world):
    with pytest.raises(UserError, match="arms") as error:
        gymnasium.make(world, arms=1)
    assert len(str(error.value).splitlines()) == 1
