"""What a policy of Stable-Baselines3 is worth: exactly in a finite world, whatever is shown there; else by rollouts."""

import math
from collections.abc import Mapping
from typing import Any, Protocol, final

import numpy as np
import stable_baselines3
import torch
from sb3_contrib import QRDQN
from stable_baselines3.common.base_class import BaseAlgorithm

from daedalus.agents.evaluation import open_columns, state_batches, state_policy
from daedalus.agents.homes import shared
from daedalus.agents.judging import WEIGHTS, StateJudge
from daedalus.core.arrays import Floats, Ints
from daedalus.core.planning import evaluation_horizon
from daedalus.core.world import OpenWorld, Schedule, World
from daedalus.envs.observing import Observer, action_masks


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
    """What is shown is a function of the state, so the policy is one too: it is read off, and its value computed."""

    def __init__(self, problem: World | Schedule, seed: int, horizon: int | None, masked: bool = False) -> None:
        self._judge = StateJudge(shared(problem, [seed]), horizon)
        self._horizon, self._masked = horizon, masked

    @property
    def states(self) -> int:
        """All states, those that no agent meets included."""
        return self._judge.states

    def columns(self, model: BaseAlgorithm, step: int) -> Mapping[str, Any]:
        """The value, whether it is exact, and what is true of the world, whoever learns."""
        return self._judge.columns(self._policy(model, step)[None], step)

    def known(self, step: int) -> tuple[Floats, Floats]:
        """The best and the random value (1,) after so many steps, whoever learns."""
        return self._judge.where.known(step, self._horizon)

    def limit(self, step: int) -> int:
        """After how many steps an episode is cut, where it is lived to be judged."""
        return evaluation_horizon(self._judge.where.of[0].after(step), self._horizon)

    def no_policy(self) -> Ints:
        """The policy of whoever has none of states: -1 in each that an agent can meet."""
        return np.full(self.states, -1, dtype=np.int64)[self._judge.where.met]

    def kept(self, model: BaseAlgorithm, step: int) -> dict[str, Any]:
        """The policy, an episode of it, and a Q-network's values, one row a state that an agent can meet."""
        kept: dict[str, Any] = {
            name: array[0] for name, array in self._judge.kept(self._policy(model, step)[None], step).items()
        }
        if isinstance(model, stable_baselines3.DQN | QRDQN):
            kept["q"] = self._action_values(model, step)[self._judge.where.met]
        return kept

    def _now(self, step: int) -> tuple[World, Observer, int]:
        """The world after so many steps, what shows its states, and how many numbers a network takes for one."""
        world, observer = self._judge.shown(0, step)
        shape = observer.space.shape or ()
        return world, observer, math.prod(shape) if shape else int(getattr(observer.space, "n", 1))

    def _policy(self, model: BaseAlgorithm, step: int) -> Ints:
        world, observer, inputs = self._now(step)
        masks = action_masks(world).astype(bool) if self._masked and world.observation.action_mask else None

        def predict(states_B: Ints) -> Ints:
            told: dict[str, Any] = {} if masks is None else {"action_masks": masks[states_B]}
            return np.asarray(model.predict(_shown(observer, states_B), deterministic=True, **told)[0])

        return state_policy(world, predict, inputs)

    def _action_values(self, model: stable_baselines3.DQN | QRDQN, step: int) -> Floats:
        """The network's Q (S, A); 0 in states that no agent meets."""
        world, observer, inputs = self._now(step)
        q_SA = np.zeros((world.mdp.states, world.mdp.actions))
        for states_B in state_batches(world, inputs):
            observations, _ = model.policy.obs_to_tensor(_shown(observer, states_B))
            with torch.no_grad():
                if isinstance(model, QRDQN):
                    q_SA[states_B] = model.quantile_net(observations).mean(dim=1).numpy()
                else:
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
        return weights_of(model)


def weights_of(model: BaseAlgorithm) -> dict[str, Any]:
    """The networks' weights under their names, copied."""
    return {f"{WEIGHTS}{name}": tensor.numpy().copy() for name, tensor in model.policy.state_dict().items()}


def _stack(observations: Any) -> Any:
    """A batch in the form that Stable-Baselines3 takes: an array, or a dictionary of arrays."""
    if isinstance(observations, np.ndarray):
        return observations
    if isinstance(observations[0], dict):
        return {key: np.stack([observation[key] for observation in observations]) for key in observations[0]}
    return np.stack(observations)
