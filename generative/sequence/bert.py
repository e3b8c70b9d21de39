"""BERT: a Transformer that sees both sides and says what was masked (Devlin et al. 2018, section 3.1).

    maximise Σ_{t ∈ M} ln p(x_t | x̃),   M 15 % of the tokens,
    x̃_t for t ∈ M: 80 % the mask, 10 % a token drawn evenly, 10 % x_t itself;   for t ∉ M: x_t

The score is of other masks, every one of them a mask, for a token left as it is would be easy. Differences from BERT:
norms stand before branches, there is no next-sentence task, and of every example the same share is masked, rounded up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from daedalus.core import losses
from daedalus.core.data import MASKED, Data
from daedalus.core.errors import UserError
from daedalus.core.fitting import check_batch, tensors
from daedalus.core.generating import Exhibit
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.initialise import initialiser
from daedalus.core.nn.layers import linear
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase

from .bodies import TransformerBody
from .network import Network
from .reading import Reading
from .showing import gaps
from .transformer import TransformerConfig


@dataclass(frozen=True)
class BERTConfig(TransformerConfig):
    """`masked` is the share of tokens that is."""

    masked: float = 0.15
    positions: Literal["rotary", "learned", "sinusoidal", "none"] = "learned"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.masked <= 1:
            raise UserError(f"masked is a share in (0, 1], not {self.masked:g}")

    def body(self, features: int, length: int, generator: torch.Generator) -> TransformerBody:
        """The blocks and their last norm."""
        return TransformerBody(self.blocks(features, length, False).build((length, features), generator), length)


def whole(batch: Batch) -> tuple[Tensor, Tensor]:
    """The tokens of each example, (B, T + 1), and which may be masked: all that count; the first is given."""
    tokens_BT = torch.cat((batch["x"][:, :1], batch["y"]), 1)
    return tokens_BT, torch.cat((torch.zeros_like(batch["w"][:, :1]), batch["w"]), 1) > 0


def chosen(may_BT: Tensor, share: float, noise: Noise) -> Tensor:
    """Which tokens are masked, (B, T): of each row's that may be, a share drawn without replacement, rounded up."""
    drawn_BT = noise.uniform(*may_BT.shape).masked_fill(~may_BT, 2.0)
    rank_BT = drawn_BT.argsort(1).argsort(1)
    return rank_BT < (may_BT.sum(1, keepdim=True) * share).ceil()


class Masked(OnePhase):
    """A model of masked tokens; the mask is the token after the last."""

    def __init__(self, data: Data, config: BERTConfig, network: Network, values: int) -> None:
        super().__init__(data, config, network)
        self.network, self.share, self.values = network, config.masked, values

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Nats per masked token."""
        tokens, may = whole(batch)
        masked = chosen(may, self.share, noise)
        lot = noise.uniform(*tokens.shape)
        other = torch.where(lot < 0.9, noise.below(self.values, *tokens.shape), tokens)
        seen = torch.where(masked, torch.where(lot < 0.8, self.values, other), tokens)
        return -self._log_p(self.network(seen)[0], tokens, masked).mean(), {}

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """ln p of the masked tokens of each example, by their number, and how many of them are the likeliest."""
        tokens, may = whole(batch)
        masked = chosen(may, self.share, Noise(generator))
        logits = self._filled(tokens, masked)
        right = ((logits.argmax(-1) == tokens) & masked).sum(1) / masked.sum(1).clamp(min=1)
        return {MASKED.name: self._log_p(logits, tokens, masked), "accuracy": right}

    def _filled(self, tokens_BT: Tensor, masked_BT: Tensor) -> Tensor:
        """Logits (B, T, V) where all that is masked is a mask, some examples at a time."""
        rows = max(1, _AT_ONCE // tokens_BT.shape[1])
        seen = torch.where(masked_BT, self.values, tokens_BT)
        return torch.cat([self.network(some)[0] for some in torch.split(seen, rows)])

    def _log_p(self, logits_BTV: Tensor, tokens_BT: Tensor, masked_BT: Tensor) -> Tensor:
        """Nats per masked token of each example, (B,)."""
        nats_BT = losses.cross_entropy(logits_BTV.float(), tokens_BT) * masked_BT
        return -nats_BT.sum(1) / masked_BT.sum(1).clamp(min=1)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Texts with gaps, and how it fills them."""
        if self.data.vocabulary is None:
            return ()
        examples = tensors(self.data.test, np.arange(min(_SHOWN, self.data.test.size or _SHOWN)), generator.device)
        tokens, may = whole(examples)
        masked = chosen(may, self.share, Noise(generator))
        said = torch.where(masked, self._filled(tokens, masked).argmax(-1), tokens)
        return [gaps(self.data.vocabulary, tokens.cpu(), masked.cpu(), said.cpu())]


_AT_ONCE = 2**15  # tokens that are scored at once: more takes more memory, not less time
_SHOWN = 6


class BERT:
    """The masked Transformer."""

    config_class = BERTConfig

    @staticmethod
    def check(data: Data, config: BERTConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_batch(data, config)
        if data.sort != "masked":
            raise UserError(f"bert fills gaps, and the task of {data.name} is {data.sort}; ask for task=masked")
        BERT.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: BERTConfig, generator: torch.Generator) -> Masked:
        """Embedding, body and head draw their weights in this order."""
        reading = Reading.of(data, "bert")
        values = max(reading.inputs, reading.values)
        embedding = Embedding(values + 1, config.width, config.embedding_std).build((), generator)
        body = config.body(config.width, reading.length + 1, generator)
        head = None if config.tied else linear(body.width, values, generator, initialiser(config.head_weights))
        return Masked(data, config, Network(embedding, body, head, values, None), values)
