"""GPT: a causal Transformer (Radford et al. 2019; Vaswani et al. 2017).

    h⁰ = E[token] + P;   a = hⁱ + attention(norm(hⁱ));   hⁱ⁺¹ = a + W₂ gelu(W₁ norm(a));   logits = W norm(hᴸ)

Positions are learned vectors P, or with rotary ones (Su et al. 2021) queries and keys are turned. The blocks stand in
`core.nn.transformer`. Weights begin as GPT-2's: N(0, 0.02²) for embeddings and the output layer, biases 0. Generation
keeps keys and values. Differences from GPT-2: dropout spares attention weights; positions are rotary by default.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from daedalus.core.nn.transformer import Transformer
from daedalus.core.spec import Spec

from .bodies import TransformerBody
from .causal import Causal, SequenceConfig


@dataclass(frozen=True)
class GPTConfig(SequenceConfig):
    """`depth` blocks of `width` features. Trained as nanoGPT is: AdamW, warm-up, a cosine, clipped."""

    depth: int = 4
    heads: int = 4
    expansion: int = 4
    positions: Literal["rotary", "learned", "sinusoidal", "none"] = "rotary"
    lr: float | None = 1e-3
    batch: int = 32
    optimiser: Spec = Spec("adamw", (("beta2", 0.99),))  # noqa: RUF009  # frozen
    weight_decay: float = 0.1
    schedule: Spec = Spec("cosine", (("warm_up", 100), ("end", 0.1)))  # noqa: RUF009  # likewise
    clip_norm: float | None = 1.0
    embedding_std: ClassVar[float] = 0.02
    head_weights: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stack(self.width, 1)

    def stack(self, features: int, length: int) -> Transformer:
        """The blocks, with a layer before them where features are no embedding."""
        return Transformer(
            width=None if features == self.width else self.width,
            depth=self.depth,
            heads=self.heads,
            expansion=self.expansion,
            causal=True,
            positions=self.positions,
            length=length if self.positions == "learned" else None,
            dropout=self.dropout,
        )

    def body(self, features: int, length: int, generator: torch.Generator) -> TransformerBody:
        """The blocks and their last norm; a beginning has room for as many steps as an example has."""
        return TransformerBody(self.stack(features, length).build((length, features), generator), length)


class GPT(Causal):
    """The causal Transformer."""

    name, config_class = "gpt", GPTConfig
