"""What stands at the end of a network: frozen specs whose modules turn features (…, F) into what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.distributions import Categorical as CategoricalDistribution
from torch.distributions import Independent, Normal

from daedalus.core.errors import UserError

from .initialise import initialiser
from .layers import linear
from .population import stack


class Body(Protocol):
    """A spec of a network that makes features."""

    def features(self, shape: tuple[int, ...]) -> int:
        """How many numbers come out for an example of that shape."""
        ...

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Module:
        """Return (B, *shape) → (B, features)."""
        ...


class Head(Protocol):
    """A spec of a head."""

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Module:
        """Return a module of features (…, F), shape (F,)."""
        ...


@dataclass(frozen=True)
class Headed:
    """A body and a head on its features."""

    body: Body
    head: Head

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
        """Return the head's answer to (B, *shape); the body draws its weights first."""
        body = self.body.build(shape, generator)
        head = self.head.build((self.body.features(shape),), generator)
        network = nn.Sequential()
        network.add_module("body", body)
        network.add_module("head", head)
        return network

    def build_population(self, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> nn.Module:
        """The same for (N, B, *shape); slot n begins as `build` with generator n."""
        return stack([self.build(shape, generator) for generator in generators])


@dataclass(frozen=True)
class Value:
    """One number, the value of a state: (…, F) → (…, 1)."""

    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Linear:
        """Return the linear layer."""
        return linear(_width(shape), 1, generator, initialiser(self.weights))


@dataclass(frozen=True)
class Q:
    """Action values: (…, F) → (…, A)."""

    actions: int
    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> nn.Linear:
        """Return the linear layer."""
        return linear(_width(shape), _count("actions", self.actions), generator, initialiser(self.weights))

    def build_population(self, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> nn.Module:
        """(N, B, F) → (N, B, A); slot n begins as `build` with generator n."""
        return stack([self.build(shape, generator) for generator in generators])


class Duel(nn.Module):
    """Q = V + A − mean(A) of one state (Wang et al. 2016, eq. 9)."""

    def __init__(self, value: nn.Module, advantage: nn.Module) -> None:
        super().__init__()
        self.value, self.advantage = value, advantage

    def forward(self, features: Tensor) -> Tensor:
        """(…, F) → (…, A)."""
        return duel(self.value(features), self.advantage(features))


def duel(value: Tensor, advantage: Tensor) -> Tensor:
    """V + A − mean(A), (…, 1) and (…, A) → (…, A) (Wang et al. 2016, eq. 9)."""
    return value + advantage - advantage.mean(-1, keepdim=True)


@dataclass(frozen=True)
class Dueling:
    """Action values as the state's value and advantages: (…, F) → (…, A).

    With `width` each stream has a hidden layer of so many rectifiers, as in the paper, where it is 512.
    """

    actions: int
    width: int | None = None
    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Duel:
        """Return the head; the value's stream draws its weights first."""
        actions = _count("actions", self.actions)
        return Duel(self._stream(shape, 1, generator), self._stream(shape, actions, generator))

    def build_population(self, shape: tuple[int, ...], generators: Sequence[torch.Generator]) -> nn.Module:
        """(N, B, F) → (N, B, A); slot n begins as `build` with generator n."""
        return stack([self.build(shape, generator) for generator in generators])

    def _stream(self, shape: tuple[int, ...], outputs: int, generator: torch.Generator) -> nn.Module:
        rule, features = initialiser(self.weights), _width(shape)
        if self.width is None:
            return linear(features, outputs, generator, rule)
        width = _count("width", self.width)
        hidden = linear(features, width, generator, rule)
        return nn.Sequential(hidden, nn.ReLU(), linear(width, outputs, generator, rule))


class Quantiles(nn.Module):
    """A linear layer whose outputs are the quantiles of each action."""

    def __init__(self, outputs: nn.Module, actions: int, quantiles: int) -> None:
        super().__init__()
        self.outputs, self.actions, self.quantiles = outputs, actions, quantiles

    def forward(self, features: Tensor) -> Tensor:
        """(…, F) → (…, A, K)."""
        answer: Tensor = self.outputs(features)
        return answer.reshape(*answer.shape[:-1], self.actions, self.quantiles)


@dataclass(frozen=True)
class Quantile:
    """K quantiles of each action's return, at (2k + 1)/(2K) (Dabney et al. 2018): (…, F) → (…, A, K)."""

    actions: int
    quantiles: int = 51
    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Quantiles:
        """Return the head."""
        actions, quantiles = _count("actions", self.actions), _count("quantiles", self.quantiles)
        outputs = linear(_width(shape), actions * quantiles, generator, initialiser(self.weights))
        return Quantiles(outputs, actions, quantiles)


def midpoints(quantiles: int) -> Tensor:
    """The levels (2k + 1)/(2K) of K quantiles, (K,)."""
    return (2 * torch.arange(quantiles) + 1) / (2 * quantiles)


class Choosing(nn.Module):
    """A linear layer whose outputs are the logits of a choice."""

    def __init__(self, logits: nn.Module) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, features: Tensor, allowed: Tensor | None = None) -> CategoricalDistribution:
        """(…, F) → a distribution over A choices; those not `allowed` (…, A) have no chance."""
        logits: Tensor = self.logits(features)
        if allowed is not None:
            logits = logits.masked_fill(~allowed, torch.finfo(logits.dtype).min)
        return CategoricalDistribution(logits=logits)


@dataclass(frozen=True)
class Categorical:
    """A choice among A: (…, F) → torch's `Categorical`."""

    choices: int
    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Choosing:
        """Return the head."""
        outputs = _count("choices", self.choices)
        return Choosing(linear(_width(shape), outputs, generator, initialiser(self.weights)))


class Bell(nn.Module):
    """Linear layers whose outputs are the mean and the logarithm of the deviation of independent normal numbers."""

    undecayed: ClassVar[tuple[str, ...]] = ("log_std",)  # decay would draw the deviation to 1

    def __init__(self, mean: nn.Module, log_std: nn.Module | nn.Parameter, low: float, high: float) -> None:
        super().__init__()
        self.mean, self.log_std, self.low, self.high = mean, log_std, low, high

    def forward(self, features: Tensor) -> Independent[Normal]:
        """(…, F) → a distribution over (…, D)."""
        mean: Tensor = self.mean(features)
        log_std = self.log_std(features) if isinstance(self.log_std, nn.Module) else self.log_std.expand_as(mean)
        scale = log_std.clamp(self.low, self.high).exp()
        return Independent(Normal(mean, scale), 1)


@dataclass(frozen=True)
class Gaussian:
    """D independent normal numbers: (…, F) → torch's `Independent(Normal)`.

    The deviation is a function of the features, or, without `by_state`, a parameter of its own that begins at
    exp(`log_std`) (Schulman et al. 2015). Its logarithm is kept within `low` and `high`.
    """

    numbers: int
    by_state: bool = True
    log_std: float = 0.0
    low: float = -20.0
    high: float = 2.0
    weights: str = "uniform_fan_in"

    def build(self, shape: tuple[int, ...], generator: torch.Generator) -> Bell:
        """Return the head; the mean draws its weights first."""
        if not self.low < self.high:
            raise UserError(f"a Gaussian head needs low < high, not {self.low} and {self.high}")
        outputs, rule = _count("numbers", self.numbers), initialiser(self.weights)
        mean = linear(_width(shape), outputs, generator, rule)
        if self.by_state:
            return Bell(mean, linear(_width(shape), outputs, generator, rule), self.low, self.high)
        return Bell(mean, nn.Parameter(torch.full((outputs,), float(self.log_std))), self.low, self.high)


def _width(shape: tuple[int, ...]) -> int:
    if len(shape) != 1 or shape[0] < 1:
        raise UserError(f"a head takes features of shape (F,), not {shape}; flatten them first")
    return shape[0]


def _count(name: str, count: int) -> int:
    if count < 1:
        raise UserError(f"{name} must be at least 1, not {count}")
    return count
