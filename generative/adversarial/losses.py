"""What critic and generator minimise, example by example: pure functions of the critic's scores, all (B,) → (B,)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


def discriminator(real_B: Tensor, fake_B: Tensor) -> Tensor:
    """−ln D(x) − ln(1 − D(G(z))), D = σ(score) (Goodfellow et al. 2014, eq. 1, with its sign turned).

    Where D is the best, p/(p + q), its mean is 2 ln 2 − 2 JSD(p, q): their theorem 1.
    """
    return functional.softplus(-real_B) + functional.softplus(fake_B)


def non_saturating(fake_B: Tensor) -> Tensor:
    """−ln D(G(z)): its gradient does not vanish where the discriminator wins (Goodfellow et al. 2014, section 3)."""
    return functional.softplus(-fake_B)


def wasserstein_critic(real_B: Tensor, fake_B: Tensor) -> Tensor:
    """f(G(z)) − f(x): minus what a 1-Lipschitz f shows of Wasserstein's distance (Arjovsky et al. 2017, eq. 2)."""
    return fake_B - real_B


def wasserstein_generator(fake_B: Tensor) -> Tensor:
    """−f(G(z)) (Arjovsky et al. 2017, algorithm 1)."""
    return -fake_B


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix_B: Tensor) -> Tensor:
    """(‖∇f(x̂)‖ − 1)² where x̂ = mix·x + (1 − mix)·G(z) (Gulrajani et al. 2017, eq. 3, without its λ).

    `real` and `fake` (B, …), `mix_B` in [0, 1]; the critic maps (B, …) to (B,). Returns (B,), with a gradient to the
    critic's weights.
    """
    mix = mix_B.reshape(-1, *[1] * (real.ndim - 1))
    between = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norm_B: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1)
    return (norm_B - 1).square()


@dataclass(frozen=True)
class Game:
    """What the two play: a variant of it is another loss, or another way of keeping the critic's slopes small."""

    critic: Callable[[Tensor, Tensor], Tensor]  # of the scores of real and made examples
    generator: Callable[[Tensor], Tensor]  # of those of made ones
    penalty: float = 0.0  # λ of the gradient penalty
    bound: float | None = None  # the critic's weights are clipped to ± it after each of its steps
