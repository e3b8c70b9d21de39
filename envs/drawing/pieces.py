"""The marks of agents and pieces: each has a shape of its own, so that none needs its colour to be told."""

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.staging import where
from daedalus.core.world import Scene, Thing

from .board import Board, Coat, Stamp, stamp
from .palette import THEMES, Colour, Theme
from .shapes import band, box, circle, cut, emblem, grid, polygon, segment, turned, union

SMALLEST_MARKED = 8  # tiles below this many pixels carry colours only
_SMALLEST_FACE = 14  # pixels of a tile on which eyes are more than dirt
_HALO = 0.055  # tiles around a mark
_HEADINGS = (0.0, math.pi / 2, math.pi, -math.pi / 2)  # of `Scene.heading`, clockwise from up

#: What lies flat on the floor, beneath arrows and lines, and what does not.
FLAT = (Thing.WIND, Thing.ONE_WAY, Thing.PORTAL)
STANDING = tuple(thing for thing in Thing if thing not in FLAT)

_BADGE = 0.56  # of a tile's side, for what shares its tile with the agent
_CORNERS = ((-1, 1), (-1, -1), (1, 1), (1, -1))  # down and right, for one badge after the other


def draw_pieces(
    board: Board, scene: Scene, state: int, theme: str, things: Sequence[Thing], without: Ints | None = None
) -> None:
    """Draw the pieces of a state that are one of `things`, but for those on the tile `without`, (2,), of the agent.

    Kinds lie over each other in the order in which the scene first has them, whether or not they are there now: so
    what a tile looks like is a matter of that tile.
    """
    bare = -1 if without is None or board.tile < SMALLEST_MARKED else _number(board, without)
    for (thing, variant), tiles in _present(scene, state, things).items():
        if drawn := sorted(tiles - {bare}):
            mark = piece_stamp(thing, variant, _move(scene, thing, variant), board.tile, theme)
            board.put(np.stack(np.divmod(drawn, board.columns), axis=1), mark)


def draw_badges(board: Board, scene: Scene, state: int, cell: Ints, theme: str) -> None:
    """Hang what stands on the agent's tile, small, in the tile's corners; on small tiles it lies beneath the agent."""
    if board.tile < SMALLEST_MARKED:
        return
    here = [kind for kind, tiles in _present(scene, state, STANDING).items() if _number(board, cell) in tiles]
    for place, (thing, variant) in enumerate(here):
        corner = _CORNERS[place % len(_CORNERS)]
        board.put(cell[None], badge_stamp(thing, variant, _move(scene, thing, variant), corner, board.tile, theme))


def _present(scene: Scene, state: int, things: Sequence[Thing]) -> dict[tuple[Thing, int], set[int]]:
    """The tiles on which each kind of thing is in a state, in the order in which the scene first has the kinds."""
    alike: dict[tuple[Thing, int], set[int]] = {}
    for piece in scene.pieces:
        if piece.thing in things:
            present = alike.setdefault((piece.thing, piece.variant), set())
            if (tile := where(piece, state)) >= 0:
                present.add(tile)
    return alike


def _number(board: Board, cell: Ints) -> int:
    row, column = cell.tolist()
    return int(row * board.columns + column)


def _move(scene: Scene, thing: Thing, variant: int) -> tuple[int, int]:
    return scene.moves[variant] if thing in (Thing.ONE_WAY, Thing.SIGN) else (0, 0)


def covered(scene: Scene, state: int) -> Bools:
    """The tiles (rows, columns) on which a piece leaves no room for an arrow."""
    tiles = np.zeros(scene.tiles.shape, dtype=np.bool_)
    for piece in scene.pieces:
        if piece.thing != Thing.WIND and (tile := where(piece, state)) >= 0:
            tiles.flat[tile] = True
    return tiles


def draw_agent(board: Board, cell: Ints, heading: int | None, theme: str) -> None:
    """Draw the agent on its tile, with a nose where it has a heading."""
    board.put(cell[None], agent_stamp(heading, board.tile, theme))


@functools.lru_cache(maxsize=512)
def piece_stamp(thing: Thing, variant: int, move: tuple[int, int], tile: int, theme: str) -> Stamp:
    """The mark of a piece; `move` is the way that a one-way tile or a sign points, in rows and columns."""
    look = THEMES[theme]
    x, y = grid(tile, tile, tile)
    if tile < SMALLEST_MARKED:
        strength = 0.4 if thing == Thing.WIND else 1.0
        return stamp([Coat(np.full(x.shape, -1.0), piece_colour(thing, variant, look), strength)], tile)
    return stamp(_coats(thing, variant, move, x, y, look), tile)


@functools.lru_cache(maxsize=512)
def badge_stamp(
    thing: Thing, variant: int, move: tuple[int, int], corner: tuple[int, int], tile: int, theme: str
) -> Stamp:
    """The mark of a piece, small in a corner of the tile: `corner` is -1 or 1 down and right."""
    look = THEMES[theme]
    x, y = grid(tile, tile, tile)
    away = (1 - _BADGE) / 2
    x, y = (x - corner[1] * away) / _BADGE, (y - corner[0] * away) / _BADGE
    if thing == Thing.SIGN:  # what it says matters more than what it stands on
        coats = _plate(x, y, math.atan2(move[1], -move[0]), look, tile >= _SMALLEST_FACE)
    else:
        coats = _coats(thing, variant, move, x, y, look)
    return stamp([Coat(coat.distance * _BADGE, coat.colour, coat.strength) for coat in coats], tile)


def _coats(thing: Thing, variant: int, move: tuple[int, int], x: Floats, y: Floats, look: Theme) -> list[Coat]:
    angle = math.atan2(move[1], -move[0])
    if thing == Thing.ONE_WAY:
        return _one_way(*turned(x, y, angle), look)
    if thing == Thing.SIGN:
        return _sign(x, y, angle, look)
    if thing == Thing.WIND:
        return _wind(x, y, variant, look)
    return _MARKS[thing](x, y, variant, look)


@functools.lru_cache(maxsize=64)
def agent_stamp(heading: int | None, tile: int, theme: str) -> Stamp:
    """The agent: a disc with two eyes, and a nose where it looks."""
    look = THEMES[theme]
    x, y = turned(*grid(tile, tile, tile), _HEADINGS[heading or 0])
    body = circle(x, y, (0, 0), 0.31)
    if heading is not None:
        body = union(body, polygon(x, y, [(-0.19, -0.22), (0, -0.46), (0.19, -0.22)]))
    coats = [Coat(body - 0.07, look.halo), Coat(body, look.agent)]
    if tile >= _SMALLEST_FACE:
        eyes = union(circle(x, y, (-0.11, -0.09), 0.07), circle(x, y, (0.11, -0.09), 0.07))
        pupils = union(circle(x, y, (-0.11, -0.11), 0.034), circle(x, y, (0.11, -0.11), 0.034))
        coats += [Coat(eyes, (255, 255, 255)), Coat(pupils, (24, 28, 38))]
    return stamp(coats, tile)


def piece_colour(thing: Thing, variant: int, look: Theme) -> Colour:
    """The main colour of a piece; portals, candies and places begin elsewhere in the row than keys and doors."""
    match thing:
        case Thing.PLAYER:
            return look.player
        case Thing.WIND:
            return look.wind
        case Thing.ONE_WAY:
            return look.pieces[5]
        case Thing.SIGN:
            return look.pieces[3]
        case Thing.CANDY:
            return look.pieces[(variant + 3) % len(look.pieces)]
        case Thing.PORTAL | Thing.DESTINATION:
            return look.pieces[(variant + 2) % len(look.pieces)]
        case _:
            return look.pieces[variant % len(look.pieces)]


def _haloed(body: Floats, colour: Colour, look: Theme) -> list[Coat]:
    return [Coat(body - _HALO, look.halo), Coat(body, colour)]


def _candy(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    x, y = turned(x, y, -0.5)
    middle = circle(x, y, (0, 0), 0.185)
    wings = [polygon(x, y, [(side * 0.15, 0), (side * 0.38, -0.16), (side * 0.38, 0.16)]) for side in (-1, 1)]
    colour = piece_colour(Thing.CANDY, variant, look)
    stripes = np.maximum(middle + 0.02, union(*(box(x, y, (at, 0), (0.022, 0.3)) for at in (-0.075, 0.075))))
    return [*_haloed(union(middle, *wings), colour, look), Coat(stripes, look.halo, 0.9)]


def _key(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    x, y = turned(x, y, -0.6)
    bow = cut(emblem(variant, x, y, (-0.17, 0), 0.2), circle(x, y, (-0.17, 0), 0.07))
    shaft = segment(x, y, (0, 0), (0.34, 0), 0.045)
    teeth = union(*(segment(x, y, (at, 0), (at, 0.13), 0.036) for at in (0.22, 0.33)))
    body = union(bow, shaft, teeth)
    return _haloed(body, piece_colour(Thing.KEY, variant, look), look)


def _door(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    colour = piece_colour(Thing.DOOR, variant, look)
    leaf = box(x, y, (0, 0), (0.43, 0.43), 0.09)
    hole = union(emblem(variant, x, y, (0, -0.08), 0.19), box(x, y, (0, 0.14), (0.05, 0.14), 0.02))
    return [*_haloed(leaf, colour, look), Coat(band(leaf + 0.09, 0.018), look.halo, 0.55), Coat(hole, look.halo)]


def _portal(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    colour = piece_colour(Thing.PORTAL, variant, look)
    rim = circle(x, y, (0, 0), 0.39)
    return [
        Coat(rim - 0.08, look.halo),
        Coat(rim, colour, 0.22),
        Coat(band(rim, 0.045), colour),
        Coat(band(rim + 0.115, 0.018), colour, 0.6),
        Coat(emblem(variant, x, y, (0, 0), 0.18), colour),
    ]


def _player(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    """A bull's head: two horns, eyes, and a muzzle."""
    side = np.abs(x)
    horn = union(
        segment(side, y, (0.13, -0.1), (0.3, -0.14), 0.06),
        segment(side, y, (0.3, -0.14), (0.35, -0.24), 0.045),
        segment(side, y, (0.35, -0.24), (0.31, -0.36), 0.026),
    )
    head = union(circle(x, y, (0, -0.02), 0.21), segment(x, y, (0, 0), (0, 0.22), 0.155))
    muzzle = segment(x, y, (-0.04, 0.23), (0.04, 0.23), 0.085)
    eyes = circle(side, y, (0.09, -0.03), 0.046)
    nostrils = circle(side, y, (0.045, 0.24), 0.022)
    return [
        *_haloed(union(horn, head), look.player, look),
        Coat(union(muzzle, eyes), look.halo, 0.9),
        Coat(nostrils, look.player),
    ]


def _passenger(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    head = circle(x, y, (0, -0.19), 0.13)
    shoulders = np.maximum(circle(x, y, (0, 0.25), 0.26), y - 0.3)
    return _haloed(union(head, shoulders), piece_colour(Thing.PASSENGER, variant, look), look)


def _destination(x: Floats, y: Floats, variant: int, look: Theme) -> list[Coat]:
    """A pin, its tip on the tile."""
    pin = union(circle(x, y, (0, -0.12), 0.24), polygon(x, y, [(-0.21, -0.01), (0.21, -0.01), (0, 0.38)]))
    return [
        *_haloed(pin, piece_colour(Thing.DESTINATION, variant, look), look),
        Coat(circle(x, y, (0, -0.12), 0.1), look.halo),
    ]


def _one_way(x: Floats, y: Floats, look: Theme) -> list[Coat]:
    """Two broad chevrons, drawn as if they pointed up."""
    colour = look.pieces[5]
    chevrons = [
        union(segment(x, y, (-0.26, at), (0, at - 0.22), 0.055), segment(x, y, (0.26, at), (0, at - 0.22), 0.055))
        for at in (0.06, 0.3)
    ]
    plate = box(x, y, (0, 0), (0.46, 0.46), 0.1)
    return [Coat(plate, look.halo, 0.7), Coat(plate, colour, 0.16), Coat(union(*chevrons), colour)]


def _wind(x: Floats, y: Floats, strength: int, look: Theme) -> list[Coat]:
    """As many thin chevrons as the wind blows tiles, up or, where it is below 0, down."""
    count = min(3, max(1, abs(strength)))
    y = y if strength > 0 else -y
    lines = []
    for k in range(count):
        at = 0.08 + 0.2 * (k - (count - 1) / 2)
        lines += [segment(x, y, (side * 0.2, at), (0.0, at - 0.15), 0.028) for side in (-1, 1)]
    return [Coat(union(*lines), look.wind, 0.75)]


def _sign(x: Floats, y: Floats, angle: float, look: Theme) -> list[Coat]:
    """A board on a post with an arrow."""
    board = box(x, y, (0, -0.13), (0.37, 0.23), 0.06)
    post = segment(x, y, (0, 0), (0, 0.4), 0.045)
    u, v = turned(x, y + 0.13, angle)
    arrow = union(
        segment(u, v, (0, 0.13), (0, -0.06), 0.035), polygon(u, v, [(-0.12, -0.02), (0, -0.18), (0.12, -0.02)])
    )
    return [
        *_haloed(union(board, post), look.wall, look),
        Coat(board, look.pieces[3]),
        Coat(arrow, (24, 28, 38)),
    ]


def _plate(x: Floats, y: Floats, angle: float, look: Theme, fine: bool) -> list[Coat]:
    """A sign's board without its post: an arrow over all of it, or the half it points to dark where that would blur."""
    board = box(x, y, (0, 0), (0.42, 0.42), 0.1)
    u, v = turned(x, y, angle)
    arrow = union(segment(u, v, (0, 0.26), (0, -0.02), 0.07), polygon(u, v, [(-0.27, 0.0), (0, -0.31), (0.27, 0.0)]))
    arrow = arrow if fine else box(u, v, (0, -0.25), (0.42, 0.2))
    return [*_haloed(board, look.pieces[3], look), Coat(arrow, look.dark_ink)]


_MARKS: dict[Thing, Callable[[Floats, Floats, int, Theme], list[Coat]]] = {
    Thing.CANDY: _candy,
    Thing.KEY: _key,
    Thing.DOOR: _door,
    Thing.PORTAL: _portal,
    Thing.PLAYER: _player,
    Thing.PASSENGER: _passenger,
    Thing.DESTINATION: _destination,
}
