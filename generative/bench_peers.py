"""The peer of `daedalus bench models`: GPT written plainly, as one would in a notebook, and the loops around it."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainBlock(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x)): one product for queries, keys and values."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.forward_layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, E) → (B, T, E)."""
        batch, steps, width = x.shape
        q, k, v = (
            part.view(batch, steps, self.heads, width // self.heads).transpose(1, 2)
            for part in self.attention(self.first(x)).split(width, dim=2)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.dropout(self.out(y.transpose(1, 2).contiguous().view(batch, steps, width)))
        out: Tensor = x + self.dropout(self.forward_layers(self.second(x)))
        return out


class PlainGPT(nn.Module):
    """Learned positions, pre-norm blocks, an output layer of its own."""

    def __init__(self, values: int, length: int, width: int, depth: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.tokens, self.positions = nn.Embedding(values, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(PlainBlock(width, heads, dropout) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, values)
        self.length = length

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) → logits (B, T, V)."""
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        logits: Tensor = self.head(self.norm(self.blocks(self.dropout(x))))
        return logits

    @torch.no_grad()
    def generate(self, tokens: Tensor, new: int, generator: torch.Generator) -> Tensor:
        """Read everything again for every new token."""
        for _ in range(new):
            p = self(tokens[:, -self.length :])[:, -1].softmax(-1)
            tokens = torch.cat((tokens, torch.multinomial(p, 1, generator=generator)), 1)
        return tokens


def plain_step(model: PlainGPT, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """One step of training: the loss, its gradient clipped to a norm of 1, the optimiser."""
    optimiser.zero_grad(set_to_none=True)
    loss = functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
