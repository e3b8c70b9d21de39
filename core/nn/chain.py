"""Layers one after another, with a door that refuses what does not fit in one line."""

from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from daedalus.core.errors import UserError


class Chain(nn.Sequential):
    """`nn.Sequential` that knows the shape of one example, and of a population how many slots it has.

    Shapes are looked at before the layers run: some that do not fit would be broadcast, or read as others. What else is
    wrong is only asked for when torch has failed, so it costs nothing.
    """

    example: tuple[int, ...] | None = None  #: the shape of one; None: anything goes in
    indices: int | None = None  #: whole numbers below it are taken, one for each example
    bytes: bool = False  #: its first layer turns whole numbers, as pictures have, into others
    slots: int | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, *example) → what the last layer makes of it; of a population (N, B, *example)."""
        if self.example is not None and not self._fits(x.shape):
            self._refuse(f"not a tensor of shape {tuple(x.shape)}")
        y = x
        try:
            for part in self:
                y = part(y)
        except (RuntimeError, IndexError) as error:
            self._explain(x, error)
            raise
        return y

    def _fits(self, shape: torch.Size) -> bool:
        example = self.example or ()
        if self.slots is not None:
            return len(shape) == len(example) + 2 and shape[0] == self.slots and shape[2:] == example
        if len(example) > 1:
            return shape[1:] == example
        return not example or shape[-1:] == example  # layers of vectors take any leading axes

    def _refuse(self, got: str, cause: BaseException | None = None) -> NoReturn:
        wanted = ", ".join(map(str, [*([] if self.slots is None else [self.slots]), "B", *(self.example or ())]))
        of = "" if self.indices is None else f" of whole numbers from 0 to {self.indices - 1}"
        owner = "network" if self.slots is None else f"population of {self.slots}"
        raise UserError(f"this {owner} takes ({wanted}){of}, {got}") from cause

    def _explain(self, x: Tensor, error: BaseException) -> None:
        """Raise `UserError` where numbers of another sort, or on another device, are why torch failed."""
        own = next(iter(self.parameters()), None)
        if self.example is None or own is None:
            return
        if x.device != own.device:
            self._refuse(f"on {own.device} where its weights are, not on {x.device}", error)
        if self.indices is not None:
            if x.is_floating_point() or isinstance(error, IndexError):
                self._refuse("not others", error)
        elif x.dtype != own.dtype and not torch.is_autocast_enabled(x.device.type) and not self._turned(x):
            self._refuse(f"of {own.dtype}, as its weights are, not of {x.dtype}", error)

    def _turned(self, x: Tensor) -> bool:
        return self.bytes and not x.is_floating_point()


def chain(example: tuple[int, ...], indices: int | None = None, bytes: bool = False) -> Chain:
    """An empty chain for examples of a shape, or with `indices` for whole numbers below it."""
    made = Chain()
    made.example, made.indices, made.bytes = () if indices is not None else tuple(example), indices, bytes
    return made


def whole(owner: str, name: str, given: Any) -> Any:
    """The number or numbers that a setting was given, a list as a tuple. Raises `UserError` unless all are whole."""
    numbers = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise UserError(f"{owner}: {name} takes whole numbers, not {given!r}")
    return numbers if isinstance(given, list | tuple) else given
