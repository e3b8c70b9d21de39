"""Recurrent networks over sequences (Elman 1990; Hochreiter & Schmidhuber 1997; Cho et al. 2014).

    h_t = f(h_{t−1}, E[token_t]);   ln p(y_t | x_≤t) = log softmax(W h_t + b)

The cells stand in `core.nn.recurrent`. Training goes back through the T steps of an example. With `carry` the state
goes on from one step of training to the next, without gradient (truncated backpropagation through time, Williams & Peng
1990), so that more than T steps before can be of use; evaluation always begins with zeros.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch

from daedalus.core.nn import recurrent as cells

from .bodies import RecurrentBody
from .causal import Causal, SequenceConfig


@dataclass(frozen=True)
class RecurrentConfig(SequenceConfig):
    """`depth` layers of `width` units; `carry`: the state goes on from step to step, with order=streamed."""

    depth: int = 1
    carry: bool = False
    clip_norm: float | None = 1.0  # gradients through time explode (Pascanu, Mikolov & Bengio 2013)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cells()

    @property
    def carries(self) -> bool:
        """As asked for."""
        return self.carry

    @abstractmethod
    def cells(self) -> cells.RNN | cells.LSTM | cells.GRU:
        """The layers."""

    def body(self, features: int, length: int, generator: torch.Generator) -> RecurrentBody:
        """The layers, with dropout around and between them."""
        return RecurrentBody(self.cells().build((features,), generator), self.dropout)


@dataclass(frozen=True)
class RNNConfig(RecurrentConfig):
    """`identity` is the start of Le, Jaitly & Hinton (2015), who take it with activation=relu."""

    activation: Literal["tanh", "relu"] = "tanh"
    identity: bool = False

    def cells(self) -> cells.RNN:
        """h ← f(W x + U h + b)."""
        start: Literal["identity", "uniform"] = "identity" if self.identity else "uniform"
        return cells.RNN(self.width, self.depth, self.activation, start, self.dropout)


@dataclass(frozen=True)
class LSTMConfig(RecurrentConfig):
    """`forget_bias` is that of the forget gates at the start (Jozefowicz et al. 2015).

    `span` is over how many steps something may have to be remembered; gates then begin by it (Tallec & Ollivier 2018).
    """

    forget_bias: float = 1.0
    span: int | None = None

    def cells(self) -> cells.LSTM:
        """Input, forget and output gates."""
        return cells.LSTM(self.width, self.depth, self.forget_bias, self.dropout, self.span)


@dataclass(frozen=True)
class GRUConfig(RecurrentConfig):
    """Nothing of its own."""

    def cells(self) -> cells.GRU:
        """Reset and update gates."""
        return cells.GRU(self.width, self.depth, self.dropout)


class RNN(Causal):
    """The vanilla recurrent network."""

    name, config_class = "rnn", RNNConfig


class LSTM(Causal):
    """Long short-term memory."""

    name, config_class = "lstm", LSTMConfig


class GRU(Causal):
    """Gated recurrent units."""

    name, config_class = "gru", GRUConfig
