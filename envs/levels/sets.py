"""A fixed set of levels as one finite world: the disjoint union of their MDPs, an episode starting in any of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import LONGEST, Piece, Scene, Schedule, Thing, World

from .names import Split


def split_of(name: str, levels: int, split: Split, test_share: float) -> slice:
    """Which of `levels` levels, in the order in which they were drawn, belong to a split; the test levels are last.

    Raises `UserError` where a split would be empty.
    """
    test = round(test_share * levels)
    if split != "all" and not 0 < test < levels:
        raise UserError(
            f"{name}: test_share={test_share} of {levels} levels leaves {levels - test} for training and {test} for "
            "testing; both need at least one"
        )
    return {"all": slice(None), "train": slice(levels - test), "test": slice(levels - test, None)}[split]


def union(name: str, levels: Sequence[World], first: int = 0, of: int | None = None) -> World:
    """One world of several alike in actions, outcomes, time limit and grid; each starts as often as another.

    Where they are part of a larger set, `first` is the number of the first in it and `of` how many there are.
    """
    mdps, sizes = [level.mdp for level in levels], [level.mdp.states for level in levels]
    check_size(sum(sizes), mdps[0].actions, mdps[0].outcomes)
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    mdp = FiniteMDP(
        next_state=np.concatenate([mdp.next_state + offset for mdp, offset in zip(mdps, offsets, strict=True)]),
        probability=np.concatenate([mdp.probability for mdp in mdps]),
        reward=np.concatenate([mdp.reward for mdp in mdps]),
        start=np.concatenate([mdp.start / len(mdps) for mdp in mdps]),
        terminal=np.concatenate([mdp.terminal for mdp in mdps]),
    )
    scene = replace(_scene([level.scene for level in levels], sizes), first_level=first, all_levels=of)
    return World(name, mdp, levels[0].horizon, levels[0].actions, scene)


def _scene(scenes: Sequence[Scene | None], sizes: Sequence[int]) -> Scene:
    """The levels' tiles one behind the other; the n-th piece of a kind is one piece in all levels."""
    known = [scene for scene in scenes if scene is not None]
    pieces: dict[tuple[Thing, int, int], list[np.typing.NDArray[np.int32]]] = {}
    for level, scene in enumerate(known):
        count: dict[tuple[Thing, int], int] = {}
        for piece in scene.pieces:
            kind = (piece.thing, piece.variant)
            number = count[kind] = count.get(kind, -1) + 1
            rows = pieces.setdefault((*kind, number), [np.full(size, -1, dtype=np.int32) for size in sizes])
            rows[level][:] = piece.tile
    return Scene(
        np.stack([scene.tiles for scene in known]),
        np.concatenate([scene.cell for scene in known]),
        known[0].moves,
        tuple(Piece(thing, np.concatenate(rows), variant) for (thing, variant, _), rows in pieces.items()),
        np.repeat(np.arange(len(known), dtype=np.int32), sizes),
    )


def elsewhere(name: str, lived: World, judged: World) -> Schedule:
    """A world in which all live, and another one in which they are judged.

    Raises `UserError` where the two are not alike. What is shown must tell one level from another.
    """
    return Schedule(name, np.array([0, LONGEST]), (lived, judged), judged=1)
