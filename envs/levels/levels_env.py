"""The Gymnasium environment of levels: a maze for each seed or each episode."""

import dataclasses
from bisect import bisect_right
from operator import index
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import InvalidAction, ResetNeeded

from daedalus.core.arrays import Pixels
from daedalus.core.rng import stream_key
from daedalus.core.sampling import tables
from daedalus.core.world import LONGEST, Tile, World
from daedalus.envs.draw_ahead import BLOCK, uniform_draws
from daedalus.envs.observing import action_masks, observer_of
from daedalus.envs.restoring import (
    COUNTS,
    FLAG,
    KEYS,
    another,
    check_arrays,
    check_label,
    check_numbers,
    divert_generator,
    generator_state,
    label,
    restore_generator,
)
from daedalus.envs.showing.canvas import RENDER_MODES, Canvas

from .levels import Levels
from .packed import episode_key


@final
class LevelsEnv(gymnasium.Env[Any, Any]):
    """A maze for each seed or each episode, to step through.

    `reset(seed=s)` starts the streams of seed s and, with a layout for each seed, draws that of s and keeps it:
    from there on all is as in `levels.world(s)`. With a layout for each episode every reset draws another one.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 10}  # noqa: RUF012 - as the base class has it

    def __init__(self, levels: Levels, render_mode: str | None = None) -> None:
        self._canvas = Canvas(render_mode, levels.name)
        self.levels = levels
        self.render_mode = render_mode
        self._spec: EnvSpec | None = None
        self.observation_space = levels.space()
        self.action_space = gymnasium.spaces.Discrete(4)
        self._limit = levels.horizon or LONGEST
        self._seeded = False
        self._over = True

    @property
    def spec(self) -> EnvSpec | None:
        """How `gymnasium.make` made it, with the levels' own time limit; None where it did not."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None and spec.max_episode_steps is None:
            spec = dataclasses.replace(spec, max_episode_steps=self.levels.horizon)
        self._spec = spec

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode. With a seed, begin its streams anew; the first reset without one draws a seed."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._seed(int(self.np_random.integers(2**31)) if seed is None else seed)
        if self.levels.each == "episode":
            self._enter(self.levels.tiles(episode_key(self._layout_key, self._episode)))
        self._episode += 1
        self._state = self._start
        self._elapsed, self._over = 0, False
        if self.render_mode == "human":
            self.render()
        return self._observer.one(self._state), self._info()

    def _seed(self, seed: int) -> None:
        self._seeded = True
        self._world_key = np.uint64(stream_key(seed, "world"))
        self._layout_key = np.uint64(stream_key(seed, "layout"))
        self._t = self._episode = 0  # steps and episodes since seeding
        if self.levels.each == "seed":
            self._enter(self.levels.tiles(self._layout_key))

    def _enter(self, tiles: Pixels) -> None:
        """Make ready to walk in a layout."""
        self._world: World = self.levels.world_of(tiles)
        mdp, self._tiles = self._world.mdp, tiles
        self._observer = observer_of(self._world)
        self._masks = action_masks(self._world) if self.levels.observation.action_mask else None
        self._start = int(np.argmax(mdp.start))
        self._outcomes = mdp.outcomes
        self._next: list[int] = mdp.next_state.ravel().tolist()
        self._reward: list[float] = mdp.reward.ravel().tolist()
        self._terminal: list[bool] = mdp.terminal.tolist()
        self._cumulative: list[float] = tables(mdp).cumulative[0, 0].tolist()  # slipping is the same everywhere

    def _info(self) -> dict[str, Any]:
        return {} if self._masks is None else {"action_mask": self._masks[self._state].copy()}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Act. Raises `ResetNeeded` where no episode is under way, `InvalidAction` for an action that is not there."""
        if self._over:
            raise ResetNeeded("the episode is over, or none has begun; call reset() before step()")
        action = index(action)
        if not 0 <= action < 4:
            raise InvalidAction(f"an action is one of 0…3, not {action}")
        entry = (self._state * 4 + action) * self._outcomes
        if self._outcomes > 1:
            if self._t % BLOCK == 0:
                self._draw()
            entry += bisect_right(self._cumulative, self._draws[self._t % BLOCK])
        self._t += 1
        self._elapsed += 1
        self._state = state = self._next[entry]
        terminated = self._terminal[state]
        truncated = not terminated and self._elapsed >= self._limit
        self._over = terminated or truncated
        if self.render_mode == "human":
            self.render()
        return self._observer.one(state), self._reward[entry], terminated, truncated, self._info()

    def _draw(self) -> None:
        """The draws of the block in which the next step stands."""
        self._draws: list[float] = uniform_draws(self._world_key, self._t - self._t % BLOCK).tolist()

    def render(self) -> Any:
        """The maze with the agent in it: text for "ansi", pixels (H, W, 3) for "rgb_array", a window for "human"."""
        from daedalus.envs.drawing.scenes import draw, draw_text

        if not self._seeded:
            raise ResetNeeded("call reset() first: it draws the maze")
        scene, state, tile = self._world.scene, self._state, self.levels.observation.drawn_tile
        assert scene is not None
        return self._canvas.show(lambda: draw(scene, tile, agent=state), lambda: draw_text(scene, state))

    def close(self) -> None:
        """Close the window, if there is one."""
        self._canvas.close()

    def snapshot(self) -> dict[str, Any]:
        """All state, random streams and `np_random` included; `restore` takes it up."""
        state: dict[str, Any] = {"problem": label(self.levels), **generator_state(self), "over": self._over}
        if self._seeded:
            state |= {key: getattr(self, f"_{key}") for key in _KEPT} | {"tiles": self._tiles.copy()}
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `snapshot` of an environment of the same levels gave. Raises `UserError` for others'."""
        check_label(self.levels, state)
        check_numbers(state, {"over": FLAG})
        if "tiles" in state:
            headings = 4 if self.levels.observation.sight == "heading_view" else 1
            tiles = np.zeros(self.levels.shape, np.uint8)
            check_arrays({"tiles": tiles}, state, {"tiles": (0, max(Tile))})
            states = (0, tiles.size * headings - 1)
            counts = dict.fromkeys(("t", "elapsed", "episode"), COUNTS)
            check_numbers(state, {"state": states, "world_key": KEYS, "layout_key": KEYS, **counts})
        restore_generator(self, state)
        self._over, self._seeded = state["over"], "tiles" in state
        if self._seeded:
            for key in _KEPT:
                setattr(self, f"_{key}", state[key])
            self._enter(state["tiles"])
            self._draw()

    def divert(self, stream: int) -> None:
        """From here on another future: chance, and the mazes to come, are drawn from streams of that number."""
        divert_generator(self, stream)
        if self._seeded:
            self._world_key, self._layout_key = another(self._world_key, stream), another(self._layout_key, stream)
            self._draw()


_KEPT = ("world_key", "layout_key", "t", "episode", "state", "elapsed")
