"""Learning from inputs x and targets y: the loss that is minimised, and the scores that are told."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.data import Data
from daedalus.core.errors import UserError
from daedalus.core.fitting import FitConfig, check_batch
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.turn import Training
from daedalus.core.spec import Spec

from .augment import Augment, augmentation

#: From outputs (B, K) and targets (B,) to the loss of each example (B,).
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class SupervisedConfig(FitConfig):
    """What all have that learn from x and y."""

    augment: Spec | None = None  # shift(pixels=1), rotate(degrees=10), noise(scale=0.1): of the training examples
    test_copies: int = 0  # so many augmented copies of an example are judged beside it, and the mean counts

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_copies < 0:
            raise UserError(f"test_copies must be at least 0, not {self.test_copies}")
        if self.test_copies and self.augment is None:
            raise UserError("test_copies needs an augmentation to make them, as in augment=shift(pixels=1)")
        self.augmentation()

    def augmentation(self) -> Augment | None:
        """How examples are changed; None where they are not. Raises `UserError` where there is no such way."""
        return None if self.augment is None else augmentation(self.augment)


class Supervised:
    """A network from x to outputs, trained by the mean of a loss. It is an `Objective` and what is `Fitted` at once.

    Outputs are (B, K) scores of classes, or (B, 1) real numbers. Where scores are log-odds, `likely` says so, and the
    log-likelihood of a class is told beside the accuracy.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        config: SupervisedConfig,
        classes: bool,
        likely: bool = True,
        training: Callable[[int], Training] | None = None,
    ) -> None:
        self.module = module
        self.training = training or config.training
        self._loss, self._classes, self._likely = loss, classes, likely
        self._augment, self._copies = config.augmentation(), config.test_copies

    @property
    def objective(self) -> "Supervised":
        """Itself."""
        return self

    def phases(self, step: int) -> Sequence[Phase]:
        """One."""
        return (Phase(),)

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """The mean loss over the batch, of augmented examples where that is asked for."""
        x = batch["x"] if self._augment is None else self._augment(batch["x"], noise.single)
        return self._loss(self.module(x), batch["y"]).mean(), {}

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """Accuracy, and log-likelihood where there is one; or squared error and share of variance explained."""
        outputs = self._outputs(batch["x"], generator)
        if not self._classes:
            error = (outputs[:, 0] - batch["y"]).square()
            return {"r_squared": 1 - error / batch["variance"], "minus_squared_error": -error}
        found = {"accuracy": (outputs.argmax(1) == batch["y"]).float()}
        if self._likely:
            log_p = functional.log_softmax(outputs.float(), 1)
            found["log_likelihood"] = log_p.gather(1, batch["y"][:, None])[:, 0]
        return found

    def _outputs(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The outputs, or the mean over the example and its copies: of probabilities where there are any."""
        if self._augment is None or not self._copies:
            return self.module(x)  # type: ignore[no-any-return]
        every = [self.module(x), *(self.module(self._augment(x, generator)) for _ in range(self._copies))]
        stacked = torch.stack(every).float()
        if not self._likely:
            return stacked.mean(0)
        return functional.log_softmax(stacked, -1).logsumexp(0) - math.log(len(every))


def outputs_of(data: Data) -> int:
    """How many outputs a model of the data has: its classes, or one."""
    return data.fields["y"].values or 1


def check(data: Data, config: SupervisedConfig, name: str, likely: bool = True) -> None:
    """Raise `UserError` where a model cannot be fitted or judged."""
    check_batch(data, config)
    shape = data.fields["x"].shape
    augment = config.augmentation()
    if augment is not None and augment.images and len(shape) != 3:
        raise UserError(f"{config.augment} is for images; {data.name} has {_said(shape)}; noise(scale=0.1) takes any")
    if data.measure.name == "log_likelihood" and not likely:
        raise UserError(f"{name} gives no probabilities, so {data.name} cannot judge it by log-likelihood")


def check_images(data: Data, name: str) -> None:
    """Raise `UserError` where an example is no image."""
    shape = data.fields["x"].shape
    if len(shape) != 3:
        raise UserError(f"{name} takes images (channels, rows, columns); {data.name} has {_said(shape)}; try mlp")


def _said(shape: tuple[int, ...]) -> str:
    return f"examples of shape {'×'.join(map(str, shape))}"
