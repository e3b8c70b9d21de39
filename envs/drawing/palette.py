"""Colours of drawn worlds: two themes and two heat maps, made in OKLCh so that equal steps look equal.

Both maps change their luminance strictly, so they read in grey and with any colour vision.
"""

import functools
from dataclasses import dataclass

import numpy as np

from daedalus.core.arrays import Bools, Floats, Pixels

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """The colours of one look, and how its heat maps run.

    A map is a pair of (lightness, chroma, hue in degrees), from the lowest value to the highest.
    """

    wall: Colour
    floor: Colour
    line: Colour  # hairlines between floor tiles
    start: Colour
    goal: Colour
    hazard: Colour
    agent: Colour
    player: Colour  # the other one
    pieces: tuple[Colour, ...]  # by a piece's variant
    path: Colour
    wind: Colour
    fog: Colour  # over what the agent does not see
    halo: Colour  # around a mark, so that it shows on any heat
    dark_ink: Colour
    light_ink: Colour
    values: tuple[tuple[float, float, float], tuple[float, float, float]]
    visits: tuple[tuple[float, float, float], tuple[float, float, float]]


# Marks are from the set of Okabe & Ito (2008), "Color universal design", told apart by shape as well; shades are
# moved a little so that they show on the floor.
THEMES = {
    "light": Theme(
        wall=(51, 60, 77),
        floor=(250, 248, 243),
        line=(228, 224, 215),
        start=(0, 114, 178),
        goal=(230, 126, 0),
        hazard=(197, 60, 38),
        agent=(204, 62, 140),
        player=(122, 52, 20),
        pieces=((206, 84, 0), (0, 146, 106), (0, 114, 178), (222, 152, 0), (206, 124, 172), (62, 160, 216)),
        path=(0, 114, 178),
        wind=(128, 158, 190),
        fog=(84, 92, 108),
        halo=(255, 255, 255),
        dark_ink=(24, 28, 38),
        light_ink=(255, 255, 255),
        values=((0.46, 0.13, 295.0), (0.93, 0.13, 105.0)),
        visits=((0.93, 0.04, 170.0), (0.42, 0.09, 170.0)),
    ),
    "dark": Theme(
        wall=(84, 95, 117),
        floor=(22, 25, 33),
        line=(36, 41, 52),
        start=(86, 180, 233),
        goal=(240, 160, 30),
        hazard=(224, 92, 62),
        agent=(232, 110, 178),
        player=(226, 120, 72),
        pieces=((228, 108, 36), (44, 194, 144), (62, 132, 222), (240, 178, 40), (214, 134, 186), (120, 200, 244)),
        path=(86, 180, 233),
        wind=(92, 122, 158),
        fog=(4, 5, 8),
        halo=(12, 14, 20),
        dark_ink=(12, 14, 20),
        light_ink=(238, 241, 247),
        values=((0.36, 0.12, 295.0), (0.91, 0.13, 105.0)),
        visits=((0.31, 0.06, 165.0), (0.90, 0.12, 165.0)),
    ),
}


@functools.cache
def heat_map(low: tuple[float, float, float], high: tuple[float, float, float]) -> Pixels:
    """256 colours from `low` to `high`, straight in OKLCh, (256, 3)."""
    lightness, chroma, hue = np.linspace(low, high, 256).T
    a, b = chroma * np.cos(np.deg2rad(hue)), chroma * np.sin(np.deg2rad(hue))
    # Ottosson (2020), "A perceptual color space for image processing": OKLab to linear sRGB.
    cones = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    ) @ (cones**3)
    linear = np.clip(linear, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: Pixels = np.rint(255 * coded.T).astype(np.uint8)
    table.flags.writeable = False
    return table


def value_colours(values: Floats, theme: Theme, scale: tuple[float, float] | None = None) -> Pixels:
    """A colour for each finite value, (n, 3).

    `scale` says which values take the first and the last colour; unasked, the least and the greatest do, and all
    equal take the middle.
    """
    low, high = scale or (values.min(initial=np.inf), values.max(initial=-np.inf))
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.full(values.shape, 0.5)
    colours: Pixels = heat_map(*theme.values)[np.rint(255 * share).astype(np.int64)]
    return colours


def visit_colours(visits: Floats, theme: Theme) -> Pixels:
    """A colour for each count above 0, on a logarithmic scale up to the greatest. (n, 3)."""
    top = visits.max() if visits.size else 1.0
    share = np.log1p(visits) / np.log1p(top)
    colours: Pixels = heat_map(*theme.visits)[np.rint(255 * share).astype(np.int64)]
    return colours


def luminance(colours: Pixels) -> Floats:
    """Relative luminance of sRGB colours (..., 3), in [0, 1]; WCAG 2.2."""
    coded = colours / 255.0
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    shares: Floats = linear @ np.array([0.2126, 0.7152, 0.0722])
    return shares


def wants_light_ink(ground: Pixels, theme: Theme) -> Bools:
    """Where light ink stands out more than dark ink from the colours `ground` (n, 3)."""
    light, dark = luminance(np.array([theme.light_ink, theme.dark_ink], dtype=np.uint8))
    shade = luminance(ground)
    chosen: Bools = (light + 0.05) / (shade + 0.05) > (shade + 0.05) / (dark + 0.05)
    return chosen
