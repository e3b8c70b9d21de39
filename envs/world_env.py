"""The one Gymnasium environment of all finite worlds."""

import dataclasses
from bisect import bisect_right
from operator import index
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.errors import UserError
from daedalus.core.rng import stream_key
from daedalus.core.sampling import restart_state, start_state, tables
from daedalus.core.world import World

from .draw_ahead import BLOCK, uniform_draws
from .showing.canvas import RENDER_MODES, Canvas


@final
class WorldEnv(gymnasium.Env[Any, Any]):
    """A finite world to step through; the observation is the state's index.

    `reset(seed=s)` starts the streams of seed s, from which this environment and the compiled learners draw the
    same numbers (`daedalus.core.sampling`). The world's own time limit truncates. A world imported with an absorbing
    state behind its own shows the last state before it. `step` uses lists and no NumPy, for speed.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 10}  # noqa: RUF012 - as the base class has it

    def __init__(self, world: World, render_mode: str | None = None) -> None:
        if render_mode is not None and world.scene is None:
            raise UserError(f"{world.name} has no scene to draw; leave render_mode out")
        self._canvas = Canvas(render_mode, world.name)
        self.world = world
        if world.scene is None:
            self.metadata = {**self.metadata, "render_modes": []}
        self.render_mode = render_mode
        self._spec: EnvSpec | None = None
        self.observation_space = gymnasium.spaces.Discrete(world.states)
        self.action_space = gymnasium.spaces.Discrete(world.mdp.actions)
        self._tables = tables(world.mdp)
        self._actions, self._outcomes = world.mdp.actions, world.mdp.outcomes
        self._next: list[int] = world.mdp.next_state.ravel().tolist()
        self._reward: list[float] = world.mdp.reward.ravel().tolist()
        self._terminal: list[bool] = world.mdp.terminal.tolist()
        self._cumulative: list[float] = self._tables.cumulative.ravel().tolist() if self._outcomes > 1 else []
        self._limit = world.horizon or 2**63
        self._draws: list[float] = []
        self._seeded = False
        self._state = self._shown = -1
        self._t = 0  # steps since seeding
        self._elapsed = 0  # steps of this episode
        self._over = True

    @property
    def spec(self) -> EnvSpec | None:
        """How `gymnasium.make` made it, with the world's own time limit; None where it did not."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None and spec.max_episode_steps is None:
            spec = dataclasses.replace(spec, max_episode_steps=self.world.horizon)
        self._spec = spec

    @property
    def state(self) -> int:
        """The state's number now, whatever of it is shown; -1 before the first reset."""
        return self._shown

    @property
    def steps(self) -> int:
        """Steps since seeding, across episodes."""
        return self._t

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Begin an episode. With a seed, begin its streams anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._seed(int(self.np_random.integers(2**31)) if seed is None else seed)
        if self._elapsed:
            self._state = restart_state(self._tables, self._world_key, self._t - 1)
        else:  # also where resets follow each other without a step
            self._state = start_state(self._tables, self._start_key, np.uint64(self._extra_starts))
            self._extra_starts += 1
        self._shown = self._state
        self._elapsed, self._over = 0, False
        return self._state, {}

    def _seed(self, seed: int) -> None:
        self._seeded = True
        self._world_key = np.uint64(stream_key(seed, "world"))
        self._start_key = np.uint64(stream_key(seed, "start"))
        self._t = 0  # steps since seeding
        self._elapsed = self._extra_starts = 0

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
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
                self._draws = uniform_draws(self._world_key, self._t).tolist()
            entry *= self._outcomes
            entry = bisect_right(self._cumulative, self._draws[position], entry, entry + self._outcomes)
        self._t += 1
        self._elapsed += 1
        self._state = state = self._next[entry]
        terminated = self._terminal[state]
        truncated = not terminated and self._elapsed >= self._limit
        self._over = terminated or truncated
        if state < self.world.states:
            self._shown = state
        return self._shown, self._reward[entry], terminated, truncated, {}

    def render(self) -> Any:
        """The scene with the agent in it: text for "ansi", pixels (H, W, 3) for "rgb_array", a window for "human"."""
        from .drawing.scenes import draw, draw_text

        scene, agent = self.world.scene, self._shown if self._shown >= 0 else None
        if scene is None:
            return None
        return self._canvas.show(lambda: draw(scene, agent=agent), lambda: draw_text(scene, agent))

    def close(self) -> None:
        """Close the window, if there is one."""
        self._canvas.close()
