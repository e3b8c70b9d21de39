"""The picture of all worlds of the catalogue, each drawn with what is best in it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError, unknown
from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import solve
from daedalus.core.rng import generator
from daedalus.core.world import Bandit, Scene, Schedule, World
from daedalus.envs.building import build
from daedalus.envs.levels.levels import Levels
from daedalus.envs.worlds.contextual import ContextualBandit

from .machines import draw_machines
from .palette import THEMES, Colour, Theme
from .scenes import draw

_COLUMN = 300  # pixels that a column takes where nobody says how many there are
_GAP = 28  # between columns
_TITLE = 15  # pixels of a title's letters
_BETWEEN, _SAID = 10, 26  # of a card's pictures, without words and with them
_BELOW = 48  # from a picture to the next: its title and air
_LARGEST = 40  # pixels of a tile
_TALLEST = 1.25  # a picture's height by its column's width
_LEAST_STRIP = 18  # pixels; a chain of many states would be a hair
_MARKED = 11  # pixels of a tile from which arrows can be read
_ROUND = 7
_FINE = 4  # samples along a pixel's side
_PATIENCE = 0.97  # the discount where the total reward has no bound
_LONGEST = 10_000  # steps of a path


@dataclass(frozen=True, eq=False)
class _Card:
    """A world's name and its pictures, one above the other, with what is said between them."""

    title: str
    pictures: tuple[Pixels, ...]
    change: str = ""

    @property
    def between(self) -> int:
        """Pixels between two pictures."""
        return _SAID if self.change else _BETWEEN

    @property
    def height(self) -> int:
        """Pixels from its top to the next card's."""
        return sum(len(picture) + self.between for picture in self.pictures) - self.between + _BELOW


def gallery(
    columns: int | None = None,
    width: int = 1280,
    theme: Literal["light", "dark"] = "light",
    names: Sequence[str] | None = None,
) -> Pixels:
    """Draw the catalogue's worlds, or those with the given names, in columns, (H, width, 3).

    Grid worlds show their optimal values with arrows or with the best path from the start; where things lie about,
    the path alone; worlds that change, their first phase above their last; bandits their machines. Raises `UserError`.
    """
    if theme not in THEMES:
        raise unknown("theme", theme, THEMES)
    count = max(1, round((width + _GAP) / (_COLUMN + _GAP))) if columns is None else columns
    room = (width - _GAP * (count + 1)) // max(1, count)
    if count < 1 or room < 60:
        raise UserError(f"{count} columns do not fit into a gallery of {width} pixels")
    listed = list(of_kind("world")) if names is None else names
    cards = [card for name in listed if (card := _card(name, room, theme))]
    stacks = _stacked(cards, count)
    look = THEMES[theme]
    high = max(_GAP + sum(card.height for card in stack) for stack in stacks)
    page = Image.new("RGB", (width, high), look.floor)
    for number, stack in enumerate(stacks):
        top = _GAP
        for card in stack:
            _paste(page, card, _GAP + number * (room + _GAP), top, room, look)
            top += card.height
    return np.asarray(page)


def _stacked(cards: Sequence[_Card], count: int) -> list[list[_Card]]:
    """The cards in columns of about equal height: each goes to the shortest, in the catalogue's order."""
    stacks: list[list[_Card]] = [[] for _ in range(count)]
    heights = [0] * count
    for card in cards:
        shortest = heights.index(min(heights))
        stacks[shortest].append(card)
        heights[shortest] += card.height
    return stacks


def _card(name: str, room: int, theme: Literal["light", "dark"]) -> _Card | None:
    """A world's card; None where it has no picture."""
    value = build(name, {})
    match value:
        case World(scene=None):
            return None
        case World():
            pictures = [_world(value, room, theme)]
        case Schedule():
            pictures = [_world(phase, room, theme) for phase in (value.phases[0], value.phases[-1]) if phase.scene]
        case Bandit():
            pictures = [_bandit(np.atleast_2d(value.means)[-1], room, theme)]
        case ContextualBandit():
            pictures = [_bandit(value.means(_context(value)), room, theme)]
        case Levels():
            pictures = [_world(value.world(0), room, theme)]
        case _:
            pictures = _shown(value)
    fitted = tuple(_fitted(picture, room) for picture in pictures)
    change = f"from step {value.since[-1]:,} on" if isinstance(value, Schedule) else ""
    return _Card(name, fitted, change) if fitted else None


def _world(world: World, room: int, theme: Literal["light", "dark"]) -> Pixels:
    """A finite world at its start, with values, arrows or the best path."""
    scene, mdp = _known(world.scene), world.mdp
    rows, columns = scene.tiles.shape[-2:]
    tile = max(1, min(_LARGEST, room // columns, int(_TALLEST * room) // rows))
    policy, value = _solved(mdp)
    starts = np.flatnonzero(mdp.start)
    start = int(starts[starts.size // 2])
    value = np.where(mdp.terminal, np.nan, value)
    spread = value[np.isfinite(value)]
    path = _path(mdp, policy, start)
    heat = value if (not scene.pieces or path is None) and spread.size and np.ptp(spread) > 0 else None
    going = any(move != (0, 0) for move in scene.moves)
    arrows = policy if path is None and going and heat is not None and tile >= _MARKED else None
    picture = draw(scene, tile, values=heat, policy=arrows, path=path, agent=start, theme=theme)
    return np.repeat(picture, -(-_LEAST_STRIP // tile), axis=0) if rows == 1 and tile < _LEAST_STRIP // 2 else picture


def _known(scene: Scene | None) -> Scene:
    assert scene is not None  # only worlds that can be drawn come here
    return scene


def _solved(mdp: FiniteMDP) -> tuple[Ints, Floats]:
    """A best policy and its values (S,): in total where that has a bound, else discounted."""
    solution = solve(mdp)
    if not solution.bounded.all():
        solution = solve(mdp, _PATIENCE)
    return np.asarray(solution.policy, dtype=np.int64), np.asarray(solution.value, dtype=np.float64)


def _path(mdp: FiniteMDP, policy: Ints, start: int) -> list[int] | None:
    """The states from the start to an end, (n,); None where chance has a say or there is no end."""
    if mdp.outcomes > 1:
        return None
    states = [start]
    for _ in range(_LONGEST):
        if mdp.terminal[states[-1]]:
            return states
        states.append(int(mdp.next_state[states[-1], policy[states[-1]], 0]))
    return None


def _context(bandit: ContextualBandit) -> Floats:
    """One of the contexts (d,) in which arms are pulled."""
    if bandit.contexts is not None:
        return np.asarray(bandit.contexts[0], dtype=np.float64)
    return generator(0, "context").standard_normal(bandit.features)


def _bandit(means: Floats, room: int, theme: Literal["light", "dark"]) -> Pixels:
    """The machines of arms with these means (A,) as a good player would leave them: better ones are known better."""
    share = np.exp(2.5 * (means - means.max()) / max(np.ptp(means), 1e-9))
    pulls = np.rint(400 * share / share.sum()).astype(np.int64) + 1
    noise = np.cos(5.0 * np.arange(means.size)) * np.ptp(means)
    best = int(means.argmax())
    return draw_machines(means + noise / np.sqrt(pulls), pulls, means, (best, float(means[best])), room, theme)


def _shown(value: Any) -> list[Pixels]:
    """What an environment of another kind shows of itself after its start."""
    env = value.environment("rgb_array")
    try:
        env.reset(seed=0)
        picture = env.render()
        return [np.asarray(picture, dtype=np.uint8)] if picture is not None else []
    finally:
        env.close()


def _fitted(picture: Pixels, room: int) -> Pixels:
    """The picture, made smaller where it is wider than its column."""
    height, width = picture.shape[:2]
    if width <= room:
        return picture
    size = (room, max(1, round(height * room / width)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _paste(page: Image.Image, card: _Card, left: int, top: int, room: int, look: Theme) -> None:
    """Put a card on the page: pictures with round corners in the middle of the column, the title beneath."""
    pen, font = ImageDraw.Draw(page), _font()
    ink: Colour = look.dark_ink if look.floor[0] > 128 else look.light_ink
    pale = tuple((3 * channel + 4 * ground) // 7 for channel, ground in zip(ink, look.floor, strict=True))
    for number, picture in enumerate(card.pictures):
        if number and card.change:
            aside = left + (room - pen.textlength(card.change, font)) / 2
            pen.text((aside, top - card.between + 2), card.change, fill=pale, font=font)
        height, width = picture.shape[:2]
        at = (left + (room - width) // 2, top)
        mask = _rounded(width, height)
        frame = Image.new("RGB", (width + 2, height + 2), look.line)
        page.paste(frame, (at[0] - 1, at[1] - 1), _rounded(width + 2, height + 2))
        page.paste(Image.fromarray(picture), at, mask)
        top += height + card.between
    top += _BETWEEN - card.between
    house, _, name = card.title.rpartition("/")
    house = f"{house}/" if house else ""
    begin = left + (room - pen.textlength(house + name, font)) / 2
    pen.text((begin, top - 1), house, fill=pale, font=font)
    pen.text((begin + pen.textlength(house, font), top - 1), name, fill=ink, font=font)


@functools.cache
def _font() -> Any:
    return ImageFont.load_default(_TITLE)


def _rounded(width: int, height: int) -> Image.Image:
    """A mask with round corners."""
    large = Image.new("L", (width * _FINE, height * _FINE), 0)
    box = (0, 0, width * _FINE - 1, height * _FINE - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, min(_ROUND, height // 3) * _FINE, fill=255)
    return large.resize((width, height), Image.Resampling.BOX)
