"""A stored network of a deep learner, acting again: for those who watch a run."""

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import torch

from daedalus.core.device import torch_generator
from daedalus.core.lab.experiment import Experiment
from daedalus.core.spec import fill
from daedalus.core.world import OpenWorld

from .config import DQNConfig
from .network import q_network
from .open import open_spaces


def actor(
    experiment: Experiment, world: OpenWorld, weights: Mapping[str, np.typing.NDArray[Any]], seed: int
) -> Callable[[Any], int]:
    """The greedy action for what is shown, by those weights, which become the network's own."""
    config = fill(DQNConfig, experiment.agent.mapping, experiment.agent.name)
    with closing(world.make()) as env:
        eye, space = open_spaces(env, world.name)
    network = q_network(config, eye, int(space.n), [torch_generator(seed, "init")])
    network.load_state_dict({name: torch.from_numpy(array[None]) for name, array in weights.items()})

    def act(shown: Any) -> int:
        with torch.no_grad():
            q_A = network(eye.see(torch.from_numpy(np.array(eye.keep(shown)))[None, None]))[0, 0].numpy()
        return int(q_A.argmax()) + int(space.start)

    return act
