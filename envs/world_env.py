"""The one Gymnasium environment of all finite worlds, those that change in mid-run included."""

import copy
import dataclasses
from bisect import bisect_right
from collections.abc import Callable
from operator import index
from typing import Any, NamedTuple, final

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.sampling import Tables, restart_state, start_state, tables
from daedalus.core.world import LONGEST, Schedule, World

from .draw_ahead import BLOCK, uniform_draws
from .restoring import (
    COUNTS,
    FLAG,
    KEYS,
    another,
    check_label,
    check_numbers,
    divert_generator,
    generator_state,
    label,
    restore_generator,
)
from .showing.canvas import RENDER_MODES, Canvas
from .vector.packed import phases_of, worlds_of

_KEPT = 16  # worlds of a schedule that stay laid out as lists


class _Laid(NamedTuple):
    """A phase as lists, each flat over (state, action, outcome): NumPy costs a step more than all else together."""

    next_state: list[int]  # what is shown next; an import's absorbing state shows the one before it
    reward: list[float]
    ends: list[bool]
    cumulative: list[float]  # over the outcomes
    outcomes: int
    tables: Tables


@final
class WorldEnv(gymnasium.Env[Any, Any]):
    """A finite world to step through; the observation is what `World.observation` asks for.

    `reset(seed=s)` starts the streams of seed s, from which this environment and the compiled learners draw the
    same numbers (`daedalus.core.sampling`). The world's own time limit truncates. A world that changes counts steps
    since seeding, across episodes: a step follows the phase it is taken in, and what is seen, and where an episode
    begins, the phase of the step to come. A world imported with an absorbing state behind its own shows the last
    state before it. `reset` tells in info["made"] what became of levels that a model drew (`World.made`). `step` uses
    lists and no NumPy, for speed.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 10}  # noqa: RUF012 - as the base class has it

    def __init__(self, world: World | Schedule, render_mode: str | None = None) -> None:
        self._phases = phases_of(world)
        first = self._phases[0]
        if render_mode is not None and first.scene is None:
            raise UserError(f"{world.name} has no scene to draw; leave render_mode out")
        self._canvas = Canvas(render_mode, world.name)
        self.world = world
        if first.scene is None:
            self.metadata = {**self.metadata, "render_modes": []}
        self.render_mode = render_mode
        self._spec: EnvSpec | None = None
        self.action_space = gymnasium.spaces.Discrete(first.mdp.actions)
        self._look_through(first)
        self._actions, self._limit = first.mdp.actions, first.horizon or LONGEST
        self._laid: dict[int, _Laid] = {}  # by the number of the world
        self._seeded = False
        self._state = -1
        self._t = 0  # steps since seeding
        self._elapsed = 0  # steps of this episode
        self._over = True
        self._enter(0)

    def _look_through(self, first: World) -> None:
        """Set what is seen: the observation space, each phase's observer and, where asked for, each world's masks."""
        self._lookers: list[Callable[[int], Any]] = []
        if first.tabular:
            self.observation_space: gymnasium.Space[Any] = gymnasium.spaces.Discrete(first.states)
        else:
            from .observing import observers_of

            observers = observers_of(self.world)
            self.observation_space, self._lookers = observers[0].space, [observer.one for observer in observers]
        self._masks: list[Any] = []
        if first.observation.action_mask:
            from .observing import action_masks

            self._masks = [action_masks(world) for world in worlds_of(self.world)]

    def _enter(self, phase: int) -> None:
        """Live by the tables of that phase, until the next one begins."""
        number = 0 if isinstance(self.world, World) else int(self.world.which[phase])
        if number not in self._laid:
            if len(self._laid) == _KEPT:
                del self._laid[next(iter(self._laid))]
            self._laid[number] = _lay_out(self._phases[phase])
        laid = self._laid[number]
        self._phase, self._tables, self._outcomes = phase, laid.tables, laid.outcomes
        self._next, self._reward, self._ends, self._cumulative = laid[:4]
        self._sole_start = int(laid.tables.starts[0]) if laid.tables.starts.size == 1 else None
        self._look = self._lookers[phase] if self._lookers else None
        self._mask = self._masks[number] if self._masks else None
        last = isinstance(self.world, World) or phase + 1 == len(self._phases)
        self._until = LONGEST if last else int(self.world.since[phase + 1])  # type: ignore[union-attr]
        self._draw()

    def _draw(self) -> None:
        """Draw what decides the steps of the block that the next step lies in."""
        self._draws: list[float] = []
        if self._seeded and self._outcomes > 1:
            self._draws = uniform_draws(self._world_key, self._t - self._t % BLOCK).tolist()

    @property
    def spec(self) -> EnvSpec | None:
        """How `gymnasium.make` made it, with the world's own time limit; None where it did not."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None and spec.max_episode_steps is None:
            spec = dataclasses.replace(spec, max_episode_steps=self._phases[0].horizon)
        self._spec = spec

    @property
    def state(self) -> int:
        """The state's number now, whatever of it is shown; -1 before the first reset."""
        return self._state

    @property
    def steps(self) -> int:
        """Steps since seeding, across episodes."""
        return self._t

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode. With a seed, begin its streams anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._seed(int(self.np_random.integers(2**31)) if seed is None else seed)
        if self._sole_start is not None:  # no draw, whose compiled call would cost more than all else here
            self._state = self._sole_start
            self._extra_starts += not self._elapsed
        elif self._elapsed:
            self._state = restart_state(self._tables, self._world_key, self._t - 1)
        else:  # also where resets follow each other without a step
            self._state = start_state(self._tables, self._start_key, np.uint64(self._extra_starts))
            self._extra_starts += 1
        self._elapsed, self._over = 0, False
        if self.render_mode == "human":
            self.render()
        told = {"made": dict(made)} if (made := self._phases[0].made) else {}
        return self._state if self._look is None else self._look(self._state), told | self._info()

    def _seed(self, seed: int) -> None:
        self._seeded = True
        self._world_key = np.uint64(stream_key(seed, "world"))
        self._start_key = np.uint64(stream_key(seed, "start"))
        self._t = self._elapsed = self._extra_starts = 0
        self._enter(0)

    def _info(self) -> dict[str, Any]:
        return {} if self._mask is None else {"action_mask": self._mask[self._state].copy()}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take an action. Raises `ResetNeeded` between episodes and `InvalidAction` for what is none."""
        if self._over:
            raise ResetNeeded("the episode is over, or none has begun; call reset() before step()")
        action = index(action)
        if not 0 <= action < self._actions:
            raise InvalidAction(f"an action is one of 0…{self._actions - 1}, not {action}")
        entry = self._state * self._actions + action
        if self._outcomes > 1:
            position = self._t % BLOCK
            if position == 0:
                self._draw()
            entry *= self._outcomes
            entry = bisect_right(self._cumulative, self._draws[position], entry, entry + self._outcomes)
        self._t += 1
        self._elapsed += 1
        self._state = state = self._next[entry]
        reward, terminated = self._reward[entry], self._ends[entry]
        truncated = not terminated and self._elapsed >= self._limit
        self._over = terminated or truncated
        if self._t >= self._until:
            self._enter(self._phase + 1)
        if self._look is None and self._mask is None and self.render_mode != "human":
            return state, reward, terminated, truncated, {}
        if self.render_mode == "human":
            self.render()
        return state if self._look is None else self._look(state), reward, terminated, truncated, self._info()

    def render(self) -> Any:
        """The scene with the agent in it: text for "ansi", pixels (H, W, 3) for "rgb_array", a window for "human"."""
        from .drawing.scenes import draw, draw_text

        world, agent = self._phases[self._phase], self._state if self._state >= 0 else None
        scene, tile = world.scene, world.observation.drawn_tile
        if scene is None:
            return None
        return self._canvas.show(lambda: draw(scene, tile, agent=agent), lambda: draw_text(scene, agent))

    def close(self) -> None:
        """Close the window, if there is one."""
        self._canvas.close()

    def snapshot(self) -> dict[str, Any]:
        """All state, random streams included, as plain numbers; `daedalus.envs.snapshot` takes the wrappers' too."""
        counters: dict[str, Any] = {"problem": label(self.world), **generator_state(self)}
        counters |= {"state": self._state, "steps": self._t, "elapsed": self._elapsed, "over": self._over}
        if not self._seeded:
            return counters
        keys = {"world_key": int(self._world_key), "start_key": int(self._start_key)}
        return counters | keys | {"extra_starts": self._extra_starts}

    def restore(self, taken: dict[str, Any]) -> None:
        """Take up what `snapshot` gave: from here on, the same future. Raises `UserError` for another world's."""
        check_label(self.world, taken)
        states = (-1, self._phases[0].states - 1)
        check_numbers(taken, {"state": states, "steps": COUNTS, "elapsed": COUNTS, "over": FLAG})
        if "world_key" in taken:
            check_numbers(taken, {"world_key": KEYS, "start_key": KEYS, "extra_starts": COUNTS})
        restore_generator(self, taken)
        self._state, self._t = taken["state"], taken["steps"]
        self._elapsed, self._over = taken["elapsed"], taken["over"]
        self._seeded = "world_key" in taken
        if self._seeded:
            self._world_key, self._start_key = np.uint64(taken["world_key"]), np.uint64(taken["start_key"])
            self._extra_starts = taken["extra_starts"]
        self._enter(0 if isinstance(self.world, World) else self.world.phase(self._t))

    def divert(self, stream: int) -> None:
        """From here on another future: chance draws from streams of that number."""
        divert_generator(self, stream)
        if self._seeded:
            self._world_key, self._start_key = another(self._world_key, stream), another(self._start_key, stream)
            self._draw()

    def __deepcopy__(self, memo: dict[int, Any]) -> "WorldEnv":
        """Goes on like the original; what never changes is shared."""
        twin = copy.copy(self)
        for name in ("_np_random", "_canvas", "_spec", "action_space", "observation_space"):
            setattr(twin, name, copy.deepcopy(getattr(self, name), memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: the world and where one stands in it; tables are made again there."""
        kept = {name: getattr(self, name) for name in ("_spec", "_canvas", "action_space", "observation_space")}
        return {"made of": (self.world, self.render_mode), "snapshot": self.snapshot()} | kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state.pop("made of"))
        self.restore(state.pop("snapshot"))
        self.__dict__.update(state)


def _lay_out(world: World) -> _Laid:
    laid = tables(world.mdp)
    own = np.arange(world.mdp.states, dtype=np.int32).reshape(-1, 1, 1)
    shown = np.where(laid.next_state < world.states, laid.next_state, own)
    cumulative = laid.cumulative.ravel().tolist() if world.mdp.outcomes > 1 else []
    ends = laid.terminal[laid.next_state].ravel().tolist()
    return _Laid(shown.ravel().tolist(), laid.reward.ravel().tolist(), ends, cumulative, world.mdp.outcomes, laid)
