"""What sequence models show: gaps and what fills them, and where a Transformer looks."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core.data import Vocabulary
from daedalus.core.generating import Passage, Picture
from daedalus.core.nn.attention import MultiHeadAttention
from daedalus.core.nn.transformer import Block, Stack
from daedalus.generative.showing.drawing import pixel_pictures
from daedalus.generative.showing.samples import mosaic


def gaps(vocabulary: Vocabulary, tokens_BT: Tensor, masked_BT: Tensor, said_BT: Tensor) -> Passage:
    """Each text with its gaps, and below it the same filled: what is wrong stands in brackets."""
    lines = []
    for tokens, masked, said in zip(tokens_BT.tolist(), masked_BT.tolist(), said_BT.tolist(), strict=True):
        words, filled = ([_written(vocabulary, token) for token in row] for row in (tokens, said))
        seen = ["_" * len(word) if gap else word for word, gap in zip(words, masked, strict=True)]
        told = [one if one == word else f"[{one}]" for one, word in zip(filled, words, strict=True)]
        lines += ["".join(seen), "".join(told), ""]
    wrong = int((said_BT != tokens_BT).sum())
    note = f"Of {int(masked_BT.sum())} gaps {wrong} are filled wrongly: in brackets."
    return Passage("gaps", "Gaps and what fills them", note, "\n".join(lines[:-1]))


def _written(vocabulary: Vocabulary, token: int) -> str:
    """One token on one line."""
    return vocabulary.decode(np.array([token])).replace("\n", "⏎") or "·"


def looks(stack: Stack, x_BTE: Tensor) -> Picture:
    """Where each head of each block looks when it reads the first of x: row t shows what step t attends to."""
    seen: list[Tensor] = []

    def see(part: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        assert isinstance(part, MultiHeadAttention)
        seen.append(part.looks(given[0][:1], named["causal"], named["rotation"])[0])

    blocks = [block for block in stack.blocks if isinstance(block, Block)]
    handles = [block.attention.register_forward_pre_hook(see, with_kwargs=True) for block in blocks]
    try:
        with torch.no_grad():
            stack(x_BTE)
    finally:
        for handle in handles:
            handle.remove()
    shares = torch.cat(seen).float().sqrt().cpu().numpy()  # (blocks · heads, T, T); the root shows small ones, too
    note = "A row of squares for each block, a square for each head; its row t shows to what step t attends."
    return Picture("looks", "Where it looks", note, mosaic(pixel_pictures(shares[:, None]), columns=len(seen[0])))
