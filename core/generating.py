"""What a model may offer beside being fitted: a likelihood, samples, exhibits. A model offers what it has, no more.

The lab asks by protocol: `daedalus sample` needs a `Sampler`, a report shows what an `Exhibitor` gives, `daedalus
evaluate` asks an `Examined` for what takes too long to be measured on the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from .data import Examples
from .objective import Batch


@dataclass(frozen=True)
class Condition:
    """What samples are asked to be like. A sampler that cannot follow raises `UserError`.

    Without classes `y` a conditional model draws them as often as the training part has them.
    """

    y: Tensor | None = None  # (n,) int64 classes
    prompt: Tensor | None = None  # (T,) int64 tokens that every sample begins with
    options: Any = None  # an instance of the sampler's `options_class`; None: its defaults


@runtime_checkable
class Likelihood(Protocol):
    """A model of a distribution, or of what comes next."""

    @property
    def exact(self) -> bool:
        """Whether `log_prob` is ln p; otherwise it is a lower bound of it, or an estimate of one."""
        ...

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Nats of each example, (B,): summed over its parts, never averaged or rescaled."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """A model that examples can be drawn from."""

    @property
    def options_class(self) -> type | None:
        """A frozen dataclass of how it samples (temperature, steps, …), all with defaults; None: nothing to choose."""
        ...

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples as the data set's x has them, (n, …), on the device of the weights; in evaluation mode."""
        ...


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (H, W, 3) uint8 that a report shows; `pixelated` where they are to stay squares when enlarged."""

    name: str  # of one exhibit over time, such as "samples"
    title: str
    note: str
    pixels: np.typing.NDArray[np.uint8]
    pixelated: bool = True


@dataclass(frozen=True)
class Passage:
    """Lines of text that a report shows."""

    name: str
    title: str
    note: str
    text: str


Exhibit = Picture | Passage


@runtime_checkable
class Exhibitor(Protocol):
    """A model that has something to show."""

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, reconstructions, traversals, … as its weights are now, the best to look at first."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A model that more can be known of than its scores."""

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """Numbers by name, such as "bits_per_dimension" or "frechet_distance": what `daedalus evaluate` tells."""
        ...


@runtime_checkable
class SampleJudge(Protocol):
    """A model that is judged by its samples, where the data set's measure is of samples (`Measure.of_samples`)."""

    def judge_samples(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """The measure of as many samples as it takes, held against a part, and whatever else is known of them."""
        ...
