"""Tokens to logits, from left to right: an embedding, a causal body, and a head."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional

from .bodies import Body, Memory


@final
class Network(nn.Module):
    """ln p(y_t | x_≤t) of every step, but for a constant.

    Where `head` is none, the embedding's rows are the output layer's too (Press & Wolf 2017). `carried` holds the
    state of a recurrent body between steps of training.
    """

    carried: Tensor | None

    def __init__(
        self, embedding: nn.Embedding, body: Body, head: nn.Linear | None, values: int, carried: Tensor | None
    ) -> None:
        super().__init__()
        self.register_buffer("carried", carried)
        self.embedding, self.body, self.head, self.values = embedding, body, head, values

    @property
    def room(self) -> int | None:
        """So many tokens can be read from a beginning; None: without end."""
        return self.body.room

    def begin(self, batch: int) -> Memory:
        """The memory of nothing."""
        return self.body.begin(batch)

    def forward(self, read_BT: Tensor, memory: Memory = None, last: bool = False) -> tuple[Tensor, Memory]:
        """(B, T) → logits (B, T, V), with `last` of the last step alone, (B, 1, V); and the memory after it."""
        features_BTE, memory = self.body(self.embedding(read_BT), memory)
        if last:
            features_BTE = features_BTE[:, -1:]
        if self.head is not None:
            return self.head(features_BTE), memory
        return functional.linear(features_BTE, self.embedding.weight[: self.values]), memory
