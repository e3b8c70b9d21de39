"""p(x | z), of which the decoder says the parameters: given z, the numbers of x are independent.

What is `told` of x are P parameters for each of its D numbers, (…, P, D).
"""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from daedalus.core import losses
from daedalus.core.data import Data

#: Below this the deviation of real numbers does not fall: the density of what never varies would have no bound.
LEAST = 1e-3

#: The share of the data's deviation that it begins with. With all of it no code would be worth its nats: the mean of
#: all examples would be a place where training stays.
_BEGIN = 0.7


class Emission(nn.Module, ABC):
    """A family of distributions of x."""

    outputs: int  #: P

    @abstractmethod
    def base(self, x_ND: Tensor) -> Tensor:
        """What is told where nothing is known of an example, fitted to some, (P, D)."""

    @abstractmethod
    def log_prob(self, told: Tensor, x_BD: Tensor) -> Tensor:
        """(…, B, P, D) and (B, D) → nats (…, B), summed over D."""

    @abstractmethod
    def mean(self, told: Tensor) -> Tensor:
        """E[x], of V whole numbers v as v / (V − 1): (…, P, D) → (…, D)."""

    @abstractmethod
    def draw(self, told: Tensor, generator: torch.Generator) -> Tensor:
        """One x from each distribution: (…, P, D) → (…, D)."""

    @abstractmethod
    def likeliest(self, told: Tensor) -> Tensor:
        """The mode: (…, P, D) → (…, D)."""


@final
class Bernoulli(Emission):
    """Bits, by their logits."""

    outputs = 1

    def base(self, x_ND: Tensor) -> Tensor:
        """The logarithm of the odds; half a bit is added on each side."""
        ones_D = x_ND.float().sum(0)
        return ((ones_D + 0.5) / (len(x_ND) - ones_D + 0.5)).log()[None]

    def log_prob(self, told: Tensor, x_BD: Tensor) -> Tensor:
        """Σ x ln p + (1 − x) ln(1 − p)."""
        logit = told.float().squeeze(-2)
        return -losses.binary_cross_entropy(logit, x_BD.float().expand_as(logit)).sum(-1)

    def mean(self, told: Tensor) -> Tensor:
        """P."""
        return told.float().squeeze(-2).sigmoid()

    def draw(self, told: Tensor, generator: torch.Generator) -> Tensor:
        """1 with chance p."""
        return torch.bernoulli(self.mean(told), generator=generator)

    def likeliest(self, told: Tensor) -> Tensor:
        """1 where p is more than a half."""
        return (told.squeeze(-2) > 0).float()


@final
class Categorical(Emission):
    """Whole numbers below V, by the logits of each."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.outputs = values

    def base(self, x_ND: Tensor) -> Tensor:
        """The logarithm of the shares; half a one is added to each count."""
        counts_VD = torch.stack([(x_ND == value).sum(0) for value in range(self.outputs)]) + 0.5
        return (counts_VD / counts_VD.sum(0)).log()

    def log_prob(self, told: Tensor, x_BD: Tensor) -> Tensor:
        """Σ ln softmax(logits)[x]."""
        logits = told.float().transpose(-1, -2)  # (…, B, D, V)
        return -losses.cross_entropy(logits, x_BD.long().expand(logits.shape[:-1])).sum(-1)

    def mean(self, told: Tensor) -> Tensor:
        """Σ_v p_v v / (V − 1)."""
        shares_V = torch.linspace(0, 1, self.outputs, device=told.device)
        return torch.einsum("...vd,v->...d", told.float().softmax(-2), shares_V)

    def draw(self, told: Tensor, generator: torch.Generator) -> Tensor:
        """V with chance p_v."""
        p = told.float().softmax(-2).transpose(-1, -2)
        return torch.multinomial(p.flatten(0, -2), 1, generator=generator).reshape(p.shape[:-1])

    def likeliest(self, told: Tensor) -> Tensor:
        """The value of the greatest logit."""
        return told.argmax(-2)


@final
class Gaussian(Emission):
    """Real numbers by their means; one deviation for all of them is learnt: σ² = LEAST² + exp(2 log_std)."""

    outputs = 1
    undecayed: ClassVar[tuple[str, ...]] = ("log_std",)  # decay would draw the deviation to 1

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.log_std = nn.Parameter(torch.tensor(math.log(max(deviation, 10 * LEAST))))

    @property
    def deviation(self) -> Tensor:
        """σ, ()."""
        return (LEAST**2 + (2 * self.log_std).exp()).sqrt()

    def base(self, x_ND: Tensor) -> Tensor:
        """The mean."""
        return x_ND.mean(0, keepdim=True)

    def log_prob(self, told: Tensor, x_BD: Tensor) -> Tensor:
        """Σ ln N(x; mean, σ²)."""
        mean = told.float().squeeze(-2)
        return -losses.gaussian(mean, self.deviation.log(), x_BD.expand_as(mean)).sum(-1)

    def mean(self, told: Tensor) -> Tensor:
        """As told."""
        return told.float().squeeze(-2)

    def draw(self, told: Tensor, generator: torch.Generator) -> Tensor:
        """The mean and noise."""
        mean = self.mean(told)
        return mean + self.deviation * torch.randn(mean.shape, generator=generator, device=mean.device)

    def likeliest(self, told: Tensor) -> Tensor:
        """The mean."""
        return self.mean(told)


def emission(data: Data, x_ND: Tensor) -> Emission:
    """The family that suits the x of a data set, of which some are given."""
    values = data.fields["x"].values
    if values is None:
        return Gaussian(_BEGIN * float((x_ND - x_ND.mean(0)).square().mean().sqrt()))
    return Bernoulli() if values == 2 else Categorical(values)
