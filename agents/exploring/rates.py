"""Numbers that change while one learns: a constant, or linear, exponential, 1/t; for step sizes also 1/n and n^-ω.

A person writes `epsilon=0.1`, `epsilon=linear(start=1,end=0.05,steps=10000)` or `alpha=average`; `rate` makes of it
what compiled rules read with `rate_at`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from daedalus.core.compiled import aside, inlined, lean, likely
from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec, fill

CONSTANT, LINEAR, EXPONENTIAL, INVERSE, POWER = range(5)

#: What a config takes where a number may change: the number, or the name of a way to change.
Number = float | Spec


class Rate(NamedTuple):
    """A number that may change, as compiled code sees it."""

    kind: int
    start: float
    end: float = 0.0
    span: float = 1.0


def linear(start: float = 1.0, end: float = 0.05, steps: int = 10_000) -> Rate:
    """From `start` to `end` in a straight line over `steps` decisions, then `end`."""
    return Rate(LINEAR, start, end, _span(steps))


def exponential(start: float = 1.0, end: float = 0.05, steps: int = 10_000) -> Rate:
    """From `start` to `end` by the same factor at each of `steps` decisions, then `end`."""
    if not (start > 0 and end > 0):
        raise UserError(f"exponential needs start and end above 0, not {start} and {end}; take linear")
    return Rate(EXPONENTIAL, start, end, _span(steps))


def inverse(start: float = 1.0, end: float = 0.0, steps: int = 1) -> Rate:
    """`start`/(1 + t/steps) at decision t, but never below `end`: with one step, start, start/2, start/3…"""
    return Rate(INVERSE, start, end, _span(steps))


def average() -> Rate:
    """1/n for the n-th sample of a number: the plain mean of all of them. For step sizes only."""
    return Rate(POWER, 1.0)


def power(omega: float = 0.8) -> Rate:
    """n^-omega for the n-th sample; for omega in (0.5, 1] estimates converge. Even-Dar & Mansour 2003. For step sizes
    only.
    """
    if not 0 < omega <= 1:
        raise UserError(f"omega must lie in (0, 1], not {omega}")
    return Rate(POWER, omega)


_OF_TIME: dict[str, Callable[..., Rate]] = {"linear": linear, "exponential": exponential, "inverse": inverse}
_OF_COUNTS: dict[str, Callable[..., Rate]] = {"average": average, "power": power}


def _span(steps: int) -> float:
    if steps < 1:
        raise UserError(f"steps must be at least 1, not {steps}")
    return float(steps)


def rate(number: Number, name: str, low: float, high: float) -> Rate:
    """A number that is constant or changes with the decisions; its ends must lie in [low, high].

    Raises `UserError` that calls it `name`.
    """
    return _rate(number, name, _OF_TIME, lambda value: low <= value <= high, f"must lie in [{low:g}, {high:g}]")


def positive_rate(number: Number, name: str) -> Rate:
    """The same for a number that must stay above 0."""
    return _rate(number, name, _OF_TIME, lambda value: 0 < value < math.inf, "must be above 0")


def step_size(number: Number, name: str = "alpha") -> Rate:
    """A step size, in (0, 1]: constant, changing with the decisions, or by how often its entry was met."""
    return _rate(number, name, _OF_TIME | _OF_COUNTS, lambda value: 0 < value <= 1, "must lie in (0, 1]")


def _rate(
    number: Number, name: str, known: dict[str, Callable[..., Rate]], fits: Callable[[float], bool], where: str
) -> Rate:
    if isinstance(number, Spec):
        if number.name not in known:
            raise unknown(f"way for {name} to change", number.name, known)
        found = fill(known[number.name], number.mapping, f"{name}={number.name}")
    else:
        found = Rate(CONSTANT, number)
    ends = (found.start,) if found.kind in (CONSTANT, POWER) else (found.start, found.end)
    for value in ends:
        if not fits(value) and not (found.kind == INVERSE and value == found.end == 0.0):
            raise UserError(f"{name} {where}, not {value}")
    return found


@inlined
def rate_at(rate: Rate, t: int) -> float:
    """The number at decision t (from 0)."""
    return rate.start if likely(rate.kind == CONSTANT) else changed(rate, t)


@lean
def changed(rate: Rate, t: int) -> float:
    """`rate_at` for a number that does change."""
    aside()
    if rate.kind == LINEAR:
        return rate.start + (rate.end - rate.start) * min(t / rate.span, 1.0)
    if rate.kind == EXPONENTIAL:
        return float(rate.start * (rate.end / rate.start) ** min(t / rate.span, 1.0))
    return max(rate.start / (1.0 + t / rate.span), rate.end)


@inlined
def step_size_at(rate: Rate, n: float, t: int) -> float:
    """The step size of decision t for an entry that is met the n-th time (from 1)."""
    return rate.start if likely(rate.kind == CONSTANT) else changed_step_size(rate, n, t)


@lean
def changed_step_size(rate: Rate, n: float, t: int) -> float:
    """`step_size_at` for one that does change."""
    aside()
    if rate.kind == POWER:
        return 1.0 / n if rate.start == 1.0 else float(n**-rate.start)
    return changed(rate, t)
