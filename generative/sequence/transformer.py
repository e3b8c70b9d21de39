"""What GPT and BERT are made of: the settings of a Transformer over tokens."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from daedalus.core.nn.transformer import Transformer
from daedalus.core.spec import Spec

from .causal import SequenceConfig


@dataclass(frozen=True)
class TransformerConfig(SequenceConfig):
    """`depth` blocks of `width` features. Trained as nanoGPT is: AdamW, a warm-up, a cosine, clipped."""

    depth: int = 4
    heads: int = 4
    expansion: int = 4
    positions: Literal["rotary", "learned", "sinusoidal", "none"] = "rotary"
    weights: str = "uniform_fan_in"  # normal: as GPT-2's begin
    batch: int = 32
    optimiser: Spec = Spec("adamw", (("beta2", 0.99),))  # noqa: RUF009  # frozen
    weight_decay: float = 0.1
    schedule: Spec = Spec("cosine", (("warm_up", 100), ("end", 0.1)))  # noqa: RUF009  # likewise
    clip_norm: float | None = 1.0
    embedding_std: ClassVar[float] = 0.02
    head_weights: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.blocks(self.width, 1, True)

    def blocks(self, features: int, length: int, causal: bool) -> Transformer:
        """The blocks, with a layer before them where features are no embedding."""
        return Transformer(
            width=None if features == self.width else self.width,
            depth=self.depth,
            heads=self.heads,
            expansion=self.expansion,
            causal=causal,
            positions=self.positions,
            length=length if self.positions == "learned" else None,
            dropout=self.dropout,
            weights=self.weights,
        )
