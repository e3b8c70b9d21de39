"""Bandits as rows of slot machines: what is thought of each arm, and how often it was pulled. NumPy only."""

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from daedalus.core.arrays import Floats, Ints, Pixels
from daedalus.core.errors import UserError, unknown

from .board import Coat, stamp_over
from .digits import short_number, written
from .palette import THEMES, Colour, Theme, value_colours
from .shapes import Point, band, box, circle, grid, polygon, segment, union

_WIDEST, _NARROWEST = 132, 26  # pixels of a machine
_HIGH = 1.62  # a machine's height by its width
_SMALLEST_DIGIT = 7  # pixels; smaller ones cannot be read
_READABLE = 78  # pixels of a machine, on which all digits are large enough
_MIDDLE = -0.05  # of the cabinet; the lever stands to its right
_WINDOW: tuple[Point, Point] = ((_MIDDLE, -0.21), (0.29, 0.3))
_DISPLAY: tuple[Point, Point] = ((_MIDDLE, 0.235), (0.29, 0.1))
_TRAY: tuple[Point, Point] = ((_MIDDLE, 0.465), (0.29, 0.085))
_LAMP: Colour = (255, 196, 84)
_DARK: Colour = (20, 23, 31)


@dataclass(frozen=True)
class _Scale:
    """From numbers to the share of a window's height at which they stand."""

    low: float
    high: float

    def share(self, number: float) -> float:
        return (number - self.low) / (self.high - self.low)


def draw_machines(
    estimates: Floats,
    pulls: Ints,
    means: Floats | None = None,
    last: tuple[int, float] | None = None,
    width: int = 960,
    theme: Literal["light", "dark"] = "light",
    reach: tuple[float, float] | None = None,
) -> Pixels:
    """Draw the arms of a bandit as slot machines, (H, width, 3). Raises `UserError`.

    Each machine shows its number, its estimate (A,) as a bar from zero and in digits, and below how often it was
    pulled (A,). `means` (A,) are marked as true; `last` is the arm pulled last and the reward it paid. Of an arm
    with an estimate that is no number nothing is known yet. `reach` is the lowest and the highest number in all of
    several pictures that are compared.
    """
    if theme not in THEMES:
        raise unknown("theme", theme, THEMES)
    estimates, pulls, means = _checked(estimates, pulls, means, last, width)
    look, arms = THEMES[theme], len(estimates)
    columns, unit = _layout(arms, width)
    rows, high = -(-arms // columns), round(_HIGH * unit)
    gap = max(2, unit // 12)
    picture = np.empty((rows * (high + gap) + gap, width, 3), dtype=np.uint8)
    picture[...] = look.floor
    scale = _scale(estimates if reach is None else np.array(reach), means)
    colours = value_colours(np.where(np.isfinite(estimates), estimates, scale.low), look, reach)
    for arm in range(arms):
        row, column = divmod(arm, columns)
        across = min(columns, arms - row * columns)  # the last row stands in the middle, too
        left = (width - across * unit) // 2 + column * unit
        top = gap + row * (high + gap)
        reward = last[1] if last is not None and last[0] == arm else None
        part = picture[top : top + high, left : left + unit]
        part[...] = _cabinet(unit, reward is not None, theme)
        _fill(part, unit, scale, estimates[arm], None if means is None else means[arm], colours[arm], look)
        _label(part, unit, arm, estimates[arm], int(pulls[arm]), reward, look)
    return picture


def machines_text(
    estimates: Floats, pulls: Ints, means: Floats | None = None, last: tuple[int, float] | None = None
) -> str:
    """The same as a line an arm: number, bar from zero to the estimate, estimate, pulls, and the last reward."""
    estimates, pulls, means = _checked(estimates, pulls, means, last, 960)
    scale, size = _scale(estimates, means), 24
    digits = len(f"{max(0, int(pulls.max())):,}")
    lines = []
    for arm, (estimate, count) in enumerate(zip(estimates.tolist(), pulls.tolist(), strict=True)):
        ends = sorted((scale.share(0.0), scale.share(estimate if np.isfinite(estimate) else 0.0)))
        first, after = (round(size * end) for end in ends)
        bar = ["█" if first <= place < after else "·" for place in range(size)]
        if means is not None:
            bar[min(size - 1, int(size * scale.share(float(means[arm]))))] = "◆"
        chosen = last is not None and last[0] == arm
        said = f"   paid {last[1]:.2f}" if last is not None and chosen else ""
        number = f"{estimate:8.2f}" if np.isfinite(estimate) else f"{'–':>8}"
        lines.append(f"{'►' if chosen else ' '}{arm:4d} {''.join(bar)} {number}  ×{count:<{digits},}{said}".rstrip())
    return "\n".join(lines) + "\n"


def _checked(
    estimates: Floats, pulls: Ints, means: Floats | None, last: tuple[int, float] | None, width: int
) -> tuple[Floats, Ints, Floats | None]:
    estimates, pulls = np.asarray(estimates, dtype=np.float64), np.asarray(pulls, dtype=np.int64)
    means = None if means is None else np.asarray(means, dtype=np.float64)
    if estimates.ndim != 1 or not estimates.size or pulls.shape != estimates.shape:
        raise UserError(f"estimates and pulls must have shape (arms,), not {estimates.shape} and {pulls.shape}")
    if means is not None and means.shape != estimates.shape:
        raise UserError(f"means must have shape {estimates.shape}, not {means.shape}")
    if last is not None and not 0 <= last[0] < len(estimates):
        raise UserError(f"the last arm must be one of 0…{len(estimates) - 1}, not {last[0]}")
    if width < _NARROWEST:
        raise UserError(f"machines need a width of at least {_NARROWEST} pixels, not {width}")
    return estimates, pulls, means


def _layout(arms: int, width: int) -> tuple[int, int]:
    """How many machines stand in a row, and how wide each is: as wide as leaves the picture broader than high.

    Where their digits could not be read so, they stand in more rows, and the picture is higher than broad.
    """
    best = min(arms, width // _NARROWEST), _NARROWEST
    for most in (0.62 * width, 1.25 * width):
        for unit in range(min(_WIDEST, width), _NARROWEST - 1, -2):
            rows = -(-arms // min(arms, width // unit))
            if rows * _HIGH * unit <= max(most, _HIGH * unit):
                best = -(-arms // rows), unit
                break
        if best[1] >= _READABLE:
            break
    return best


def _scale(estimates: Floats, means: Floats | None) -> _Scale:
    """From below the least to above the greatest number, zero included."""
    every = np.concatenate([estimates, [] if means is None else means])
    every = every[np.isfinite(every)]
    low, high = min(0.0, every.min(initial=0.0)), max(0.0, every.max(initial=0.0))
    if low == high:
        return _Scale(-0.1, 1.1)
    room = 0.08 * (high - low)
    return _Scale(float(low - room), float(high + room))


@functools.lru_cache(maxsize=16)
def _cabinet(unit: int, pulled: bool, theme: str) -> Pixels:
    """A machine without its numbers, (high, unit, 3), the lever up or, where it was just pulled, down."""
    look = THEMES[theme]
    x, y = grid(round(_HIGH * unit), unit, unit)
    body = union(box(x, y, (_MIDDLE, 0.03), (0.36, 0.57), 0.07), circle(x, (y + 0.42) * 1.25, (_MIDDLE, 0), 0.33))
    foot = box(x, y, (_MIDDLE, 0.6), (0.4, 0.045), 0.03)
    hand = (0.41, 0.22) if pulled else (0.41, -0.36)
    lever = segment(x, y, (0.34, -0.02), hand, 0.026)
    shade = tuple(int(0.72 * channel) for channel in look.wall)
    edge: Colour = (shade[0], shade[1], shade[2])
    coats = [
        Coat(union(lever, segment(x, y, (0.3, -0.02), (0.35, -0.02), 0.05)), look.wind),
        Coat(circle(x, y, hand, 0.068), look.hazard),
        Coat(circle(x, y, (hand[0] - 0.02, hand[1] - 0.02), 0.02), (255, 255, 255), 0.7),
        Coat(union(body, foot) - 0.028, look.agent if pulled else look.floor),
        Coat(foot, edge),
        Coat(body, look.wall),
        Coat(circle(x, y, (_MIDDLE, -0.635), 0.085), look.goal if pulled else edge),
        Coat(box(x, y, *_WINDOW, 0.04), look.floor),
        Coat(band(box(x, y, *_WINDOW, 0.04), 0.012), edge),
        Coat(box(x, y, *_DISPLAY, 0.03), _DARK),
        Coat(box(x, y, *_TRAY, 0.05), edge),
    ]
    if pulled:
        coats.append(Coat(box(x, y, *_TRAY, 0.05), _LAMP))
    return stamp_over(coats, unit, look.floor)


def _fill(
    part: Pixels, unit: int, scale: _Scale, estimate: float, mean: float | None, colour: Pixels, look: Theme
) -> None:
    """Fill the window: a bar from zero to the estimate, the line of zero, and the mark of the true mean."""
    left, right, top, bottom = _pixels(part, unit, *_WINDOW)
    inset = max(1, unit // 20)

    def height(number: float) -> int:
        return round(bottom - 1 - scale.share(number) * (bottom - 1 - top))

    if np.isfinite(estimate):
        first, after = sorted((height(0.0), height(estimate)))
        part[first : after + 1, left + 3 * inset : right - 3 * inset] = colour
    part[height(0.0), left + inset : right - inset] = look.wall
    if mean is not None and np.isfinite(mean):
        size = max(3, unit // 9)
        y, x = height(mean) - part.shape[0] / 2 + 0.5, right - 2.2 * inset - part.shape[1] / 2
        rows = slice(max(0, height(mean) - size), height(mean) + size + 1)
        down, across = grid(part.shape[0], unit, unit)[::-1]
        shape = polygon(across[rows], down[rows], _notch(x / unit, y / unit, 0.09))
        line = box(across[rows], down[rows], (_MIDDLE, y / unit), (0.24, max(0.006, 0.5 / unit)))
        part[rows] = stamp_over(
            [Coat(line, look.goal, 0.8), Coat(shape - 0.02, look.halo), Coat(shape, look.goal)], unit, part[rows]
        )


def _notch(x: float, y: float, size: float) -> list[Point]:
    """A triangle that points left, to the height y."""
    return [(x - size, y), (x, y - 0.7 * size), (x, y + 0.7 * size)]


def _label(part: Pixels, unit: int, arm: int, estimate: float, pulls: int, reward: float | None, look: Theme) -> None:
    """Write the arm's number, its estimate, its reward and its pulls, where the digits can be read."""
    row, column = part.shape[0] / 2, round(part.shape[1] / 2 + _MIDDLE * unit)
    small, large = round(0.09 * unit), round(0.125 * unit)

    def say(text: str, y: float, height: int, colour: Colour) -> None:
        if height >= _SMALLEST_DIGIT:
            written(part, text, (round(row + y * unit), column), height, colour)

    say(str(arm), -0.635, small if arm < 100 else round(0.8 * small), _DARK if reward is not None else look.light_ink)
    say(short_number(estimate), _DISPLAY[0][1], large, _LAMP)
    if reward is not None:
        say(short_number(reward), _TRAY[0][1], round(0.11 * unit), _DARK)
    say(f"{pulls}", 0.725, round(0.1 * unit), look.dark_ink if look.floor[0] > 128 else look.light_ink)


def _pixels(part: Pixels, unit: int, centre: Point, half: Point) -> tuple[int, int, int, int]:
    """The left, right, top and bottom of a box within a machine, in pixels."""
    column, row = part.shape[1] / 2 + centre[0] * unit, part.shape[0] / 2 + centre[1] * unit
    return (
        round(column - half[0] * unit) + 1,
        round(column + half[0] * unit) - 1,
        round(row - half[1] * unit) + 1,
        round(row + half[1] * unit) - 1,
    )
