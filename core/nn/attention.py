"""Multi-head attention (Vaswani et al. 2017, section 3.2), with torch's fused product of scores and values."""

from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.errors import UserError

from .initialise import initialiser
from .layers import linear
from .positions import Rotation, rotate
from .sequences import check_positive, check_sequences, features_of


@final
class Cache:
    """The keys and values of the steps that one attention has read, so that the next step costs one row, not all.

    It is written in place, hence without gradients: call the module under `torch.no_grad()`.
    """

    def __init__(self, batch: int, heads: int, length: int, width: int, like: Tensor) -> None:
        self.batch, self.room, self.length = batch, length, 0
        self.held = like.new_zeros(2, batch, heads, length, width)  # keys, then values

    def check(self, steps: int) -> None:
        """Raise `UserError` where there is no room for so many more."""
        if self.length + steps > self.room:
            raise UserError(
                f"the cache has room for {self.room} steps, not {self.length + steps}; ask for a longer one"
            )

    def extend(self, keys_BHTD: Tensor, values_BHTD: Tensor) -> tuple[Tensor, Tensor]:
        """Append, and return all that there is. Raises `UserError` where it is full or gradients are wanted."""
        batch, _, steps, _ = keys_BHTD.shape
        self.check(steps)
        if batch != self.batch:
            raise UserError(f"the cache is for a batch of {self.batch}, not {batch}")
        if keys_BHTD.requires_grad:
            raise UserError("a cache keeps no gradients; call the module under torch.no_grad()")
        new_keys, new_values = self.held.narrow(3, self.length, steps).unbind()
        new_keys.copy_(keys_BHTD)
        new_values.copy_(values_BHTD)
        self.length += steps
        keys, values = self.held.narrow(3, 0, self.length).unbind()
        return keys, values


@final
class MultiHeadAttention(nn.Module):
    """Queries look at keys and take their values; each head in features of its own.

    Where it attends to its own input, one product makes queries, keys and values.
    """

    def __init__(self, width: int, spec: "Attention", generator: torch.Generator) -> None:
        super().__init__()
        self.width, self.context, self.heads = width, spec.context, spec.heads
        make = partial(linear, generator=generator, rule=initialiser(spec.weights), bias=spec.bias)
        self.query_key_value, self.query, self.key_value = None, None, None
        if spec.context is None:
            self.query_key_value = make(width, 3 * width)
        else:
            self.query, self.key_value = make(width, width), make(spec.context, 2 * width)
        self.out = make(width, width)

    def cache(self, batch: int, length: int) -> Cache:
        """An empty cache of so many steps."""
        return Cache(batch, self.heads, length, self.width // self.heads, self.out.weight.detach())

    def forward(
        self,
        x_BTE: Tensor,
        context_BSC: Tensor | None = None,
        *,
        causal: bool = False,
        mask: Tensor | None = None,
        rotation: Rotation | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """(B, T, E) → (B, T, E): attention to `context`, where it was built for one, or to `x` itself.

        `mask` (B, S) is False at keys that are padding; a query for which no key is left gets 0 from all heads. With
        `causal`, step t sees up to step t. `rotation` holds the angles of the T steps. With a cache, `x` continues what
        the cache has read, and S counts that too. Raises `UserError` for other shapes.
        """
        check_sequences(x_BTE, self.width, "attention")
        if context_BSC is None and self.context is None:
            query, key, value = self._own(x_BTE, rotation)
        elif causal or rotation is not None or cache is not None:
            raise UserError("attention to a context has no order: no causal mask, no rotation and no cache")
        else:
            query, key, value = self._to(x_BTE, context_BSC)
        if cache is not None:
            key, value = cache.extend(key, value)
        out: Tensor = self.out(attend(query, key, value, causal, mask).transpose(1, 2).flatten(2))
        return out

    def looks(self, x_BTE: Tensor, causal: bool = False, rotation: Rotation | None = None) -> Tensor:
        """How much of its attention to its own input each step pays to each, (B, H, T, T): to be looked at."""
        query, key, _ = self._own(x_BTE, rotation)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(later, -torch.inf)
        shares: Tensor = scores.softmax(-1)
        return shares

    def _own(self, x_BTE: Tensor, rotation: Rotation | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of the input, each (B, H, T, D), the first two rotated together."""
        assert self.query_key_value is not None
        made = self._heads(self.query_key_value(x_BTE), 3)
        if rotation is None:
            query, key, value = made.unbind(2)
        else:
            turned, (value,) = made[:, :, :2], made[:, :, 2:].unbind(2)
            query, key = rotate(turned.transpose(1, 3), rotation).transpose(1, 3).unbind(2)
        return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)

    def _to(self, x_BTE: Tensor, context_BSC: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries of the input (B, H, T, D), keys and values of the context (B, H, S, D)."""
        if context_BSC is None or self.context is None or self.query is None or self.key_value is None:
            built = "of its own input" if self.context is None else f"to a context of {self.context} features"
            raise UserError(f"this attention was built to be {built}; give it a context just where it needs one")
        check_sequences(context_BSC, self.context, "attention to a context")
        key, value = self._heads(self.key_value(context_BSC), 2).unbind(2)
        query = self._heads(self.query(x_BTE), 1)[:, :, 0]
        return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)

    def _heads(self, x_BTE: Tensor, kinds: int) -> Tensor:
        """(B, T, kinds · H · D) → (B, T, kinds, H, D), which is parted so that gradients are put together in place."""
        return x_BTE.view(*x_BTE.shape[:2], kinds, self.heads, -1)


def attend(
    query_BHTD: Tensor, key_BHSD: Tensor, value_BHSD: Tensor, causal: bool = False, mask: Tensor | None = None
) -> Tensor:
    """softmax(q kᵀ/√D) v over the keys that may be seen, (B, H, T, D) (Vaswani et al. 2017, eq. 1).

    With `causal`, the last T of the S keys are the queries' own steps.
    """
    steps, keys = query_BHTD.shape[2], key_BHSD.shape[2]
    if mask is not None and (mask.shape != (query_BHTD.shape[0], keys) or mask.dtype != torch.bool):
        raise UserError(f"the mask must be bool of shape {(query_BHTD.shape[0], keys)}, not {tuple(mask.shape)}")
    if mask is None and causal and steps == keys:  # the kernel then skips what is not seen
        return functional.scaled_dot_product_attention(query_BHTD, key_BHSD, value_BHSD, is_causal=True)
    seen = None if mask is None else mask[:, None, None, :]
    if causal and steps > 1:
        earlier = torch.ones(steps, keys, dtype=torch.bool, device=query_BHTD.device).tril(keys - steps)
        seen = earlier if seen is None else seen & earlier
    return functional.scaled_dot_product_attention(query_BHTD, key_BHSD, value_BHSD, attn_mask=seen)


@dataclass(frozen=True)
class Attention:
    """Multi-head attention; `context` is the width of what is attended to, where that is not the input itself.

    Layers begin by the rule `weights` (`initialise`).
    """

    heads: int = 4
    context: int | None = None
    bias: bool = True
    weights: str = "uniform_fan_in"

    def __post_init__(self) -> None:
        check_positive("attention", heads=self.heads)
        initialiser(self.weights)

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> MultiHeadAttention:
        """The module for examples of `shape`, (T, E) or (E,). Raises `UserError` unless the heads divide E."""
        width = features_of(shape, "attention")
        if width % self.heads:
            raise UserError(f"{self.heads} heads do not divide a width of {width}; choose a divisor of it")
        return MultiHeadAttention(width, self, generator)
