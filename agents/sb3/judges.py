"""What a policy of Stable-Baselines3 is worth: exactly in a finite world, whatever is shown there; else by rollouts."""

import math
from collections.abc import Mapping
from typing import Any, Protocol, final

import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.base_class import BaseAlgorithm

from daedalus.agents.evaluation import open_columns, state_batches, state_policy
from daedalus.agents.homes import shared
from daedalus.core.arrays import Floats, Ints
from daedalus.core.episodes import greedy_episodes
from daedalus.core.world import OpenWorld, Schedule, World
from daedalus.envs.observing import Observer, observers_of

#: What the names of stored weights begin with.
WEIGHTS = "weights."


class Judge(Protocol):
    """Judges the policy of the moment."""

    def columns(self, model: BaseAlgorithm, step: int) -> Mapping[str, Any]:
        """What a curve's row says of the policy after so many steps."""
        ...

    def kept(self, model: BaseAlgorithm, step: int) -> dict[str, Any]:
        """What is kept of the learner: its `Final`, without seeds and visits."""
        ...


@final
class FiniteJudge:
    """What is shown is a function of the state, so the policy is one too: it is read off, and its value computed.

    In a world that changes all is said of the world in which the last step was taken (`Schedule.after`).
    """

    def __init__(self, problem: World | Schedule, seed: int, horizon: int | None) -> None:
        self._where, self._horizon = shared(problem, [seed]), horizon
        self._observers = observers_of(problem)

    @property
    def states(self) -> int:
        """All states, those that no agent meets included."""
        return self._where.first.mdp.states

    def columns(self, model: BaseAlgorithm, step: int) -> Mapping[str, Any]:
        """The value, whether it is exact, and what is true of the world, whoever learns."""
        value_N, exact_N = self._where.values(self._policy(model, step)[None], step, self._horizon)
        optimum_N, random_N = self._where.known(step, self._horizon)
        return {
            "value": value_N,
            "exact": exact_N,
            "regret": optimum_N - value_N,
            "optimum": optimum_N,
            "random_value": random_N,
        }

    def kept(self, model: BaseAlgorithm, step: int) -> dict[str, Any]:
        """The policy, an episode of it, and a Q-network's values, one row a state that an agent can meet."""
        met, policy = self._where.met, self._policy(model, step)
        episode = greedy_episodes(self._where.after(step), policy[None], self._where.seeds)[0]
        kept: dict[str, Any] = {"policy": policy[met], "episode": episode}
        if isinstance(model, stable_baselines3.DQN):
            kept["q"] = self._action_values(model, step)[met]
        return kept

    def _now(self, step: int) -> tuple[World, Observer, int]:
        """The world after so many steps, what shows its states, and how many numbers a network takes for one."""
        home = self._where.of[0]
        observer = self._observers[home.phase_after(step)]
        shape = observer.space.shape or ()
        return home.after(step), observer, math.prod(shape) if shape else int(getattr(observer.space, "n", 1))

    def _policy(self, model: BaseAlgorithm, step: int) -> Ints:
        world, observer, inputs = self._now(step)
        return state_policy(
            world, lambda states_B: np.asarray(model.predict(_shown(observer, states_B), deterministic=True)[0]), inputs
        )

    def _action_values(self, model: stable_baselines3.DQN, step: int) -> Floats:
        """The network's Q (S, A); 0 in states that no agent meets."""
        world, observer, inputs = self._now(step)
        q_SA = np.zeros((world.mdp.states, world.mdp.actions))
        for states_B in state_batches(world, inputs):
            observations, _ = model.policy.obs_to_tensor(_shown(observer, states_B))
            with torch.no_grad():
                q_SA[states_B] = model.q_net(observations).numpy()
        return q_SA


def _shown(observer: Observer, states_B: Ints) -> np.typing.NDArray[Any]:
    return observer.batch(states_B.astype(np.int32))


@final
class OpenJudge:
    """By rollouts on the seeds that every strategy is evaluated on; in a contextual bandit by what its arms earn."""

    def __init__(self, problem: OpenWorld, horizon: int | None) -> None:
        self._problem, self._horizon = problem, horizon

    def columns(self, model: BaseAlgorithm, step: int) -> Mapping[str, Any]:
        """The value, and what else is known."""
        del step

        def act(_: int, observations: Any) -> Any:
            return model.predict(_stack(observations), deterministic=True)[0]

        return open_columns([self._problem], act, self._horizon)

    def kept(self, model: BaseAlgorithm, step: int) -> dict[str, Any]:
        """The networks' weights: there is no table of states (`actor.py` acts by them)."""
        del step
        return {f"{WEIGHTS}{name}": tensor.numpy().copy() for name, tensor in model.policy.state_dict().items()}


def _stack(observations: Any) -> Any:
    """A batch in the form that Stable-Baselines3 takes: an array, or a dictionary of arrays."""
    if isinstance(observations, np.ndarray):
        return observations
    if isinstance(observations[0], dict):
        return {key: np.stack([observation[key] for observation in observations]) for key in observations[0]}
    return np.stack(observations)
