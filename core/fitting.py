"""Models fitted to data sets: what a model must offer, the settings that all share, and the loop around the engine.

The loop owns no files and no clock. A model's score is that of the weights that would be kept if it ended now: the last
ones, or with `keep=best` those that did best on the validation part, which are the very weights that were evaluated.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import nn

from .arrays import Ints
from .data import Data, Examples, Measure, order, streamed
from .device import Numerics, Precision, numerics, torch_generator
from .diagnosis import diagnose
from .engine import Engine
from .errors import UserError
from .generating import Exhibit, Exhibitor, SampleJudge
from .nn.dropout import supply
from .noise import Noise
from .objective import Batch, Metrics, Objective
from .optim.averaging import EMA
from .optim.best import Best, Patience
from .optim.optimisers import Optimiser, optimiser
from .optim.schedules import Schedule, over, schedule
from .optim.turn import Training
from .rng import stream_key
from .spec import Spec

Arrays = Mapping[str, np.typing.NDArray[Any]]
Numbers = dict[str, float]

#: Examples that are scored at a time, and of a part at most; of the training part, which only tells what is learnt by
#: heart, fewer do.
SCORED, MOST_SCORED, MOST_TRAINING = 1024, 50_000, 1_000


@dataclass(frozen=True)
class FitConfig:
    """How a model is fitted. A subclass adds what the model is."""

    lr: float | None = 1e-3  # none: what the model knows of the data to be right
    batch: int = 64  # examples a step; 0: all of them
    order: Literal["shuffled", "streamed"] = "shuffled"  # streamed: each row of a batch reads on where it was
    watched: int = MOST_SCORED  # examples of a part that are judged on the way; at the end, and by evaluate, all are
    optimiser: Spec = Spec("adam")  # noqa: RUF009  # frozen; adamw, sgd(momentum=0.9), rmsprop, …
    weight_decay: float = 0.0  # of weights, not of biases and norms, as the optimiser means it
    schedule: Spec = Spec("constant")  # noqa: RUF009  # cosine(warm_up=100), linear, stairs, plateau, …
    l1: float = 0.0  # of l1·Σ|w| in the loss, over weights, not biases and norms
    clip_norm: float | None = None
    clip_value: float | None = None
    accumulate: int = 1  # parts that a batch is cut into, to save memory
    ema: float | None = None  # decay of an average of the weights, which is then what is judged and kept
    keep: Literal["last", "best"] = "last"  # best: those that did best on the validation part
    patience: int | None = None  # stop after so many evaluations without a better one, and keep the best
    start: str = ""  # a stored run to start from: its weights, but for a last layer that does not fit
    device: str = "auto"
    precision: Precision = "auto"
    compile: bool = False  # pays for large networks alone

    @property
    def numerics(self) -> Numerics:
        """The device and its numbers. Raises `UserError` for what this machine lacks."""
        return numerics(self.device, self.precision, self.compile)

    def __post_init__(self) -> None:
        if self.batch < 0:
            raise UserError(f"batch must be at least 1, or 0 for all examples, not {self.batch}")
        if self.patience is not None and self.patience < 1:
            raise UserError(f"patience must be at least 1 evaluation, not {self.patience}; none switches it off")
        if self.watched < 1:
            raise UserError(f"watched must be at least 1 example, not {self.watched}")
        if not self.weight_decay >= 0:
            raise UserError(f"weight_decay must be at least 0, not {self.weight_decay:g}")
        self.training(1, lr=1.0)

    @property
    def chooses(self) -> bool:
        """Whether the validation part chooses among the weights."""
        return self.keep == "best" or self.patience is not None

    def training(self, steps: int, lr: float | None = None) -> Training:
        """How the engine trains for so many steps, at the model's own rate where none is set.

        Raises `UserError` for what is no valid setting.
        """
        return Training(
            self._optimiser(lr),
            over(self._schedule(), steps),
            clip_norm=self.clip_norm,
            clip_value=self.clip_value,
            accumulate=self.accumulate,
            l1=self.l1,
            ema=None if self.ema is None else EMA(self.ema),
        )

    def _optimiser(self, lr: float | None) -> Optimiser:
        given = self.optimiser.mapping
        for key in ("lr", "weight_decay"):
            if key in given:
                raise UserError(f"{self.optimiser}: give {key} beside it, as in {key}={given[key]}")
        rate = self.lr if self.lr is not None else lr
        if rate is None:
            raise UserError("lr=none leaves the rate to the model, and this one knows none; give a number")
        return dataclasses.replace(optimiser(self.optimiser), lr=rate, weight_decay=self.weight_decay)

    def _schedule(self) -> Schedule:
        return schedule(self.schedule)


class Fitted(Protocol):
    """A model made for a data set."""

    @property
    def objective(self) -> Objective:
        """Its network, and the loss that is minimised."""
        ...

    def training(self, steps: int) -> Training | Mapping[str, Training]:
        """How it is trained for so many steps, for all phases or by their names: mostly as its config says."""
        ...

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The score of each example, (B,), by the names of measures: higher is better, and the mean is what counts.

        The network is in evaluation mode; whatever noise is wanted is drawn from `generator`.
        """
        ...


class Model(Protocol):
    """What an entry of the kind "model" names."""

    @property
    def config_class(self) -> type[FitConfig]:
        """Its settings."""
        ...

    @staticmethod
    def check(data: Data, config: Any) -> None:
        """Raise `UserError` where the model cannot be fitted to this data set with this config."""
        ...

    @staticmethod
    def build(data: Data, config: Any, generator: torch.Generator) -> Fitted:
        """The model, fresh; its weights are drawn from `generator`."""
        ...


@dataclass(frozen=True)
class Measured:
    """What is known at an evaluation point."""

    score: float  # on the test part, of the weights that would be kept
    loss: float  # mean since the last time; NaN where no step was made
    numbers: Numbers  # by tag: "train/loss" and other means since the last time, "validation/accuracy" and others
    #: "gradient_norm", "weight_norm", "signal" and "dead_share" (`diagnosis.Layer`), layer by layer in their order
    layers: Mapping[str, Numbers]


_MOST = {"train": MOST_TRAINING}
_READ = 256  # steps at most after which the host reads what they told
_KINDS = {"gradient_norm": "gradient", "weight_norm": "weight", "signal": "signal", "dead_share": "dead"}


class Fit:
    """One model with one seed on its way through a data set; `start` are weights to begin with, see `fitting`."""

    def __init__(
        self, data: Data, model: Model, config: FitConfig, seed: int, steps: int, start: Arrays | None = None
    ) -> None:
        self.data, self.config, self.seed, self._steps = data, config, seed, steps
        self.numerics = config.numerics
        self.fitted = model.build(data, config, torch_generator(seed, "init"))
        if start is not None:  # before the engine begins its averages
            module = self.fitted.objective.module
            load(module, fitting(weights_of(module), start))
        self._noise = torch_generator(seed, "noise", self.numerics.device)
        self.engine = Engine(self.fitted.objective, self.fitted.training(steps), self.numerics, self._noise)
        self.step = 0
        self._order = stream_key(seed, "order")
        self._sums: Numbers = {}  # of what steps told since the last evaluation
        self._times: dict[str, int] = {}  # how often each was told: a phase may come only every few steps
        self._best = Best(None if config.patience is None else Patience(config.patience)) if config.chooses else None
        self._test = np.nan  # the score on the test part of the best weights

    @property
    def stopped(self) -> bool:
        """Whether it lost patience; more steps change nothing then."""
        return self._best is not None and self._best.over

    @property
    def learns(self) -> bool:
        """Whether steps change it; a model that is fitted by counting, with no phases, is finished when it is built."""
        return bool(self.fitted.objective.phases(self.engine.steps))

    def run(self, until: int) -> None:
        """Train up to a step. Raises `Diverged` where numbers stop being finite."""
        self.fitted.objective.module.train()
        if not self.learns:
            self.step = until
        told: list[Metrics] = []
        while self.step < until and not self.stopped:
            told.append(self.engine.step(self._batch(self.step)))
            self.step += 1
            if self.step == until or len(told) == _READ:
                self._add(told)
                told = []
        if self.stopped:
            self.step = until

    def _add(self, told: Sequence[Metrics]) -> None:
        """Add up what steps told: the host waits for the device once for all of them."""
        every = [(name, value) for step in told for name, value in step.items()]
        numbers = torch.stack([value for _, value in every]).tolist()
        for (name, _), number in zip(every, numbers, strict=True):
            self._sums[name] = self._sums.get(name, 0.0) + number
            self._times[name] = self._times.get(name, 0) + 1

    def _batch(self, step: int) -> Batch:
        part = self.data.train
        size = self.config.batch or part.size
        assert size is not None  # `check_batch`
        if self.config.order == "streamed" and part.size:
            return tensors(part, streamed(step, min(size, part.size), part.size), self.numerics.device)
        return tensors(part, order(self._order, step, size, part.size), self.numerics.device)

    def measure(self) -> Measured:
        """Judge the weights as they are, and keep them where they are the best so far; means since the last time."""
        told = {f"train/{name}": total / self._times[name] for name, total in self._sums.items()}
        layers = self._diagnosed()
        with self.engine.averaged():
            scored = {name: self._score(name) for name in self.data.parts if self._asked(name)}
            test = scored["test"][self.data.measure.name]
            validation = scored.get("validation", scored["test"])[self.data.measure.name]
            if self._best is not None:
                if self._best.offer(validation, self.step, self.fitted.objective.module).any():
                    self._test = test
                test = self._test
        self.engine.tell(validation)
        self._sums, self._times = {}, {}
        numbers = told | {f"{part}/{name}": value for part, found in scored.items() for name, value in found.items()}
        return Measured(test, told.get("train/loss", float("nan")), numbers, layers)

    def _diagnosed(self) -> Mapping[str, Numbers]:
        """What passes through the layers on the batch that comes next; unknown numbers are left out."""
        objective = self.fitted.objective
        generator = torch_generator(self.seed, "diagnosis", self.numerics.device)
        objective.module.train()
        supply(objective.module, generator)  # so that no draw of the engine's is taken
        with self.numerics.cast(), self.numerics.eager():
            found = [
                layer
                for phase in objective.phases(self.engine.steps)
                for layer in diagnose(objective, self._batch(self.step), Noise(generator), phase).layers
                if _within(layer.name, phase.part)  # others' gradients are of no use to this phase
            ]
        supply(objective.module, self._noise)
        return {
            kind: {layer.name: number for layer in found if np.isfinite(number := float(getattr(layer, field)))}
            for kind, field in _KINDS.items()
        }

    def _asked(self, name: str) -> bool:
        """Samples take long to draw: they are held against the test part, and the validation part where it decides."""
        decides = self.config.chooses or self.config.schedule.name == "plateau"
        return not self.data.measure.of_samples or name == "test" or (name == "validation" and decides)

    def _score(self, name: str) -> Numbers:
        noise = torch_generator(self.seed, "evaluation", self.numerics.device)
        most = MOST_SCORED if self.step >= self._steps else self.config.watched
        part = self.data.parts[name]
        return score(
            self.fitted, self.data.measure, part, self.numerics, noise, min(most, _MOST.get(name, MOST_SCORED))
        )

    def exhibits(self) -> Sequence[Exhibit]:
        """What the model shows of itself, with the weights that would be judged."""
        if not isinstance(self.fitted, Exhibitor):
            return ()
        self.fitted.objective.module.eval()
        with self.engine.averaged(), torch.no_grad():
            return self.fitted.exhibits(torch_generator(self.seed, "exhibits", self.numerics.device))

    def weights(self) -> Arrays:
        """The weights that are kept."""
        if self._best is not None and (best := _under(self._best.arrays(), "best/")):
            return best
        with self.engine.averaged():
            return weights_of(self.fitted.objective.module)

    def arrays(self) -> Arrays:
        """Everything that it takes to go on, bit for bit."""
        state: dict[str, Any] = {"step": np.array(self.step)}
        state |= {f"engine/{name}": array for name, array in self.engine.arrays().items()}
        state |= {f"sum/{name}": np.array(total) for name, total in self._sums.items()}
        state |= {f"times/{name}": np.array(times) for name, times in self._times.items()}
        if self._best is not None:
            state |= {"test": np.array(self._test)} | {f"kept/{name}": a for name, a in self._best.arrays().items()}
        return state

    def take_up(self, arrays: Arrays) -> None:
        """Go on from what `arrays` returned."""
        self.step = int(arrays["step"])
        self.engine.take_up(_under(arrays, "engine/"))
        self._sums = {name: float(total) for name, total in _under(arrays, "sum/").items()}
        self._times = {name: int(times) for name, times in _under(arrays, "times/").items()}
        if self._best is not None:
            self._test = float(arrays["test"])
            self._best.take_up(_under(arrays, "kept/"))


def check_batch(data: Data, config: FitConfig) -> None:
    """Raise `UserError` where the whole of a training part without end is asked for in one step."""
    if data.train.size is None and not config.batch:
        raise UserError(f"{data.name} has training examples without end; give a batch, as in batch=256")


def tensors(part: Examples, indices: Ints, device: torch.device) -> Batch:
    """Examples as tensors on a device."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(array)).to(device) for name, array in part.take(indices).items()
    }


def score(
    fitted: Fitted,
    measure: Measure,
    part: Examples,
    numerics: Numerics,
    generator: torch.Generator,
    most: int = MOST_SCORED,
) -> Numbers:
    """The mean score over a part's examples, the first `most` of them, by the names of measures.

    Where the measure is of samples, what the model's own judgement of its samples says instead.
    """
    module = fitted.objective.module
    module.eval()
    if measure.of_samples:
        assert isinstance(fitted, SampleJudge), f"{type(fitted).__name__} says by its entry that it can be sampled"
        with torch.no_grad():
            return dict(fitted.judge_samples(part, generator))
    size = min(part.size or most, most)
    sums: Numbers = {}
    with torch.no_grad(), numerics.cast():
        for begin in range(0, size, SCORED):
            batch = tensors(part, np.arange(begin, min(begin + SCORED, size)), numerics.device)
            for name, each in fitted.scores(batch, generator).items():
                sums[name] = sums.get(name, 0.0) + float(each.float().sum())
    return {name: total / size for name, total in sums.items()}


def weights_of(module: nn.Module) -> Arrays:
    """Copies of all parameters and buffers by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load(module: nn.Module, weights: Arrays) -> None:
    """Put weights into a module."""
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})


def fitting(own: Arrays, stored: Arrays) -> Arrays:
    """A model's own weights with the stored ones in their places: all but the last layer must fit.

    A last layer of another shape, as for other classes, keeps its own. Raises `UserError` where other layers differ.
    """
    alike = [name for name in own if name in stored and stored[name].shape == own[name].shape]
    last = list(own)[-1].rpartition(".")[0]
    strange = [name for name in [*own, *stored] if name not in alike and name.rpartition(".")[0] != last]
    if strange or not alike:
        shown = ", ".join(dict.fromkeys(strange)) or "every layer"
        raise UserError(f"start: the stored weights are of another network; these differ: {shown}")
    return {name: stored[name] if name in alike else array for name, array in own.items()}


def _within(layer: str, part: str) -> bool:
    return not part or layer == part or layer.startswith(f"{part}.")


def _under(arrays: Arrays, prefix: str) -> dict[str, np.typing.NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
