"""Many mazes at once, a layout for each environment: strings of bits, moved by compiled code."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy as np
from gymnasium.error import InvalidAction

from daedalus.core.arrays import Bools, Ints, Pixels
from daedalus.core.rng import stream_keys
from daedalus.core.world import LONGEST, Scene
from daedalus.envs.levels.moving import Places, move
from daedalus.envs.levels.names import CODES
from daedalus.envs.levels.packed import Plan, draw_mazes, episode_keys, unpacked
from daedalus.envs.levels.seeing import masks, planes, views
from daedalus.envs.observing.sightlines import sightlines, whole
from daedalus.envs.restoring import COUNTS, take_up
from daedalus.envs.tiling import MOVES

from .kernel import Stepped

if TYPE_CHECKING:
    from daedalus.envs.levels.levels import Levels


@final
class LevelsKernel:
    """N environments of `Levels`. Environment i does what `LevelsEnv` does under the same seed and actions.

    Each keeps its maze as a string of bits (`levels.packed`), its place and its counters: a maze of 21 × 21 tiles is
    64 bytes, or 96 with what a view of 7 × 7 tiles may see around it.
    """

    def __init__(self, levels: "Levels", num_envs: int) -> None:
        self.num_envs = num_envs
        self.single_observation_space: gymnasium.Space[Any] = levels.space()
        self.single_action_space = gymnasium.spaces.Discrete(4)
        self._levels, self._sight = levels, levels.observation.sight
        size = levels.observation.view_size
        margin = {"view": size // 2, "heading_view": size - 1}.get(self._sight, 0)
        self._plan = plan = Plan(
            levels.rows, levels.columns, CODES[levels.generator], float(levels.braid), levels.goals, margin
        )
        self._places = Places(
            walls=np.zeros((num_envs, plan.words), np.uint64),
            goals=np.full((num_envs, plan.goals), plan.start, np.int32),
            at=np.full(num_envs, plan.start),
            heading=np.zeros(num_envs, np.int64),
            began=np.zeros(num_envs, np.int64),
            t=np.zeros(num_envs, np.int64),
            world=np.zeros(num_envs, np.uint64),
            layout=np.zeros(num_envs, np.uint64),
            episode=np.zeros(num_envs, np.int64),
        )
        self._shift = np.array([down * plan.stride + right for down, right in MOVES])
        slip = float(levels.slip)
        self._straight = 1 - slip if slip else 1.0
        self._left = float(np.cumsum((1 - slip, slip / 2))[1])
        self._limit = levels.horizon or LONGEST
        self._lines, self._window = sightlines(size, self._sight == "heading_view"), whole(size)
        self._all = np.arange(num_envs)
        bits = np.arange(64 * plan.words) if self._sight == "coordinates" else np.zeros(0, np.int64)
        self._rows_columns = np.stack(np.divmod(bits, plan.stride), axis=1).astype(np.int32)  # of each bit
        self._grounds: Pixels | None = None  # each maze drawn without the agent, from the first picture on
        self._stale = np.ones(num_envs, np.bool_)  # of which mazes that is still to be drawn

    def begin(self, index: Ints, seeds: Ints) -> None:
        """Start the streams of the environments `index` anew, with these seeds, as `reset(seed=…)` does."""
        places, chosen = self._places, seeds.tolist()
        places.world[index] = stream_keys(chosen, "world")
        places.layout[index] = stream_keys(chosen, "layout")
        places.t[index] = places.began[index] = places.episode[index] = 0
        if self._levels.each == "seed":
            index = np.asarray(index, dtype=np.int64)
            draw_mazes(places.walls, places.goals, index, places.layout[index], self._plan, self._plan.stride)
            self._stale[index] = True

    def reset(self, mask_N: Bools) -> None:
        """Begin an episode where the mask is true."""
        places, index = self._places, np.flatnonzero(mask_N)
        if self._levels.each == "episode":
            keys = episode_keys(places.layout, places.episode, index)
            draw_mazes(places.walls, places.goals, index, keys, self._plan, self._plan.stride)
            self._stale[index] = True
        places.episode[index] += 1
        places.at[index] = self._plan.start
        places.heading[index] = 0
        places.began[index] = places.t[index]

    def step(self, actions_N: Ints, over_N: Bools, restart: bool) -> Stepped:
        """Act once everywhere (`Kernel.step`). Raises `InvalidAction`."""
        count = self.num_envs
        seen, reward = np.empty(count, np.int64), np.empty(count)
        terminated, truncated = np.empty(count, np.bool_), np.empty(count, np.bool_)
        laws = (self._straight, self._left, self._limit)
        state = move(
            self._places, actions_N, over_N, restart, False, self._shift, *laws, seen, reward, terminated, truncated
        )
        if state > 0:
            self.reset(over_N)
            state = move(
                self._places, actions_N, over_N, restart, True, self._shift, *laws, seen, reward, terminated, truncated
            )
        if state < 0:
            raise InvalidAction(f"an action is one of 0…3, not {actions_N[-1 - state]}")
        if self._sight != "index":
            return self._seen(self._all), reward, terminated, truncated
        return seen, reward, terminated, truncated

    def observe(self, mask_N: Bools | None = None) -> np.typing.NDArray[Any]:
        """What is shown now, a fresh array: of all (N, ...), or of those in the mask, in order (M, ...)."""
        return self._seen(self._all if mask_N is None else np.flatnonzero(mask_N))

    def _seen(self, index_M: Ints) -> np.typing.NDArray[Any]:
        plan, places, count = self._plan, self._places, len(index_M)
        if self._sight == "index":
            return places.at[index_M]
        if self._sight == "coordinates":
            at = places.at if index_M is self._all else places.at[index_M]
            pairs = self._rows_columns.view(np.int64).ravel().take(at)  # two numbers in one
            return pairs.view(np.int32).reshape(count, 2)
        shape, dtype = self.single_observation_space.shape, self.single_observation_space.dtype
        assert shape is not None
        if self._sight == "one_hot":
            hot = np.zeros((count, *shape), dtype)
            hot[np.arange(count), places.at[index_M]] = 1
            return hot
        if self._sight == "pixels":
            return self._pictures(index_M)
        out = np.empty((count, *shape), np.uint8)
        flat = out.reshape(count, shape[0], -1)
        if self._sight == "symbolic":
            planes(flat, places, index_M)
        else:
            views(flat, places, index_M, self._lines, shape[2], plan.stride, self._window)
        return out

    def _pictures(self, index_M: Ints) -> Pixels:
        """The drawings, (M, H, W, 3): each maze is drawn once, and the agent stamped on its tile."""
        from daedalus.envs.drawing.pieces import agent_stamp
        from daedalus.envs.drawing.scenes import draw

        shape, tile = self.single_observation_space.shape or (), self._levels.observation.seen_tile
        if self._grounds is None:
            self._grounds = np.zeros((self.num_envs, *shape), np.uint8)
        for n in index_M[self._stale[index_M]].tolist():
            self._grounds[n] = draw(self._scene(n)[0], tile)
        self._stale[index_M] = False
        mark, every = agent_stamp(None, tile, "light"), np.arange(len(index_M))
        pictures: Pixels = self._grounds.take(index_M, axis=0)
        tiles = pictures.reshape(len(index_M), shape[0] // tile, tile, shape[1] // tile, tile, 3)
        row, column = np.divmod(self._plan.number(self._places.at[index_M]), shape[1] // tile)
        below = tiles[every, row, :, column]
        tiles[every, row, :, column] = np.rint(mark.ink + mark.clear * below).astype(np.uint8)
        return pictures

    def info(self) -> dict[str, np.typing.NDArray[Any]]:
        """The action masks, (N, 4) int8, where they are asked for."""
        if not self._levels.observation.action_mask:
            return {}
        out = np.empty((self.num_envs, 4), np.int8)
        masks(out, self._places, self._shift, self._straight, self._sight == "heading_view")
        return {"action_mask": out}

    def drawn(self, index: int) -> tuple[Callable[[], Pixels], Callable[[], str]] | None:
        """How environment `index` is drawn now, as pixels and as text."""
        from daedalus.envs.drawing.scenes import draw, draw_text

        (scene, state), tile = self._scene(index), self._levels.observation.drawn_tile
        return lambda: draw(scene, tile, agent=state), lambda: draw_text(scene, state)

    def _scene(self, index: int) -> tuple[Scene, int]:
        """The maze of an environment, and where in it the agent is; a state for every tile."""
        plan, places = self._plan, self._places
        tiles = unpacked(plan, places.walls[index], places.goals[index])
        return Scene(tiles, np.argwhere(tiles < 255), MOVES), int(plan.number(places.at[index : index + 1])[0])

    def snapshot(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state, random streams included."""
        return {name: array.copy() for name, array in self._places._asdict().items()}

    def restore(self, arrays: dict[str, np.typing.NDArray[Any]]) -> None:
        """Take up what `snapshot` gave."""
        bits = (self._plan.start, 64 * (self._plan.words - 1) - self._plan.start)
        counts = dict.fromkeys(("began", "t", "episode"), COUNTS)
        take_up(self._places._asdict(), arrays, {"at": bits, "goals": bits, "heading": (0, 3), **counts})
        self._stale[:] = True
