"""The interactive loop: one agent in one Gymnasium environment with discrete spaces."""

from typing import TYPE_CHECKING, Any

import gymnasium
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from gymnasium.spaces import Discrete

from .interface import Agent, Step

if TYPE_CHECKING:
    Env = gymnasium.Env[Any, Any]


class Interaction:
    """An agent living in an environment. Episodes go on where the last `run` stopped.

    The environment is seeded once, with `seed`, or, where the agent has lived before, with a seed of that moment.
    """

    def __init__(self, env: "Env", agent: Agent, seed: int, step: int = 0) -> None:
        self.env, self.agent, self.step = env, agent, step
        self._observed, self._acted = offsets(env)
        self._seed: int | None = seed if step == 0 else stream_key(seed, f"world/{step}") % 2**31
        self._obs: int | None = None

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        while self.step < until:
            self._once()

    def _once(self) -> None:
        if self._obs is None:
            first, _ = self.env.reset(seed=self._seed)
            self._seed = None
            self._obs = int(first) - self._observed
            self.agent.begin(self._obs)
        action = self.agent.act(self._obs)
        after, reward, terminated, truncated, _ = self.env.step(action + self._acted)
        obs_next = int(after) - self._observed
        step = Step(self._obs, action, float(reward), obs_next, bool(terminated), bool(truncated))
        self.agent.update(step)
        self._obs = None if step.ended else obs_next
        self.step += 1


def table_shape(env: "Env", name: str) -> tuple[int, int]:
    """States and actions of an environment. Raises `UserError` where it has no finite number of both."""
    for space, what in ((env.observation_space, "observations"), (env.action_space, "actions")):
        if not isinstance(space, Discrete):
            raise UserError(
                f"a table needs Discrete observations and actions, and the {what} of {name} are {space};\n"
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
