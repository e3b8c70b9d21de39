"""The settings of a diffusion."""

import math
from dataclasses import dataclass
from typing import Literal

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.generative.fitted import ModelConfig

from .networks import Perceptron, UNet
from .sampling import Variance
from .schedule import Name, NoiseSchedule, Predict, noise_schedule

_FIRST = 0.2  # by half a bin: such noise takes one in 3 million bits for the other
_OCTAVES, _POINT = 4, 3  # of a point, and how many numbers are one


@dataclass(frozen=True)
class DDPMConfig(ModelConfig):
    """A diffusion of `times` steps. Images have a U-Net, of `channels`, `blocks` and `heads`; vectors a perceptron.

    With `conditional` the network is told the class, but for a share of `unconditional` examples, so that samples can
    be guided; the likelihood is then that of x and y together.
    """

    lr: float | None = 2e-3
    schedule: Spec = Spec("cosine", (("warm_up", 50),))  # noqa: RUF009  # frozen
    batch: int = 64
    watched: int = 1_000
    ema: float | None = 0.999
    times: int = 1000  # T
    noising: Name = "cosine"
    first: float | None = None  # σ_1; none: a fifth of half a whole number's bin, if that is more than noising's
    predict: Predict = "velocity"  # logits: for bits alone
    variance: Variance | None = None  # of the steps of p: posterior for whole numbers, beta for real ones, unless said
    network: Literal["mlp", "unet"] | None = None  # none: unet for images
    width: int = 128
    depth: int = 3
    octaves: int | None = None  # of sines and cosines of x that the perceptron sees; none: 4 where x is a point
    channels: tuple[int, ...] = (32, 64)
    blocks: int = 1
    heads: int = 4  # of the attention on the smallest grid; 0: none
    dropout: float = 0.0
    conditional: bool = False
    unconditional: float = 0.1
    strata: int = 4  # times at which an example's bound is estimated
    judged_in: int = 20  # steps of DDIM to the samples that are judged and shown

    def __post_init__(self) -> None:
        super().__post_init__()
        self.noise_schedule()
        if self.first is not None and not 0 < self.first < 1:
            raise UserError(f"first is a deviation between 0 and 1, not {self.first:g}")
        for name in ("strata", "judged_in"):
            if not 1 <= getattr(self, name) <= self.times:
                raise UserError(f"{name} must lie between 1 and the {self.times} times, not {getattr(self, name)}")
        if not 0 <= self.unconditional < 1:
            raise UserError(f"unconditional is a chance in [0, 1), not {self.unconditional:g}")

    def variance_of(self, values: int | None) -> Variance:
        """That of p's steps: the best where x_t tells x_0, and where it tells it as noise lets it (Ho et al., 3.2)."""
        return self.variance or ("beta" if values is None else "posterior")

    def noise_schedule(self, values: int | None = None) -> NoiseSchedule:
        """How noise is added to numbers of so many values. Raises `UserError` for fewer than 2 times."""
        found = noise_schedule(self.noising, self.times)
        first = _FIRST / max(values - 1, 1) if self.first is None and values is not None else self.first
        return found if first is None else found.begun(first)

    def denoiser(self, shape: tuple[int, ...]) -> Perceptron | UNet:
        """What is built for examples of that shape."""
        kind = self.network or ("unet" if len(shape) == 3 else "mlp")
        if kind == "mlp":
            octaves = _OCTAVES * (math.prod(shape) <= _POINT) if self.octaves is None else self.octaves
            return Perceptron(self.width, self.depth, octaves, self.dropout)
        return UNet(self.channels, self.blocks, self.heads, self.dropout)
