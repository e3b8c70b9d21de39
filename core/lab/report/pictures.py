"""Pictures of grid worlds: final values with policy arrows, and visits, for the light and the dark page."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from daedalus.core.arrays import Floats, Ints
from daedalus.core.catalogue import of_kind
from daedalus.core.lab.numerals import decimals_apart, number
from daedalus.core.staging import like, whole
from daedalus.core.world import Piece, Scene, Thing

from .text import listed

_WIDEST, _SMALLEST = 640, 80  # pixels of a picture's longer side
_PIXELS = 24_000_000  # of all pictures of a report together
_BYTES = 5_000_000  # of all pictures of a report together

Arrays = Mapping[str, np.typing.NDArray[Any]]


@dataclass(frozen=True)
class Picture:
    """One drawing in two themes, as data URIs. `alt` says in words what a person would see.

    What moves has stills beside it, for those who asked their system for less motion.
    """

    title: str
    alt: str
    light: str
    dark: str
    width: int
    height: int
    still_light: str = ""
    still_dark: str = ""

    @property
    def size(self) -> int:
        """Bytes on the page."""
        return len(self.light) + len(self.dark) + len(self.still_light) + len(self.still_dark)


@dataclass(frozen=True, eq=False)
class Overlay:
    """What lies over a scene: one number a state, an arrow a state; and the state that is drawn, None for none."""

    kind: Literal["values", "visits"]
    title: str
    alt: str
    numbers: Floats | None
    policy: Ints | None
    agent: int | None = None


def scene_of(arrays: Arrays) -> Scene | None:
    """The scene in a world's stored arrays, if it has one that can be drawn."""
    if not {"tiles", "cell", "moves"} <= set(arrays) or "draw" not in of_kind("service"):
        return None
    moves = tuple((int(row), int(column)) for row, column in arrays["moves"])
    return Scene(
        arrays["tiles"].astype(np.uint8),
        arrays["cell"].astype(np.int64),
        moves,
        _pieces(arrays) if "piece_tile" in arrays else (),
        arrays["level"].astype(np.int32) if "level" in arrays else None,
        arrays["heading"].astype(np.int32) if "heading" in arrays else None,
    )


def _pieces(arrays: Arrays) -> tuple[Piece, ...]:
    tiles = np.split(arrays["piece_tile"].astype(np.int32), np.cumsum(arrays["piece_size"])[:-1])
    kinds = zip(arrays["piece_thing"].tolist(), tiles, arrays["piece_variant"].tolist(), strict=True)
    return tuple(Piece(Thing(thing), tile, variant) for thing, tile, variant in kinds)


def draw_all(wanted: Sequence[tuple[Scene, Sequence[Overlay]]]) -> list[list[Picture]]:
    """Draw every overlay on its scene, as large as a report's size allows: smaller where there are many."""
    count = 2 * sum(len(found) for _, found in wanted)
    side = min(_WIDEST, int((_PIXELS / max(1, count)) ** 0.5))
    while True:
        drawn = [[draw_overlay(scene, overlay, side) for overlay in found] for scene, found in wanted]
        size = sum(picture.size for pictures in drawn for picture in pictures)
        if size <= _BYTES or side <= _SMALLEST:
            return drawn
        side //= 2


def draw_overlay(scene: Scene, overlay: Overlay, side: int) -> Picture:
    """Draw a scene under an overlay for both themes, at most `side` pixels wide and high."""
    draw = of_kind("service")["draw"].load()
    tile = max(1, min(32, side // max(scene.tiles.shape[-2:])))
    shown: list[str] = []
    for theme in ("light", "dark"):
        pixels = draw(
            scene, tile=tile, policy=overlay.policy, agent=overlay.agent, theme=theme, **{overlay.kind: overlay.numbers}
        )
        picture = Image.fromarray(pixels)
        picture.thumbnail((side, side), Image.Resampling.BOX)  # where there are more tiles than pixels
        shown.append(data_uri(picture))
    return Picture(overlay.title, overlay.alt, shown[0], shown[1], picture.width, picture.height)


def data_uri(picture: Image.Image) -> str:
    """A PNG of at most 256 colours, which flat drawings hardly exceed, in a fifth of the bytes."""
    buffer = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def overlays(label: str, agent: str, scene: Scene, world: Arrays, final: Arrays) -> list[Overlay]:
    """What can be drawn of one agent: values with arrows, then visits.

    Over several seeds values and visits are means and an arrow is the action that most seeds prefer. Where no seed
    has been, a learner's picture stays plain.
    """
    states = len(scene.cell)
    values = _values(agent, world, final, states)
    policy = _majority(final["policy"][:, :states], len(scene.moves)) if "policy" in final else None
    if policy is not None and not (policy >= 0).any():
        policy = None
    if agent != "optimal" and "visits" in final:  # a table's initial values and ties are no knowledge
        unseen = ~final["visits"][:, :states].any(axis=0)
        values = None if values is None else np.where(unseen, np.nan, values)
        policy = None if policy is None else np.where(unseen, -1, policy)
    learnt = agent != "optimal" and "visits" in final
    start, told = told_state(scene, world, final["visits"][:, :states].sum(axis=0) if learnt else None)
    if values is not None and scene.pieces:
        values = np.where(like(scene, whole(scene) if told is None else told), values, np.nan)
    found = []
    if values is not None or policy is not None:
        title = listed(
            ([value_range(values)] if values is not None else []) + (["policy"] if policy is not None else [])
        )
        found.append(Overlay("values", title, f"{label}: {title}, drawn on the map.", values, policy, told))
    if "visits" in final and final["visits"].any():
        visits = final["visits"][:, :states].mean(axis=0)
        reached = f"{np.count_nonzero(visits):,} of {states:,} states visited"
        title = f"visits, up to {visits.max():,.0f} a seed"
        found.append(Overlay("visits", title, f"{label}: {title}; {reached}.", visits, None, start))
    return found


def told_state(scene: Scene, world: Arrays, visits_S: Ints | None) -> tuple[int | None, int | None]:
    """The start and the state in which what was learned is drawn; None where nothing lies about.

    Where things do, the start is drawn, with the values of the states in which they lie as they do there.
    """
    start = int(world["start"][0]) if scene.pieces and "start" in world else None
    return start, start if visits_S is None or not visits_S.any() else _met(scene, visits_S, start)


def _met(scene: Scene, visits_S: Ints, start: int | None) -> int | None:
    """The state in which what was learned is drawn: the start, unless another player moves on with every step.

    Hardly a state has that player where it is at the start; it is drawn where it was met in most states.
    """
    players = [piece.tile for piece in scene.pieces if piece.thing == Thing.PLAYER and piece.tile.size > 1]
    if not players:
        return start
    _, lying = np.unique(np.stack(players), axis=1, return_inverse=True)
    most = np.bincount(lying.ravel(), weights=visits_S > 0).argmax()
    return int(np.where(lying.ravel() == most, visits_S, -1).argmax())


def _values(agent: str, world: Arrays, final: Arrays, states: int) -> Floats | None:
    if "q" in final:
        return np.asarray(final["q"][:, :states].max(axis=2).mean(axis=0), dtype=np.float64)
    if agent == "optimal" and "optimal_value" in world:
        return np.asarray(world["optimal_value"][:states], dtype=np.float64)
    return None


def value_range(values: Floats) -> str:
    """From which to which value they go, in words; NaN left out."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "values"
    low, high = float(finite.min()), float(finite.max())
    decimals = decimals_apart([low, high])
    return f"values from {number(low, decimals)} to {number(high, decimals)}"


def _majority(policy_NS: np.typing.NDArray[Any], actions: int) -> Ints:
    """The action that most seeds take in each state, -1 where most take none; the lowest index among ties."""
    votes = np.stack([(policy_NS == action).sum(axis=0) for action in range(-1, actions)])
    return np.asarray(votes.argmax(axis=0) - 1, dtype=np.int64)
