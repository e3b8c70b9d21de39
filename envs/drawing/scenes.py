"""Pictures of a scene: pixels with overlays. NumPy only."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.staging import cells_of, like, staged
from daedalus.core.world import Scene

from .board import Board
from .ground import paint, plain
from .overlays import (
    Crowd,
    dim_unseen,
    draw_arrows,
    draw_path,
    draw_trail,
    heat_actions,
    heat_values,
    heat_visits,
)
from .palette import THEMES
from .pieces import FLAT, SMALLEST_MARKED, STANDING, covered, draw_agent, draw_badges, draw_pieces
from .text import colour_text as colour_text
from .text import draw_text as draw_text

MOST_PIXELS = 2**26  # 192 MiB of colours


def draw(
    scene: Scene,
    tile: int = 24,
    values: Floats | None = None,
    q: Floats | None = None,
    policy: Ints | None = None,
    visits: Floats | None = None,
    agent: int | None = None,
    path: Sequence[int] | Ints | None = None,
    trail: Sequence[int] | Ints | None = None,
    seen: Bools | None = None,
    theme: Literal["light", "dark"] = "light",
    scale: tuple[float, float] | None = None,
) -> Pixels:
    """Draw a scene at `tile` pixels a tile, (rows · tile, columns · tile, 3). Raises `UserError`.

    `agent` is a state: the agent, the pieces and, of a set, the level are drawn as they are in it; without one, as
    in the first state (of the first level) in which most of them lie apart. What stands on the agent's own tile hangs
    in the tile's corners; tiles of less than 8 pixels have colours only, and there the agent may hide it.

    One of `values` (S,), `q` (S, A) and `visits` (S,) colours the tiles; values that are not finite and states never
    visited stay plain. `policy` (S,) of actions becomes arrows (-1: none). States that share a tile show their mean
    value, their sum of visits, and an arrow where they agree; values and arrows are of the states in which all pieces
    are where they are drawn. Hazards keep their look, and goals get no arrow: nobody acts there. `path` is a line
    through states, `trail` the states met last, the latest at the end, as fading dots; `seen` (rows, columns) dims
    all other tiles. `scale` is the lowest and the highest of `values` in all of several pictures that are compared.
    """
    if theme not in THEMES:
        raise unknown("theme", theme, THEMES)
    _check(scene, tile, agent)
    _check_overlays(scene, values, q, policy, visits)
    look = THEMES[theme]
    scene, now = staged(scene, agent)
    every = Crowd(scene, np.ones(len(scene.cell), dtype=np.bool_))
    told = any(overlay is not None for overlay in (values, q, policy))
    alike = Crowd(scene, like(scene, now)) if told else every
    ground = plain(scene.tiles, look)
    if values is not None:
        ground = heat_values(ground, alike, values, look, scale)
    if q is not None:
        ground = heat_actions(ground, alike, q, look)
    if visits is not None:
        ground = heat_visits(ground, every, visits, look)
    board = Board(paint(ground, tile, theme), tile, look)
    stands = None if agent is None or scene.cell[agent, 0] < 0 else scene.cell[agent]
    draw_pieces(board, scene, now, theme, FLAT)
    if tile >= SMALLEST_MARKED and policy is not None:
        draw_arrows(board, ground, alike, policy, without=covered(scene, now))
    if path is not None and len(cells := cells_of(scene, path)):
        draw_path(board, cells)
    draw_pieces(board, scene, now, theme, STANDING, without=stands)
    if trail is not None:
        draw_trail(board, [(int(row), int(column)) for row, column in cells_of(scene, trail)])
    if stands is not None:
        heading = None if scene.heading is None else int(scene.heading[now])
        draw_agent(board, stands, heading, theme)
        draw_badges(board, scene, now, stands, theme)
    if seen is not None:
        if np.shape(seen) != scene.tiles.shape:
            raise UserError(f"seen must have shape {scene.tiles.shape}, a truth a tile, not {np.shape(seen)}")
        dim_unseen(board, np.asarray(seen, dtype=np.bool_))
    return board.pixels


def _check(scene: Scene, tile: int, agent: int | None) -> None:
    rows, columns = scene.tiles.shape[-2:]
    if tile < 1:
        raise UserError(f"a tile must be at least 1 pixel wide, not {tile}")
    if rows * columns * tile * tile > MOST_PIXELS:
        fits = int((MOST_PIXELS / (rows * columns)) ** 0.5)
        advice = f"draw it with tile={fits} or less" if fits else "it cannot be drawn whole"
        raise UserError(f"{rows:,} × {columns:,} tiles of {tile} pixels make too large a picture; {advice}")
    if agent is not None and not 0 <= agent < len(scene.cell):
        raise UserError(f"agent must be a state, 0…{len(scene.cell) - 1}, not {agent}")


def _check_overlays(
    scene: Scene, values: Floats | None, q: Floats | None, policy: Ints | None, visits: Floats | None
) -> None:
    states, actions = len(scene.cell), len(scene.moves)
    for name, array in (("values", values), ("policy", policy), ("visits", visits)):
        if array is not None and np.shape(array) != (states,):
            raise UserError(f"{name} must have shape ({states},), a number a state, not {np.shape(array)}")
    if q is not None and np.shape(q) != (states, actions):
        raise UserError(f"q must have shape ({states}, {actions}), a number a state and action, not {np.shape(q)}")
    if sum(heat is not None for heat in (values, q, visits)) > 1:
        raise UserError("values, q and visits all colour the tiles; draw them one at a time")
    if policy is not None and states and not -1 <= np.min(policy) <= np.max(policy) < actions:
        raise UserError(f"policy must hold actions 0…{actions - 1}, or -1 for none")
