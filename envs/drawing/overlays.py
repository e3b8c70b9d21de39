"""What is laid over a scene: heat, arrows, lines and the field of view."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.world import Scene, Tile

from . import glyphs
from .board import Board
from .digits import numeral
from .ground import Ground
from .palette import Theme, value_colours, visit_colours, wants_light_ink
from .shapes import circle, grid

FOUR_MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # the quarters' order
_STILL = (Tile.GOAL, Tile.WALL, Tile.HAZARD)  # nobody acts there
_LEAP = 3  # tiles; a step as far or further, through a portal say, breaks a line
_SMALLEST_NUMBER = 14  # pixels of a tile on which a number can be read
_BENDS = 3  # rounds of cutting corners
_SHORT = 0.34  # tiles; a line ends before it lies on the mark of its end


@dataclass(frozen=True, eq=False)
class Crowd:
    """The states that a picture of a scene shows, and how numbers of theirs become numbers of tiles."""

    scene: Scene
    shown: Bools  # (S,)

    def tally(self, weights: Floats, counted: Bools) -> Floats:
        """Sum the weights (S,) of the counted states over each tile, (rows, columns)."""
        rows, columns = self.scene.tiles.shape
        chosen = counted & self.shown & (self.scene.cell[:, 0] >= 0)
        flat = self.scene.cell[chosen, 0] * columns + self.scene.cell[chosen, 1]
        sums: Floats = np.bincount(flat, weights=weights[chosen], minlength=rows * columns).astype(np.float64)
        return sums.reshape(rows, columns)

    def mean(self, numbers: Floats) -> Floats:
        """The mean of the finite numbers (S,) of each tile's states, (rows, columns); NaN where there is none."""
        finite = np.isfinite(numbers)
        count = self.tally(np.ones(len(numbers)), finite)
        total = self.tally(np.where(finite, numbers, 0.0), finite)
        means: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
        return means


def heat_values(
    ground: Ground, crowd: Crowd, values: Floats, look: Theme, scale: tuple[float, float] | None = None
) -> Ground:
    """Colour the tiles by the mean value of their states, on a scale as in `value_colours`."""
    mean = crowd.mean(values)
    heated: Bools = np.isfinite(mean) & (ground.tiles != Tile.HAZARD)
    colours = value_colours(mean[heated], look, scale)
    return replace(ground, colours=_with(ground.colours, heated, colours), heated=heated)


def heat_visits(ground: Ground, crowd: Crowd, visits: Floats, look: Theme) -> Ground:
    """Colour the tiles by the sum of their states' visits."""
    total = crowd.tally(visits, np.isfinite(visits))
    heated: Bools = (total > 0) & (ground.tiles != Tile.HAZARD)
    return replace(ground, colours=_with(ground.colours, heated, visit_colours(total[heated], look)), heated=heated)


def heat_actions(ground: Ground, crowd: Crowd, q: Floats, look: Theme) -> Ground:
    """Colour the four quarters of each tile by the values of the moves there; of other action sets, the best value."""
    moves = crowd.scene.moves
    if sorted(moves) != sorted(FOUR_MOVES):
        return heat_values(ground, crowd, q.max(axis=1), look)
    means = np.stack([crowd.mean(q[:, moves.index(move)]) for move in FOUR_MOVES], axis=2)
    heated: Bools = np.isfinite(means).all(axis=2) & ~np.isin(ground.tiles, _STILL)
    colours = value_colours(means[heated].ravel(), look).reshape(-1, 4, 3)
    quarters = np.zeros((*heated.shape, 4, 3), dtype=np.uint8)
    quarters[heated] = colours
    whole = colours.mean(axis=1).astype(np.uint8)
    return replace(ground, colours=_with(ground.colours, heated, whole), heated=heated, quarters=quarters)


def _with(colours: Pixels, where: Bools, other: Pixels) -> Pixels:
    changed = colours.copy()
    changed[where] = other
    return changed


def draw_arrows(board: Board, ground: Ground, crowd: Crowd, policy: Ints, without: Bools) -> None:
    """Draw the action of each tile where all its states agree, but not on the tiles `without` (rows, columns).

    A move is an arrow. Where several actions are no moves, such as stakes, each is its number.
    """
    look, tile = board.look, board.tile
    one = np.ones(len(policy))
    count = crowd.tally(one, policy >= 0)
    free = ~np.isin(ground.tiles, _STILL) & ~without
    light = wants_light_ink(ground.colours.reshape(-1, 3), look).reshape(ground.tiles.shape)
    numbered = crowd.scene.moves.count((0, 0)) > 1 and tile >= _SMALLEST_NUMBER
    for action, (down, right) in enumerate(crowd.scene.moves):
        agreed = (count > 0) & (crowd.tally(one, policy == action) == count) & free
        mask = numeral(tile, action) if numbered and not (down or right) else glyphs.arrow(tile, down, right)
        board.lay(agreed & light, mask, look.light_ink)
        board.lay(agreed & ~light, mask, look.dark_ink)


def draw_path(board: Board, cells: Ints) -> None:
    """Draw a line through the middles of the tiles at `cells` (n, 2), its bends rounded."""
    key = cells.astype(np.int64).tobytes()
    for width, colour in ((0.2, board.look.halo), (0.12, board.look.path)):
        place, share = _line(key, board.tile, board.pixels.shape[:2], width)
        flat = board.pixels.reshape(-1, 3)
        below = flat[place].astype(np.float32)
        flat[place] = np.rint(below + share[:, None] * (np.array(colour, dtype=np.float32) - below)).astype(np.uint8)


@functools.lru_cache(maxsize=16)
def _line(cells: bytes, tile: int, shape: tuple[int, int], width: float) -> tuple[Ints, np.typing.NDArray[np.float32]]:
    """The pixels that a line through the cells covers, as places in the flat picture, and how far it covers them."""
    radius = max(0.7, tile * width / 2)
    parts = [
        _rounded((part.astype(np.float64) + 0.5) * tile)
        for part in _parts(np.frombuffer(cells, np.int64).reshape(-1, 2))
    ]
    parts[-1] = _shortened(parts[-1], _SHORT * tile)
    points = np.concatenate([_dense(part) for part in parts])
    reach = int(np.ceil(radius)) + 1
    down, right = (side.ravel() for side in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    row, column = (np.floor(points[:, [axis]]).astype(np.int64) + side for axis, side in ((0, down), (1, right)))
    far = np.hypot(row + 0.5 - points[:, [0]], column + 0.5 - points[:, [1]])
    cover = np.clip(radius + 0.5 - far, 0.0, 1.0)
    inked = (cover > 0) & (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    share = np.zeros(shape[0] * shape[1], dtype=np.float32)
    np.maximum.at(share, (row * shape[1] + column)[inked], cover[inked].astype(np.float32))
    place = np.flatnonzero(share)
    return place, share[place]


def _parts(cells: Ints) -> list[Ints]:
    """The parts of a path between leaps, and between turns straight back; where it stays on a tile, the tile once."""
    cells = cells[np.append(True, np.abs(np.diff(cells, axis=0)).max(axis=1, initial=0) > 0)]
    steps = np.diff(cells, axis=0)
    leaps = set((np.flatnonzero(np.abs(steps).max(axis=1, initial=0) >= _LEAP) + 1).tolist())
    backs = set((np.flatnonzero((steps[1:] == -steps[:-1]).all(axis=1)) + 1).tolist())
    ends = [0, *sorted(leaps | backs), len(cells)]
    return [cells[first : last + (last in backs - leaps)] for first, last in itertools.pairwise(ends)]


def _rounded(points: Floats) -> Floats:
    """The same line with its corners cut, again and again (Chaikin 1974)."""
    for _ in range(_BENDS if len(points) > 2 else 0):
        first, last = points[:-1], points[1:]
        cut = np.stack([0.75 * first + 0.25 * last, 0.25 * first + 0.75 * last], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], cut[1:-1], points[-1:]])
    return points


def _along(points: Floats) -> Floats:
    """How far along a line each of its points lies, in pixels."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def _shortened(points: Floats, by: float) -> Floats:
    along = _along(points)
    end = max(0.0, along[-1] - by)
    last = [[np.interp(end, along, points[:, axis]) for axis in (0, 1)]]
    return np.concatenate([points[along < end], last])


def _dense(points: Floats) -> Floats:
    """Points along the line, at most half a pixel apart."""
    along = _along(points)
    at = np.linspace(0.0, along[-1], int(np.ceil(2 * along[-1])) + 1)
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)


def draw_trail(board: Board, cells: Sequence[tuple[int, int]]) -> None:
    """Draw dots where the agent has been, (n, 2), the oldest faintest and smallest; the latest mark of a tile stays."""
    latest = {cell: age for age, cell in enumerate(cells)}
    for cell, age in latest.items():
        share = (age + 1) / len(cells)
        at = np.zeros((board.rows, board.columns), dtype=np.bool_)
        at[cell] = True
        grade = 1 + int(7 * share)
        board.lay(at, _dot(board.tile, grade, 0.05) * (0.25 + 0.5 * share), board.look.halo)
        board.lay(at, _dot(board.tile, grade, 0.0) * (0.3 + 0.7 * share), board.look.agent)


@functools.cache
def _dot(tile: int, grade: int, halo: float) -> glyphs.Mask:
    """A disc of one of 8 sizes."""
    distance = circle(*grid(tile, tile, tile), (0, 0), max(0.05 + 0.014 * grade, 0.6 / tile) + halo)
    mask: glyphs.Mask = np.clip(0.5 - distance * tile, 0.0, 1.0).astype(np.float32)
    return mask


def dim_unseen(board: Board, seen: Bools) -> None:
    """Lay fog over the tiles that are not seen (rows, columns)."""
    board.veil(~seen, board.look.fog, 0.6)
