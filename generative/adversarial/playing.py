"""What is fitted: a generator against its critic, by whatever game they are told to play."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from daedalus.core.data import Data, Examples
from daedalus.core.errors import UserError
from daedalus.core.fitting import check_batch
from daedalus.core.generating import Condition, Exhibit
from daedalus.core.noise import Noise
from daedalus.core.objective import Batch, Metrics, Phase
from daedalus.core.optim.turn import Training
from daedalus.generative.fitted import classes_of_samples, log_shares
from daedalus.generative.metrics.quality import BySamples, examine_samples
from daedalus.generative.showing.samples import sample_exhibits

from .config import AdversarialConfig
from .losses import Game, gradient_penalty
from .networks import Critic, Generator, Sort, networks, sort_of, still
from .showing import more_exhibits

CRITIC, GENERATOR = Phase("critic", "critic"), Phase("generator", "generator")


class Adversarial(BySamples):
    """A generator and a critic. It has no likelihood, and is judged by its samples."""

    options_class = None

    def __init__(self, data: Data, config: AdversarialConfig, game: Game, sort: Sort, module: nn.ModuleDict) -> None:
        self.data, self.config, self.game, self.sort, self.module = data, config, game, sort, module

    @property
    def critic(self) -> Critic:
        """From examples to scores."""
        return self.module["critic"]  # type: ignore[return-value]

    @property
    def generator(self) -> Generator:
        """From noise to examples."""
        return self.module["generator"]  # type: ignore[return-value]

    @property
    def objective(self) -> "Adversarial":
        """Itself."""
        return self

    def phases(self, step: int) -> Sequence[Phase]:
        """The critic's at every step, the generator's at every so many."""
        return (CRITIC,) if step % self.config.critic_steps else (CRITIC, GENERATOR)

    def training(self, steps: int) -> Mapping[str, Training]:
        """Each phase at its own rate; only the generator's weights are averaged, only the critic's bounded."""
        plan = self.config.training(steps)
        rate = self.config.critic_lr or plan.optimiser.lr
        critic = replace(plan, optimiser=replace(plan.optimiser, lr=rate), ema=None, bound=self.game.bound)
        return {CRITIC.name: critic, GENERATOR.name: plan}

    def loss(self, phase: Phase, batch: Batch, noise: Noise) -> tuple[Tensor, Metrics]:
        """The mean of the phase's loss; each phase makes examples from noise of its own.

        Batch statistics that are kept are those of the network that learns: the other is asked, but stays as it is.
        """
        real = batch["x"].to(torch.get_default_dtype())
        y_B = batch["y"] if self.sort.classes else None
        if phase.name == GENERATOR.name:
            fake = self.generator(*self._noise(len(real), noise), y_B)
            return self.game.generator(still(self.critic, fake, y_B)).mean(), {}
        with torch.no_grad():
            fake = still(self.generator, *self._noise(len(real), noise), y_B)
        return self._critic_loss(real, fake, y_B, noise)

    def _critic_loss(self, real: Tensor, fake: Tensor, y_B: Tensor | None, noise: Noise) -> tuple[Tensor, Metrics]:
        real_B, fake_B = self.critic(real, y_B), self.critic(fake, y_B)
        loss = self.game.critic(real_B, fake_B).mean()
        told = {"score_real": real_B.detach().mean(), "score_made": fake_B.detach().mean()}
        if self.game.penalty:
            asked = partial(self.critic, y_B=y_B)
            penalty = gradient_penalty(asked, real, fake, noise.uniform(len(real))).mean()
            loss, told = loss + self.game.penalty * penalty, {**told, "gradient_penalty": penalty.detach()}
        return loss, told

    def _noise(self, n: int, noise: Noise) -> tuple[Tensor, Tensor | None]:
        """What one batch is made from: z (n, Z) and, for bits, uniform numbers (n, …)."""
        z_BZ = noise.normal(n, self.config.latent)
        return z_BZ, noise.uniform(n, *self.sort.shape) if self.sort.range == "bits" else None

    def scores(self, batch: Batch, generator: torch.Generator) -> Metrics:
        """None: no example by itself says how likely it is."""
        return {}

    def sample(self, n: int, condition: Condition, generator: torch.Generator) -> Tensor:
        """`n` examples in the data set's own numbers. Raises `UserError` for what it cannot follow."""
        if condition.prompt is not None:
            raise UserError("a generator makes an example at once, so none can begin with a prompt")
        z_BZ, u = self._noise(n, Noise(generator))
        return self.made(z_BZ, u, self.asked(n, generator, condition.y))

    def made(self, z_BZ: Tensor, u: Tensor | None, y_B: Tensor | None) -> Tensor:
        """The examples of this noise and these classes, (B, …), uint8 where they are bits."""
        x = self.generator(z_BZ, u, y_B)
        return x.to(torch.uint8 if self.sort.range == "bits" else torch.float32)

    def asked(self, n: int, generator: torch.Generator, asked: Tensor | None = None) -> Tensor | None:
        """The classes that were asked for, or drawn as often as the training part has them; None: there are none."""
        if not self.sort.classes:
            if asked is not None:
                raise UserError("this model was told no classes, so it can make none of its own; fit conditional_gan")
            return None
        return classes_of_samples(asked, n, self._log_share, generator)

    @functools.cached_property
    def _log_share(self) -> Tensor:
        """ln p(y), (K,)."""
        return log_shares(self.data, self.sort.classes)

    def examine(self, part: Examples, generator: torch.Generator) -> Mapping[str, float]:
        """All that is known of samples."""
        return examine_samples(self.data, self, part, generator)

    def exhibits(self, generator: torch.Generator) -> Sequence[Exhibit]:
        """Samples, and behind points what the critic thinks of the plane; of images, ways from one to another."""
        return [*sample_exhibits(self.data, self, generator), *more_exhibits(self, generator)]


def check(data: Data, config: AdversarialConfig, conditional: bool = False, penalised: bool = False) -> None:
    """Raise `UserError` where the two cannot be fitted to a data set."""
    check_batch(data, config)
    if penalised and config.critic_norm == "batch":
        raise UserError(
            "critic_norm=batch lets examples change each other's scores, but the gradient penalty is of each alone; "
            "take layer, or none"
        )
    networks(sort_of(data, conditional), config, torch.Generator())


def fitted(
    data: Data, config: AdversarialConfig, game: Game, generator: torch.Generator, conditional: bool = False
) -> Adversarial:
    """Both networks, fresh, and the game that they play."""
    sort = sort_of(data, conditional)
    return Adversarial(data, config, game, sort, networks(sort, config, generator))
