"""Recurrent networks: the vanilla RNN, LSTM and GRU, in layers, with the state passed in and out.

The equations of one step are the pure functions below. A whole sequence without a mask takes torch's fused kernels,
which compute the same; one step (an agent that acts) and padded sequences take the loop. There the input
projections of all steps are one matrix product before the loop, and what bounds it is the dispatch of about eight small
operations a step: an LSTM's loop takes 1.1 (batch 64, width 256) to 2.3 (batch 16, width 128) times as long as the
fused kernel, forward and backward on one thread of a CPU, and a mask adds to that.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError

from .dropout import Dropping
from .initialise import identity, normal, uniform, zeros
from .layers import blank
from .sequences import check_choice, check_positive, check_sequences, features_of

#: (h,), of an LSTM (h, c): each (layers, B, H), of one layer (B, H).
State = tuple[Tensor, ...]

#: One step of one layer: the input's projection (B, G·H), the state, hidden weights (G·H, H) and biases (G·H,).
Cell = Callable[[Tensor, State, Tensor, Tensor], State]


def tanh_cell(projected: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """h ← tanh(W x + U h + b) (Elman 1990)."""
    return (torch.tanh(projected + functional.linear(state[0], weight, bias)),)


def relu_cell(projected: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """h ← max(0, W x + U h + b) (Le et al. 2015)."""
    return (torch.relu(projected + functional.linear(state[0], weight, bias)),)


def lstm_cell(projected: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """c ← σ(f) c + σ(i) tanh(g), h ← σ(o) tanh(c), the gates in torch's order i, f, g, o (Gers et al. 2000)."""
    h, c = state
    i, f, g, o = (projected + functional.linear(h, weight, bias)).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_cell(projected: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """h ← (1 − z) n + z h, n = tanh(W x + r (U h)), the gates in torch's order r, z, n (Cho et al. 2014, its v1)."""
    (h,) = state
    r_x, z_x, n_x = projected.chunk(3, dim=-1)
    r_h, z_h, n_h = functional.linear(h, weight, bias).chunk(3, dim=-1)
    n = torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
    return (n + torch.sigmoid(z_x + z_h) * (h - n),)


def detached(state: State) -> State:
    """The state without its history: what truncated backpropagation through time carries to the next window."""
    return tuple(part.detach() for part in state)


def scan(
    cell: Cell, x_BTF: Tensor, state: State, weights: Sequence[Tensor], mask: Tensor | None = None
) -> tuple[Tensor, State]:
    """Run a cell along a sequence: the outputs (B, T, H) and the last state.

    `weights` are torch's: input (G·H, F) and hidden (G·H, H) weights, then their biases. Where the mask (B, T) is
    False the state waits and the output is 0.
    """
    weight_input, weight_hidden, bias_input, bias_hidden = weights
    projected_TBG = functional.linear(x_BTF.transpose(0, 1), weight_input, bias_input)
    real_TB1 = None if mask is None else mask.t()[..., None]
    outputs: list[Tensor] = []
    for t, projected in enumerate(projected_TBG.unbind(0)):
        new = cell(projected, state, weight_hidden, bias_hidden)
        if real_TB1 is not None:
            new = tuple(torch.where(real_TB1[t], after, before) for after, before in zip(new, state, strict=True))
        state = new
        outputs.append(state[0])
    output_BTH = torch.stack(outputs, dim=1)
    return output_BTH if mask is None else output_BTH * mask[..., None], state


@final
class Recurrent(nn.Module):
    """Layers of one cell, with dropout between them. The parameters bear torch's names: `layers.0.weight_ih_l0`."""

    def __init__(self, layers: Sequence[nn.RNNBase], cell: Cell, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = Dropping(dropout)
        self._cell, self._parts = cell, 2 if isinstance(layers[0], nn.LSTM) else 1
        self.features, self.width = layers[0].input_size, layers[0].hidden_size

    def initial(self, batch: int) -> State:
        """The state of zeros from which sequences begin."""
        like = next(self.parameters())
        return tuple(like.new_zeros(len(self.layers), batch, self.width) for _ in range(self._parts))

    def forward(self, x_BTF: Tensor, state: State | None = None, mask: Tensor | None = None) -> tuple[Tensor, State]:
        """The last layer's outputs (B, T, H) and the state after the last real step.

        `mask` (B, T) is False at padding, wherever it lies: the state waits there and the output is 0. Raises
        `UserError` for other shapes.
        """
        check_sequences(x_BTF, self.features, "the recurrent network", mask)
        state = self._checked(state, x_BTF.shape[0]) if state is not None else self.initial(x_BTF.shape[0])
        x, last = x_BTF, []
        for index, layer in enumerate(self.layers):
            if index > 0:
                x = self.dropout(x)
            own = tuple(part[index] for part in state)
            assert isinstance(layer, nn.RNNBase)
            if mask is None and x.shape[1] > 1:
                x, own = _fused(layer, x, own)
            else:
                x, own = scan(self._cell, x, own, layer.all_weights[0], mask)
            last.append(own)
        return x, tuple(torch.stack(parts) for parts in zip(*last, strict=True))

    def _checked(self, state: State, batch: int) -> State:
        wanted = (len(self.layers), batch, self.width)
        if len(state) != self._parts or any(part.shape != wanted for part in state):
            shapes = ", ".join(str(tuple(part.shape)) for part in state)
            raise UserError(f"the state must be {self._parts} × {wanted}, not {shapes}; begin with .initial({batch})")
        return state


def _fused(layer: nn.RNNBase, x: Tensor, state: State) -> tuple[Tensor, State]:
    """The same by torch's kernel."""
    lifted = tuple(part[None].contiguous() for part in state)
    output, last = layer(x, lifted if len(lifted) == 2 else lifted[0])
    return output, tuple(part[0] for part in (last if isinstance(last, tuple) else (last,)))


def _layers(make: Callable[..., nn.RNNBase], shape: tuple[int, ...], width: int, depth: int) -> list[nn.RNNBase]:
    """Layers whose weights are not yet set."""
    sizes = [features_of(shape, "a recurrent network"), *[width] * (depth - 1)]
    return [blank(partial(make, batch_first=True), size, width) for size in sizes]


def _uniform(layers: Sequence[nn.RNNBase], generator: torch.Generator) -> None:
    """All weights and biases from U(−1/√H, 1/√H), torch's own start."""
    for layer in layers:
        bound = 1.0 / math.sqrt(layer.hidden_size)
        for parameter in layer.parameters():
            uniform(parameter, generator, bound)


@dataclass(frozen=True)
class RNN:
    """The vanilla RNN.

    `start="identity"` is that of Le et al. (2015): hidden weights the identity, biases 0, input weights drawn with a
    standard deviation of 0.001. With ReLU it begins as a running sum of its inputs, and no gradient vanishes.
    """

    width: int = 64
    depth: int = 1
    activation: Literal["tanh", "relu"] = "tanh"
    start: Literal["uniform", "identity"] = "uniform"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("rnn", width=self.width, depth=self.depth)
        check_choice("rnn", "activation", self.activation, ("tanh", "relu"))
        check_choice("rnn", "start", self.start, ("uniform", "identity"))

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Recurrent:
        """The network for examples of `shape`, (T, F) or (F,)."""
        layers = _layers(partial(nn.RNN, nonlinearity=self.activation), shape, self.width, self.depth)
        _uniform(layers, generator)
        if self.start == "identity":
            _identity(layers, generator)
        return Recurrent(layers, tanh_cell if self.activation == "tanh" else relu_cell, self.dropout)


def _identity(layers: Sequence[nn.RNNBase], generator: torch.Generator) -> None:
    for layer in layers:
        weight_input, weight_hidden, *biases = layer.all_weights[0]
        normal(weight_input, generator, 0.001)
        identity(weight_hidden)
        for bias in biases:
            zeros(bias)


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory. `forget_bias` is that of the forget gates at the start (1: Jozefowicz et al. 2015).

    With `span`, steps over which something may have to be remembered, forget gates begin with ln U[1, span − 1] and
    input gates with minus that, so that units forget at rates of all orders (Tallec & Ollivier 2018, section 3).
    """

    width: int = 64
    depth: int = 1
    forget_bias: float = 1.0
    dropout: float = 0.0
    span: int | None = None

    def __post_init__(self) -> None:
        check_positive("lstm", width=self.width, depth=self.depth)
        if self.span is not None and self.span < 3:
            raise UserError(f"lstm: span must be at least 3 steps, not {self.span}; none leaves it out")

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Recurrent:
        """The network for examples of `shape`, (T, F) or (F,)."""
        layers = _layers(nn.LSTM, shape, self.width, self.depth)
        _uniform(layers, generator)
        forget = slice(self.width, 2 * self.width)
        with torch.no_grad():
            for layer in layers:
                _, _, bias_input, bias_hidden = layer.all_weights[0]
                bias_input[forget].fill_(self.forget_bias)
                bias_hidden[forget].zero_()
                if self.span is not None:
                    steps = torch.empty_like(bias_input[forget])
                    uniform(steps, generator, (self.span - 2) / 2)
                    bias_input[forget] = (steps + self.span / 2).log()
                    bias_input[: self.width] = -bias_input[forget]
                    bias_hidden[: self.width].zero_()
        return Recurrent(layers, lstm_cell, self.dropout)


@dataclass(frozen=True)
class GRU:
    """The gated recurrent unit."""

    width: int = 64
    depth: int = 1
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("gru", width=self.width, depth=self.depth)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Recurrent:
        """The network for examples of `shape`, (T, F) or (F,)."""
        layers = _layers(nn.GRU, shape, self.width, self.depth)
        _uniform(layers, generator)
        return Recurrent(layers, gru_cell, self.dropout)
