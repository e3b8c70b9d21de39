"""Stable-Baselines3 on trial: one seed, exactly T environment steps, judged like everyone else."""

import dataclasses
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv

from daedalus.core.arrays import Ints
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import fill
from daedalus.core.world import OpenWorld, World
from daedalus.envs.world_env import WorldEnv

from .evaluation import evaluation_seeds, greedy_values, known_values, rollout_value, state_batches, state_policy
from .records import curve_record, episodes_record
from .sb3_ledger import Ledger, Losses
from .sb3_turns import ForkedRandomness, Turn, in_turns


def sb3(experiment: Experiment, seeds: Sequence[int], resume: Snapshot | None) -> Iterator[Record | Final]:
    """Run one seed of a Stable-Baselines3 learner: the trial of `sb3/*`.

    There are no snapshots: an interrupted seed starts again, so `resume` is None. The global random state is the
    learner's own while it runs. A rollout that the last step cuts in half is not trained on: at step T the policy is
    what its last update before T made it. Raises `UserError` where the algorithm cannot take the world's spaces.
    """
    del resume
    (seed,) = seeds
    yield from in_turns(lambda turn: _Run(experiment, seed, turn).learn(), ForkedRandomness())


class _Run:
    """One seed from its first step to its last."""

    def __init__(self, experiment: Experiment, seed: int, turn: Turn[Record | Final]) -> None:
        self.began = time.perf_counter()
        self.experiment, self.seed, self.turn = experiment, seed, turn
        self.agent = find("agent", experiment.agent.name).load()
        self.config = fill(self.agent.config_class, experiment.agent.mapping, experiment.agent.name)
        self.problem: World | OpenWorld = find("service", "load_problem").load()(experiment.world, seed)
        self.losses = Losses(self.agent.loss)
        self.known: dict[str, float] = {}  # what is true of the world, whoever learns
        if isinstance(self.problem, World):
            self.ledger = Ledger(WorldEnv(self.problem), self.problem.mdp.states)
            optimum, random_value = known_values(self.problem, experiment.horizon)
            self.known = {"optimum": optimum, "random_value": random_value}
        else:
            self.ledger = Ledger(self.problem.make(), 0)

    def learn(self) -> None:
        """Train for exactly T steps, giving a record at each evaluation point and what is kept at the end."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            model = self._model()
            points = deque(evaluation_steps(self.experiment.steps))
            rollout = int(getattr(self.config, self.agent.rollout))
            model.learn(
                self.experiment.steps,
                callback=_Meter(points, rollout, lambda step: self._measure(model, step), self.turn.check),
                log_interval=2**31,  # its log is not read
            )
            self.turn.give(Final(self._final(model)))
        finally:
            self.ledger.close()
            torch.set_num_threads(threads)

    def _model(self) -> BaseAlgorithm:
        algorithm = getattr(stable_baselines3, self.agent.algorithm)
        params = dataclasses.asdict(self.config)
        net_arch = [params.pop("width")] * params.pop("depth")
        if "buffer_size" in params:  # more than T transitions never come; a longer buffer only costs memory
            params["buffer_size"] = min(params["buffer_size"], self.experiment.steps)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its advice on settings; the user of a comparison chose them
                model: BaseAlgorithm = algorithm(
                    env=DummyVecEnv([lambda: self.ledger]),
                    policy_kwargs={"net_arch": net_arch},
                    seed=self.seed,
                    device="cpu",
                    **params,
                )
        except (AssertionError, ValueError, NotImplementedError, ImportError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise UserError(f"{self.experiment.agent.name} cannot take {self.problem.name}: {reason}") from error
        model.set_logger(self.losses)
        return model

    def _policy(self, model: BaseAlgorithm, world: World) -> Ints:
        return state_policy(world, lambda states_B: np.asarray(model.predict(states_B, deterministic=True)[0]))

    def _value(self, model: BaseAlgorithm) -> tuple[float, bool]:
        """The evaluation value, and whether it is exact."""
        if isinstance(self.problem, World):
            policy = self._policy(model, self.problem)
            value_N, exact_N = greedy_values(self.problem, policy[None], self.experiment.horizon)
            return float(value_N[0]), bool(exact_N[0])

        def act(observations: list[Any]) -> Any:
            return model.predict(_stack(observations), deterministic=True)[0]

        return rollout_value(self.problem.make, act, evaluation_seeds(), self.experiment.horizon), False

    def _measure(self, model: BaseAlgorithm, step: int) -> None:
        value, exact = self._value(model)
        lived, episodes = self.ledger.since_last()
        if self.experiment.episodes and len(episodes):
            self.turn.give(episodes_record(self.seed, episodes))
        row = {
            "value": value,
            "regret": self.known.get("optimum", np.nan) - value,
            "exact": exact,
            "loss": self.losses.since_last(),
            "seconds": time.perf_counter() - self.began,
        }
        self.turn.give(curve_record([self.seed], step, **row, **self.known, **lived))

    def _final(self, model: BaseAlgorithm) -> dict[str, Any]:
        if not isinstance(self.problem, World):
            return {}
        final: dict[str, Any] = {"policy": self._policy(model, self.problem), "visits": self.ledger.visits}
        if isinstance(model, stable_baselines3.DQN):
            final["q"] = _action_values(model, self.problem)
        met = self.problem.states  # not the absorbing state that an import added
        return {name: array[None, :met] for name, array in final.items()}


def _stack(observations: list[Any]) -> Any:
    """A batch in the form that Stable-Baselines3 takes: an array, or a dictionary of arrays."""
    if isinstance(observations[0], dict):
        return {key: np.stack([observation[key] for observation in observations]) for key in observations[0]}
    return np.stack(observations)


def _action_values(model: stable_baselines3.DQN, world: World) -> Any:
    """The network's Q (S, A); 0 in states that no agent meets."""
    q_SA = np.zeros((world.mdp.states, world.mdp.actions))
    for states_B in state_batches(world):
        observations, _ = model.policy.obs_to_tensor(states_B)
        with torch.no_grad():
            q_SA[states_B] = model.q_net(observations).numpy()
    return q_SA


class _Meter(BaseCallback):
    """Calls `measure(step)` at each point and stops the learner after exactly the last one.

    The update that follows a complete rollout belongs to the rollout's last step, so a point that falls there is
    measured after it.
    """

    def __init__(
        self, points: deque[int], rollout: int, measure: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        super().__init__()
        self._points, self._last, self._rollout = points, points[-1], rollout
        self._measure, self._check = measure, check
        self._taken = 0

    def _on_training_start(self) -> None:
        self._measure_if_due()

    def _on_rollout_start(self) -> None:
        self._taken = 0
        self._measure_if_due()

    def _on_step(self) -> bool:
        self._check()
        self._taken += 1
        complete = self._taken == self._rollout
        if not complete:
            self._measure_if_due()
        return complete or self.num_timesteps < self._last

    def _on_training_end(self) -> None:
        self._measure_if_due()

    def _measure_if_due(self) -> None:
        if self._points and self._points[0] == self.num_timesteps:
            self._measure(self._points.popleft())
