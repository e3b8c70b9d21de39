"""Mazes with a layout for each seed or each episode: one value for what all these levels share."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP
from daedalus.core.rng import stream_key
from daedalus.core.world import LONGEST, Observation, Scene, Sight, Tile, World
from daedalus.envs.tiling import ACTIONS, MOVES, grid_world

from .names import Each, Generator
from .tiles import drawn_tiles

if TYPE_CHECKING:
    import gymnasium

    from daedalus.envs.vector.kernel import Kernel

#: What shows an agent the layout that it is in.
REVEALING: tuple[Sight, ...] = ("symbolic", "pixels", "view", "heading_view")


@dataclass(frozen=True, eq=False)
class Levels:
    """Mazes of one kind, a layout for each seed or each episode. -1 a step, 0 for the step into a goal.

    States are the numbers of all tiles in reading order, the same for all layouts; on a wall nobody ever stands. Under
    a heading_view the heading is state, too: four states a tile.
    """

    name: str
    rows: int  # cells
    columns: int
    generator: Generator
    braid: float
    goals: int
    slip: float
    horizon: int | None
    each: Each
    observation: Observation = field(default_factory=Observation)

    def __post_init__(self) -> None:
        if self.horizon is not None and not 1 <= self.horizon <= LONGEST:
            raise UserError(f"{self.name}: the time limit must be at least 1 step and at most {LONGEST:,}; or none")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return 2 * self.rows + 1, 2 * self.columns + 1

    def world(self, seed: int) -> World:
        """The layout of a seed as a finite world."""
        return self.world_of(self.tiles(np.uint64(stream_key(seed, "layout"))))

    def tiles(self, key: np.uint64) -> Pixels:
        """The layout that a key draws, (rows, columns) of `Tile`."""
        keys = np.array([key], dtype=np.uint64)
        drawn = drawn_tiles(self.generator, self.rows, self.columns, keys, self.braid, self.goals)
        tiles: Pixels = drawn[0]
        return tiles

    def world_of(self, tiles: Pixels) -> World:
        """The finite world of a layout, (rows, columns) of `Tile`; its walls are states, which absorb."""
        plain = grid_world(self.name, tiles, self.slip, self.horizon)
        floor = np.flatnonzero(tiles != Tile.WALL).astype(np.int32)
        own = np.arange(tiles.size, dtype=np.int32)[:, None, None]
        next_state = np.broadcast_to(own, (tiles.size, *plain.mdp.next_state.shape[1:])).copy()
        next_state[floor] = floor[plain.mdp.next_state]
        cell = np.full((tiles.size, 2), -1)
        cell[floor] = np.argwhere(tiles != Tile.WALL)
        mdp = FiniteMDP(
            next_state=next_state,
            probability=np.broadcast_to(plain.mdp.probability[:1], next_state.shape),
            reward=_spread(plain.mdp.reward, floor, tiles.size, 0.0),
            start=_spread(plain.mdp.start, floor, tiles.size, 0.0),
            terminal=_spread(plain.mdp.terminal, floor, tiles.size, True),
        )
        scene = Scene(tiles, cell, MOVES)
        world = World(self.name, mdp, self.horizon, ACTIONS, scene, observation=self.observation)
        if self.observation.sight != "heading_view":
            return world
        from daedalus.envs.observing import with_heading

        return with_heading(world)

    def space(self) -> "gymnasium.Space[Any]":
        """The space of what is shown. Raises `UserError` for an observation that does not tell which layout it is."""
        from daedalus.envs.observing import observer_of

        self.check()
        return observer_of(self.world(0)).space

    def check(self) -> None:
        """Refuse an observation that is none, or does not tell which layout an agent is in. Raises `UserError`."""
        from daedalus.envs.observing.seeable import check

        check(self.world(0))
        sight = self.observation.sight
        if self.each == "episode" and sight not in REVEALING:
            raise UserError(
                f"{self.name}: layout=per_episode needs an observation that shows the layout, not {sight}; "
                f"choose observation={'|'.join(REVEALING)}"
            )

    def environment(self, render_mode: str | None = None) -> "gymnasium.Env[Any, Any]":
        """The Gymnasium environment. Raises `UserError` as `space` does."""
        from .levels_env import LevelsEnv

        return LevelsEnv(self, render_mode)

    def kernel(self, num_envs: int) -> "Kernel":
        """Many at once. Raises `UserError` as `space` does."""
        from daedalus.envs.vector.levels import LevelsKernel

        return LevelsKernel(self, num_envs)

    def seen_as(self, name: str, observation: Observation) -> "Levels":
        """The same levels under another name and observation."""
        return replace(self, name=name, observation=observation)


def _spread(array_S: Any, floor: Any, tiles: int, fill: float | bool) -> Any:
    """An array over the tiles that are no wall as one over all tiles."""
    spread = np.full((tiles, *array_S.shape[1:]), fill, dtype=array_S.dtype)
    spread[floor] = array_S
    return spread
