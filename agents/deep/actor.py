"""A stored network of a deep learner, acting again: for those who watch a run."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import torch

from daedalus.agents.judging import WEIGHTS
from daedalus.core.catalogue import find
from daedalus.core.device import torch_generator
from daedalus.core.lab.experiment import Experiment
from daedalus.core.spec import fill
from daedalus.core.world import OpenWorld

from .config import DQNConfig
from .network import q_network
from .open import open_spaces


def actor(
    experiment: Experiment, final: Mapping[str, np.typing.NDArray[Any]], seed: int
) -> Callable[[Any], int] | None:
    """The greedy action for what is shown, by the weights that a seed's `Final` keeps; None where it keeps none."""
    weights = {name.removeprefix(WEIGHTS): array for name, array in final.items() if name.startswith(WEIGHTS)}
    problem = find("service", "load_problem").load()(experiment.world, seed)
    if not weights or not isinstance(problem, OpenWorld):
        return None
    config = fill(DQNConfig, experiment.agent.mapping, experiment.agent.name)
    with closing(problem.make()) as env:
        eye, space = open_spaces(env, problem.name)
    network = q_network(config, eye, int(space.n), [torch_generator(seed, "init")])
    network.load_state_dict({name: torch.from_numpy(array[None].copy()) for name, array in weights.items()})

    def act(shown: Any) -> int:
        with torch.no_grad():
            q_A = network(eye.see(torch.from_numpy(np.array(eye.keep(shown)))[None, None]))[0, 0].numpy()
        return int(q_A.argmax()) + int(space.start)

    return act
