"""Heading as state: the same world, in which the agent also looks somewhere."""

from dataclasses import replace
from typing import Any

import numpy as np

from daedalus.core.arrays import Floats, States
from daedalus.core.errors import UserError
from daedalus.core.mdp import FiniteMDP, check_size
from daedalus.core.world import Piece, Scene, World

HEADINGS = 4  # 0 up, 1 right, 2 down, 3 left
_KEEPS = -1


def with_heading(world: World) -> World:
    """The world in which state s under heading h is state 4·s + h; one that has a heading stays as it is.

    The heading is the way of the last move tried, whether or not it came to pass; up at the start. Actions that
    are no moves keep it, and a diagonal move looks along its rows, up or down. What is paid and where the agent goes
    do not depend on it, so the optimum is the same. Raises `UserError` for a world without a scene.
    """
    scene, mdp = world.scene, world.mdp
    if scene is None:
        raise UserError(f"{world.name} has no scene, so nobody looks anywhere in it")
    if scene.heading is not None:
        return world
    check_size(HEADINGS * mdp.states, mdp.actions, mdp.outcomes)
    start: Floats = np.zeros((mdp.states, HEADINGS))
    start[:, 0] = mdp.start
    turned = FiniteMDP(
        next_state=_next_states(mdp, scene),
        probability=_repeated(mdp.probability),
        reward=_repeated(mdp.reward),
        start=start.ravel(),
        terminal=_repeated(mdp.terminal),
    )
    return replace(
        world,
        mdp=turned,
        scene=_scene(scene),
        states=HEADINGS * world.states,
        shows=None if world.shows is None else _repeated(world.shows),
    )


def heading_after(move: tuple[int, int]) -> int:
    """Where the agent looks after trying a move by rows and columns; -1: where it looked before."""
    down, right = move
    if down:
        return 0 if down < 0 else 2
    if right:
        return 1 if right > 0 else 3
    return _KEEPS


def _next_states(mdp: FiniteMDP, scene: Scene) -> States:
    """(4·S, A, K)."""
    own_H = np.arange(HEADINGS, dtype=np.int32)
    after_HA = np.empty((HEADINGS, mdp.actions), dtype=np.int32)
    for action, move in enumerate(scene.moves):
        heading = heading_after(move)
        after_HA[:, action] = own_H if heading == _KEEPS else heading
    next_SHAK = (mdp.next_state * np.int32(HEADINGS))[:, None] + after_HA[None, :, :, None]
    ends = np.flatnonzero(mdp.terminal)
    next_SHAK[ends] = (ends[:, None] * HEADINGS + own_H)[:, :, None, None]  # nobody turns any more
    next_state: States = _frozen(next_SHAK.reshape(-1, mdp.actions, mdp.outcomes))
    return next_state


def _scene(scene: Scene) -> Scene:
    states = len(scene.cell)
    pieces = tuple(
        piece if piece.tile.size == 1 and states > 1 else Piece(piece.thing, _repeated(piece.tile), piece.variant)
        for piece in scene.pieces
    )
    return replace(
        scene,
        cell=_repeated(scene.cell),
        pieces=pieces,
        level=None if scene.level is None else _repeated(scene.level),
        heading=_frozen(np.tile(np.arange(HEADINGS, dtype=np.int32), states)),
    )


def _repeated(array_S: Any) -> Any:
    """The row of each state for each of its headings, read-only."""
    return _frozen(np.repeat(array_S, HEADINGS, axis=0))


def _frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array
