"""An episode as frames, for files."""

from collections.abc import Callable, Collection, Iterator

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError
from daedalus.core.rng import generator

from .games import Game
from .score import ThemeName

_LARGEST, _MOST = 900, 4096  # pixels of a fitted picture's longer side: what is aimed at, and the most
_TILES = (8, 40)  # pixels of a fitted tile

Choice = Callable[[Game], int]


def as_believed(game: Game) -> int:
    """The action that the game's policy takes. Raises `UserError` where it has none."""
    action = game.best()
    if action is None:
        raise UserError(f"nobody knows what is best in {game.title}; take --policy random")
    return action


def at_random(seed: int) -> Choice:
    """Uniformly random actions, drawn by `seed`."""
    draws = generator(seed, "shown")
    return lambda game: int(draws.integers(len(game.actions)))


def frames(
    game: Game, choose: Choice, most: int, tile: int, theme: ThemeName, overlays: Collection[str] = ()
) -> Iterator[Pixels]:
    """The start and what `most` steps make of it, up to the episode's end; the last frame stays for a while.

    Raises `UserError` for an overlay of which nothing is known here.
    """
    for name in overlays:
        if name not in game.overlays():
            raise UserError(f"{game.title} has no {name!r} to lay over; known: {', '.join(game.overlays()) or 'none'}")
    yield game.picture(tile, theme, overlays)
    while game.score.steps < most and not game.score.over:
        game.act(choose(game))
        yield game.picture(tile, theme, overlays)
    for _ in range(8 if most else 0):
        yield game.picture(tile, theme, overlays)


def fitting(game: Game) -> int:
    """Pixels along a tile's side that make a picture of a good size."""
    high, wide = (int(side) for side in game.picture(1, "light").shape[:2])
    least, most = _TILES
    return max(1, min(most, max(least, _LARGEST // max(high, wide)), _MOST // max(high, wide)))
