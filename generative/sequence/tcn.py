"""The temporal convolution network over sequences (Bai, Kolter & Koltun 2018, arXiv:1803.01271).

    h⁰ = E[token];   hⁱ_t = relu(hⁱ⁻¹_t + F(hⁱ⁻¹)_t),   F twice: Σ_j W_j h_{t − j·2ⁱ⁻¹}, relu, dropout

An output depends on the last 1 + 2 (kernel − 1)(2^depth − 1) tokens. The blocks stand in `core.nn.tcn`.
"""

from dataclasses import dataclass

import torch

from daedalus.core.nn import tcn

from .bodies import ConvolutionalBody
from .causal import Causal, SequenceConfig


@dataclass(frozen=True)
class TCNConfig(SequenceConfig):
    """`depth` blocks, or as many as it takes to see the whole sequence, of `kernel` steps."""

    depth: int | None = None
    kernel: int = 3
    weight_norm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._spec(1)

    def _spec(self, length: int) -> tcn.TCN:
        """Blocks for sequences of `length` steps."""
        depth = self.depth or 1
        while self.depth is None and self._of(depth).receptive_field < length:
            depth += 1
        return self._of(depth)

    def _of(self, depth: int) -> tcn.TCN:
        return tcn.TCN(self.width, depth, self.kernel, self.weight_norm, self.dropout)

    def body(self, features: int, length: int, generator: torch.Generator) -> ConvolutionalBody:
        """The blocks."""
        return ConvolutionalBody(self._spec(length).build((features,), generator))


class TCN(Causal):
    """The temporal convolution network."""

    name, config_class = "tcn", TCNConfig
