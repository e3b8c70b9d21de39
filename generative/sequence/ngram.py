"""n-grams with Witten–Bell smoothing: counted once, and the baseline that everything must beat.

With c(h, y) how often token y followed the context h, N(h) = Σ_y c(h, y), T(h) how many different tokens did, and h'
the context without its oldest token:

    p(y | h) = (c(h, y) + T(h) p(y | h')) / (N(h) + T(h)),    p(y) at the end of it all: 1 / V

Witten & Bell 1991, method C, interpolated (Chen & Goodman 1999, section 2.4). A context that was never seen hands on
what the shorter one says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.data import Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import tensors
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.turn import Training
from daedalus.generative.data.windows import Windows
from daedalus.generative.fitted import ModelConfig, bits_per_dimension, likelihood_scores
from daedalus.generative.metrics.quality import BySamples, examine_samples
from daedalus.generative.showing.samples import sample_exhibits

from .generating import Choice, beginnings, chances
from .reading import Reading

_LONGEST = 10
_AT_ONCE = 2**20  # tokens that are counted at a time, to spare memory
_COUNTED = 2**22  # tokens that are counted of examples, unless told; a text is counted as a whole
_UNKNOWN = -1  # in place of a token that stands before what is known


@dataclass(frozen=True)
class NGramConfig(ModelConfig):
    """A token is predicted from the `n` − 1 before it; so many training examples are `counted`.

    If none, four million tokens of them are, or all.
    """

    n: int = 5
    counted: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.n <= _LONGEST:
            raise UserError(f"n must lie between 1 and {_LONGEST}, not {self.n}")
        if self.counted is not None and self.counted < 1:
            raise UserError(f"counted must be at least 1 example, not {self.counted}; none lets it choose")


class NGram:
    """Counts of what follows the last n − 1 tokens."""

    config_class = NGramConfig

    @staticmethod
    def check(data: Data, config: NGramConfig) -> None:
        """Raise `UserError` where x are no whole numbers."""
        Reading.of(data, "ngram")

    @staticmethod
    def build(data: Data, config: NGramConfig, generator: torch.Generator) -> "Counted":
        """Count."""
        reading = Reading.of(data, "ngram")
        whole = not isinstance(data.train, Windows)
        # Of whole examples a token of its own stands before the first, as often as is asked for.
        before = reading.inputs if whole else _UNKNOWN
        counts = Counts(stretches(data.train, reading, config, before), config.n, reading.inputs + 1, reading.values)
        return Counted(data, config, counts, reading, before)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Tokens that are `said`, (B, T), those of them that count, and those `read` before, (B, n − 1 + T).

    The last that is read stands just before the last that is said.
    """

    read: Tensor
    said: Tensor
    counts: Tensor


def back(read_BP: Tensor, steps: int, length: int) -> Tensor:
    """The token that stands `length` before each of `steps` said ones, (B, T)."""
    begin = read_BP.shape[1] - steps - length + 1
    return read_BP[:, begin : begin + steps].long()


def stretches(part: Examples, reading: Reading, config: NGramConfig, before: int) -> list[Stretch]:
    """All that is counted of a training part: a text as a whole, or examples."""
    if isinstance(part, Windows):
        stream = torch.from_numpy(np.asarray(part.stream, dtype=np.int32))[None]
        read, said = stream[:, :-1], stream[:, 1:]
        return [Stretch(padded(read, config.n, before), said, torch.ones_like(said, dtype=torch.bool))]
    size = config.counted or max(1, _COUNTED // reading.length)
    size, rows = min(size, part.size or size), max(1, _AT_ONCE // reading.length)
    found = []
    for begin in range(0, size, rows):
        batch = tensors(part, np.arange(begin, min(begin + rows, size)), torch.device("cpu"))
        read, said, weights = reading.tokens(batch)
        found.append(Stretch(padded(read.int(), config.n, before), said.int(), weights > 0))
    return found


def padded(read_BT: Tensor, n: int, before: int) -> Tensor:
    """Tokens with n − 1 others before them."""
    return nn.functional.pad(read_BT, (n - 1, 0), value=before)


class Counts(nn.Module):
    """What followed every context of 0 to n − 1 tokens, of so many `tokens` that are read and `values` that are said.

    A context is a number, found by that of the context without its oldest token, and that token: a tree, each level of
    which is a sorted array.
    """

    def __init__(self, counted: Sequence[Stretch], n: int, tokens: int, values: int) -> None:
        super().__init__()
        self.n, self.values = n, values
        levels = []
        nodes = [torch.zeros_like(one.said) for one in counted]  # the context of every said token
        for length in range(n):
            contexts = torch.zeros(1, dtype=torch.int64)
            if length:
                contexts, _ = tally(
                    longer(node, one, length, tokens)[one.counts] for node, one in zip(nodes, counted, strict=True)
                )
                nodes = [
                    place(contexts, longer(node, one, length, tokens)).int()
                    for node, one in zip(nodes, counted, strict=True)
                ]
            pairs = (keys(node, one.said, values)[one.counts] for node, one in zip(nodes, counted, strict=True))
            levels.append(Level(contexts, tokens, values, *tally(pairs)))
        self.levels = nn.ModuleList(levels)

    def forward(self, read_BP: Tensor, said: Tensor) -> Tensor:
        """ln p of tokens `said` after those `read`, P = n − 1 + T: (B, T), or for T = 1 of all tokens, (B, V)."""
        exact = torch.float32 if said.device.type == "mps" else torch.float64  # which MPS does not have
        steps = read_BP.shape[1] - self.n + 1
        node_BT = torch.zeros(len(read_BP), steps, dtype=torch.int64, device=said.device)
        p = torch.full(said.shape, 1 / self.values, dtype=exact, device=said.device)
        for length, level in enumerate(self.levels):
            assert isinstance(level, Level)
            if length:
                node_BT = level.node(node_BT, back(read_BP, steps, length))
            p = level(node_BT, said, p)
        return p.log()


def longer(node: Tensor, one: Stretch, length: int, tokens: int) -> Tensor:
    """Keys of the contexts that go one token further back, `length` in all."""
    return keys(node, back(one.read, one.said.shape[1], length), tokens)


class Level(nn.Module):
    """Counts after the contexts of one length: keys of contexts (M,) and of what was said after them (G,), sorted."""

    contexts: Tensor
    pairs: Tensor
    counts: Tensor
    totals: Tensor
    kinds: Tensor

    def __init__(self, contexts_M: Tensor, tokens: int, values: int, pairs_G: Tensor, counts_G: Tensor) -> None:
        super().__init__()
        self._tokens, self._values = tokens, values
        node_G = pairs_G // values
        empty_M = torch.zeros(len(contexts_M), dtype=torch.int64)
        self.register_buffer("contexts", contexts_M)
        self.register_buffer("pairs", pairs_G)
        self.register_buffer("counts", counts_G.int())  # c(h, y)
        self.register_buffer("totals", empty_M.index_add(0, node_G, counts_G).int())  # N(h)
        self.register_buffer("kinds", empty_M.index_add(0, node_G, torch.ones_like(counts_G)).int())  # T(h)

    def node(self, shorter: Tensor, token: Tensor) -> Tensor:
        """The contexts that go a token further back than these; −1 for what was never seen."""
        return place(self.contexts, keys(shorter, token, self._tokens))

    def forward(self, node: Tensor, said: Tensor, shorter_p: Tensor) -> Tensor:
        """p(y | h) from p(y | h')."""
        pair = place(self.pairs, keys(node, said, self._values))
        count = torch.where(pair >= 0, self.counts[pair], 0)
        total, kinds = self.totals[node], self.kinds[node]
        return torch.where(node >= 0, (count + kinds * shorter_p) / (total + kinds), shorter_p)


def keys(node: Tensor, token: Tensor, tokens: int) -> Tensor:
    """One number for a node and a token; −1 where one of them is."""
    return torch.where((node >= 0) & (token >= 0), node.long() * tokens + token, _UNKNOWN)


def place(sorted_M: Tensor, asked: Tensor) -> Tensor:
    """Where numbers stand in a sorted array; −1 where they do not."""
    if not len(sorted_M):
        return torch.full_like(asked, _UNKNOWN)
    found = torch.searchsorted(sorted_M, asked).clamp(max=len(sorted_M) - 1)
    return torch.where(sorted_M[found] == asked, found, _UNKNOWN)


def tally(each: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """The different numbers, sorted, and how often they come, of several tensors; −1 is none."""
    told = [torch.unique(some[some >= 0], return_counts=True) for some in each]
    found, where = torch.unique(torch.cat([some for some, _ in told]), return_inverse=True)
    counts = torch.cat([count for _, count in told])
    return found, torch.zeros_like(found).index_add(0, where, counts)


class Counted(BySamples):
    """An n-gram model; it has learnt when it has counted."""

    def __init__(self, data: Data, config: NGramConfig, module: Counts, reading: Reading, before: int) -> None:
        self.data, self.config, self.module, self.reading, self._before = data, config, module, reading, before

    @property
    def objective(self) -> "Counted":
        """Itself."""
        return self

    @property
    def exact(self) -> bool:
        """Yes."""
        return True

    def phases(self, step: int) -> Sequence[Phase]:
        """None: there is nothing to minimise."""
        return ()

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Nats per token, which no step minimises."""
        return -(self.log_prob(batch, noise.single) / self.reading.counted(batch)).mean(), {}

    def training(self, steps: int) -> Training:
        """As the config says, though no step is made."""
        return self.config.training(steps)

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Σ_t w_t ln p(y_t | x_≤t), (B,). Of a text no more is known than the window."""
        read_BT, said_BT, weights_BT = self.reading.tokens(batch)
        read_BP = padded(read_BT, self.module.n, self._before)
        log_p_BT: Tensor = self.module(read_BP, said_BT)
        return (log_p_BT * weights_BT).sum(1)

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """Log-likelihoods."""
        return likelihood_scores(self.data, batch, self.log_prob(batch, generator))

    @property
    def options_class(self) -> type[Choice]:
        """How tokens are chosen."""
        return Choice

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples, one token after the other, from the prompt on; without one as training examples begin.

        Raises `UserError` for classes, and for a prompt or a length of what is no sequence.
        """
        if condition.y is not None:
            raise UserError("ngram knows no classes; leave --label out, or fit a conditional model")
        options, reading = condition.options or Choice(), self.reading
        if reading.begin is None:
            given = condition.prompt
            first = beginnings(self.data.train, n, reading.given, generator) if given is None else given.expand(n, -1)
            length = max(options.length or reading.length + 1, first.shape[1])
            return reading.examples(self._continued(first, length, options, generator))
        if condition.prompt is not None or options.length is not None:
            raise UserError(f"examples of {self.data.name} are no sequences: they take neither prompt nor length")
        first = torch.full((n, 1), reading.begin, device=generator.device)
        return reading.examples(self._continued(first, 1 + reading.length, options, generator)[:, 1:])

    def _continued(self, first_BS: Tensor, length: int, choice: Choice, generator: torch.Generator) -> Tensor:
        """Sequences (B, length) that go on from `first`."""
        given, n = first_BS.shape[1], self.module.n
        tokens = nn.functional.pad(padded(first_BS, n, self._before), (0, length - given))
        every_BV = torch.arange(self.reading.values, device=generator.device)[None].expand(len(first_BS), -1)
        for step in range(n - 1 + given, n - 1 + length):
            log_p_BV = self.module(tokens[:, step - n : step], every_BV)
            tokens[:, step] = torch.multinomial(chances(log_p_BV, choice), 1, generator=generator)[:, 0]
        return tokens[:, n - 1 :]

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """Bits per dimension of a density, all that is known of samples; of a text, nats per token of it as a whole."""
        if isinstance(part, Windows):
            return {"log_likelihood_per_token_of_the_whole": self._of_stream(part, generator.device)}
        told = examine_samples(self.data, self, part, generator)
        if self.data.sort != "density":
            return told
        size = part.size or _EXAMINED
        batches = (tensors(part, some, generator.device) for some in np.array_split(np.arange(size), -(-size // 1024)))
        total = sum(float(self.log_prob(batch, generator).sum()) for batch in batches)
        return {"bits_per_dimension": bits_per_dimension(total / size, self.data), **told}

    def _of_stream(self, part: Windows, where: torch.device) -> float:
        """Mean ln p of all tokens of a text but the first, each after all n − 1 before it."""
        stream = torch.from_numpy(np.asarray(part.stream, dtype=np.int64)).to(where)[None]
        read = padded(stream[:, :-1], self.module.n, self._before)
        return float(self.module(read, stream[:, 1:]).mean())

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples."""
        return sample_exhibits(self.data, self, generator)


_EXAMINED = 10_000
