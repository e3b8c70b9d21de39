"""A scene in characters: plain, to be read back as a drawing, and in colours for a terminal."""

from typing import Literal

import numpy as np

from daedalus.core.errors import unknown
from daedalus.core.staging import staged, where
from daedalus.core.world import Piece, Scene, Thing, Tile

from .palette import THEMES, Colour, Theme
from .pieces import FLAT, piece_colour

_TILES = {Tile.FLOOR: "·", Tile.WALL: "█", Tile.START: "S", Tile.GOAL: "G", Tile.HAZARD: "▒"}
_AGENT = "@"
_WAYS = {(-1, 0): "^", (0, 1): ">", (1, 0): "v", (0, -1): "<"}
_SIGNS = {(-1, 0): "↑", (0, 1): "→", (1, 0): "↓", (0, -1): "←"}
_STRENGTHS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LETTERS = {Thing.CANDY: "*", Thing.PLAYER: "M", Thing.PASSENGER: "p", Thing.DESTINATION: "X"}

# Two characters wide, of those that every terminal's font has, so that a tile is about square.
_PAIRS = {Tile.START: "()", Tile.GOAL: "◄►", Tile.HAZARD: "▒▒"}
_WIDE = {Thing.CANDY: "►◄", Thing.PASSENGER: "°p", Thing.DESTINATION: "▼▼"}
_WIDE_WAYS = {"^": "▲▲", ">": "►►", "v": "▼▼", "<": "◄◄"}
_NOSES = ("▲", "►", "▼", "◄")


def draw_text(scene: Scene, agent: int | None = None) -> str:
    """Draw a scene with a character a tile, as it is in the state `agent`.

    `█` wall, `·` floor, `S`, `G`, `▒` hazard, `@` the agent; `*` candy, `a`…`f` keys, `A`…`F` their doors, `1`…`9`
    portals, `^>v<` one-way tiles, `M` the other player, `p` passenger, `X` destination, `←↑→↓` signs, `¹²³` wind.
    What stands on the agent's tile is told at the end of its row, as ` @→`.
    Plain text, so it looks the same in a terminal and in a file; `parse_drawing` reads mazes back.
    """
    scene, now = staged(scene, agent)
    characters = np.array([_TILES[kind] for kind in Tile])[scene.tiles]
    for piece, tile in _placed(scene, now):
        characters.flat[tile] = _character(piece, scene)
    if agent is not None and scene.cell[agent, 0] >= 0:
        characters[tuple(scene.cell[agent])] = _AGENT
    lines = ["".join(row) for row in characters]
    if here := _here(scene, agent):
        lines[scene.cell[agent, 0]] += f" {_AGENT}" + "".join(_character(piece, scene) for piece in here)
    return "\n".join(lines) + "\n"


def colour_text(scene: Scene, agent: int | None = None, theme: Literal["light", "dark"] = "dark") -> str:
    """Draw a scene for a terminal with 24-bit colours, two characters a tile; every line ends in a reset.

    The second character of the agent's tile is what stands there with it.
    """
    if theme not in THEMES:
        raise unknown("theme", theme, THEMES)
    look = THEMES[theme]
    scene, now = staged(scene, agent)
    marks = {tile: _coloured(piece, scene, look) for piece, tile in _placed(scene, now)}
    if agent is not None and scene.cell[agent, 0] >= 0:
        row, column = scene.cell[agent].tolist()
        nose = "" if scene.heading is None else _NOSES[int(scene.heading[agent])]
        here = [_character(piece, scene) for piece in _here(scene, agent)]
        pair = f"{nose or '•'}{here[-1] if here else nose or '•'}"
        marks[row * scene.tiles.shape[1] + column] = (pair, look.halo, look.agent)
    tiles = {
        Tile.FLOOR: ("  ", look.floor, look.floor),
        Tile.WALL: ("  ", look.wall, look.wall),
        Tile.START: (_PAIRS[Tile.START], look.start, look.floor),
        Tile.GOAL: (_PAIRS[Tile.GOAL], look.goal, look.floor),
        Tile.HAZARD: (_PAIRS[Tile.HAZARD], look.hazard, look.floor),
    }
    lines = []
    for row, kinds in enumerate(scene.tiles.tolist()):
        line = []
        for column, kind in enumerate(kinds):
            pair, ink, ground = tiles[kind]
            if mark := marks.get(row * len(kinds) + column):
                pair, ink, own = mark
                ground = own or ground
            line.append(f"\x1b[1;38;2;{_code(ink)};48;2;{_code(ground)}m{pair}")
        lines.append("".join(line) + "\x1b[0m")
    return "\n".join(lines) + "\n"


def _code(colour: Colour) -> str:
    return ";".join(map(str, colour))


def _here(scene: Scene, agent: int | None) -> list[Piece]:
    """What stands on the agent's own tile."""
    if agent is None or scene.cell[agent, 0] < 0:
        return []
    tile = int(scene.cell[agent, 0]) * scene.tiles.shape[1] + int(scene.cell[agent, 1])
    return [piece for piece, at in _placed(scene, agent) if at == tile and piece.thing not in FLAT]


def _placed(scene: Scene, state: int) -> list[tuple[Piece, int]]:
    """The pieces that are somewhere and their tiles, those that lie flat first."""
    found = [(piece, where(piece, state)) for piece in scene.pieces]
    return sorted(((piece, tile) for piece, tile in found if tile >= 0), key=lambda one: one[0].thing not in FLAT)


def _character(piece: Piece, scene: Scene) -> str:
    variant = piece.variant
    match piece.thing:
        case Thing.KEY:
            return chr(ord("a") + variant % 26)
        case Thing.DOOR:
            return chr(ord("A") + variant % 26)
        case Thing.PORTAL:
            return str(1 + variant % 9)
        case Thing.WIND:
            return _STRENGTHS[min(abs(variant), 9)]
        case Thing.ONE_WAY:
            return _WAYS.get(scene.moves[variant], "?")
        case Thing.SIGN:
            return _SIGNS.get(scene.moves[variant], "?")
        case _:
            return _LETTERS[piece.thing]


def _coloured(piece: Piece, scene: Scene, look: Theme) -> tuple[str, Colour, Colour | None]:
    """Two characters, their colour, and the ground behind them where it is not the tile's own."""
    colour, character = piece_colour(piece.thing, piece.variant, look), _character(piece, scene)
    match piece.thing:
        case Thing.DOOR:
            return f"▌{character}", look.halo, colour
        case Thing.PLAYER:
            return "°°", look.halo, colour
        case Thing.KEY:
            return f"{character}╤", colour, None
        case Thing.PORTAL:
            return f"({character}", colour, None
        case Thing.ONE_WAY:
            return _WIDE_WAYS.get(character, 2 * character), colour, None
        case Thing.SIGN:
            return f"├{character}", colour, None
        case Thing.WIND:
            return f"{character} ", colour, None
        case _:
            return _WIDE[piece.thing], colour, None
