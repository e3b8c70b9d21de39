"""The settings that all adversarial models share; each model has its own defaults."""

from dataclasses import dataclass
from typing import Literal

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.generative.fitted import ModelConfig

Norm = Literal["batch", "layer", "group", "rms"]
Network = Literal["dense", "convolutions"]


@dataclass(frozen=True)
class AdversarialConfig(ModelConfig):
    """A step is one of the critic; every `critic_steps`-th of them is one of the generator too.

    Dense networks have `depth` hidden layers of `width` units, those of convolutions a stage for each of `channels`,
    which halves the sides in the critic, in this order, and doubles them in the generator, in the other.

    The average (`ema`) is of the generator's weights: the two turn about each other, and their mean stands nearer to
    where they turn about (Yazıcı et al. 2019). It and the rate that falls are none of the first papers'.
    """

    lr: float | None = 1e-3
    batch: int = 128
    optimiser: Spec = Spec("adam", (("beta1", 0.5), ("beta2", 0.99)))  # noqa: RUF009  # frozen
    schedule: Spec = Spec("linear")  # noqa: RUF009  # frozen
    ema: float | None = 0.99
    critic_lr: float | None = None  # none: lr
    critic_steps: int = 1
    latent: int = 32  # numbers of z, N(0, 1)
    network: Network | None = None  # none: convolutions for images
    width: int = 128
    depth: int = 3
    channels: tuple[int, ...] = (32, 64)
    kernel: int = 3  # of the critic
    norm: Norm | None = None  # of the generator
    critic_norm: Norm | None = None
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in {"critic_steps": 1, "latent": 1, "width": 1, "depth": 0}.items():
            if getattr(self, name) < least:
                raise UserError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not self.channels or min(self.channels) < 1:
            raise UserError(f"channels must name at least one stage, as in channels=(32,64), not {self.channels}")
        if self.critic_lr is not None and not self.critic_lr > 0:
            raise UserError(f"critic_lr must be positive, not {self.critic_lr:g}; none takes lr")
