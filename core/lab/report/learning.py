"""How the first seed learnt, as a moving picture: values and arrows on a map, or estimates and pulls of arms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.catalogue import of_kind
from daedalus.core.staging import like, whole
from daedalus.core.world import Scene

from .animation import SIDES, animated
from .pictures import Arrays, Picture, data_uri, told_state, value_range

if TYPE_CHECKING:
    import pyarrow as pa

LESSON_BYTES, LESSONS = 2_500_000, 16  # of all of a report together: drawing one takes half a second
MOMENTS, MOMENTS_OF_ARMS = 26, 15  # machines take more bytes
_LARGEST_TILE = 32
_ARMS = 30  # more machines than these could not be told apart
_MACHINES = 560  # pixels of a row of machines, at which their digits can be read
_BARS = {"light": ((217, 213, 204), (150, 85, 28)), "dark": ((54, 59, 68), (224, 164, 88))}  # all and past steps


@dataclass(frozen=True, eq=False)
class Lesson:
    """Something learnt, to be shown at every moment of `steps`; `draw(moment, side, theme)` gives its pixels.

    Where they cannot be read any smaller, fewer moments are shown instead.
    """

    steps: Ints  # (H,)
    draw: Callable[[int, int, str], Pixels]
    title: str
    alt: str
    shrinks: bool = True


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What seed 0 believed at H moments of each of S states or arms; what was never met is NaN and action -1."""

    steps: Ints  # (H,)
    values: Floats  # (H, S)
    actions: Ints  # (H, S)
    visits: Ints  # (H, S)


def beliefs_of(table: "pa.Table | None", moments: int = MOMENTS) -> Beliefs | None:
    """A "beliefs" table of a member at some of its moments, its first and last too; None where there is none."""
    if table is None:
        return None
    steps = np.unique(np.asarray(table["step"]))
    values, actions, visits = (
        np.asarray(table[column]).reshape(steps.size, -1) for column in ("value", "action", "visits")
    )
    kept = _even(steps.size, moments)
    steps, values, actions, visits = steps[kept], values[kept], actions[kept], visits[kept]
    met = visits > 0
    return Beliefs(steps, np.where(met, values.astype(np.float64), np.nan), np.where(met, actions, -1), visits)


def map_lesson(label: str, scene: Scene, world: Arrays, beliefs: Beliefs | None) -> Lesson | None:
    """Values and arrows on a map; None where nothing was learnt there, or the scene is not the beliefs' own."""
    if beliefs is None or beliefs.values.shape[1] != len(scene.cell) or not beliefs.visits.any():
        return None
    _, told = told_state(scene, world, beliefs.visits[-1])
    values = beliefs.values
    if scene.pieces:
        values = np.where(like(scene, whole(scene) if told is None else told), values, np.nan)
    scale = _ends(values)
    draw = of_kind("service")["draw"].load()

    def drawn(moment: int, side: int, theme: str) -> Pixels:
        tile = max(1, min(_LARGEST_TILE, side // max(scene.tiles.shape[-2:])))
        policy = beliefs.actions[moment]
        pixels: Pixels = draw(
            scene, tile=tile, values=values[moment], policy=policy, agent=told, theme=theme, scale=scale
        )
        return pixels

    title = f"learning, up to step {beliefs.steps[-1]:,}: {value_range(values)}"
    met = np.count_nonzero(beliefs.visits, axis=1)
    alt = (
        f"{label}: values and policy while seed 0 learns; it has met {met[len(met) // 2]:,} of {met[-1]:,} states "
        f"by step {beliefs.steps[len(met) // 2]:,} of {beliefs.steps[-1]:,}."
    )
    return Lesson(beliefs.steps, drawn, title, alt)


def arms_lesson(label: str, means_A: Floats | None, beliefs: Beliefs | None) -> Lesson | None:
    """Estimates and pulls of arms, the true means marked where they are known; None where there is nothing to see."""
    if beliefs is None or not 1 < beliefs.values.shape[1] <= _ARMS:
        return None
    scale = _ends(beliefs.values)
    draw = of_kind("service")["draw_arms"].load()

    def drawn(moment: int, side: int, theme: str) -> Pixels:
        estimates, pulls = beliefs.values[moment], beliefs.visits[moment]
        pixels: Pixels = draw(estimates, pulls, means_A, width=_MACHINES, theme=theme, reach=scale)
        return pixels

    favourite = int(beliefs.visits[-1].argmax())
    share = 100 * beliefs.visits[-1, favourite] / max(1, beliefs.visits[-1].sum())
    title = f"learning, up to pull {beliefs.steps[-1]:,}: {share:.3g}\u00a0% of pulls on arm {favourite}"
    alt = f"{label}: estimates and pulls of each arm while seed 0 learns; in the end {title.partition(': ')[2]}."
    return Lesson(beliefs.steps, drawn, title, alt, shrinks=False)


def _even(size: int, most: int) -> Ints:
    """At most so many even places of that many, the first and the last too."""
    return np.unique(np.linspace(0, size - 1, min(most, size)).round().astype(np.int64))


def _ends(values: Floats) -> tuple[float, float] | None:
    """The lowest and the highest finite value; None where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def animate_lesson(lesson: Lesson, side: int) -> Picture:
    """Draw a lesson for both themes, with a bar below that says how far it is; the still is its end."""
    shown = _even(lesson.steps.size, MOMENTS if lesson.shrinks else max(2, MOMENTS_OF_ARMS * side // SIDES[0]))
    moving, still = [], []
    for theme in ("light", "dark"):
        frames = [
            Image.fromarray(_with_bar(lesson.draw(moment, side, theme), step / max(1, lesson.steps[-1]), theme))
            for moment, step in zip(shown.tolist(), lesson.steps[shown].tolist(), strict=True)
        ]
        moving.append(animated(frames))
        still.append(data_uri(frames[-1]))
    width, height = frames[0].size
    return Picture(lesson.title, lesson.alt, moving[0], moving[1], width, height, still[0], still[1])


def _with_bar(pixels: Pixels, share: float, theme: str) -> Pixels:
    everything, past = _BARS[theme]
    bar = np.empty((max(3, pixels.shape[0] // 70), pixels.shape[1], 3), dtype=np.uint8)
    bar[...] = everything
    bar[:, : round(share * pixels.shape[1])] = past
    return np.concatenate([pixels, bar])
