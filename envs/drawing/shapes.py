"""Shapes as signed distances: how far each point lies outside a shape's edge, below 0 inside it.

A union is the minimum, a cut the maximum with the negative, a shape grown by w is its distance less w. Points are
given in tiles, x to the right and y down, the middle of the tile at 0. Quilez (2020), "2D distance functions".
"""

import math
from collections.abc import Sequence

import numpy as np

from daedalus.core.arrays import Floats

Point = tuple[float, float]


def grid(height: int, width: int, unit: int) -> tuple[Floats, Floats]:
    """x and y of the middle of every pixel, (height, width) each, `unit` pixels to 1; 0 is the middle."""
    x = (np.arange(width) + 0.5 - width / 2) / unit
    y = (np.arange(height) + 0.5 - height / 2) / unit
    return np.broadcast_to(x, (height, width)), np.broadcast_to(y[:, None], (height, width))


def opacity(distance: Floats, unit: int) -> Floats:
    """How much of each pixel a shape covers, its edge being straight within a pixel; in [0, 1]."""
    return np.clip(0.5 - distance * unit, 0.0, 1.0)


def turned(x: Floats, y: Floats, angle: float) -> tuple[Floats, Floats]:
    """The coordinates in which a shape drawn upright appears turned clockwise by `angle` radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def circle(x: Floats, y: Floats, centre: Point, radius: float) -> Floats:
    """A disc."""
    return np.hypot(x - centre[0], y - centre[1]) - radius


def segment(x: Floats, y: Floats, first: Point, last: Point, radius: float) -> Floats:
    """A line with round ends, `radius` to each side."""
    along = (last[0] - first[0], last[1] - first[1])
    length = along[0] ** 2 + along[1] ** 2
    share = np.clip(((x - first[0]) * along[0] + (y - first[1]) * along[1]) / length, 0.0, 1.0)
    return np.hypot(x - first[0] - share * along[0], y - first[1] - share * along[1]) - radius


def box(x: Floats, y: Floats, centre: Point, half: Point, radius: float = 0.0) -> Floats:
    """A rectangle of half sides `half`, its corners rounded."""
    wide = np.abs(x - centre[0]) - half[0] + radius
    high = np.abs(y - centre[1]) - half[1] + radius
    outside = np.hypot(np.maximum(wide, 0.0), np.maximum(high, 0.0))
    return outside + np.minimum(np.maximum(wide, high), 0.0) - radius


def polygon(x: Floats, y: Floats, corners: Sequence[Point]) -> Floats:
    """A simple polygon, convex or not."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=np.bool_)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        nearest = np.minimum(nearest, segment(x, y, (ax, ay), (bx, by), 0.0))
        if ay != by:  # the ray to the right crosses this side: the parity of crossings tells inside from outside
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return np.where(inside, -nearest, nearest)


def union(*distances: Floats) -> Floats:
    """What lies in any of the shapes."""
    joined: Floats = np.minimum.reduce(distances)
    return joined


def cut(shape: Floats, hole: Floats) -> Floats:
    """The shape without the hole."""
    return np.maximum(shape, -hole)


def band(distance: Floats, half: float) -> Floats:
    """A line along the shape's edge, `half` to each side."""
    return np.abs(distance) - half


def star(points: int, outer: float, inner: float, angle: float = 0.0) -> list[Point]:
    """The corners of a star with its first point up, or of a regular polygon where inner is 0."""
    corners = []
    for k in range(points):
        for radius, turn in ((outer, 0.0), (inner, 0.5)):
            if radius > 0:
                at = angle + 2 * math.pi * (k + turn) / points
                corners.append((radius * math.sin(at), -radius * math.cos(at)))
    return corners


def emblem(number: int, x: Floats, y: Floats, centre: Point, radius: float) -> Floats:
    """One of nine small shapes, by which keys and their doors, or a pair of portals, know each other."""
    x, y = x - centre[0], y - centre[1]
    match number % 9:
        case 0:
            return circle(x, y, (0, 0), 0.82 * radius)
        case 1:
            return box(x, y, (0, 0), (0.84 * radius, 0.84 * radius))
        case 2:
            return polygon(x, y + 0.12 * radius, star(3, 1.16 * radius, 0))
        case 3:
            return polygon(x, y, star(4, 1.25 * radius, 0))
        case 4:
            return union(box(x, y, (0, 0), (radius, 0.34 * radius)), box(x, y, (0, 0), (0.34 * radius, radius)))
        case 5:
            return polygon(x, y, star(5, 1.15 * radius, 0.5 * radius))
        case 6:
            return polygon(x, y, star(6, radius, 0))
        case 7:
            return band(circle(x, y, (0, 0), 0.72 * radius), 0.26 * radius)
        case _:
            return polygon(x, y, star(4, 1.2 * radius, 0.45 * radius))
