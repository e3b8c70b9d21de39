"""A stored network of Stable-Baselines3, acting again: for those who watch a run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from daedalus.core.lab.experiment import Experiment
from daedalus.core.world import OpenWorld

from .trial import new_model


def actor(
    experiment: Experiment, world: OpenWorld, weights: Mapping[str, np.typing.NDArray[Any]], seed: int
) -> Callable[[Any], int]:
    """The greedy action for what is shown, by those weights, which become the network's own."""
    model = new_model(experiment, world.make(), seed)
    model.policy.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return lambda shown: int(model.predict(shown, deterministic=True)[0])
