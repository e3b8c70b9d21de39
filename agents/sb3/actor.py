"""A stored network of Stable-Baselines3, acting again: for those who watch a run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from daedalus.agents.judging import WEIGHTS
from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment
from daedalus.core.world import OpenWorld

from .trial import new_model


def actor(
    experiment: Experiment, final: Mapping[str, np.typing.NDArray[Any]], seed: int
) -> Callable[[Any], int] | None:
    """The greedy action for what is shown, by the weights that a seed's `Final` keeps; None where it keeps none."""
    weights = {name.removeprefix(WEIGHTS): array for name, array in final.items() if name.startswith(WEIGHTS)}
    problem = find("service", "load_problem").load()(experiment.world, seed)
    if not weights or not isinstance(problem, OpenWorld):
        return None
    model = new_model(experiment, problem.make(), seed)
    model.policy.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    return lambda shown: int(model.predict(shown, deterministic=True)[0])
