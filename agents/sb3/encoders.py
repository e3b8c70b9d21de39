"""Networks of Daedalus as features extractors of Stable-Baselines3."""

from typing import Any, final

import gymnasium
import torch
from stable_baselines3.common.preprocessing import get_flattened_obs_dim
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from daedalus.core.device import torch_generator
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.heads import Body
from daedalus.core.nn.mlp import MLP
from daedalus.core.spec import Spec, chosen

_BODIES: dict[str, type[Any]] = {"mlp": MLP, "cnn": CNN}


@final
class Encoder(BaseFeaturesExtractor):
    """A network of `daedalus.core.nn` between what is seen and the layers of Stable-Baselines3.

    `PPO("MlpPolicy", env, policy_kwargs={"features_extractor_class": Encoder, "features_extractor_kwargs":
    {"body": CNN(channels=(16, 16), width=64)}})`. It takes what Stable-Baselines3 makes of an observation: numbers
    (B, *shape), pictures with their colours first and divided by 255, one-hot vectors of Discrete ones.

    Raises:
        UserError: the body does not take observations of that shape.
    """

    def __init__(self, observation_space: gymnasium.Space[Any], body: Body, seed: int = 0) -> None:
        box = isinstance(observation_space, gymnasium.spaces.Box)
        shape = observation_space.shape if box else (get_flattened_obs_dim(observation_space),)
        assert shape is not None
        super().__init__(observation_space, body.features(shape))
        self.body = body.build(shape, torch_generator(seed, "init"))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(B, *shape) → (B, features)."""
        features: torch.Tensor = self.body(observations)
        return features


def body_of(spec: Spec) -> Body:
    """The network that `cnn(width=64)` or `mlp(depth=3)` means. Raises `UserError` for an unknown one."""
    body: Body = chosen("encoder", spec, _BODIES)
    return body
