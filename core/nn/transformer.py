"""The Transformer with norms before its branches (Vaswani et al. 2017; Xiong et al. 2020): encoder and decoder."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError

from .attention import Attention, Cache
from .dropout import Dropping
from .initialise import initialiser
from .layers import linear
from .positions import Learned, LearnedPositions, Rotation, Sinusoidal, SinusoidalPositions, rotation
from .sequences import check_choice, check_positive, check_sequences, features_of

Positions = Literal["rotary", "learned", "sinusoidal", "none"]


@final
class Block(nn.Module):
    """x + attention(norm(x)), where there is a context + its attention, then x + feed-forward(norm(x))."""

    def __init__(self, spec: "Transformer", width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.attention_norm, self.forward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(spec.heads, weights=spec.weights).build((width,), generator)
        self.context_norm, self.context_attention = None, None
        if spec.context:
            self.context_norm = nn.LayerNorm(width)
            self.context_attention = Attention(spec.heads, spec.context, weights=spec.weights).build(
                (width,), generator
            )
        self.widen = linear(width, spec.expansion * width, generator, initialiser(spec.weights))
        self.activation = functional.gelu if spec.activation == "gelu" else functional.relu
        self.narrow = linear(spec.expansion * width, width, generator, initialiser(spec.weights))
        self.dropout, self.causal = Dropping(spec.dropout), spec.causal

    def forward(
        self,
        x_BTE: Tensor,
        mask: Tensor | None = None,
        context: Tensor | None = None,
        context_mask: Tensor | None = None,
        rotation: Rotation | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """(B, T, E) → (B, T, E); the arguments are those of the stack."""
        x, inner, drop = x_BTE, self.attention_norm(x_BTE), self.dropout if self.training else _kept
        x = x + drop(self.attention(inner, causal=self.causal, mask=mask, rotation=rotation, cache=cache))
        if self.context_attention is not None and self.context_norm is not None:
            x = x + drop(self.context_attention(self.context_norm(x), context, mask=context_mask))
        inner = drop(self.activation(self.widen(self.forward_norm(x))))
        out: Tensor = x + drop(self.narrow(inner))
        return out


def _kept(x: Tensor) -> Tensor:
    return x


@dataclass(frozen=True)
class Caches:
    """What a stack remembers of the steps it has read: a cache for each block, and what rotates all its steps."""

    blocks: list[Cache]
    whole: Rotation | None

    @property
    def length(self) -> int:
        """So many steps it has read."""
        return self.blocks[0].length

    def rotation(self, steps: int) -> Rotation | None:
        """Of so many steps that come next. Raises `UserError` where there is no room for them."""
        self.blocks[0].check(steps)
        return None if self.whole is None else self.whole.narrow(0, self.length, steps)


@final
class Stack(nn.Module):
    """Positions, blocks, and the last norm that pre-norm needs."""

    def __init__(self, spec: "Transformer", features: int, generator: torch.Generator) -> None:
        super().__init__()
        width = spec.width or features
        self.spec, self.features, self.width = spec, features, width
        self.embed = linear(features, width, generator, initialiser(spec.weights)) if spec.width else nn.Identity()
        self.positions: LearnedPositions | SinusoidalPositions | None = None
        if spec.positions == "learned":
            self.positions = Learned(spec.length or 0).build((width,), generator)
        elif spec.positions == "sinusoidal":
            self.positions = Sinusoidal().build((width,))
        self.blocks = nn.ModuleList(Block(spec, width, generator) for _ in range(spec.depth))
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropping(spec.dropout)
        self._rotation(torch.zeros(1), 1)  # heads too narrow to rotate are refused now

    def caches(self, batch: int, length: int) -> Caches:
        """Empty caches for generating up to `length` steps."""
        if not self.spec.causal:
            raise UserError("a cache is for causal Transformers: later steps would change what it holds")
        blocks = [block.attention.cache(batch, length) for block in self.blocks if isinstance(block, Block)]
        return Caches(blocks, self._rotation(self.norm.weight.detach(), length))

    def forward(
        self,
        x_BTF: Tensor,
        mask: Tensor | None = None,
        context: Tensor | None = None,
        context_mask: Tensor | None = None,
        caches: Caches | None = None,
    ) -> Tensor:
        """(B, T, F) → (B, T, E).

        `mask` (B, T) and `context_mask` (B, S) are False at padding; what comes out at padding has no meaning. With
        caches, `x` continues what they have read, and the mask covers that too. Raises `UserError` for other shapes.
        """
        check_sequences(x_BTF, self.features, "the Transformer")
        if (context is None) != (self.spec.context is None):
            raise UserError("the Transformer needs a context just where its spec names the context's width")
        offset, steps = caches.length if caches else 0, x_BTF.shape[1]
        x = self.embed(x_BTF)
        if self.positions is not None:
            x = self.positions(x, offset)
        x = self.dropout(x)
        turn = caches.rotation(steps) if caches else self._rotation(x, steps)
        for block, cache in zip(self.blocks, caches.blocks if caches else [None] * self.spec.depth, strict=True):
            x = block(x, mask, context, context_mask, turn, cache)
        out: Tensor = self.norm(x)
        return out

    def _rotation(self, like: Tensor, steps: int) -> Rotation | None:
        if self.spec.positions != "rotary":
            return None
        number = torch.float64 if like.dtype == torch.float64 else torch.float32
        positions = torch.arange(steps, device=like.device, dtype=number)
        return rotation(positions, self.width // self.spec.heads)


@dataclass(frozen=True)
class Transformer:
    """A stack of `depth` pre-norm blocks.

    `causal=False` is an encoder, `causal=True` a decoder; with `context`, the width of what it reads, each block also
    attends to that. `width=None` takes the input as it is, a number puts a linear layer before. Layers begin by the
    rule `weights` ("normal" is GPT-2's), the last one of each branch 1/√(2·depth) as large, so that depth does not blow
    up the sum (Radford et al. 2019). `dropout` drops embeddings, branches and the feed-forward's inside, not attention
    weights: the fused product would draw those from torch's global generator.
    """

    width: int | None = None
    depth: int = 2
    heads: int = 4
    expansion: int = 4
    activation: Literal["gelu", "relu"] = "gelu"
    causal: bool = False
    positions: Positions = "rotary"
    length: int | None = None  # of the longest sequence, for learned positions
    context: int | None = None
    dropout: float = 0.0
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in ("width", "length", "context")}
        check_positive("transformer", depth=self.depth, heads=self.heads, expansion=self.expansion)
        check_positive("transformer", **{name: size for name, size in sizes.items() if size is not None})
        check_choice("transformer", "activation", self.activation, ("gelu", "relu"))
        check_choice("transformer", "positions", self.positions, ("rotary", "learned", "sinusoidal", "none"))
        initialiser(self.weights)
        if (self.positions == "learned") != (self.length is not None):
            raise UserError("transformer: length is the number of learned positions; give both or neither")

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Stack:
        """The stack for examples of `shape`, (T, F) or (F,)."""
        features = features_of(shape, "a Transformer")
        if self.length is not None and len(shape) == 2 and shape[0] > self.length:
            raise UserError(f"a sequence of {shape[0]} steps is longer than the {self.length} learned positions")
        stack = Stack(self, features, generator)
        with torch.no_grad():
            for name, parameter in stack.named_parameters():
                if name.endswith((".out.weight", ".narrow.weight")):
                    parameter.mul_(1.0 / math.sqrt(2 * self.depth))
        return stack
