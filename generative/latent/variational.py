"""What variational autoencoders share: q(z | x) and p(x | z) are networks, p(z) = N(0, 1), and ln p(x) is bounded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from daedalus.core.data import SQUARED_ERROR, Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase, classes_of_samples, likelihood_scores, log_shares
from daedalus.generative.metrics.quality import BySamples

from .bounds import Bound, Posterior, elbo, importance_bound
from .coder import Coder
from .coder import coder as make_coder
from .config import CoderConfig
from .resampling import Resampler
from .sampling import Drawing, drawn


@dataclass(frozen=True)
class VariationalConfig(CoderConfig):
    """Over the first `warm_up` steps the weight of the prior's part grows from 0 (Bowman et al. 2016).

    `bound_samples` is K of the bound by which a model is judged; 1 is the ELBO. With `resample` what is rare in the
    latent space counts for more: the number is α of `resampling`, such as 0.1.
    """

    warm_up: int = 0
    bound_samples: int = 16
    resample: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warm_up < 0:
            raise UserError(f"warm_up must be at least 0 steps, not {self.warm_up}")
        if self.bound_samples < 1:
            raise UserError(f"bound_samples must be at least 1, not {self.bound_samples}")
        if self.resample is not None and not self.resample > 0:
            raise UserError(f"resample must be positive, not {self.resample:g}; none switches it off")


@dataclass(frozen=True)
class Timed(Phase):
    """The one phase, and the step that it is a part of."""

    step: int = 0


class Variational(BySamples, OnePhase):
    """A variational autoencoder, of each class where there are `classes`: then z says what else an x is like.

    It is trained by `bound` of so many samples, with the weight `beta` for the prior's part. What it says of x where it
    knows classes is ln p(x, y) = ln p(y) + ln p(x | y), which is no more than ln p(x) either.
    """

    config: VariationalConfig

    def __init__(
        self,
        data: Data,
        config: VariationalConfig,
        generator: torch.Generator,
        bound: Bound,
        samples: int = 1,
        beta: float = 1.0,
        classes: int = 0,
    ) -> None:
        self.coder: Coder = make_coder(data, config, 2 * config.latent, config.latent, generator, classes)
        module = nn.ModuleDict({"coder": self.coder})
        self.resampler = None if config.resample is None else Resampler(config.latent, config.resample)
        if self.resampler is not None:
            module["resampler"] = self.resampler
        if classes:
            module.register_buffer("log_share", log_shares(data, classes))
        super().__init__(data, config, module)
        self._bound, self._samples, self._beta, self.classes = bound, samples, beta, classes

    @property
    def exact(self) -> bool:
        """No: `log_prob` is a lower bound."""
        return False

    @property
    def options_class(self) -> type[Drawing]:
        """How samples are drawn."""
        return Drawing

    def phases(self, step: int) -> Sequence[Phase]:
        """One, which knows the step."""
        return (Timed(step=step),)

    def weight(self, phase: Phase) -> float:
        """β, or less while it warms up."""
        if not isinstance(phase, Timed) or phase.step >= self.config.warm_up:
            return self._beta
        return self._beta * phase.step / self.config.warm_up

    def given(self, y: Tensor | None) -> Tensor | None:
        """Classes (B,) as the networks take them, (B, C); shares of classes already are so."""
        if y is None or not self.classes:
            return None
        return y if y.is_floating_point() else functional.one_hot(y, self.classes).float()

    def posterior(self, x: Tensor, given: Tensor | None = None) -> Posterior:
        """q(z | x)."""
        return Posterior.of(self.coder.encode(x, given))

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """Minus the bound, in nats per example."""
        given = self.given(batch.get("y"))
        q = self.posterior(batch["x"], given)
        z_KBL = q.at(noise.normal(self._samples, *q.mean.shape))
        log_p_KB = self.coder.log_prob(z_KBL, batch["x"], given)
        bound_B = self._bound(log_p_KB, q, z_KBL, self.weight(phase))
        if self.resampler is not None:
            bound_B = bound_B * self.resampler(q.mean)
        told = {"reconstruction": log_p_KB.detach().mean(), "kl": q.kl().detach().sum(-1).mean()}
        return -bound_B.mean(), told

    def bounds(self, batch: Batch, samples: int, generator: torch.Generator) -> Metrics:
        """Each example's importance bound with so many samples, and the ELBO with its two parts, (B,)."""
        given = self.given(batch.get("y"))
        q = self.posterior(batch["x"], given)
        noise = torch.randn((samples, *q.mean.shape), generator=generator, device=generator.device)
        z_KBL = q.at(noise)
        log_p_KB = self._decoded(z_KBL, batch["x"], given)
        log_share_B = self.module.get_buffer("log_share")[batch["y"]] if self.classes else torch.zeros(())
        return {
            "bound": importance_bound(log_p_KB, q, z_KBL) + log_share_B,
            "elbo": elbo(log_p_KB, q, z_KBL) + log_share_B,
            "reconstruction": log_p_KB.mean(0),
            "kl": q.kl().sum(-1),
        }

    def _decoded(self, z_KBL: Tensor, x: Tensor, given: Tensor | None) -> Tensor:
        """ln p(x | z), (K, B), some examples at a time: what is told of shades has K · B · D · V numbers."""
        rows = max(1, _AT_ONCE // (len(z_KBL) * self.coder.base.numel()))
        parts = range(0, len(x), rows)
        each = [
            self.coder.log_prob(z_KBL[:, n : n + rows], x[n : n + rows], None if given is None else given[n : n + rows])
            for n in parts
        ]
        return torch.cat(each, 1)

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """The importance bound with `bound_samples`, (B,)."""
        return self.bounds(batch, self.config.bound_samples, generator)["bound"]

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The bound, the ELBO, and what comes back of x through the mean of q(z | x)."""
        found = self.bounds(batch, self.config.bound_samples, generator)
        told = dict(likelihood_scores(self.data, batch, found["bound"])) | {"elbo": found["elbo"]}
        z_BL, given = self.code(batch), self.given(batch.get("y"))
        return told | {SQUARED_ERROR.name: -self.coder.squared_error(z_BL, batch["x"], given)}

    def code(self, batch: Batch) -> Tensor:
        """The mean of q(z | x), (B, L)."""
        return self.posterior(batch["x"], self.given(batch.get("y"))).mean

    def shown(self, z_BL: Tensor, y: Tensor | None = None) -> Tensor:
        """E[x | z] as shares, (B, …)."""
        return self.coder.expected(z_BL, self.given(y))

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples: z from the prior, x from p(x | z).

        Raises `UserError` for a prompt, for classes that it does not know and for another number of them than `n`.
        """
        options = condition.options or Drawing()
        noise = torch.randn(n, self.config.latent, generator=generator, device=generator.device)
        given = self.given(self._classes(n, condition, generator))
        told = self.coder.told(options.temperature * noise, given)
        return drawn(self.data, self.coder, told, options, generator)

    def _classes(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor | None:
        if condition.prompt is not None:
            raise UserError("this model goes on from no prompt; leave it out")
        if condition.y is not None and not self.classes:
            raise UserError("this model knows no classes; leave --label out, or fit conditional_vae")
        return self.drawn_classes(n, generator, condition.y)

    def drawn_classes(self, n: int, generator: torch.Generator, y: Tensor | None = None) -> Tensor | None:
        """Classes as often as the training part has them, (n,), or those given; None where it knows none."""
        if not self.classes:
            return None
        return classes_of_samples(y, n, self.module.get_buffer("log_share"), generator)

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """The bound and its parts, the latent space, and samples."""
        from .examining import examined

        return examined(self, part, generator)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, the latent space walked through, reconstructions, what is least likely."""
        from .exhibits import variational_exhibits

        return variational_exhibits(self, generator)


_AT_ONCE = 2**24  # numbers that a decoder tells at once when it is asked for bounds
