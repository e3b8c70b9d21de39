"""Learners of Stable-Baselines3 and sb3-contrib by name.

Parameters, their names and defaults are read off the installed library's own signature, so they are always its own;
only what may be said in a word or a number is taken, and `width`, `depth` (None: the library's own layers),
`encoder` and `noise_std` stand for its objects.
Importing this imports neither Stable-Baselines3 nor torch; asking a learner for its `config_class` does.
Source: Raffin et al. 2021, "Stable-Baselines3: reliable reinforcement learning implementations".
"""

import dataclasses
import importlib
import inspect
import math
import types
import typing
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, final

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.core.world import OpenWorld, Problem

_EVERY = ("Box", "Discrete", "MultiDiscrete", "MultiBinary")
_OBSERVATIONS = (*_EVERY, "Dict")

#: Parameters of the library that the trial decides itself.
_OURS = (
    "self", "env", "policy", "seed", "device", "verbose", "stats_window_size", "tensorboard_log",
    "optimize_memory_usage",
)  # fmt: skip

#: The least that a parameter of this name may be, whichever algorithm has it.
_LEAST = {
    1: (
        "width", "buffer_size", "batch_size", "train_freq", "target_update_interval", "n_steps", "n_epochs", "n_delta",
        "n_top", "n_eval_episodes", "policy_delay", "n_critic_updates", "cg_max_steps", "line_search_max_iter",
        "sub_sampling_factor",
    ),
    0: (
        "depth", "learning_starts", "ent_coef", "vf_coef", "noise_std", "target_policy_noise", "target_noise_clip",
        "top_quantiles_to_drop_per_net", "cg_damping",
    ),
    -1: ("gradient_steps", "sde_sample_freq"),
}  # fmt: skip
_POSITIVE = (
    "learning_rate", "tau", "max_grad_norm", "clip_range", "clip_range_vf", "target_kl", "delta_std", "rms_prop_eps",
)  # fmt: skip
_SHARE = (
    "tau", "gamma", "gae_lambda", "exploration_fraction", "exploration_initial_eps", "exploration_final_eps",
    "line_search_shrinking_factor",
)  # fmt: skip


@final
@dataclass(frozen=True)
class Learner:
    """An algorithm of a library: what its signature does not say of it."""

    algorithm: str
    library: str = "stable_baselines3"
    loss: str = "train/loss"  # what its logger calls the loss
    rollout: str = "n_steps"  # the parameter that says how many steps are taken between two updates; "": none does
    actions: tuple[str, ...] = _EVERY
    observations: tuple[str, ...] = _OBSERVATIONS
    policies: tuple[str, ...] = ("MlpPolicy", "CnnPolicy", "MultiInputPolicy")
    remembers: bool = False  # its policy is no function of what it sees
    masked: bool = False  # it is told which actions are of use
    heeds: bool = True  # it ends when its callback says so

    @property
    def name(self) -> str:
        """As one types it: `sb3/recurrent_ppo` is `RecurrentPPO`."""
        words = {"MaskablePPO": "maskable_ppo", "RecurrentPPO": "recurrent_ppo"}
        return f"sb3/{words.get(self.algorithm, self.algorithm.lower())}"

    @property
    def constructor(self) -> Any:
        """The library's class."""
        return getattr(importlib.import_module(self.library), self.algorithm)

    @cached_property
    def config_class(self) -> type[Any]:
        """A frozen dataclass of its parameters, which checks their ranges."""

        def check(config: Any) -> None:
            _check(self.name, config)

        policy = ("policy", Literal[("auto", *self.policies)], dataclasses.field(default="auto"))
        encoder = ("encoder", Spec | None, dataclasses.field(default=None))  # one of Daedalus, as in cnn(width=64)
        sizes = [(name, int | None, dataclasses.field(default=None)) for name in ("width", "depth")]
        return dataclasses.make_dataclass(
            f"{self.algorithm}Config",
            [policy, encoder, *sizes, *_parameters(self.constructor)],
            namespace={"__post_init__": check},
            frozen=True,
        )

    def check(self, problem: Problem) -> None:
        """Refuse, before anything is run, a world whose spaces it cannot take. Raises `UserError`."""
        if isinstance(problem, OpenWorld):
            with closing(problem.make()) as env:
                actions, observations = type(env.action_space).__name__, type(env.observation_space).__name__
        else:
            actions, observations = "Discrete", "Box"
        for given, what, taken in (
            (actions, "actions", self.actions),
            (observations, "observations", self.observations),
        ):
            if given not in taken:
                raise UserError(f"{self.name} takes {what} of {', '.join(taken)}; those of {problem.name} are {given}")


def _parameters(constructor: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, type and default of each parameter that a word or a number can say."""
    for name, parameter in inspect.signature(constructor).parameters.items():
        kinds = _plain(parameter.annotation)
        if name == "action_noise":
            yield "noise_std", float, dataclasses.field(default=0.0)  # of Gaussian noise on the actions; 0: none
        elif name not in _OURS and not name.startswith("_") and set(kinds) - {type(None)}:
            hint: Any = kinds[0]
            for kind in kinds[1:]:
                hint = hint | kind
            default = parameter.default
            yield name, hint, dataclasses.field(default=float(default) if kinds == [float] else default)


def _plain(annotation: Any) -> list[Any]:
    """The plain types among those that an annotation allows."""
    several = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    options = typing.get_args(annotation) if several else (annotation,)
    return [option for option in options if option in (int, float, bool, str, type(None))]


A2C = Learner("A2C", loss="train/value_loss")
PPO = Learner("PPO")
DDPG = Learner("DDPG", loss="train/critic_loss", rollout="train_freq", actions=("Box",))
DQN = Learner("DQN", rollout="train_freq", actions=("Discrete",))
SAC = Learner("SAC", loss="train/critic_loss", rollout="train_freq", actions=("Box",))
TD3 = Learner("TD3", loss="train/critic_loss", rollout="train_freq", actions=("Box",))
ARS = Learner(
    "ARS", "sb3_contrib", loss="", rollout="", actions=("Box", "Discrete"), policies=("MlpPolicy", "LinearPolicy"),
    observations=_EVERY, heeds=False,
)  # fmt: skip
CROSS_Q = Learner(
    "CrossQ", "sb3_contrib", loss="train/critic_loss", rollout="train_freq", actions=("Box",), policies=("MlpPolicy",),
    observations=_EVERY,
)  # fmt: skip
MASKABLE_PPO = Learner("MaskablePPO", "sb3_contrib", actions=_EVERY[1:], masked=True)
QR_DQN = Learner("QRDQN", "sb3_contrib", rollout="train_freq", actions=("Discrete",))
RECURRENT_PPO = Learner(
    "RecurrentPPO", "sb3_contrib", policies=("MlpLstmPolicy", "CnnLstmPolicy", "MultiInputLstmPolicy"), remembers=True
)
TQC = Learner("TQC", "sb3_contrib", loss="train/critic_loss", rollout="train_freq", actions=("Box",))
TRPO = Learner("TRPO", "sb3_contrib", loss="train/value_loss")


def _check(owner: str, config: Any) -> None:
    """Refuse settings out of range, in a line. Raises `UserError`."""
    given = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    numbers = {name: value for name, value in given.items() if isinstance(value, int | float)}
    twice = ("n_steps", "batch_size") if given.get("normalize_advantage") else ()
    for name, value in numbers.items():
        for low, names in _LEAST.items():
            low = 2 if name in twice else low
            if name in names and not low <= value < math.inf:
                raise UserError(f"{owner}: {name} must be at least {low}, not {value}")
        if name in _POSITIVE and not 0 < value < math.inf:
            raise UserError(f"{owner}: {name} must be a finite number above 0, not {value}")
        if name in _SHARE and not 0 <= value <= 1:
            raise UserError(f"{owner}: {name} must lie in [0, 1], not {value}")
    for name in ("ent_coef", "target_entropy"):
        if isinstance(word := given.get(name), str) and not word.startswith("auto"):
            raise UserError(f"{owner}: {name} must be a number or auto, not {word!r}")
