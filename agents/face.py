"""The public face of bandit and table learners, as people know it from Stable-Baselines3."""

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from daedalus.core.arrays import Floats, Ints
from daedalus.core.draws import bits
from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import Bandit, OpenWorld, World

from .strategies import Strategy
from .strategy_rules import choose

if TYPE_CHECKING:
    import gymnasium

    Place = World | Bandit | gymnasium.Env[Any, Any]

#: Steps between two calls of a callback, and between two chances to interrupt.
CHUNK = 10_000

_FORMAT = 1


class Life(Protocol):
    """What a learner lives in: a compiled population of one, or an interactive loop."""

    def run(self, until: int) -> None:
        """Live on to step `until`."""
        ...


class Body(NamedTuple):
    """A learner's memory and its life."""

    now: Any  # the arrays of a population of one
    life: Life
    world: str | None  # the fingerprint of an exact world, in which a saved episode can go on
    offsets: tuple[int, int] = (0, 0)  # where the observations and the actions begin to count


class Face(ABC):
    """`learn`, `predict`, `save` and `load`. Where the environment stands on an exact problem the learning is
    compiled, where not interactive; both learn the same, and `total_timesteps` is exact.
    """

    config_class: ClassVar[type[Any]]

    def __init__(self, env: "Place | str", seed: int, config: Any) -> None:
        self.seed = seed
        self.config = config
        self._body: Body | None = self._embody(place(env, seed))
        self._now: Any = self._body.now
        self._world, self._offsets = self._body.world, self._body.offsets
        self._predictions = 0

    @abstractmethod
    def _embody(self, where: "Place") -> Body:
        """A fresh memory, and its life in that place. Raises `UserError` where it cannot live there."""

    @abstractmethod
    def _rows(self) -> tuple[Floats, Ints]:
        """Estimates and counts as rows of actions, (R, A) each."""

    @abstractmethod
    def _row(self, obs: int) -> int:
        """The row where the action at `obs` is chosen."""

    @abstractmethod
    def _strategy(self) -> Strategy:
        """How it explores."""

    @classmethod
    @abstractmethod
    def _memory(cls, arrays: dict[str, Any]) -> Any:
        """The population of one that holds these arrays."""

    @property
    def num_timesteps(self) -> int:
        """Steps learnt from so far."""
        return int(self._now.t[0])

    def learn(
        self,
        total_timesteps: int,
        callback: Callable[[Self], bool | None] | None = None,
        progress_bar: bool = False,
    ) -> Self:
        """Learn for exactly `total_timesteps` more steps; an episode that they cut goes on with the next call.

        `callback` gets the learner after every `CHUNK` steps and at the end; if it returns False, learning stops.
        """
        if self._body is None:
            raise UserError("this learner was loaded without an environment; give one: load(path, env=...)")
        if total_timesteps < 1:
            raise UserError(f"total_timesteps must be at least 1, not {total_timesteps}")
        ends = [*range(self.num_timesteps + CHUNK, self.num_timesteps + total_timesteps, CHUNK)]
        ends.append(self.num_timesteps + total_timesteps)
        for end in _shown(ends) if progress_bar else ends:
            self._body.life.run(end)
            if callback is not None and callback(self) is False:
                break
        return self

    def predict(
        self, obs: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Ints, Any]:
        """Actions for one observation or an array of them, and `state` as it came (there is none to keep).

        Deterministic: the best known action, the lowest among ties. Otherwise it explores as it would in learning,
        from a random stream of its own, so that predicting changes nothing that is learnt.
        """
        q, _ = self._rows()
        observations = np.asarray(obs, dtype=np.int64)
        rows = [self._row(int(one) - self._offsets[0]) for one in observations.ravel()]
        if any(not 0 <= row < len(q) for row in rows):
            raise UserError(f"{observations} is no observation of this learner; it knows {len(q)}")
        actions = [int(q[row].argmax()) if deterministic else self._explore(row) for row in rows]
        return np.array(actions, dtype=np.int64).reshape(observations.shape) + self._offsets[1], state

    def _explore(self, row: int) -> int:
        explore = self._strategy()
        key = bits(np.uint64(stream_key(self.seed, "predict")), np.uint64(self._predictions))
        self._predictions += 1
        return int(choose(explore.code, explore.params, *self._rows(), row, np.uint64(key), self.num_timesteps))

    def save(self, path: str | Path) -> None:
        """Write the learner to one file, whole or not at all: safetensors, its settings as JSON inside."""
        from daedalus.core.files import write_arrays

        settings = {field.name: getattr(self.config, field.name) for field in dataclasses.fields(self.config)}
        about = {
            "format": _FORMAT,
            "learner": type(self).__name__,
            "seed": self.seed,
            "config": {key: str(value) if isinstance(value, Spec) else value for key, value in settings.items()},
            "world": self._world,
            "offsets": self._offsets,
        }
        write_arrays(Path(path), self._now._asdict(), {"daedalus": json.dumps(about)})

    @classmethod
    def load(cls, path: str | Path, env: "Place | str | None" = None, device: str = "auto") -> Self:
        """Read a saved learner. With `env` it can learn on: in the exact world it left, as if never interrupted;
        elsewhere from a new episode. Raises `UserError` for a file that is damaged or holds another learner.
        """
        from daedalus.core.files import damaged, read_arrays

        if device not in ("auto", "cpu"):
            raise UserError(f"tables live on the CPU; device must be 'auto' or 'cpu', not {device!r}")
        arrays, metadata = read_arrays(Path(path), "save the learner again")
        try:
            about = json.loads(metadata["daedalus"])
            kind, version = about["learner"], about["format"]
        except (KeyError, ValueError) as error:
            raise damaged(Path(path), "no learner of daedalus in it", "save the learner again") from error
        if version > _FORMAT:
            raise UserError(f"{path} was written by a newer version of daedalus; upgrade to read it")
        if kind != cls.__name__:
            raise UserError(f"{path} holds a {kind}, not a {cls.__name__}; call {kind}.load")
        return cls._revived(arrays, about, env)

    @classmethod
    def _revived(cls, arrays: dict[str, Any], about: dict[str, Any], env: "Place | str | None") -> Self:
        settings = {
            key: parse_spec(value) if isinstance(value, str) else value for key, value in about["config"].items()
        }
        self = cls.__new__(cls)
        self.seed, self.config = about["seed"], fill(cls.config_class, settings, cls.__name__)
        self._now, self._body = cls._memory(arrays), None
        self._world, self._offsets = about["world"], (about["offsets"][0], about["offsets"][1])
        self._predictions = 0
        if env is not None:
            self._settle(place(env, self.seed))
        return self

    def _settle(self, where: "Place") -> None:
        """Move with all memory to a place; the running episode comes along only into the same exact world."""
        body, memory = self._embody(where), self._now._asdict()
        same_episode = body.world is not None and body.world == self._world
        for name, array in body.now._asdict().items():
            if array.shape != memory[name].shape:
                raise UserError(
                    f"this learner's {name} has shape {memory[name].shape[1:]}, and the environment needs "
                    f"{array.shape[1:]}; give the environment it learnt in"
                )
            if same_episode or name not in _OF_AN_EPISODE:
                array[...] = memory[name]
        self._body, self._now, self._world, self._offsets = body, body.now, body.world, body.offsets


#: Arrays that say where an episode stands, not what was learnt.
_OF_AN_EPISODE = ("state", "action", "length", "ret")


def place(env: "Place | str", seed: int) -> "Place":
    """What to live in: the exact problem that `env` names or stands on, else the environment itself."""
    if isinstance(env, World | Bandit):
        return env
    from daedalus.envs import load_problem, problem_of

    if not isinstance(env, str):
        return problem_of(env) or env
    problem = load_problem(parse_spec(env), seed)
    return problem.make() if isinstance(problem, OpenWorld) else problem


def _shown(ends: list[int]) -> Any:
    from rich.console import Console
    from rich.progress import track

    return track(ends, description="learning", console=Console(stderr=True))
