"""What models that draw one number after the other share: p(x) = Π_i p(x_i | x_<i), exactly.

Their networks take the numbers as values from −1 to 1 and answer with V logits for each. Drawing walks from number to
number: a network yields the logits of one place, and goes on when it is filled. Each remembers what it has computed, so
that a whole walk multiplies about as often as one pass over a finished x.
"""

import functools
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from daedalus.core import losses
from daedalus.core.arrays import Floats
from daedalus.core.data import Arrays, Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import tensors
from daedalus.core.generating import Condition, Exhibit, Picture
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase, bits_per_dimension, classes_of_samples, likelihood_scores, log_shares
from daedalus.generative.metrics.levels import against_uniform, every_maze, is_maze
from daedalus.generative.metrics.quality import BySamples, examine_samples
from daedalus.generative.showing.samples import images, sample_exhibits, strip

_AT_ONCE, _MOST = 500, 10_000  # examples whose log-probability is computed at a time, and at most, by `examine`
_NUMBERS = 2**25  # logits that are computed at once: of shades there are V for each of D numbers
_LISTED = 9  # cells of which every maze is listed
_COMPLETED, _WAYS = 8, 4  # examples in the exhibit of completions, and in how many ways each is completed


class Step(NamedTuple):
    """One place of a walk that is to be filled."""

    rows: slice  # the samples that it is asked of
    place: int  # in the flattened x
    logits: Tensor  # (B, V)


class Network(Protocol):
    """A module that is causal in some order of the numbers of x."""

    def log_prob(self, x_BD: Tensor, y_B: Tensor | None, noise: Noise | None) -> Tensor:
        """Ln p of whole numbers x (B, D), flattened, (B,): exactly, or with noise an unbiased loss to train with."""
        ...

    def walk(self, x_BD: Tensor, y_B: Tensor | None, generator: torch.Generator) -> Iterator[Step]:
        """Every place once, in order; x (B, D), from −1 to 1, is filled in by whoever walks before the next step."""
        ...


@dataclass(frozen=True)
class Drawing:
    """How samples are drawn."""

    temperature: float = 1.0  # of each number; below 1 likely ones are drawn more often

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UserError(f"temperature must be positive, not {self.temperature:g}; try 0.01 to take what is likely")


class Causal(BySamples, OnePhase):
    """A model of whole numbers x, of any shape, by a causal network."""

    options_class = Drawing
    classes: int | None = None  # those that it is conditioned on
    completes = True  # whether what comes first in reading order comes first in its own

    @property
    def exact(self) -> bool:
        """Whether `log_prob` is ln p(x): not where it knows classes."""
        return not self.classes

    @property
    @abstractmethod
    def network(self) -> Network:
        """The module."""

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """−ln p(x), or −ln p(x | y) of a model of classes, in nats, the mean over the batch."""
        return -self.network.log_prob(batch["x"].flatten(1).long(), self._classes(batch), noise).mean(), {}

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Ln p(x) in nats, (B,); of a model of classes ln p(x, y) = ln p(x | y) + ln p(y), which is no more than it."""
        y_B = self._classes(batch)
        x_BD = batch["x"].flatten(1).long()
        rows = max(1, _NUMBERS // (x_BD.shape[1] * self._values))
        ys = [None] * -(-len(x_BD) // rows) if y_B is None else torch.split(y_B, rows)
        parts = zip(torch.split(x_BD, rows), ys, strict=True)
        log_p_B = torch.cat([self.network.log_prob(some_BD, some_B, None) for some_BD, some_B in parts])
        return log_p_B if y_B is None else log_p_B + self._log_share.to(y_B.device)[y_B]

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The log-likelihood."""
        return likelihood_scores(self.data, batch, self.log_prob(batch, generator))

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """Draw one number after the other, x as the data set has it, (n, …)."""
        if condition.prompt is None:
            return self._drawn(n, condition, generator)
        D, given = int(np.prod(self.data.fields["x"].shape)), condition.prompt.flatten().long()
        if len(given) > D or not ((given >= 0) & (given < self._values)).all():
            raise UserError(f"a prompt is up to {D} whole numbers below {self._values}, in reading order")
        known_D = torch.arange(D) < len(given)
        given_nD = torch.nn.functional.pad(given, (0, D - len(given))).expand(n, D)
        return self._drawn(n, condition, generator, known_D, given_nD)

    def complete(self, x: Tensor, known: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        """Draw what is not known of x (n, …) by the mask `known` (…), which must come first in the model's order."""
        return self._drawn(len(x), condition, generator, known.flatten(), x.flatten(1).long())

    def _drawn(
        self,
        n: int,
        condition: Condition,
        generator: torch.Generator,
        known_D: Tensor | None = None,
        given_nD: Tensor | None = None,
    ) -> Tensor:
        options = condition.options or Drawing()
        column = self.data.fields["x"]
        y_n = self._asked(n, condition, generator)
        where = next(self.module.parameters()).device
        x_nD = torch.zeros(n, int(np.prod(column.shape)), dtype=torch.long, device=where)
        values_nD = torch.zeros(x_nD.shape, device=where)
        began = False
        with torch.no_grad():
            for rows, place, logits_BV in self.network.walk(values_nD, y_n, generator):
                if known_D is not None and given_nD is not None and known_D[place]:
                    if began:
                        raise UserError("what is given must come first in the order in which this model draws")
                    x_nD[rows, place] = given_nD[rows, place].to(where)
                else:
                    began = True
                    p_BV = torch.softmax(logits_BV.float() / options.temperature, -1)
                    x_nD[rows, place] = torch.multinomial(p_BV, 1, generator=generator)[:, 0]
                values_nD[rows, place] = scaled(x_nD[rows, place], self._values)
        return x_nD.view(n, *column.shape).to(getattr(torch, column.dtype))

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """Bits a dimension, all that is known of samples, and of small mazes the distance to the uniform one."""
        size = min(part.size or _MOST, _MOST)
        log_p = np.concatenate(
            [
                self._log_p(part.take(np.arange(begin, min(begin + _AT_ONCE, size))), generator)
                for begin in range(0, size, _AT_ONCE)
            ]
        )
        numbers = {"bits_per_dimension": bits_per_dimension(float(log_p.mean()), self.data)}
        if is_maze(self.data.form) and self.data.form.mapping["rows"] * self.data.form.mapping["columns"] <= _LISTED:
            numbers |= against_uniform(self._log_p({"x": every_maze(self.data.form)}, generator))
        return numbers | examine_samples(self.data, self, part, generator)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples; of images also completions of their upper halves."""
        shown = list(sample_exhibits(self.data, self, generator))
        return [*shown, self._completions(generator)] if self.completes and self.data.form.name == "image" else shown

    def _completions(self, generator: torch.Generator) -> Picture:
        batch = tensors(self.data.test, np.arange(_COMPLETED), next(self.module.parameters()).device)
        x, y = batch["x"], self._classes(batch)
        known = torch.zeros(x.shape[1:], dtype=torch.bool)
        known[:, : x.shape[2] // 2] = True
        ways = [self.complete(x, known, Condition(y=y), generator) for _ in range(_WAYS)]
        halves = torch.where(known.to(x.device), x, torch.zeros_like(x))
        pixels = strip([images(self.data, one.cpu()) for one in (x, halves, *ways)])
        note = "Test images, their upper halves, which are given, and four ways in which the model goes on."
        return Picture("completions", "Completions", note, pixels)

    def _log_p(self, arrays: Arrays, generator: torch.Generator) -> Floats:
        where = next(self.module.parameters()).device
        batch = {name: torch.from_numpy(np.ascontiguousarray(array)).to(where) for name, array in arrays.items()}
        with torch.no_grad():
            return np.asarray(self.log_prob(batch, generator).double().cpu())

    @property
    def _values(self) -> int:
        return self.data.fields["x"].values or 0

    def _classes(self, batch: Batch) -> Tensor | None:
        return batch["y"] if self.classes else None

    def _asked(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor | None:
        """The classes of n samples: those asked for, or drawn as often as the training part has them."""
        if not self.classes:
            if condition.y is not None:
                raise UserError("this model knows no classes: fit it with conditional=true, on data that have them")
            return None
        return classes_of_samples(condition.y, n, self._log_share, generator)

    @functools.cached_property
    def _log_share(self) -> Tensor:
        """ln p(y), (C,)."""
        return log_shares(self.data, self.classes or 0)


def scaled(x: Tensor, values: int) -> Tensor:
    """Whole numbers below V as numbers from −1 to 1."""
    return x.float() * (2 / max(values - 1, 1)) - 1


def log_softmax_at(logits_BDV: Tensor, x_BD: Tensor) -> Tensor:
    """Σ_i ln p(x_i | x_<i) in nats, (B,)."""
    return -losses.cross_entropy(logits_BDV.float(), x_BD).sum(-1)


def check_values(data: Data, owner: str) -> int:
    """How many values the numbers of x have. Raises `UserError` where they are real, or are tokens."""
    values = data.fields["x"].values
    if values is None or data.sort not in ("density", "sampling"):
        hint = "; real numbers are for vae and ddpm" if values is None else ""
        raise UserError(f"{owner} is a density of whole numbers, which {data.name} with task={data.sort} is not{hint}")
    return values
