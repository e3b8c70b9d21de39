"""Pictures of a scene: pixels with overlays, and text. NumPy only."""

from typing import Literal

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.errors import UserError, unknown
from daedalus.core.world import Scene, Tile

from . import glyphs
from .palette import THEMES, Colour, Theme, value_colours, visit_colours, wants_light_ink

MOST_PIXELS = 2**26  # 192 MiB of colours
SMALLEST_MARKED = 8  # tiles below this many pixels carry colours only
SMALLEST_LINED = 12  # a hairline would take too much of a smaller tile
_CHUNK = 2**21  # pixels blended at a time
_TEXT = {Tile.FLOOR: "·", Tile.WALL: "█", Tile.START: "S", Tile.GOAL: "G", Tile.HAZARD: "▒"}


def draw(
    scene: Scene,
    tile: int = 24,
    values: Floats | None = None,
    policy: Ints | None = None,
    visits: Floats | None = None,
    agent: int | None = None,
    theme: Literal["light", "dark"] = "light",
) -> Pixels:
    """Draw a scene at `tile` pixels a tile, (rows · tile, columns · tile, 3).

    `values` (S,) and `visits` (S,) colour the tiles (one of them; values that are not finite and states never
    visited stay plain), `policy` (S,) of actions becomes arrows (-1: none), `agent` is a state. States that share
    a tile show their mean value, their sum of visits, and an arrow where they agree. Hazards keep
    their look, and goals get no arrow: nobody acts there. Raises `UserError`.
    """
    if theme not in THEMES:
        raise unknown("theme", theme, THEMES)
    look, tiles = THEMES[theme], scene.tiles
    _check(scene, tile, values, policy, visits, agent)
    ground = np.array([look.floor, look.wall, look.floor, look.floor, look.floor], dtype=np.uint8)[tiles]
    heated = np.zeros(tiles.shape, dtype=np.bool_)
    if values is not None:
        heated = _heat_values(ground, scene, values, look)
    if visits is not None:
        heated = _heat_visits(ground, scene, visits, look)
    picture = np.repeat(np.repeat(ground, tile, axis=0), tile, axis=1)
    canvas = picture.reshape(tiles.shape[0], tile, tiles.shape[1], tile, 3)
    _fixtures(canvas, ground, tiles, heated, look)
    if tile >= SMALLEST_MARKED and policy is not None:
        _arrows(canvas, ground, scene, policy, look)
    if agent is not None and scene.cell[agent, 0] >= 0:
        at = np.zeros(tiles.shape, dtype=np.bool_)
        at[tuple(scene.cell[agent])] = True
        _blend(canvas, at, glyphs.disc(tile, 0.38), look.halo)
        _blend(canvas, at, glyphs.disc(tile, 0.31), look.agent)
    return picture


def draw_text(scene: Scene, agent: int | None = None) -> str:
    """Draw a scene with a character a tile: `█` wall, `·` floor, `S`, `G`, `▒` hazard, `@` the agent.

    Plain text, so it looks the same in a terminal and in a file; `parse_drawing` reads it back.
    """
    characters = np.array([_TEXT[kind] for kind in Tile])[scene.tiles]
    if agent is not None and scene.cell[agent, 0] >= 0:
        characters[tuple(scene.cell[agent])] = "@"
    return "\n".join("".join(row) for row in characters) + "\n"


def _check(
    scene: Scene, tile: int, values: Floats | None, policy: Ints | None, visits: Floats | None, agent: int | None
) -> None:
    rows, columns = scene.tiles.shape
    if tile < 1:
        raise UserError(f"a tile must be at least 1 pixel wide, not {tile}")
    if rows * columns * tile * tile > MOST_PIXELS:
        fits = int((MOST_PIXELS / (rows * columns)) ** 0.5)
        advice = f"draw it with tile={fits} or less" if fits else "it cannot be drawn whole"
        raise UserError(f"{rows:,} × {columns:,} tiles of {tile} pixels make too large a picture; {advice}")
    states = len(scene.cell)
    for name, array in (("values", values), ("policy", policy), ("visits", visits)):
        if array is not None and np.shape(array) != (states,):
            raise UserError(f"{name} must have shape ({states},), a number a state, not {np.shape(array)}")
    if values is not None and visits is not None:
        raise UserError("values and visits both colour the tiles; draw them one at a time")
    if policy is not None and states and not -1 <= np.min(policy) <= np.max(policy) < len(scene.moves):
        raise UserError(f"policy must hold actions 0…{len(scene.moves) - 1}, or -1 for none")
    if agent is not None and not 0 <= agent < states:
        raise UserError(f"agent must be a state, 0…{states - 1}, not {agent}")


def _tally(scene: Scene, weights: Floats, counted: Bools) -> Floats:
    """Sum the weights (S,) of the counted states over each tile, (rows, columns)."""
    rows, columns = scene.tiles.shape
    chosen = counted & (scene.cell[:, 0] >= 0)
    flat = scene.cell[chosen, 0] * columns + scene.cell[chosen, 1]
    sums: Floats = np.bincount(flat, weights=weights[chosen], minlength=rows * columns).astype(np.float64)
    return sums.reshape(rows, columns)


def _heat_values(ground: Pixels, scene: Scene, values: Floats, look: Theme) -> Bools:
    finite = np.isfinite(values)
    count = _tally(scene, np.ones(len(values)), finite)
    heated: Bools = (count > 0) & (scene.tiles != Tile.HAZARD)
    ground[heated] = value_colours(_tally(scene, values, finite)[heated] / count[heated], look)
    return heated


def _heat_visits(ground: Pixels, scene: Scene, visits: Floats, look: Theme) -> Bools:
    total = _tally(scene, visits, np.isfinite(visits))
    heated: Bools = (total > 0) & (scene.tiles != Tile.HAZARD)
    ground[heated] = visit_colours(total[heated], look)
    return heated


def _fixtures(canvas: Pixels, ground: Pixels, tiles: Pixels, heated: Bools, look: Theme) -> None:
    """Draw what belongs to the world: lines, hazards, rounded walls, starts and goals."""
    tile = canvas.shape[1]
    free, hazard = tiles != Tile.WALL, tiles == Tile.HAZARD
    if tile < SMALLEST_MARKED:
        for kind, colour in ((Tile.START, look.start), (Tile.GOAL, look.goal), (Tile.HAZARD, look.hazard)):
            _blend(canvas, tiles == kind, np.ones((tile, tile), dtype=np.float32), colour)
        return
    _blend(canvas, hazard, glyphs.stripes(tile) * 0.4 + 0.6, look.hazard)
    for axis in (0, 1) if tile >= SMALLEST_LINED else ():  # hairlines between floor tiles
        joined = free & np.roll(np.pad(free, 1), -1, axis)[1:-1, 1:-1]
        _blend(canvas, joined & ~heated & ~hazard, glyphs.edge(tile, axis), look.line)
        _blend(canvas, joined & heated, glyphs.edge(tile, axis) * 0.35, look.floor)
    _round(canvas, ground, free, look)
    for kind, colour in ((Tile.START, look.start), (Tile.GOAL, look.goal)):
        halo, mark = (
            (glyphs.ring(tile, 0.37, 0.19), glyphs.ring(tile, 0.37, 0.1))
            if kind == Tile.START
            else (glyphs.diamond(tile, 0.45), glyphs.diamond(tile, 0.36))
        )
        _blend(canvas, tiles == kind, halo, look.halo)
        _blend(canvas, tiles == kind, mark, colour)


def _round(canvas: Pixels, ground: Pixels, free: Bools, look: Theme) -> None:
    """Round the corners of walls, outer and inner, but none at the picture's edge."""
    outer, inner = np.pad(free, 1), np.pad(free, 1, constant_values=True)
    for down in (-1, 1):
        for right in (-1, 1):
            mask = glyphs.corner(canvas.shape[1], down, right, 0.28)
            shifts = ((-down, 0), (0, -right), (-down, -right))
            open_sides = [np.roll(outer, shift, (0, 1))[1:-1, 1:-1] for shift in shifts]
            shut_sides = [~np.roll(inner, shift, (0, 1))[1:-1, 1:-1] for shift in shifts]
            beyond = np.roll(ground, shifts[2], (0, 1))  # a wall's corner shows the tile behind it
            _blend(canvas, ~free & np.logical_and.reduce(open_sides), mask, beyond)
            _blend(canvas, free & np.logical_and.reduce(shut_sides), mask, look.wall)


def _arrows(canvas: Pixels, ground: Pixels, scene: Scene, policy: Ints, look: Theme) -> None:
    tile, moves = canvas.shape[1], scene.moves
    chosen = policy >= 0
    count = _tally(scene, np.ones(len(policy)), chosen)
    light = wants_light_ink(ground.reshape(-1, 3), look).reshape(scene.tiles.shape)
    for action, (down, right) in enumerate(moves):
        agreed = (count > 0) & (_tally(scene, np.ones(len(policy)), policy == action) == count)
        agreed &= ~np.isin(scene.tiles, (Tile.GOAL, Tile.WALL, Tile.HAZARD))  # nobody acts there
        mask = glyphs.arrow(tile, down, right)
        _blend(canvas, agreed & light, mask, look.light_ink)
        _blend(canvas, agreed & ~light, mask, look.dark_ink)


def _blend(canvas: Pixels, where: Bools, mask: glyphs.Mask, colour: Colour | Pixels) -> None:
    """Lay a colour, one for all or one a tile, with the opacities `mask` over the tiles `where` (rows, columns)."""
    inked = np.nonzero(mask)
    if not inked[0].size:
        return
    down, right = (slice(axis.min(), axis.max() + 1) for axis in inked)
    opacity = mask[down, right, None]
    colours = np.broadcast_to(np.asarray(colour, dtype=np.uint8), (*where.shape, 3))
    rows, columns = np.nonzero(where)
    part = max(1, _CHUNK // opacity.size)
    for first in range(0, len(rows), part):
        row, column = rows[first : first + part], columns[first : first + part]
        above = colours[row, column][:, None, None, :]
        below = canvas[row, down, column, right]
        canvas[row, down, column, right] = np.rint(below + opacity * (above.astype(np.float32) - below)).astype(
            np.uint8
        )
