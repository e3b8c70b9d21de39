"""GPT: a causal Transformer (Radford et al. 2019; Vaswani et al. 2017).

    h⁰ = E[token] + P;   a = hⁱ + attention(norm(hⁱ));   hⁱ⁺¹ = a + W₂ gelu(W₁ norm(a));   logits = W norm(hᴸ)

Positions are learned vectors P, or with rotary ones (Su et al. 2021) queries and keys are turned. The blocks stand in
`core.nn.transformer`. Embeddings and the output layer begin as GPT-2's, N(0, 0.02²). Generation keeps keys and values.
Differences from GPT-2: dropout spares attention weights; positions are rotary by default.
"""

from dataclasses import dataclass

import torch

from .bodies import TransformerBody
from .causal import Causal
from .transformer import TransformerConfig


@dataclass(frozen=True)
class GPTConfig(TransformerConfig):
    """A beginning has room for as many tokens as an example has."""

    def body(self, features: int, length: int, generator: torch.Generator) -> TransformerBody:
        """The blocks and their last norm."""
        return TransformerBody(self.blocks(features, length, True).build((length, features), generator), length)


class GPT(Causal):
    """The causal Transformer."""

    name, config_class = "gpt", GPTConfig
