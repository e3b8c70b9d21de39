"""Learners of Stable-Baselines3 by name: their parameters, with its names and its defaults.

Importing this imports neither Stable-Baselines3 nor torch; `sb3_trial` does, when one of them runs.
Source: Raffin et al. 2021, "Stable-Baselines3: reliable reinforcement learning implementations".
"""

import math
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

from daedalus.core.errors import UserError
from daedalus.core.world import OpenWorld, Problem

#: "auto" is CnnPolicy for pictures that its convolutions fit (36 pixels a side), MultiInputPolicy for dictionaries,
#: else MlpPolicy.
PolicyName = Literal["auto", "MlpPolicy", "CnnPolicy", "MultiInputPolicy"]


@dataclass(frozen=True)
class DQNConfig:
    """Parameters of `stable_baselines3.DQN`; `depth` hidden layers of `width` units stand after its features."""

    policy: PolicyName = "auto"
    width: int = 64
    depth: int = 2
    learning_rate: float = 1e-4
    buffer_size: int = 1_000_000
    learning_starts: int = 100
    batch_size: int = 32
    tau: float = 1.0
    gamma: float = 0.99
    train_freq: int = 4  # steps
    gradient_steps: int = 1  # -1: as many as steps
    target_update_interval: int = 10_000
    exploration_fraction: float = 0.1
    exploration_initial_eps: float = 1.0
    exploration_final_eps: float = 0.05
    max_grad_norm: float = 10.0

    def __post_init__(self) -> None:
        name = "sb3/dqn"
        _at_least(name, self, 1, "width", "buffer_size", "batch_size", "train_freq", "target_update_interval")
        _at_least(name, self, 0, "depth", "learning_starts")
        _at_least(name, self, -1, "gradient_steps")
        _positive(name, self, "learning_rate", "tau", "max_grad_norm")
        _share(name, self, "tau", "gamma", "exploration_fraction", "exploration_initial_eps", "exploration_final_eps")


@dataclass(frozen=True)
class PPOConfig:
    """Parameters of `stable_baselines3.PPO`; `depth` hidden layers of `width` units stand after its features."""

    policy: PolicyName = "auto"
    width: int = 64
    depth: int = 2
    learning_rate: float = 3e-4
    n_steps: int = 2048
    batch_size: int = 64
    n_epochs: int = 10
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    clip_range_vf: float | None = None
    normalize_advantage: bool = True
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float | None = None

    def __post_init__(self) -> None:
        name = "sb3/ppo"
        _at_least(name, self, 1, "width", "n_epochs")
        _at_least(name, self, 2 if self.normalize_advantage else 1, "n_steps", "batch_size")
        _at_least(name, self, 0, "depth", "ent_coef", "vf_coef")
        _positive(name, self, "learning_rate", "clip_range", "clip_range_vf", "max_grad_norm", "target_kl")
        _share(name, self, "gamma", "gae_lambda")


@dataclass(frozen=True)
class A2CConfig:
    """Parameters of `stable_baselines3.A2C`; `depth` hidden layers of `width` units stand after its features."""

    policy: PolicyName = "auto"
    width: int = 64
    depth: int = 2
    learning_rate: float = 7e-4
    n_steps: int = 5
    gamma: float = 0.99
    gae_lambda: float = 1.0
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    rms_prop_eps: float = 1e-5
    use_rms_prop: bool = True
    normalize_advantage: bool = False

    def __post_init__(self) -> None:
        name = "sb3/a2c"
        _at_least(name, self, 1, "width")
        _at_least(name, self, 2 if self.normalize_advantage else 1, "n_steps")
        _at_least(name, self, 0, "depth", "ent_coef", "vf_coef")
        _positive(name, self, "learning_rate", "max_grad_norm", "rms_prop_eps")
        _share(name, self, "gamma", "gae_lambda")


class Learner:
    """A learner of Stable-Baselines3. Final classes name its algorithm."""

    config_class: ClassVar[type[Any]]
    algorithm: ClassVar[str]
    loss: ClassVar[str]  # what its logger calls the loss
    rollout: ClassVar[str]  # the parameter that says how many steps are taken between two updates
    actions: ClassVar[tuple[str, ...]] = ("Box", "Discrete", "MultiDiscrete", "MultiBinary")

    @classmethod
    def check(cls, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces it cannot take. Raises `UserError`."""
        if isinstance(problem, OpenWorld):
            with closing(problem.make()) as env:
                given = type(env.action_space).__name__, type(env.observation_space).__name__
            for space, what, taken in zip(
                given, ("actions", "observations"), (cls.actions, _OBSERVATIONS), strict=True
            ):
                if space not in taken:
                    name = f"sb3/{cls.algorithm.lower()}"
                    raise UserError(f"{name} takes {what} of {', '.join(taken)}; those of {problem.name} are {space}")


_OBSERVATIONS = ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Dict")


@final
class DQN(Learner):
    """Deep Q-network, Mnih et al. 2015, as Stable-Baselines3 implements it."""

    config_class = DQNConfig
    algorithm = "DQN"
    loss = "train/loss"
    rollout = "train_freq"
    actions = ("Discrete",)


@final
class PPO(Learner):
    """Proximal policy optimisation, Schulman et al. 2017, as Stable-Baselines3 implements it."""

    config_class = PPOConfig
    algorithm = "PPO"
    loss = "train/loss"
    rollout = "n_steps"


@final
class A2C(Learner):
    """Advantage actor-critic, Mnih et al. 2016, as Stable-Baselines3 implements it; its loss is the critic's."""

    config_class = A2CConfig
    algorithm = "A2C"
    loss = "train/value_loss"
    rollout = "n_steps"


def _at_least(owner: str, config: Any, low: int, *names: str) -> None:
    for name in names:
        if not low <= (value := getattr(config, name)) < math.inf:
            raise UserError(f"{owner}: {name} must be at least {low}, not {value}")


def _positive(owner: str, config: Any, *names: str) -> None:
    for name in names:
        if (value := getattr(config, name)) is not None and not 0 < value < math.inf:
            raise UserError(f"{owner}: {name} must be a finite number above 0, not {value}")


def _share(owner: str, config: Any, *names: str) -> None:
    for name in names:
        if not 0 <= (value := getattr(config, name)) <= 1:
            raise UserError(f"{owner}: {name} must lie in [0, 1], not {value}")
