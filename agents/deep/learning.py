"""What `DQN.learn` does around the learning itself: callbacks, numbers told on the way, a progress bar."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, final

import numpy as np

from daedalus.core.device import threads
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import evaluation_steps

from .callbacks import Hooks, as_callback
from .living import Moved
from .logger import Clock, Logger, fresh_folder
from .population import DQNPopulation

if TYPE_CHECKING:
    from .body import Body
    from .dqn import DQN

#: Steps between two moves of the progress bar.
_SHOWN_STEPS = 100


def learn(
    model: "DQN",
    body: "Body",
    steps: int,
    callback: Any,
    log_interval: int | None,
    name: str,
    progress_bar: bool,
) -> None:
    """Learn for so many steps; `DQN.learn` says what the rest is. Torch runs one thread meanwhile."""
    population = body.population
    if population is None:
        raise UserError("this learner was loaded without an environment; give one: load(path, env=...)")
    hooks = None if callback is None else as_callback(callback)
    until = population.t + steps
    population.span = until
    with ExitStack() as stack:
        stack.enter_context(threads(1))
        show = stack.enter_context(_bar(population.t, steps)) if progress_bar else None
        if hooks is None and model.tensorboard_log is None:
            _run(population, until, show)
            return
        folder = None if model.tensorboard_log is None else fresh_folder(model.tensorboard_log, name)
        model.logger = Logger(folder)
        stack.callback(model.logger.close)
        _Lesson(model, body, population, until, log_interval).run(hooks, show)


def _run(population: DQNPopulation, until: int, show: Callable[[int], None] | None) -> None:
    if show is None:
        population.run(until)
        return
    while population.t < until:
        population.run(min(until, population.t + _SHOWN_STEPS))
        show(population.t)


@contextmanager
def _bar(first: int, steps: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("learning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("learning", total=steps)
        yield lambda t: progress.update(task, completed=t - first)


@final
class _Lesson:
    """Learning step by step, with somebody who listens."""

    def __init__(
        self, model: "DQN", body: "Body", population: DQNPopulation, until: int, log_interval: int | None
    ) -> None:
        self._model, self._body, self._population = model, body, population
        self._first, self._until, self._every = population.t, until, log_interval
        self._clock, self._told = Clock(population.t), int(population.tally.episodes[0])
        exact = body.judge is not None and model.tensorboard_log is not None
        self._points = {self._first + step for step in evaluation_steps(until - self._first)} if exact else set()

    def run(self, hooks: Hooks | None, show: Callable[[int], None] | None) -> None:
        """Live and learn on, calling the hooks as Stable-Baselines3 does."""
        population, model = self._population, self._model
        told: dict[str, Any] = {"self": model, "total_timesteps": self._until}
        if hooks is not None:
            hooks.init_callback(model)
            hooks.on_training_start(told, {})
            hooks.on_rollout_start()
        self._tell_exact()
        goes_on = True
        while goes_on and population.t < self._until:
            action_N, moved = population.live()
            if hooks is not None:
                hooks.update_locals(_locals(population, action_N, moved))
                goes_on = hooks.on_step() is not False
            self._tell()
            if hooks is not None and population.due:
                hooks.on_rollout_end()
            population.learn()
            self._tell_exact()
            if hooks is not None and population.due and goes_on and population.t < self._until:
                hooks.on_rollout_start()
            if show is not None and (population.t % _SHOWN_STEPS == 0 or population.t == self._until):
                show(population.t)
        if hooks is not None:
            hooks.on_training_end()

    def _tell(self) -> None:
        """Tell how it goes after every so many episodes."""
        episodes = int(self._population.tally.episodes[0])
        if self._every is None or episodes == self._told or episodes % self._every:
            return
        self._told = episodes
        population, board = self._population, self._model.logger
        ret, length = population.tally.recent()
        numbers: dict[str, float] = {"rollout/ep_rew_mean": ret, "rollout/ep_len_mean": length}
        numbers["rollout/exploration_rate"] = population.epsilon
        numbers |= self._clock.told(population.t, episodes)
        if population.last_losses is not None:
            numbers["train/loss"] = float(population.last_losses[0])
            numbers["train/learning_rate"] = population.config.learning_rate
            numbers["train/n_updates"] = population.updates
        for tag, number in numbers.items():
            board.record(tag, number)
        board.dump(population.t)

    def _tell_exact(self) -> None:
        """Tell how far the greedy policy is from the best one, where that is computed."""
        population, judge = self._population, self._body.judge
        if judge is None or population.t not in self._points:
            return
        columns = judge.columns(population, population.living.time)
        if np.all(columns["exact"]):
            self._model.logger.record("exact/regret", float(columns["regret"][0]))
            self._model.logger.dump(population.t)


def _locals(population: DQNPopulation, action_N: Any, moved: Moved) -> dict[str, Any]:
    """What the last step gave, by Stable-Baselines3's names."""
    dones = moved.terminated | moved.truncated
    info: dict[str, Any] = {}
    if moved.ended:
        ret, length = population.tally.last(0)
        info = {"episode": {"r": ret, "l": length}, "TimeLimit.truncated": bool(moved.truncated[0])}
    return {"actions": action_N, "rewards": moved.reward, "dones": dones, "infos": [info]}
