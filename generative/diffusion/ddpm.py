"""Denoising diffusion: a network learns to tell the noise in x_t, and data are drawn by taking noise away.

L = E_{t, x_0, ε} ‖ε − ε_θ(√ᾱ_t x_0 + √(1 − ᾱ_t) ε, t)‖²        (Ho, Jain & Abbeel 2020, eq. 14)

With predict=velocity the target is v = √ᾱ_t ε − √(1 − ᾱ_t) x_0 (Salimans & Ho 2022), with predict=logits it is the same
of what the log-odds of bits mean; a class may be told, or left out
at random, so that samples can be guided (Ho & Salimans 2022).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.data import Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import check_batch, tensors
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.generative.fitted import OnePhase, bits_per_dimension, classes_of_samples, likelihood_scores, log_shares
from daedalus.generative.metrics.quality import BySamples, examine_samples

from .bound import Bound
from .config import DDPMConfig
from .sampling import DiffusionOptions, way
from .scaling import Scale
from .schedule import Predict
from .showing import exhibits

_EXAMINED = 128  # examples of which every term of the bound is computed


class Diffusion(nn.Module):
    """All that is saved: how examples are scaled, how often each class comes, and the network."""

    def __init__(self, data: Data, config: DDPMConfig, generator: torch.Generator) -> None:
        super().__init__()
        classes = data.fields["y"].values or 0 if config.conditional else 0
        self.scale = Scale(data)
        self.register_buffer("log_shares", log_shares(data, classes) if classes else torch.zeros(0))
        self.log_shares: Tensor
        shape = data.fields["x"].shape
        self.network = config.denoiser(shape).build(shape, classes, generator)

    @property
    def classes(self) -> int:
        """How many a condition chooses from; 0: there is no condition."""
        return len(self.log_shares)

    def log_share(self, y_B: Tensor | None) -> Tensor:
        """ln p(y) of classes, (B,), by the training part, half a one added to each count; 0 where there are none."""
        if y_B is None or not self.classes:
            return self.log_shares.new_zeros(())
        return self.log_shares[y_B]


class Denoising(BySamples, OnePhase):
    """A diffusion fitted to data: likelihoods that are bounds, samples by DDPM and DDIM."""

    module: Diffusion
    config: DDPMConfig
    exact = False
    options_class = DiffusionOptions

    def __init__(self, data: Data, config: DDPMConfig, module: Diffusion) -> None:
        super().__init__(data, config, module)
        values = module.scale.values
        self.schedule = config.noise_schedule(values)
        self.predict: Predict = config.predict
        self.bound = Bound(self.schedule, values, config.variance_of(values))

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """‖target − answer‖², summed over an example, at one time each; those of a batch are spread over 1 … T."""
        x = self.module.scale.inwards(batch["x"])
        even_B = torch.arange(len(x), device=x.device) / len(x)
        t_B = ((noise.uniform(1) + even_B) % 1 * self.schedule.steps).long().clamp(max=self.schedule.steps - 1) + 1
        epsilon = noise.normal(*x.shape)
        y_B = self._told(batch, noise)
        return self.losses(x, t_B, epsilon, y_B).mean(), {}

    def losses(self, x: Tensor, t_B: Tensor, noise: Tensor, y_B: Tensor | None = None) -> Tensor:
        """The loss of scaled examples (B, …) at these times and this noise, (B,)."""
        noisy = self.schedule.noised(x, t_B, noise)
        answer = self.answer(noisy, t_B, y_B)
        if self.predict == "logits":
            found = self.schedule.data(answer, noisy, t_B, self.predict)
            return self.schedule.missed(found, x, t_B).square().flatten(1).sum(1)
        target = self.schedule.target(x, t_B, noise, self.predict)
        return losses.squared(answer, target).flatten(1).sum(1)

    def answer(self, noisy: Tensor, t_B: Tensor, y_B: Tensor | None = None, guidance: float = 0.0) -> Tensor:
        """Noise, velocity or log-odds, (B, …); guided: (1 + w)·told − w·untold (Ho & Salimans 2022, eq. 6)."""
        share_B = t_B.to(noisy.dtype) / self.schedule.steps
        told: Tensor = self.module.network(noisy, share_B, y_B).to(noisy.dtype)
        if not guidance:
            return told
        untold: Tensor = self.module.network(noisy, share_B, None).to(noisy.dtype)
        return (1 + guidance) * told - guidance * untold

    def denoise(self, noisy: Tensor, t_B: Tensor, y_B: Tensor | None = None, guidance: float = 0.0) -> Tensor:
        """The x_0 that is expected of x_t, (B, …), within what x_0 can be."""
        answer = self.answer(noisy, t_B, y_B, guidance)
        reach = self.module.scale.reach
        return self.schedule.data(answer, noisy, t_B, self.predict).clamp(-reach, reach)

    def log_prob(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """A bound on ln p(x), (B,), estimated without bias from a few times.

        Of a conditional model it is one on ln p(x, y) = ln p(x | y) + ln p(y), which is no more than ln p(x).
        """
        x, denoise = self._asked(batch)
        nats_B = self.bound.estimate(denoise, x, self.config.strata, generator)
        return self.module.scale.log_volume + self.module.log_share(batch.get("y")) - nats_B

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """The bound on the log-likelihood."""
        return likelihood_scores(self.data, batch, self.log_prob(batch, generator))

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples. Raises `UserError` for a class or guidance asked of a model without classes."""
        *_, (_, z) = self.way(n, condition, generator)
        return self.module.scale.finished(z)

    def way(self, n: int, condition: Condition, generator: torch.Generator) -> list[tuple[int, Tensor]]:
        """The times from T down to 0 and what the samples were at each, scaled, (n, …)."""
        options = condition.options or self._quick()
        y_B, noise = self._classes(n, condition, options, generator), Noise(generator)
        begin = noise.normal(n, *self.module.scale.shape)
        denoise = partial(self.denoise, y_B=y_B, guidance=options.guidance)
        return list(way(self.schedule, denoise, begin, options, noise, self.bound.variance))

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, and how they came out of noise."""
        return exhibits(self.data, self, self.module.scale, generator)

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """The whole sum of the bound on the first examples, where its nats are, and what samples are worth."""
        size = min(part.size or _EXAMINED, _EXAMINED)
        batch = tensors(part, np.arange(size), self.module.scale.shift.device)
        x, denoise = self._asked(batch)
        terms_T = self.bound.terms(denoise, x, generator).mean(1)
        prior = float(self.bound.prior(x).mean())
        log_share = float(self.module.log_share(batch.get("y")).mean())
        log_p = float(self.module.scale.log_volume - terms_T.sum()) - prior + log_share
        found = {
            "whole_bound_examples": float(size),
            "whole_bound": log_p,
            "bits_per_dimension": bits_per_dimension(log_p, self.data),
            "nats_of_the_end": prior,
            "nats_of_time_1": float(terms_T[0]),
        }
        edges = np.unique(np.linspace(1, self.schedule.steps, _STRETCHES + 1).round().astype(int))
        for low, high in pairwise(edges):
            found[f"nats_of_times_{low + 1}_to_{high}"] = float(terms_T[low:high].sum())
        return found | examine_samples(self.data, self, part, generator)

    def _asked(self, batch: Batch) -> tuple[Tensor, partial[Tensor]]:
        """Scaled examples, and the denoiser that knows their classes where it is told them."""
        y_B = batch["y"] if self.module.classes else None
        return self.module.scale.inwards(batch["x"]), partial(self.denoise, y_B=y_B)

    def _told(self, batch: Batch, noise: Noise) -> Tensor | None:
        """The classes, some left out."""
        if not self.module.classes:
            return None
        y_B = batch["y"]
        return torch.where(noise.ones(self.config.unconditional, len(y_B)) > 0, self.module.classes, y_B)

    def _quick(self) -> DiffusionOptions:
        return DiffusionOptions(steps=self.config.judged_in)

    def _classes(
        self, n: int, condition: Condition, options: DiffusionOptions, generator: torch.Generator
    ) -> Tensor | None:
        if condition.prompt is not None:
            raise UserError("a diffusion draws all of x at once; nothing can begin with a prompt")
        if self.module.classes:
            return classes_of_samples(condition.y, n, self.module.log_shares, generator)
        if condition.y is not None or options.guidance:
            what = "guided" if condition.y is None else "asked for a class"
            raise UserError(f"this diffusion knows no classes, so it cannot be {what}; fit it with conditional=true")
        return None


_STRETCHES = 10


class DDPM:
    """The diffusion model of Ho, Jain & Abbeel 2020, with the schedules and targets that came after it."""

    config_class = DDPMConfig

    @staticmethod
    def check(data: Data, config: DDPMConfig) -> None:
        """Raise `UserError` where it cannot be fitted."""
        check_batch(data, config)
        if data.fields["x"].values == 1:
            raise UserError(f"{data.name}: x can hold only one value, so there is nothing to learn")
        if config.predict == "logits" and data.fields["x"].values != 2:
            raise UserError(f"{data.name}: predict=logits is for bits alone; take velocity or noise")
        if config.conditional and ("y" not in data.fields or data.fields["y"].values is None):
            raise UserError(f"{data.name} has no classes to be told; leave out conditional=true")
        DDPM.build(data, dataclasses.replace(config), torch.Generator())

    @staticmethod
    def build(data: Data, config: DDPMConfig, generator: torch.Generator) -> Denoising:
        """Weights by torch's own rule, those of last layers 0."""
        return Denoising(data, config, Diffusion(data, config, generator))
