"""The vector-quantised autoencoder: a code is P of K vectors (van den Oord, Vinyals & Kavukcuoglu 2017).

−ln p(x | c) + ‖sg[e] − c‖² + β‖e − sg[c]‖² (eq. 3), where c are the vectors nearest to what the encoder says, e. A
small Transformer learns the prior of codes beside it, so that there are samples, and
ln p(x) = ln Σ_c p(c) p(x | c) ≥ ln Σ_{c ∈ S} p(c) p(x | c), where S are the codes of x and those next to them. Each of
the P codes is of all of x; the paper's stand on a grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.data import SQUARED_ERROR, Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import tensors
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.nn.embedding import Embedding
from daedalus.core.nn.layers import linear
from daedalus.core.nn.transformer import Transformer
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase, likelihood_scores
from daedalus.generative.metrics.quality import BySamples
from daedalus.generative.sequence.bodies import TransformerBody
from daedalus.generative.sequence.generating import Choice, continued
from daedalus.generative.sequence.network import Network

from .codebook import Codebook, Learnt, around, nearest, perplexity, straight_through
from .coder import Coder, coder
from .config import CoderConfig, check_coder
from .sampling import Drawing, drawn


@dataclass(frozen=True)
class VQVAEConfig(CoderConfig):
    """A code of x is `positions` vectors of `latent` numbers, each one of `codes`.

    They follow the encoder by moving averages of the `decay`, or by a gradient; the encoder is held near them by
    `commitment`. The prior is a Transformer with `prior_depth` blocks of `prior_width` units. What bounds ln p(x) is
    summed over the codes of x and those that differ in one place, by one of the `neighbours` next nearest there.
    """

    latent: int = 8
    positions: int = 4
    codes: int = 64
    codebook: Learnt = "ema"
    decay: float = 0.99
    commitment: float = 0.25
    prior_width: int = 64
    prior_depth: int = 2
    prior_heads: int = 4
    dropout: float = 0.1  # of the prior
    neighbours: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("positions", "prior_width", "prior_depth", "prior_heads"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.codes < 2:
            raise UserError(f"codes must be at least 2, not {self.codes}")
        if not 0 <= self.neighbours < self.codes:
            raise UserError(f"neighbours must lie between 0 and {self.codes - 1}, not {self.neighbours}")
        if not 0 <= self.decay < 1:
            raise UserError(f"decay must lie in [0, 1), not {self.decay:g}")
        if not self.commitment >= 0:
            raise UserError(f"commitment must be at least 0, not {self.commitment:g}")


class FittedVQVAE(BySamples, OnePhase):
    """Encoder, codebook, decoder, and a prior of codes. All are trained at once: codes pass no gradient to the rest."""

    config: VQVAEConfig

    classes = 0

    def __init__(self, data: Data, config: VQVAEConfig, generator: torch.Generator) -> None:
        size = config.positions * config.latent
        self.coder: Coder = coder(data, config, size, size, generator)
        self.codebook = Codebook(_beginning(data, config, self.coder, generator), config.codebook, config.decay)
        self.prior = _prior(config, generator)
        super().__init__(
            data, config, nn.ModuleDict({"coder": self.coder, "codebook": self.codebook, "prior": self.prior})
        )

    @property
    def exact(self) -> bool:
        """No: `log_prob` is a lower bound."""
        return False

    @property
    def options_class(self) -> type[Drawing]:
        """How samples are drawn; the temperature divides the prior's logits."""
        return Drawing

    def encoded(self, x: Tensor) -> Tensor:
        """What the codes are to stand for, (B, P, D)."""
        return self.coder.encode(x).float().reshape(len(x), self.config.positions, self.config.latent)

    def indices(self, x: Tensor) -> Tensor:
        """The codes of x, (B, P)."""
        return nearest(self.encoded(x), self.codebook.vectors)

    def log_prior(self, indices_BP: Tensor) -> Tensor:
        """Σ_p ln p(c_p | c_<p), (B,)."""
        begin_B1 = torch.full_like(indices_BP[:, :1], self.config.codes)
        logits_BPK, _ = self.prior(torch.cat((begin_B1, indices_BP[:, :-1]), 1))
        return -losses.cross_entropy(logits_BPK.float(), indices_BP).sum(1)

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Minus the bound, and the distances between codes and what they stand for."""
        e_BPD = self.encoded(batch["x"])
        indices_BP = nearest(e_BPD.detach(), self.codebook.vectors.detach())
        z_BPD = straight_through(e_BPD, self.codebook(indices_BP))
        log_p_B = self.coder.log_prob(z_BPD.flatten(1), batch["x"])
        distance_B = self.codebook.distance(e_BPD, indices_BP, self.config.commitment)
        log_prior_B = self.log_prior(indices_BP)
        loss = (distance_B - log_p_B - log_prior_B).mean()
        if self.module.training:
            self.codebook.follow(e_BPD, indices_BP, noise)
        return loss, {
            "reconstruction": log_p_B.detach().mean(),
            "prior": log_prior_B.detach().mean(),
            "perplexity": perplexity(indices_BP, self.config.codes),
        }

    def log_joint(self, x: Tensor, indices_BP: Tensor) -> Tensor:
        """ln p(c) + ln p(x | c), (B,)."""
        return self.log_prior(indices_BP) + self.coder.log_prob(self.codebook(indices_BP).flatten(1), x)

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """ln Σ p(c) p(x | c) over the codes of x and those next to them, (B,)."""
        x, neighbours = batch["x"], self.config.neighbours
        every_MBP = around(self.encoded(x), self.codebook.vectors, neighbours)
        return torch.logsumexp(torch.stack([self.log_joint(x, indices_BP) for indices_BP in every_MBP]), 0)

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The bound, the same with nothing but the codes of x, and what comes back through these."""
        x, indices_BP = batch["x"], self.indices(batch["x"])
        found = dict(likelihood_scores(self.data, batch, self.log_prob(batch, generator)))
        found["own_codes"] = self.log_joint(x, indices_BP)
        z_BL = self.codebook(indices_BP).flatten(1)
        return found | {SQUARED_ERROR.name: -self.coder.squared_error(z_BL, x)}

    def code(self, batch: Batch) -> Tensor:
        """The vectors of the codes of x side by side, (B, P·D)."""
        vectors_BPD: Tensor = self.codebook(self.indices(batch["x"]))
        return vectors_BPD.flatten(1)

    def shown(self, z_BL: Tensor, y: Tensor | None = None) -> Tensor:
        """E[x | z] as shares, (B, …)."""
        return self.coder.expected(z_BL)

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples: codes from the prior, x from p(x | c). Raises `UserError` for classes and prompts."""
        if condition.y is not None or condition.prompt is not None:
            raise UserError("vq_vae knows no classes and goes on from no prompt; leave them out")
        options = condition.options or Drawing()
        first = torch.full((n, 1), self.config.codes, device=generator.device)
        choice = Choice(temperature=options.temperature)
        indices_BP = continued(self.prior, first, 1 + self.config.positions, choice, generator)[:, 1:]
        return drawn(self.data, self.coder, self.coder.told(self.codebook(indices_BP).flatten(1)), options, generator)

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """The bound's parts, how many codes are in use, and samples."""
        from .examining import quantised_facts

        return quantised_facts(self, part, generator)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, reconstructions, and single codes changed."""
        from .exhibits import quantised_exhibits

        return quantised_exhibits(self, generator)


class VQVAE:
    """Codes of few bits."""

    config_class = VQVAEConfig

    @staticmethod
    def check(data: Data, config: VQVAEConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_coder(data, config, "vq_vae")
        VQVAE.build(data, config, torch.Generator())

    @staticmethod
    def build(data: Data, config: VQVAEConfig, generator: torch.Generator) -> FittedVQVAE:
        """Fresh; codes begin at what the fresh encoder says of training examples."""
        return FittedVQVAE(data, config, generator)


def _beginning(data: Data, config: VQVAEConfig, coder: Coder, generator: torch.Generator) -> Tensor:
    size = min(data.train.size or config.codes, config.codes)
    x = tensors(data.train, np.arange(size), coder.mean.device)["x"]
    with torch.no_grad():
        said_ND = coder.encode(x).float().reshape(-1, config.latent)
    return said_ND[torch.randint(len(said_ND), (config.codes,), generator=generator)]


def _prior(config: VQVAEConfig, generator: torch.Generator) -> Network:
    width, room = config.prior_width, config.positions
    embedding = Embedding(config.codes + 1, width).build((), generator)  # and one that stands for the beginning
    spec = Transformer(
        depth=config.prior_depth, heads=config.prior_heads, causal=True, positions="learned", length=room
    )
    body = TransformerBody(spec.build((width,), generator), room)
    return Network(embedding, body, linear(width, config.codes, generator), config.codes, None)
