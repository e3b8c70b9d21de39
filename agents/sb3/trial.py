"""Stable-Baselines3 on trial: one seed, exactly T environment steps, judged like everyone else."""

import dataclasses
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.vec_env import DummyVecEnv

from daedalus.agents.records import curve_record, episodes_record
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import fill
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World
from daedalus.envs.making import environment

from .algorithms import Learner
from .encoders import Encoder, body_of
from .judges import FiniteJudge, Judge, OpenJudge
from .ledger import Ledger, Losses
from .lived import LivedJudge, Masks
from .turns import ForkedRandomness, Turn, in_turns

#: Pixels along the shorter side of what the convolutions of `CnnPolicy` can take (Mnih et al. 2015: 8, 4 and 3 wide).
SMALLEST_PICTURE = 36


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
        self.agent: Learner = find("agent", experiment.agent.name).load()
        self.config = fill(self.agent.config_class, experiment.agent.mapping, experiment.agent.name)
        self.problem: Problem = find("service", "load_problem").load()(experiment.world, seed)
        self.losses = Losses(self.agent.loss)
        self.judge: Judge
        match self.problem:
            case World() | Schedule():
                self.judge = finite = FiniteJudge(self.problem, seed, experiment.horizon, self.agent.masked)
                self.ledger = Ledger(environment(self.problem), finite.states)
                if self.agent.remembers:
                    self.judge = LivedJudge(self.problem, experiment.horizon, finite)
            case OpenWorld():
                lived = self.agent.remembers or self.agent.masked
                self.judge = (LivedJudge if lived else OpenJudge)(self.problem, experiment.horizon)
                self.ledger = Ledger(self.problem.make(), 0)
            case Bandit():
                raise UserError(f"{experiment.agent.name} learns from what it sees; {experiment.world} is a bandit")

    def learn(self) -> None:
        """Train for exactly T steps, giving a record at each evaluation point and what is kept at the end."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            model = self._model()
            points = deque(evaluation_steps(self.experiment.steps))
            rollout = int(getattr(self.config, self.agent.rollout)) if self.agent.rollout else 0
            meter = _Meter(points, rollout, lambda step: self._measure(model, step), self.turn.check)
            meter.heeded = self.agent.heeds
            with suppress(_EnoughError):
                model.learn(self.experiment.steps, callback=meter, log_interval=2**31)  # its log is not read
            self.turn.give(Final(self._final(model)))
        finally:
            self.ledger.close()
            torch.set_num_threads(threads)

    def _model(self) -> BaseAlgorithm:
        model = new_model(self.experiment, self.ledger, self.seed)
        model.set_logger(self.losses)
        return model

    def _measure(self, model: BaseAlgorithm, step: int) -> None:
        judged = self.judge.columns(model, step)
        lived, episodes = self.ledger.since_last()
        if self.experiment.episodes and len(episodes):
            self.turn.give(episodes_record(self.seed, episodes))
        loss, seconds = self.losses.since_last(), time.perf_counter() - self.began
        self.turn.give(curve_record([self.seed], step, loss=loss, seconds=seconds, **judged, **lived))

    def _final(self, model: BaseAlgorithm) -> dict[str, Any]:
        final = self.judge.kept(model, self.experiment.steps)
        if "policy" in final:
            final["visits"] = self.ledger.visits[: len(final["policy"])]
        return {name: array[None] for name, array in final.items()}


def new_model(experiment: Experiment, env: gymnasium.Env[Any, Any], seed: int) -> BaseAlgorithm:
    """The experiment's learner, fresh, in an environment. Raises `UserError` where it cannot take its spaces."""
    agent: Learner = find("agent", experiment.agent.name).load()
    config = fill(agent.config_class, experiment.agent.mapping, experiment.agent.name)
    params = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    layers, noise_std = _layers(params, seed), params.pop("noise_std", None)
    if params["policy"] == "auto":
        params["policy"] = policy_for(env.observation_space, agent.policies)
    if noise_std:
        shape = env.action_space.shape or (1,)
        params["action_noise"] = NormalActionNoise(np.zeros(shape), np.full(shape, noise_std))
    if agent.masked:
        env = Masks(env)
    if "buffer_size" in params:  # more than T transitions never come; a longer buffer only costs memory
        params["buffer_size"] = min(params["buffer_size"], experiment.steps)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its advice on settings; the user of a comparison chose them
            model: BaseAlgorithm = agent.constructor(
                env=DummyVecEnv([lambda: env]),
                policy_kwargs=layers or None,
                seed=seed,
                device="cpu",
                **params,
            )
    except (AssertionError, ValueError, TypeError, NotImplementedError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"{experiment.agent.name} cannot take {experiment.world}: {reason}") from error
    return model


def _layers(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """What `width`, `depth` and `encoder`, taken from the parameters, mean for the library's `policy_kwargs`."""
    width, depth, encoder = (params.pop(name) for name in ("width", "depth", "encoder"))
    layers: dict[str, Any] = {}
    if width is not None or depth is not None:
        layers["net_arch"] = [width or 64] * (2 if depth is None else depth)
    if encoder is not None:
        layers["features_extractor_class"] = Encoder
        layers["features_extractor_kwargs"] = {"body": body_of(encoder), "seed": seed}
    return layers


def policy_for(space: gymnasium.Space[Any], policies: Sequence[str]) -> str:
    """Of the policy classes that an algorithm has, the one that fits what is seen; the first where none does."""
    kind = "Mlp"
    if isinstance(space, gymnasium.spaces.Dict):
        kind = "MultiInput"
    elif is_image_space(space) and sorted(space.shape or ())[-2] >= SMALLEST_PICTURE:
        kind = "Cnn"
    return next((policy for policy in policies if policy.startswith(kind)), policies[0])


class _EnoughError(Exception):
    """Ends a learner that does not end when its callback says so."""


class _Meter(BaseCallback):
    """Calls `measure(step)` at each point and stops the learner after exactly the last one.

    The update that follows a complete rollout belongs to the rollout's last step, so a point that falls there is
    measured after it. A learner that has no such rollouts is measured at the step itself.
    """

    heeded = True

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
        going_on = complete or self.num_timesteps < self._last
        if not (going_on or self.heeded):
            raise _EnoughError
        return going_on

    def _on_training_end(self) -> None:
        self._measure_if_due()

    def _measure_if_due(self) -> None:
        if self._points and self._points[0] == self.num_timesteps:
            self._measure(self._points.popleft())
