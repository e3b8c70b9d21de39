"""The public face of bandit and table learners, as people know it from Stable-Baselines3."""

import dataclasses
import operator
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.draws import bits
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import LONGEST, Bandit, OpenWorld, Schedule, World

from .memory import Memory
from .saved import REMEDY, Card, read_learner, write_learner

if TYPE_CHECKING:
    import gymnasium

    Home = World | Schedule | Bandit | gymnasium.Env[Any, Any]
    Place = Home | OpenWorld

#: Steps between two calls of a callback, and between two chances to interrupt.
CHUNK = 10_000


class Life(Protocol):
    """What a learner lives in: a compiled population of one, or an interactive loop."""

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        ...

    def forget(self) -> None:
        """Drop what was carried along an episode that is left."""
        ...


class Body(NamedTuple):
    """A learner's memory and its life."""

    memory: Memory  # of a population of one
    life: Life
    world: str | None  # the fingerprint of an exact world, in which a saved episode can go on
    offsets: tuple[int, int] = (0, 0)  # where the observations and the actions begin to count


class LivingFace(ABC):
    """`learn`, `predict`, `save` and `load`. Where the environment stands on an exact problem the learning is
    compiled, where not interactive; both learn the same, and `total_timesteps` is exact.
    """

    config_class: ClassVar[type[Any]]

    def __init__(self, env: "Place | str", seed: int, settings: dict[str, Any]) -> None:
        self.seed = whole(seed, "seed")
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in settings.items()}
        self.config = fill(self.config_class, plain, type(self).__name__)
        where = place(env, self.seed)
        self._body: Body | None = self._embody(where)
        self._memory: Memory = self._body.memory
        self._world, self._offsets = self._body.world, self._body.offsets
        self._env: Place | None = where if isinstance(env, str) else env
        self._predictions = 0

    @abstractmethod
    def _embody(self, where: "Home") -> Body:
        """A fresh memory, and its life in that place. Raises `UserError` where it cannot live there."""

    @classmethod
    @abstractmethod
    def _blank(cls, shapes: Mapping[str, tuple[int, ...]], config: Any) -> Memory:
        """A fresh memory whose arrays have those shapes. Raises `UserError` where they cannot."""

    @property
    def num_timesteps(self) -> int:
        """Steps learnt from so far."""
        return int(self._memory.now.t[0])

    def learn(
        self,
        total_timesteps: float,
        callback: Callable[[Self], bool | None] | None = None,
        progress_bar: bool = False,
    ) -> Self:
        """Learn for exactly `total_timesteps` more steps (1e6 will do); an episode they cut goes on with the next call.

        `callback` gets the learner after every `CHUNK` steps and at the end; if it returns False, learning stops.
        """
        if self._body is None:
            raise UserError("this learner was loaded without an environment; give one: load(path, env=...)")
        if callback is not None and not callable(callback):
            raise UserError(
                "callback must be a function that takes the learner, and returns False to stop it, "
                f"not {type(callback).__name__}"
            )
        steps, first = whole(total_timesteps, "total_timesteps"), self.num_timesteps
        if not 1 <= steps < LONGEST:
            raise UserError(f"total_timesteps must be at least 1, not {total_timesteps}")
        chunks = -(-steps // CHUNK)
        ends = (first + min(steps, (chunk + 1) * CHUNK) for chunk in range(chunks))
        for end in _shown(ends, chunks) if progress_bar else ends:
            self._body.life.run(end)
            if callback is not None and callback(self) is False:
                break
        return self

    @abstractmethod
    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for one or many observations, and `state` as it came. Raises `UserError` for what is none."""

    def _fresh_key(self) -> np.uint64:
        """The key of the next drawn prediction's stream."""
        key = bits(np.uint64(stream_key(self.seed, "predict")), np.uint64(self._predictions))
        self._predictions += 1
        return np.uint64(key)

    def get_env(self) -> "Place | None":
        """Where it lives: the environment as it was given, or the world that its name stands for; None: nowhere."""
        return self._env

    def set_env(self, env: "Place | str") -> None:
        """Move to another environment with all that is learnt, as `load(path, env)` does."""
        self._settle(env)

    def save(self, path: str | Path) -> None:
        """Write the learner to one file, whole or not at all: safetensors, its settings as JSON inside."""
        settings = tuple((field.name, getattr(self.config, field.name)) for field in dataclasses.fields(self.config))
        spec = Spec(type(self).__name__, settings)
        card = Card(str(spec), self.seed, self._world, *self._offsets, self._predictions)
        write_learner(Path(path), card, self._memory.arrays)

    @classmethod
    def load(cls, path: str | Path, env: "Place | str | None" = None, device: str = "auto") -> Self:
        """Read a saved learner. With `env` it can learn on: in the exact world it left, as if never interrupted;
        elsewhere from a new episode. Other dynamics of the same shape are no error: what was learnt is the start
        there. Raises `UserError` for a file that is damaged or holds another learner.
        """
        from daedalus.core.files import damaged

        if device not in ("auto", "cpu"):
            raise UserError(f"tables live on the CPU; device must be 'auto' or 'cpu', not {device!r}")
        card, arrays = read_learner(Path(path))
        self = cls.__new__(cls)
        try:
            spec = parse_spec(card.learner)
            if spec.name == cls.__name__:
                self.config = fill(cls.config_class, spec.mapping, cls.__name__)
                self._memory = cls._blank({name: array.shape for name, array in arrays.items()}, self.config)
                self._memory.check(arrays)
        except (UserError, RecursionError) as error:
            raise damaged(Path(path), error, REMEDY) from error
        if spec.name != cls.__name__:
            raise UserError(f"{path} holds a {spec.name}, not a {cls.__name__}; call {spec.name}.load")
        self._memory.take_up(arrays)
        self.seed, self._world, self._predictions = card.seed, card.world, card.predictions
        self._offsets = card.observed, card.acted
        self._body = self._env = None
        if env is not None:
            self._settle(env)
        return self

    def _settle(self, env: "Place | str") -> None:
        """Move with all memory to a place; the running episode comes along only into the same exact world."""
        where = place(env, self.seed)
        body, memory = self._embody(where), self._memory.arrays
        same_episode = body.world is not None and body.world == self._world
        for name, array in body.memory.arrays.items():
            if array.shape != memory[name].shape:
                raise UserError(
                    f"this learner's {name} has shape {memory[name].shape[1:]}, and the environment needs "
                    f"{array.shape[1:]}; give the environment it learnt in"
                )
            if same_episode or name not in _OF_AN_EPISODE:
                array[...] = memory[name]
        try:
            body.memory.check(body.memory.arrays)
        except UserError as error:  # only where it lives is known how many states there are
            raise UserError(f"the learner is damaged ({error}); {REMEDY}") from error
        if not same_episode:
            body.life.forget()
        self._body, self._memory, self._world, self._offsets = body, body.memory, body.world, body.offsets
        self._env = where if isinstance(env, str) else env


class Face(LivingFace):
    """The face of a learner that looks its numbers up: a row for each observation, which is a number."""

    @abstractmethod
    def _rows(self) -> tuple[Floats, Ints]:
        """Estimates and counts as rows of actions, (R, A) each."""

    @abstractmethod
    def _row(self, obs: int) -> int:
        """The row where the action at `obs` is chosen."""

    @abstractmethod
    def _choose(self, row: int, key: np.uint64, t: int) -> int:
        """The action it would choose in a row, exploring as at decision t with the draws of that stream."""

    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Ints | np.int64, Any]:
        """Actions for an array of observations, or one for one, and `state` as it came (there is none to keep).

        One action is a NumPy integer, not an array of no axes: Gymnasium's toy-text worlds look it up in a dict.
        Deterministic: the best known action, the lowest among ties. Otherwise it explores as it would in learning,
        from a random stream of its own, so that predicting changes nothing that is learnt.
        """
        q, _ = self._rows()
        rows_B, shape = self._rows_at(obs)
        actions = [int(q[row].argmax()) if deterministic else self._explore(row) for row in rows_B]
        actions_B = np.array(actions, dtype=np.int64) + self._offsets[1]
        return (actions_B.reshape(shape) if shape else actions_B[0]), state

    def _rows_at(self, obs: Any) -> tuple[list[int], tuple[int, ...]]:
        """The rows where the actions at one or many observations are chosen, and the shape of these."""
        try:
            observations = np.asarray(obs)
        except ValueError:  # lists of different lengths
            observations = np.asarray(None)
        first, known = self._offsets[0], len(self._rows()[0])
        if observations.dtype.kind in "iu":
            rows = [self._row(int(one) - first) for one in observations.ravel()]
            if all(0 <= row < known for row in rows):
                return rows, observations.shape
        shown = " ".join(reprlib.repr(obs).split())
        raise UserError(f"{shown} is no observation of this learner; it knows {first}…{first + known - 1}")

    def _explore(self, row: int) -> int:
        return self._choose(row, self._fresh_key(), self.num_timesteps)


#: Arrays that say where an episode stands, not what was learnt.
_OF_AN_EPISODE = ("state", "action", "began", "ret", "before")


def whole(value: Any, name: str) -> int:
    """A whole number, also one written as 1e6. Raises `UserError` for anything else."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise UserError(f"{name} must be a whole number, not {value!r}") from None


def place(env: "Place | str", seed: int) -> "Home":
    """What to live in: the exact problem that `env` names or stands on, else the environment itself."""
    import gymnasium

    from daedalus.envs import load_problem, problem_of

    problem = load_problem(parse_spec(env), seed) if isinstance(env, str) else env
    if isinstance(problem, OpenWorld):
        problem = problem.make()
    if isinstance(problem, World | Schedule | Bandit):
        return problem
    if not isinstance(problem, gymnasium.Env):
        raise UserError(
            f"a learner takes one Gymnasium environment, a world, or the name of one, not {type(env).__name__}"
        )
    return problem_of(problem) or problem


def _shown(ends: Iterable[int], chunks: int) -> Iterable[int]:
    from rich.console import Console
    from rich.progress import track

    return track(ends, description="learning", total=chunks, console=Console(stderr=True))
