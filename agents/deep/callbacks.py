"""Callbacks with Stable-Baselines3's names, hooks and order; its own ones that need no `VecEnv` can be given as well.

One learns about a training by `_on_training_start`, `_on_rollout_start`, `_on_step` after every step, `_on_rollout_end`
before what the rollout's steps are learnt from, and `_on_training_end`. A callback whose `_on_step` returns False
stops the training after that step.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final, runtime_checkable

from daedalus.core.errors import UserError

if TYPE_CHECKING:
    from daedalus.agents.face import Place

    from .dqn import DQN
    from .logger import Logger


@runtime_checkable
class Hooks(Protocol):
    """What is called of a callback: this suite's, or Stable-Baselines3's."""

    def init_callback(self, model: Any) -> None:
        """Get to know the learner."""

    def on_training_start(self, locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
        """Learning begins."""

    def on_rollout_start(self) -> None:
        """Steps are about to be taken."""

    def update_locals(self, locals_: dict[str, Any]) -> None:
        """What the last step gave."""

    def on_step(self) -> bool:
        """A step was taken; False stops."""

    def on_rollout_end(self) -> None:
        """Steps were taken, and are learnt from next."""

    def on_training_end(self) -> None:
        """Learning ended."""


class BaseCallback(ABC):
    """A callback; define `_on_step`, and whichever other hooks are needed."""

    model: "DQN"

    def __init__(self, verbose: int = 0) -> None:
        self.n_calls = 0
        self.num_timesteps = 0
        self.verbose = verbose  # kept for callbacks written for Stable-Baselines3; nothing is printed
        self.locals: dict[str, Any] = {}
        self.globals: dict[str, Any] = {}
        self.parent: BaseCallback | None = None

    @property
    def training_env(self) -> Any:
        """Where the learner lives."""
        return self.model.get_env()

    @property
    def logger(self) -> "Logger":
        """Where numbers are told."""
        return self.model.logger

    def init_callback(self, model: "DQN") -> None:
        """Get to know the learner."""
        self.model = model
        self._init_callback()

    def on_training_start(self, locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
        """Learning begins."""
        self.locals, self.globals = locals_, globals_
        self.num_timesteps = self.model.num_timesteps
        self._on_training_start()

    def on_rollout_start(self) -> None:
        """Steps are about to be taken."""
        self._on_rollout_start()

    def on_step(self) -> bool:
        """A step was taken; False stops."""
        self.n_calls += 1
        self.num_timesteps = self.model.num_timesteps
        return self._on_step()

    def on_rollout_end(self) -> None:
        """Steps were taken, and are learnt from next."""
        self._on_rollout_end()

    def on_training_end(self) -> None:
        """Learning ended."""
        self._on_training_end()

    def update_locals(self, locals_: dict[str, Any]) -> None:
        """What the last step gave: "rewards", "dones", "actions" and "infos", of one environment each."""
        self.locals.update(locals_)
        self.update_child_locals(locals_)

    def update_child_locals(self, locals_: dict[str, Any]) -> None:  # noqa: B027 - need not be defined
        """Hand it on."""

    def _init_callback(self) -> None:  # noqa: B027 - need not be defined
        """Hook."""

    def _on_training_start(self) -> None:  # noqa: B027 - need not be defined
        """Hook."""

    def _on_rollout_start(self) -> None:  # noqa: B027 - need not be defined
        """Hook."""

    @abstractmethod
    def _on_step(self) -> bool:
        """After each step; False stops the training."""

    def _on_rollout_end(self) -> None:  # noqa: B027 - need not be defined
        """Hook."""

    def _on_training_end(self) -> None:  # noqa: B027 - need not be defined
        """Hook."""


@final
class CallbackList(BaseCallback):
    """Several callbacks, called in order; training stops where any of them says so."""

    def __init__(self, callbacks: Sequence[Hooks]) -> None:
        super().__init__()
        self.callbacks = list(callbacks)

    def _init_callback(self) -> None:
        for callback in self.callbacks:
            callback.init_callback(self.model)

    def _on_training_start(self) -> None:
        for callback in self.callbacks:
            callback.on_training_start(self.locals, self.globals)

    def _on_rollout_start(self) -> None:
        for callback in self.callbacks:
            callback.on_rollout_start()

    def _on_step(self) -> bool:
        return all([callback.on_step() for callback in self.callbacks])  # noqa: C419 - all of them are called

    def _on_rollout_end(self) -> None:
        for callback in self.callbacks:
            callback.on_rollout_end()

    def _on_training_end(self) -> None:
        for callback in self.callbacks:
            callback.on_training_end()

    def update_child_locals(self, locals_: dict[str, Any]) -> None:
        """Hand what the last step gave to all."""
        for callback in self.callbacks:
            callback.update_locals(locals_)


@final
class ConvertCallback(BaseCallback):
    """A plain function after every step: of the learner, or, with two parameters, of `locals` and `globals`.

    It stops the training by returning False; None goes on.
    """

    def __init__(self, callback: Callable[..., bool | None], verbose: int = 0) -> None:
        super().__init__(verbose)
        self._function = callback
        try:
            needed = [
                one for one in inspect.signature(callback).parameters.values()
                if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
            ]  # fmt: skip
        except (TypeError, ValueError):  # built in
            needed = []
        self._both = len(needed) == 2

    def _on_step(self) -> bool:
        given = (self.locals, self.globals) if self._both else (self.model,)
        return self._function(*given) is not False


class EventCallback(BaseCallback):
    """One that calls another when something happens."""

    def __init__(self, callback: Hooks | None = None, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.callback = callback

    def init_callback(self, model: "DQN") -> None:
        """Get to know the learner."""
        super().init_callback(model)
        if self.callback is not None:
            if hasattr(self.callback, "parent"):
                self.callback.parent = self
            self.callback.init_callback(model)

    def on_training_start(self, locals_: dict[str, Any], globals_: dict[str, Any]) -> None:
        """Learning begins."""
        super().on_training_start(locals_, globals_)
        if self.callback is not None:
            self.callback.on_training_start(self.locals, self.globals)

    def update_child_locals(self, locals_: dict[str, Any]) -> None:
        """Hand it on."""
        if self.callback is not None:
            self.callback.update_locals(locals_)

    def _on_event(self) -> bool:
        return self.callback.on_step() if self.callback is not None else True


@final
class EveryNTimesteps(EventCallback):
    """Calls another callback after every `n_steps` steps."""

    def __init__(self, n_steps: int, callback: Hooks) -> None:
        super().__init__(callback)
        self.n_steps = positive(n_steps, "n_steps")
        self._last = 0

    def _on_step(self) -> bool:
        if self.num_timesteps - self._last < self.n_steps:
            return True
        self._last = self.num_timesteps
        return self._on_event()


@final
class CheckpointCallback(BaseCallback):
    """Saves the learner after every `save_freq` steps as `save_path`/`name_prefix`_N_steps, replay buffer and all."""

    def __init__(self, save_freq: int, save_path: str | Path, name_prefix: str = "rl_model", verbose: int = 0) -> None:
        super().__init__(verbose)
        self.save_freq, self.save_path, self.name_prefix = (
            positive(save_freq, "save_freq"),
            Path(save_path),
            name_prefix,
        )

    def _on_step(self) -> bool:
        if self.n_calls % self.save_freq == 0:
            self.model.save(self.save_path / f"{self.name_prefix}_{self.num_timesteps}_steps")
        return True


@final
class StopTrainingOnMaxEpisodes(BaseCallback):
    """Stops the training when so many episodes have ended."""

    def __init__(self, max_episodes: int, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.max_episodes, self.n_episodes = positive(max_episodes, "max_episodes"), 0

    def _on_step(self) -> bool:
        self.n_episodes += int(sum(bool(done) for done in self.locals["dones"]))
        return self.n_episodes < self.max_episodes


@final
class StopTrainingOnRewardThreshold(BaseCallback):
    """Stops the training when the best mean return of the `EvalCallback` above it reaches a threshold."""

    def __init__(self, reward_threshold: float, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.reward_threshold = reward_threshold

    def _on_step(self) -> bool:
        best = getattr(self.parent, "best_mean_reward", None)
        if best is None:
            raise UserError("StopTrainingOnRewardThreshold goes into EvalCallback(callback_on_new_best=…)")
        return bool(best < self.reward_threshold)


@final
class StopTrainingOnNoModelImprovement(BaseCallback):
    """Stops the training when more evaluations in a row than that many, after the first `min_evals`, beat no best."""

    def __init__(self, max_no_improvement_evals: int, min_evals: int = 0, verbose: int = 0) -> None:
        super().__init__(verbose)
        self.max_no_improvement_evals, self.min_evals = max_no_improvement_evals, min_evals
        self.last_best_mean_reward, self.no_improvement_evals = float("-inf"), 0

    def _on_step(self) -> bool:
        best = getattr(self.parent, "best_mean_reward", None)
        if best is None:
            raise UserError("StopTrainingOnNoModelImprovement goes into EvalCallback(callback_after_eval=…)")
        if self.n_calls > self.min_evals:
            self.no_improvement_evals = 0 if best > self.last_best_mean_reward else self.no_improvement_evals + 1
        self.last_best_mean_reward = best
        return self.no_improvement_evals <= self.max_no_improvement_evals


@final
class EvalCallback(EventCallback):
    """Evaluates the learner after every `eval_freq` steps: exactly in a finite world, else over `n_eval_episodes`.

    `best_mean_reward` is the best mean return so far, `last_mean_reward` the last one; they are told as
    "eval/mean_reward". A better one than ever saves the learner to `best_model_save_path`/best_model and calls
    `callback_on_new_best`; `callback_after_eval` is called each time. With `log_path` all means are kept in
    `log_path`/evaluations.safetensors.
    """

    def __init__(
        self,
        eval_env: "Place | str",
        callback_on_new_best: Hooks | None = None,
        callback_after_eval: Hooks | None = None,
        n_eval_episodes: int = 5,
        eval_freq: int = 10_000,
        log_path: str | Path | None = None,
        best_model_save_path: str | Path | None = None,
        deterministic: bool = True,
        verbose: int = 0,
    ) -> None:
        super().__init__(callback_after_eval, verbose)
        self.eval_env, self.callback_on_new_best = eval_env, callback_on_new_best
        self.n_eval_episodes = positive(n_eval_episodes, "n_eval_episodes")
        self.eval_freq = positive(eval_freq, "eval_freq")
        self.log_path = None if log_path is None else Path(log_path)
        self.best_model_save_path = None if best_model_save_path is None else Path(best_model_save_path)
        self.deterministic = deterministic
        self.best_mean_reward = self.last_mean_reward = float("-inf")
        self.evaluations_timesteps: list[int] = []
        self.evaluations_results: list[float] = []

    def _init_callback(self) -> None:
        if self.callback_on_new_best is not None:
            if hasattr(self.callback_on_new_best, "parent"):
                self.callback_on_new_best.parent = self
            self.callback_on_new_best.init_callback(self.model)

    def update_child_locals(self, locals_: dict[str, Any]) -> None:
        """Hand it on."""
        super().update_child_locals(locals_)
        if self.callback_on_new_best is not None:
            self.callback_on_new_best.update_locals(locals_)

    def _on_step(self) -> bool:
        if self.n_calls % self.eval_freq:
            return True
        from .evaluating import mean_return

        mean = mean_return(self.model, self.eval_env, self.n_eval_episodes, self.deterministic)
        self.last_mean_reward = mean
        self.evaluations_timesteps.append(self.num_timesteps)
        self.evaluations_results.append(mean)
        self.logger.record("eval/mean_reward", mean)
        self.logger.dump(self.num_timesteps)
        goes_on = True
        if mean > self.best_mean_reward:
            self.best_mean_reward = mean
            if self.best_model_save_path is not None:
                self.model.save(self.best_model_save_path / "best_model")
            if self.callback_on_new_best is not None:
                goes_on = self.callback_on_new_best.on_step()
        self._keep()
        return self._on_event() and goes_on

    def _keep(self) -> None:
        if self.log_path is None:
            return
        import numpy as np

        from daedalus.core.files import make_folder, write_arrays

        make_folder(self.log_path)
        kept = {"timesteps": np.array(self.evaluations_timesteps), "results": np.array(self.evaluations_results)}
        write_arrays(self.log_path / "evaluations.safetensors", kept)


def as_callback(given: Any) -> Hooks:
    """One callback from what `learn` was given: a callback, a list of them, a function. Raises `UserError`."""
    if isinstance(given, list | tuple):
        return CallbackList([as_callback(one) for one in given])
    if isinstance(given, Hooks):
        return given
    if callable(given):
        return ConvertCallback(given)
    raise UserError(f"callback must be a callback, a list of them, or a function, not {type(given).__name__}")


def positive(value: Any, name: str) -> int:
    """A whole number from 1 on. Raises `UserError`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UserError(f"{name} must be a whole number from 1 on, not {value!r}")
    return value
