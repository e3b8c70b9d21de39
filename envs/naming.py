"""Names and parameters that all builders of worlds share."""

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal

from daedalus.core.errors import UserError
from daedalus.core.spec import Spec

#: A time limit in steps, none, or the builder's own choice.
TimeLimit = int | None | Literal["auto"]


def typed(name: str, builder: Callable[..., Any], given: dict[str, Any]) -> str:
    """A world's name as a person would type it: its id and the parameters that differ from `builder`'s defaults."""
    defaults = inspect.signature(builder).parameters
    return str(Spec(name, tuple((key, value) for key, value in given.items() if value != defaults[key].default)))


def at_least(name: str, least: int, **sizes: int) -> None:
    """Refuse a size below `least`, naming it. Raises `UserError`."""
    for key, size in sizes.items():
        if size < least:
            raise UserError(f"{name}: {key} must be at least {least}, not {size}")


def check_finite(name: str, **numbers: float) -> None:
    """Refuse a number that is not finite, naming it. Raises `UserError`."""
    for key, number in numbers.items():
        if not math.isfinite(number):
            raise UserError(f"{name}: {key} must be a finite number, not {number}")


def check_slip(name: str, slip: float) -> None:
    """Refuse a slip that is no probability. Raises `UserError`."""
    if not 0 <= slip <= 1:
        raise UserError(f"{name}: slip must lie in [0, 1], not {slip}")
