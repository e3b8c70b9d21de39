"""One episode of each agent's final policy as a moving picture: an animated PNG in a data URI, for both themes."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image

from daedalus.core.arrays import Ints
from daedalus.core.catalogue import of_kind
from daedalus.core.episodes import SHOWN
from daedalus.core.world import Scene, Tile

from .pictures import Arrays, Picture, data_uri

#: Something that can be drawn moving.
Moving = TypeVar("Moving")

SIDES = (320, 200, 120, 80)  # pixels of a picture's longer side, the first that fits
_BYTES = 2_000_000  # of all animations of a report together
_MOST_BYTES = 200_000  # of one, in one theme
_MOST = 48  # animations of a report
_LARGEST_TILE = 32
_COLOURS = 64
_TRAIL = 10  # states behind the agent
_STUCK = 6  # frames of an agent that never leaves its last state again
_WHOLE, _FASTEST, _SLOWEST, _REST = 7000, 40, 220, 1500  # milliseconds: of it all, of a frame, and of the last


@dataclass(frozen=True, eq=False)
class Episode:
    """An episode to be shown, and what happens in it in words."""

    scene: Scene
    states: Ints  # (T,)
    alt: str
    title: str


def episode_of(label: str, scene: Scene, world: Arrays, final: Arrays, horizon: int | None) -> Episode | None:
    """The episode that is stored of an agent's first seed; None where there is none, or nothing to see in it."""
    if "episode" not in final:
        return None
    states = np.asarray(final["episode"][0], dtype=np.int64)
    states = states[states >= 0]
    if not states.size or not (scene.cell[states, 0] >= 0).any():
        return None
    happened = outcome(scene, states, world["terminal"].astype(np.bool_), horizon)
    return Episode(
        scene, states, f"{label}: an episode of the final policy, which {happened}.", f"an episode: {happened}"
    )


def outcome(scene: Scene, states: Ints, terminal: np.typing.NDArray[np.bool_], horizon: int | None) -> str:
    """What becomes of the agent, in words: "reaches the goal in 14 steps"."""
    steps = states.size - 1
    took = f"{steps:,} step{'' if steps == 1 else 's'}"
    row, column = scene.cell[states[-1]]
    level = () if scene.level is None else (int(scene.level[states[-1]]),)
    if row >= 0 and scene.tiles[(*level, row, column)] == Tile.GOAL:
        return f"reaches the goal in {took}"
    cut = steps >= SHOWN or steps == horizon
    if terminal[states[-1]] or not cut:
        return f"ends after {took}"
    if (scene.tiles == Tile.GOAL).any():
        return f"does not reach the goal in {took}"
    return f"does not end in {took}" if terminal.any() else f"goes on for {took}"


def animate_all(episodes: Sequence[Episode | None]) -> list[Picture | None]:
    """Draw the episodes, each as large as its share of a report's size allows; of very many, the first."""
    return fitting(episodes, animate, _BYTES, _MOST)


def fitting(
    wanted: Sequence[Moving | None], draw: Callable[[Moving, int], Picture], size: int, most: int
) -> list[Picture | None]:
    """Draw what moves, `draw(what, side)`, the first `most` of it, each as large as its share of `size` bytes allows.

    What one does not need of its share the later ones have.
    """
    drawn: list[Picture | None] = [None] * len(wanted)
    those = [(number, what) for number, what in enumerate(wanted) if what][:most]
    for place, (number, what) in enumerate(those):
        share = size // (len(those) - place)
        for side in SIDES:
            picture = draw(what, side)
            if picture.size <= share and _small(picture):
                drawn[number] = picture
                size -= picture.size
                break
    return drawn


def _small(picture: Picture) -> bool:
    return max(len(picture.light), len(picture.dark)) <= _MOST_BYTES


def animate(episode: Episode, side: int) -> Picture:
    """Draw an episode for both themes, at most `side` pixels wide and high where a tile is no less than a pixel."""
    draw = of_kind("service")["draw"].load()
    scene, states = episode.scene, _shown(episode.states)
    tile = max(1, min(_LARGEST_TILE, side // max(scene.tiles.shape[-2:])))
    moving, still = [], []
    for theme in ("light", "dark"):
        frames = [
            Image.fromarray(
                draw(scene, tile=tile, agent=int(state), trail=states[max(0, t - _TRAIL) : t + 1], theme=theme)
            )
            for t, state in enumerate(states)
        ]
        moving.append(animated(frames))
        whole = draw(scene, tile=tile, agent=int(states[-1]), path=states, theme=theme)
        still.append(data_uri(Image.fromarray(whole)))
    width, height = frames[0].size
    return Picture(episode.title, episode.alt, moving[0], moving[1], width, height, still[0], still[1])


def _shown(states: Ints) -> Ints:
    """The states without the long wait of an agent that is stuck for good."""
    moved = np.flatnonzero(np.diff(states))
    return states[: (moved[-1] + 2 if moved.size else 1) + _STUCK]


def animated(frames: Sequence[Image.Image]) -> str:
    """An animated PNG of one palette, the last frame resting: half a GIF's bytes, and lossless."""
    pace = max(_FASTEST, min(_SLOWEST, _WHOLE // len(frames)))
    telling = [np.asarray(frames[t]) for t in (0, len(frames) // 2, -1)]
    palette = Image.fromarray(np.concatenate(telling)).quantize(_COLOURS, dither=Image.Dither.NONE)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    times = [pace] * (len(flat) - 1) + [_REST]
    flat[0].save(buffer, "PNG", save_all=True, append_images=flat[1:], duration=times, loop=0)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
