"""Stored networks, acting again: whoever learnt them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from daedalus.core.catalogue import find
from daedalus.core.lab.experiment import Experiment
from daedalus.core.world import OpenWorld

from .judging import WEIGHTS


def actor(
    experiment: Experiment, final: Mapping[str, np.typing.NDArray[Any]], seed: int
) -> Callable[[Any], int] | None:
    """The greedy action for what is shown, by the weights that a seed's `Final` keeps; None where it keeps none."""
    weights = {name.removeprefix(WEIGHTS): array.copy() for name, array in final.items() if name.startswith(WEIGHTS)}
    problem = find("service", "load_problem").load()(experiment.world, seed)
    if not weights or not isinstance(problem, OpenWorld):
        return None
    if find("agent", experiment.agent.name).trial == "deep":
        from .deep.actor import actor as deep

        return deep(experiment, problem, weights, seed)
    from .sb3.actor import actor as sb3

    return sb3(experiment, problem, weights, seed)
