"""The networks and optimisers that a config asks for."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from daedalus.core.device import Numerics, numerics
from daedalus.core.errors import UserError
from daedalus.core.nn.cnn import CNN, atari
from daedalus.core.nn.mlp import MLP
from daedalus.core.optim.optimisers import SGD, Adam, Optimiser, RMSProp

from .config import DQNConfig
from .seeing import Eye

#: Pixels along the shorter side that the convolutions of Mnih et al. 2015 need.
_PICTURE = 36


def convolves(config: DQNConfig, seen: tuple[int, ...]) -> bool:
    """Whether observations of that shape go through convolutions. Raises `UserError` where that is asked in vain."""
    if config.network == "cnn" and len(seen) != 3:
        raise UserError(f"network=cnn takes pictures or planes (channels, rows, columns), not observations {seen}")
    return config.network == "cnn" or (config.network == "auto" and len(seen) == 3)


def q_network(config: DQNConfig, eye: Eye, actions: int, generators: Sequence[torch.Generator]) -> nn.Module:
    """One network of action values for each generator, (N, B, *seen) → (N, B, A); of numbers (N, B) → (N, B, A)."""
    if convolves(config, eye.seen):
        return _convolutions(config, eye.seen, actions).build_population(eye.seen, generators)
    plan = MLP(config.widths, outputs=actions, one_hot=eye.kind == "one_hot")
    return plan.build_population(eye.seen, generators)


def _convolutions(config: DQNConfig, seen: tuple[int, ...], actions: int) -> CNN:
    """Those of Mnih et al. 2015 where the picture is large enough for them; for grids, two stages of 3 × 3."""
    if min(seen[1:]) >= _PICTURE:
        return replace(atari(actions), divisor=1.0)  # bytes are divided where they are seen
    if isinstance(config.width, tuple):
        raise UserError(f"convolutions end in one dense layer: width takes one number, not {config.width}")
    return CNN((16, 32), kernels=3, strides=(1, 2), width=config.width, outputs=actions)


def optimiser_of(config: DQNConfig) -> Optimiser:
    """The optimiser; RMSProp's decays are those of Mnih et al. 2015."""
    match config.optimiser:
        case "adam":
            return Adam(lr=config.learning_rate)
        case "rmsprop":
            return RMSProp(lr=config.learning_rate)
        case _:
            return SGD(lr=config.learning_rate)


def numerics_of(config: DQNConfig, seen: tuple[int, ...], device: str = "auto") -> Numerics:
    """Where networks for such observations live: "auto" is the best device for convolutions, the CPU for perceptrons.

    A perceptron of these sizes is faster there, and its bits are the same on every machine of that kind.
    """
    return numerics("cpu" if device == "auto" and not convolves(config, seen) else device, "float32")
