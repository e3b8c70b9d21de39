"""A deep learner in a file: a checkpoint with all that it has learnt, and where it stands."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from daedalus.core import checkpoint
from daedalus.core.checkpoint import Card, fits
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.files import damaged, make_folder
from daedalus.core.spec import fill
from daedalus.core.world import LONGEST

from .body import Body, Outline
from .config import DQNConfig, settings
from .network import convolves, numerics_of, q_network
from .seeing import eye_card, eye_from

_KIND = "deep learner"
_REMEDY = "save the learner again"
_MODULE = "engine.module/"


def save(path: Path, body: Body, predictions: int) -> None:
    """Write a learner, whole or not at all. Raises `UserError` where the file system refuses."""
    outline = body.outline
    facts = {
        "learner": "DQN",
        "config": settings(outline.config),
        "seed": outline.seed,
        "eye": eye_card(outline.eye),
        "actions": outline.actions,
        "first": outline.first,
        "world": outline.world,
        "predictions": predictions,
    }
    make_folder(path.parent)
    checkpoint.save(path, body.state(), Card(_KIND, _architecture(outline), facts))


def load(path: Path, device: str) -> tuple[Body, int]:
    """Read what `save` wrote: a learner that lives nowhere yet, and how many predictions it has drawn.

    Raises `UserError` for a file that is damaged, hostile, newer, or something else.
    """
    arrays, card = checkpoint.load(path, kind=_KIND)
    try:
        outline, predictions = _outline(card.facts)
        if card.architecture != _architecture(outline):
            raise UserError(f"it holds {card.architecture}")
        numerics = numerics_of(outline.config, outline.eye.seen, device)
    except (UserError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, UserError) and str(error).startswith(("device", "unknown device")):
            raise
        raise damaged(path, error, _REMEDY) from error
    try:
        weights = {name.removeprefix(_MODULE): one for name, one in arrays.items() if name.startswith(_MODULE)}
        _plausible(outline, weights)
        network = q_network(outline.config, outline.eye, outline.actions, [torch_generator(outline.seed, "init")])
        numerics.place(network)
        fits(weights, network.state_dict())
        network.load_state_dict({name: torch.from_numpy(one.copy()) for name, one in weights.items()})
        _check(arrays)
    except (UserError, RuntimeError, TypeError) as error:
        raise damaged(path, str(error).partition("\n")[0], _REMEDY) from error
    return Body(outline, network, device, state=arrays), predictions


def _outline(facts: Mapping[str, Any]) -> tuple[Outline, int]:
    if facts["learner"] != "DQN":
        raise UserError(f"it holds a {facts['learner']}")
    config = fill(DQNConfig, facts["config"], "DQN")
    seed, actions, first, predictions = (int(facts[name]) for name in ("seed", "actions", "first", "predictions"))
    if not (0 < actions < 2**20 and 0 <= predictions < LONGEST and abs(first) < LONGEST):
        raise UserError("a number out of range")
    world = None if facts["world"] is None else str(facts["world"])
    return Outline(config, seed, eye_from(facts["eye"]), actions, first, world), predictions


def _plausible(outline: Outline, weights: Mapping[str, np.typing.NDArray[Any]]) -> None:
    """Refuse sizes that the weights have not, before anything is built of them: a stranger's file may tell any."""
    config, sizes = outline.config, [size for array in weights.values() for size in array.shape]
    told = [outline.actions]
    if not convolves(config, outline.eye.seen):
        told += [math.prod(outline.eye.seen), *config.widths]
    if not sizes or max(told) > max(sizes) or len(config.widths) > len(weights):
        raise UserError("it tells of more weights than it holds")


def _check(arrays: Mapping[str, np.typing.NDArray[Any]]) -> None:
    for name in ("t", "span", "since", "updates"):
        if name not in arrays or arrays[name].shape != () or not 0 <= int(arrays[name]) < LONGEST:
            raise UserError(f"{name} is missing or out of range")


def _architecture(outline: Outline) -> str:
    """What decides the shapes of the weights, as text."""
    config = outline.config
    return json.dumps(
        [outline.eye.kind, *outline.eye.seen, outline.actions, config.network, config.width, config.depth]
    )
