"""The interactive loop: one agent in one Gymnasium environment with discrete spaces."""

from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.spaces import Discrete

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key

from .interface import Agent, Step

if TYPE_CHECKING:
    Env = gymnasium.Env[Any, Any]


class Interaction:
    """An agent living in an environment. Episodes go on where the last `run` stopped.

    The environment is seeded once, with `seed`, or, where the agent has lived before, with a seed of that moment.
    """

    def __init__(self, env: "Env", agent: Agent, seed: int) -> None:
        self.env, self.agent = env, agent
        self._observed, self._acted = offsets(env)
        self._seed, self._seeded = seed, False
        self._obs: int | None = None

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        while (t := self.agent.step) < until:
            self._once(t)

    def forget(self) -> None:
        """Leave the running episode; the next step begins another."""
        self._obs = None

    def _once(self, t: int) -> None:
        if self._obs is None:
            first, _ = self.env.reset(seed=self._first_seed(t))
            self._obs = int(first) - self._observed
            self.agent.begin(self._obs)
        action = self.agent.act(self._obs)
        after, reward, terminated, truncated, _ = self.env.step(action + self._acted)
        obs_next = int(after) - self._observed
        step = Step(self._obs, action, float(reward), obs_next, bool(terminated), bool(truncated))
        self.agent.update(step)
        self._obs = None if step.ended else obs_next

    def _first_seed(self, t: int) -> int | None:
        """The environment's seed: given once, another one where the agent has lived before."""
        if self._seeded:
            return None
        self._seeded = True
        return self._seed if t == 0 else stream_key(self._seed, f"world/{t}") % 2**31


def table_shape(env: "Env", name: str) -> tuple[int, int]:
    """States and actions of an environment. Raises `UserError` where it has no finite number of both."""
    for space, what in ((env.observation_space, "observations"), (env.action_space, "actions")):
        if not isinstance(space, Discrete):
            raise UserError(
                f"a table needs Discrete observations and actions, and the {what} of {name} "
                f"are a {type(space).__name__};\n"
                "take a learner with a network there: sb3/dqn, sb3/ppo or sb3/a2c"
            )
    return sizes(env)


def sizes(env: "Env") -> tuple[int, int]:
    """The sizes of two Discrete spaces, observation and action."""
    observed, acted = _discrete(env)
    return int(observed.n), int(acted.n)


def offsets(env: "Env") -> tuple[int, int]:
    """The numbers at which two Discrete spaces begin."""
    observed, acted = _discrete(env)
    return int(observed.start), int(acted.start)


def _discrete(env: "Env") -> tuple[Discrete[Any], Discrete[Any]]:
    assert isinstance(env.observation_space, Discrete)
    assert isinstance(env.action_space, Discrete)
    return env.observation_space, env.action_space
