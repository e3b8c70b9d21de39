"""What sequence models show: gaps and what fills them, and where a Transformer looks."""

import numpy as np
from torch import Tensor

from daedalus.core.data import Vocabulary
from daedalus.core.generating import Passage


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
