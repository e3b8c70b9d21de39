"""Observations that are 0 nearly everywhere: a template with a few ones stamped on it."""

from collections.abc import Sequence
from typing import Any, final

import gymnasium
import numpy as np

from daedalus.core.arrays import Pixels, States
from daedalus.core.compiled import lean
from daedalus.core.world import World

from .numbers import shown_numbers
from .stage import Kinds, Stage, kinds_of, stage_of, tiles_of


@final
class StampObserver:
    """Shows the template of the state's level, (L, n), with ones where `places` (S, J) says; -1 is nowhere."""

    def __init__(
        self, space: gymnasium.spaces.Box, templates: np.typing.NDArray[Any], level: States, places: States
    ) -> None:
        self.space: gymnasium.Space[Any] = space
        self._templates, self._level, self._places = np.array(templates), np.array(level), np.array(places, order="C")
        self._shape = space.shape

    def one(self, state: int) -> np.typing.NDArray[Any]:
        """What is shown of a state."""
        row = self._templates[self._level[state]].copy()
        for place in self._places[state].tolist():
            if place >= 0:
                row[place] = 1
        shown: np.typing.NDArray[Any] = row.reshape(self._shape)
        return shown

    def batch(self, states_B: States) -> np.typing.NDArray[Any]:
        """What is shown of many states, (B, ...)."""
        states_B = np.ascontiguousarray(states_B, dtype=np.int32)
        out = np.empty((len(states_B), self._templates.shape[1]), dtype=self._templates.dtype)
        if not _stamp(out, self._templates, self._level, self._places, states_B):
            raise IndexError(f"a state is one of 0…{len(self._places) - 1}")
        return out.reshape(-1, *self._shape)


@lean
def _stamp(
    out: np.typing.NDArray[Any],
    templates: np.typing.NDArray[Any],
    level: States,
    places: States,
    states_B: States,
) -> bool:
    """Fill `out` (B, n); False where a state is none."""
    for b in range(states_B.size):
        state = states_B[b]
        if state < 0 or state >= places.shape[0]:
            return False
        row, template = out[b], templates[level[state]]
        for i in range(row.size):
            row[i] = template[i]
        for j in range(places.shape[1]):
            if places[state, j] >= 0:
                row[places[state, j]] = 1
    return True


def one_hot(worlds: Sequence[World]) -> list[StampObserver]:
    """The index as a vector: 1 at the number that "index" shows, 0 elsewhere, float32."""
    size = max(shown_numbers(world) for world in worlds)
    space = gymnasium.spaces.Box(0, 1, (size,), np.float32)
    made = []
    for world in worlds:
        states = world.mdp.states
        shown = np.arange(states) if world.shows is None else world.shows
        places = np.where(shown < size, shown, -1).astype(np.int32)[:, None]  # states behind the world's show nothing
        made.append(StampObserver(space, np.zeros((1, size), np.float32), np.zeros(states, np.int32), places))
    return made


def symbolic(worlds: Sequence[World]) -> list[StampObserver]:
    """The grid as planes of 0 and 1, (C, rows, columns) uint8.

    In order: wall; hazard and goal, each where the world has any; the agent; each kind of thing (a thing and its
    variant), in the order in which the scene's pieces first show it. Where the heading is state, the agent has four
    planes, one for each heading, 0 up to 3 left. Where the agent has no place its planes are 0.
    """
    stages = [stage_of(world.scene) for world in worlds if world.scene is not None]
    kinds = kinds_of(worlds, stages)
    turned = stages[0].heading is not None
    first = len(kinds.fixtures) + (4 if turned else 1)  # of the things' planes
    shape = (first + len(kinds.things), *stages[0].shape)
    space = gymnasium.spaces.Box(0, 1, shape, np.uint8)
    return [
        StampObserver(space, _templates(stage, kinds, first), stage.level, _places(stage, kinds, first))
        for stage in stages
    ]


def _templates(stage: Stage, kinds: Kinds, first: int) -> Pixels:
    """What never changes in each level, (L, C · T)."""
    planes = np.zeros((len(stage.tiles), first + len(kinds.things), stage.size), dtype=np.uint8)
    for plane, fixture in enumerate(kinds.fixtures):
        planes[:, plane] = (stage.tiles == fixture).reshape(len(stage.tiles), -1)
    for piece in stage.standing:
        if piece.tile[0] >= 0:
            planes[:, first + kinds.things.index((piece.thing, piece.variant)), piece.tile[0]] = 1
    return planes.reshape(len(planes), -1)


def _places(stage: Stage, kinds: Kinds, first: int) -> States:
    """Where the agent and the moving pieces are in the row of all planes, (S, J)."""
    agent = len(kinds.fixtures) + (0 if stage.heading is None else stage.heading.astype(np.int64))
    columns = [np.where(stage.cell >= 0, agent * stage.size + stage.cell, -1)]
    for piece in stage.moving:
        plane, tile = first + kinds.things.index((piece.thing, piece.variant)), tiles_of(piece, len(stage.cell))
        columns.append(np.where(tile >= 0, plane * stage.size + tile, -1))
    places: States = np.stack(columns, axis=1).astype(np.int32)
    return places
