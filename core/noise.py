"""Noise of losses and layers, drawn from generators that are handed in."""

from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor

from .errors import UserError

#: Draws a tensor of a shape from a generator, on that generator's device.
Draw = Callable[[tuple[int, ...], torch.Generator], Tensor]


@final
class Noise:
    """Random numbers from one generator, or of a population from one for each slot, on the generators' device.

    With one for each, shapes begin with the slot axis N, and slot n draws what it would draw alone. With a single one
    the slots of a population draw in turn, so that what one slot draws depends on how many there are.
    """

    def __init__(self, generators: torch.Generator | Sequence[torch.Generator]) -> None:
        self.generators = (generators,) if isinstance(generators, torch.Generator) else tuple(generators)
        if not self.generators:
            raise UserError("noise needs a generator, or one for each slot of a population")

    @property
    def single(self) -> torch.Generator:
        """The one generator. Raises `UserError` where each slot has its own."""
        if len(self.generators) > 1:
            raise UserError(f"this draws for one network, not for a population of {len(self.generators)}")
        return self.generators[0]

    def normal(self, *shape: int) -> Tensor:
        """N(0, 1)."""
        return self.draw(shape, lambda own, g: torch.randn(own, generator=g, device=g.device))

    def uniform(self, *shape: int) -> Tensor:
        """U[0, 1)."""
        return self.draw(shape, lambda own, g: torch.rand(own, generator=g, device=g.device))

    def below(self, count: int, *shape: int) -> Tensor:
        """Whole numbers from 0 to `count` − 1, all as likely."""
        return self.draw(shape, lambda own, g: torch.randint(count, own, generator=g, device=g.device))

    def ones(self, chance: float, *shape: int) -> Tensor:
        """1 with the chance given, otherwise 0."""
        return self.draw(shape, lambda own, g: torch.empty(own, device=g.device).bernoulli_(chance, generator=g))

    def draw(self, shape: tuple[int, ...], draw: Draw) -> Tensor:
        """What `draw` gives for the shape; of a population, for the rest of the shape from each slot's generator."""
        if len(self.generators) == 1:
            return draw(shape, self.generators[0])
        if not shape or len(self.generators) != shape[0]:
            slots = shape[0] if shape else 0
            raise UserError(f"{len(self.generators)} generators were supplied for a population of {slots}")
        return torch.stack([draw(shape[1:], generator) for generator in self.generators])
