"""Vector quantisation: the nearest of K vectors takes a vector's place (van den Oord, Vinyals & Kavukcuoglu 2017)."""

from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.noise import Noise

Learnt = Literal["ema", "gradient"]

_DEAD = 0.05  # a code that is taken by less than this share of what all equally often were, begins anew


def nearest(e_BPD: Tensor, codes_KD: Tensor) -> Tensor:
    """The code of least squared distance (eq. 1), (B, P) int64."""
    return torch.argmin(_distances(e_BPD, codes_KD), -1)


def around(e_BPD: Tensor, codes_KD: Tensor, others: int) -> Tensor:
    """The nearest codes, and all that differ from them in one place, by one of so many `others` next nearest there.

    (1 + P · others, B, P), no two alike.
    """
    nearest_MBP = torch.topk(_distances(e_BPD, codes_KD), 1 + others, dim=-1, largest=False).indices.permute(2, 0, 1)
    found = [nearest_MBP[0]]
    for place in range(e_BPD.shape[1]):
        for other in range(1, 1 + others):
            changed = nearest_MBP[0].clone()
            changed[:, place] = nearest_MBP[other, :, place]
            found.append(changed)
    return torch.stack(found)


def _distances(e_BPD: Tensor, codes_KD: Tensor) -> Tensor:
    """‖e − c‖² but for ‖e‖², which is the same for all codes, (B, P, K)."""
    with torch.autocast(e_BPD.device.type, enabled=False):  # of near codes a difference in many bits
        return codes_KD.square().sum(1) - 2 * e_BPD @ codes_KD.T


def straight_through(e: Tensor, code: Tensor) -> Tensor:
    """The code's value with the gradient passed on to e as it is (section 3.2; Bengio, Léonard & Courville 2013)."""
    return e + (code - e).detach()


@final
class Codebook(nn.Module):
    """K vectors (K, D), which follow what they stand for: by moving averages (appendix A.1), or by a gradient (eq. 3).

    With averages, codes that hardly anything takes begin anew at vectors of the batch (Dhariwal et al. 2020).
    """

    undecayed = ("vectors",)
    vectors: Tensor
    size: Tensor
    sum: Tensor

    def __init__(self, vectors_KD: Tensor, learnt: Learnt, decay: float) -> None:
        super().__init__()
        self.learnt, self.decay = learnt, decay
        if learnt == "gradient":
            self.vectors = nn.Parameter(vectors_KD.clone())
            return
        self.register_buffer("vectors", vectors_KD.clone())
        self.register_buffer("size", torch.ones(len(vectors_KD)))  # of examples that take each, on average
        self.register_buffer("sum", vectors_KD.clone())  # of those examples, likewise

    def forward(self, indices: Tensor) -> Tensor:
        """(…) → (…, D)."""
        return functional.embedding(indices, self.vectors)

    def distance(self, e_BPD: Tensor, indices_BP: Tensor, commitment: float) -> Tensor:
        """‖sg[e] − c‖² + commitment · ‖e − sg[c]‖², summed over an example, (B,); with averages only the second."""
        code_BPD = self(indices_BP)
        found: Tensor = commitment * (e_BPD - code_BPD.detach()).square().flatten(1).sum(1)
        if self.learnt == "gradient":
            found = found + (e_BPD.detach() - code_BPD).square().flatten(1).sum(1)
        return found

    def follow(self, e_BPD: Tensor, indices_BP: Tensor, noise: Noise) -> None:
        """Move the averages to a batch, and the codes with them. Codes by gradient move with the other weights."""
        if self.learnt == "gradient":
            return
        e_ND = e_BPD.detach().float().flatten(0, -2)
        taken_NK = functional.one_hot(indices_BP.flatten(), len(self.size)).float()
        self.size.lerp_(taken_NK.sum(0), 1 - self.decay)
        with torch.autocast(e_ND.device.type, enabled=False):
            self.sum.lerp_(taken_NK.T @ e_ND, 1 - self.decay)
        equal = len(e_ND) / len(self.size)
        dead_K = self.size < _DEAD * min(equal, 1.0)
        fresh_KD = e_ND[noise.below(len(e_ND), len(self.size))]
        self.size.copy_(torch.where(dead_K, min(equal, 1.0), self.size))
        self.sum.copy_(torch.where(dead_K[:, None], self.size[:, None] * fresh_KD, self.sum))
        self.vectors.copy_(self.sum / self.size[:, None])


def perplexity(indices: Tensor, codes: int) -> Tensor:
    """Exp of the entropy of how often each code is taken, (): as many codes as are in use, were all equally so."""
    share_K = torch.bincount(indices.flatten(), minlength=codes).float() / indices.numel()
    entropy: Tensor = torch.special.entr(share_K).sum()
    return entropy.exp()
