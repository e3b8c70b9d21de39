"""What all causal models share: their settings, what they are fitted by, and what they are asked.

Of tokens, the loss is −Σ_t w_t ln p(y_t | x_≤t) by the mean number of tokens of an example, in nats per token, so that
settings carry over between lengths; `log_prob` is the sum itself. Of numbers, it is the squared error of one that is
said at the last step.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.data import R_SQUARED, SQUARED_ERROR, Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import check_batch, tensors
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.initialise import initialiser
from daedalus.core.nn.layers import linear
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import ModelConfig, OnePhase, bits_per_dimension, likelihood_scores
from daedalus.generative.metrics.quality import BySamples, examine_samples
from daedalus.generative.showing.samples import sample_exhibits

from .bodies import Body, TransformerBody
from .generating import Choice, beginnings, continued
from .network import Network
from .reading import Reading
from .showing import looks


@dataclass(frozen=True)
class SequenceConfig(ModelConfig, ABC):
    """`width` numbers stand for each token; `tied`: the output layer's weights are the embedding's."""

    width: int = 128
    dropout: float = 0.0
    tied: bool = False
    embedding_std: ClassVar[float] = 1.0
    head_weights: ClassVar[str] = "uniform_fan_in"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise UserError(f"width must be at least 1, not {self.width}")
        if not 0 <= self.dropout < 1:
            raise UserError(f"dropout is a chance in [0, 1), not {self.dropout:g}; 0 switches it off")

    @abstractmethod
    def body(self, features: int, length: int, generator: torch.Generator) -> Body:
        """The body, fresh, for sequences of `length` steps of so many features."""

    @property
    def carries(self) -> bool:
        """Whether the state is carried from one step of training to the next."""
        return False


class Tokens(OnePhase):
    """A causal model of tokens that answer: what it says at a step is not what it reads at the next."""

    module: Network

    def __init__(self, data: Data, config: SequenceConfig, network: Network, reading: Reading) -> None:
        super().__init__(data, config, network)
        self.network, self.reading = network, reading

    @property
    def exact(self) -> bool:
        """Yes: p(x) is the product of what is said at each step."""
        return True

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Nats per token."""
        read, said, weights = self.reading.tokens(batch)
        carried = self.network.carried
        if carried is None:
            logits, _ = self.network(read)
        else:
            logits, state = self.network(read, tuple(carried.clone()))  # backward wants what it was
            carried.copy_(torch.stack(state).detach())  # and goes no further back: truncated
        log_p_B = -(losses.cross_entropy(_full(logits), said) * weights).sum(1)
        return -(log_p_B / self.reading.counted(batch)).mean(), {}

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Σ_t w_t ln p(y_t | x_≤t), (B,), from nothing remembered."""
        return self._said(batch)[0]

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """Log-likelihoods; of a task, the share of answers that are all right when the likeliest token is taken."""
        log_p_B, right_B = self._said(batch)
        found = dict(likelihood_scores(self.data, batch, log_p_B))
        if self.reading.answers:
            found["exact"] = right_B.float()
        return found

    def _said(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Log-probabilities (B,), and whether all tokens that count are the likeliest (B,), a few examples at a time.

        What is likeliest given the right tokens before is what a greedy answer says, as long as it is right.
        """
        log_p, right = [], []
        rows = max(1, _AT_ONCE // self.reading.length)
        for read, said, weights in zip(*(torch.split(part, rows) for part in self.reading.tokens(batch)), strict=True):
            logits = _full(self.network(read)[0])
            log_p.append(-(losses.cross_entropy(logits, said) * weights).sum(1))
            right.append(((logits.argmax(-1) == said) | (weights == 0)).all(1))
        return torch.cat(log_p), torch.cat(right)


def _full(logits: Tensor) -> Tensor:
    """At least float32: what was computed in fewer bits is summed in more."""
    return logits if logits.dtype == torch.float64 else logits.float()


_AT_ONCE = 2**15  # tokens that are scored at once: more takes more memory, not less time


class Continuing(BySamples, Tokens):
    """A causal model of tokens that follow each other, so that it can be sampled."""

    @property
    def options_class(self) -> type[Choice]:
        """How tokens are chosen."""
        return Choice

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples, one token after the other; sequences go on from the prompt.

        Without one a sequence begins as a training example does, whose task, if there is one, is given. By default it
        has as many tokens as one reads and says, T + 1. Raises `UserError` for classes, and for a prompt or a length of
        what is no sequence.
        """
        if condition.y is not None:
            raise UserError("this model knows no classes; leave --label out, or fit a conditional model")
        options, reading = condition.options or Choice(), self.reading
        if reading.begin is not None:
            if condition.prompt is not None or options.length is not None:
                raise UserError(f"examples of {self.data.name} are no sequences: they take neither prompt nor length")
            first = torch.full((n, 1), reading.begin, device=generator.device)
            said = continued(self.network, first, 1 + reading.length, options, generator)[:, 1:]
            return reading.examples(said)
        if condition.prompt is None:
            first = beginnings(self.data.train, n, reading.given, generator)
        else:
            first = condition.prompt.expand(n, -1)
        length = max(options.length or reading.length + 1, first.shape[1])
        return reading.examples(continued(self.network, first, length, options, generator))

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """Bits per dimension of a density, and all that is known of samples."""
        if self.reading.begin is None:
            return examine_samples(self.data, self, part, generator)
        size = min(part.size or _EXAMINED, _EXAMINED)
        x = torch.from_numpy(part.take(np.arange(size))["x"]).to(generator.device)
        bits = bits_per_dimension(float(self._said({"x": x})[0].mean()), self.data)
        return {"bits_per_dimension": bits, **examine_samples(self.data, self, part, generator)}

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, and of a Transformer where it looks in the first of the test examples."""
        found = list(sample_exhibits(self.data, self, generator))
        if isinstance(body := self.network.body, TransformerBody):
            read, _, _ = self.reading.tokens(tensors(self.data.test, np.arange(1), generator.device))
            found.append(looks(body.network, self.network.embedding(read[:, :_LOOKED])))
        return found


_EXAMINED = 10_000  # examples, whose bits are told
_LOOKED = 48  # steps, whose attention is shown


class Numbers(OnePhase):
    """A causal model of one number that is said when all steps have been read."""

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """The squared error."""
        return self._error(batch).mean(), {}

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """Minus the squared error, and R²."""
        error = self._error(batch)
        return {SQUARED_ERROR.name: -error, R_SQUARED.name: 1 - error / batch["variance"]}

    def _error(self, batch: Batch) -> Tensor:
        return losses.squared(_full(self.module(batch["x"])), batch["y"])


class LastNumber(nn.Module):
    """Steps of numbers (B, T, F) → one number each (B,)."""

    def __init__(self, body: Body, head: nn.Linear) -> None:
        super().__init__()
        self.body, self.head = body, head

    def forward(self, x_BTF: Tensor) -> Tensor:
        """(B, T, F) → (B,)."""
        features_BTE, _ = self.body(x_BTF)
        answer: Tensor = self.head(features_BTE[:, -1])[:, 0]
        return answer


def fitted(data: Data, config: SequenceConfig, generator: torch.Generator) -> OnePhase:
    """What is fitted, by the data set's task."""
    rule = initialiser(config.head_weights)
    if data.sort == "regression":
        length, features = data.fields["x"].shape
        body = config.body(features, length, generator)
        return Numbers(data, config, LastNumber(body, linear(body.width, 1, generator, rule)))
    reading = Reading.of(data)
    if config.tied and reading.values > reading.inputs:
        raise UserError(f"tied=true: {data.name} says more kinds of tokens than it reads; leave it out")
    embedding = Embedding(reading.inputs, config.width, config.embedding_std).build((), generator)
    body = config.body(config.width, reading.length, generator)
    head = None if config.tied else linear(body.width, reading.values, generator, rule)
    carried = torch.stack(body.begin(config.batch)) if config.carries else None
    network = Network(embedding, body, head, reading.values, carried)
    return (Tokens if data.sort == "tagging" else Continuing)(data, config, network, reading)


class Causal:
    """A `Model`: a subclass says its name and its settings, which build the body."""

    name: ClassVar[str]
    config_class: ClassVar[type[SequenceConfig]]

    @classmethod
    def check(cls, data: Data, config: SequenceConfig) -> None:
        """Raise `UserError` where it cannot be fitted to this data set."""
        check_batch(data, config)
        if data.sort != "regression":
            Reading.of(data, cls.name)
        elif len(data.fields["x"].shape) != 2:
            raise UserError(f"{cls.name} reads steps of numbers (T, F), and {data.name} has none; try mlp")
        _check_carried(data, config)
        fitted(data, config, torch.Generator())

    @classmethod
    def build(cls, data: Data, config: SequenceConfig, generator: torch.Generator) -> OnePhase:
        """What is fitted; embedding, body and head draw their weights in this order."""
        return fitted(data, config, generator)


def _check_carried(data: Data, config: SequenceConfig) -> None:
    """The state that is carried must be that of the text just before."""
    if not config.carries:
        return
    if config.order != "streamed":
        raise UserError("carry=true needs order=streamed: the state goes on only where each row reads on")
    size = data.train.size
    if data.sort != "sequence" or size is None or not _adjoin(data.train, size):
        raise UserError(f"carry=true: examples of {data.name} do not go on from each other; leave it out")
    if not 0 < config.batch <= size:
        raise UserError(f"carry=true keeps a state for each row: batch must lie between 1 and {size}, the examples")
    if config.accumulate > 1:
        raise UserError("carry=true keeps a state for each row, so the batch cannot be cut: leave accumulate at 1")


def _adjoin(part: Examples, size: int) -> bool:
    """Whether examples begin with the token that the one before said last, and count everywhere."""
    seen = part.take(np.arange(min(size, 8)))
    return bool((seen["x"][1:, 0] == seen["y"][:-1, -1]).all() and (seen["w"] > 0).all() and size > 1)
