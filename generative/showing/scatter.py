"""Samples over real points in the plane, as one picture."""

import numpy as np
from scipy import ndimage

from daedalus.core.arrays import Floats, Pixels

SIDE = 480
_FINE = 2  # each pixel is the mean of so many by so many
_GROUND, _REAL, _SAMPLE = (np.array(colour, dtype=float) for colour in ((30, 35, 46), (112, 146, 190), (255, 166, 77)))
_HALO, _DOT = (5.0, 0.18), (1.6, 0.8)  # a real point and a sample: the radius in pixels, and the opacity
_MARGIN = 0.08  # the share of the picture around what is real


def scatter(samples_n2: Floats, real_m2: Floats, side: int = SIDE) -> Pixels:
    """Points drawn by a model over real ones, which say what of the plane is seen, (side, side, 3)."""
    low, high = real_m2.min(axis=0), real_m2.max(axis=0)
    centre, reach = (low + high) / 2, max((high - low).max() / 2, 1e-9) * (1 + 2 * _MARGIN)
    page = np.broadcast_to(_GROUND, (side, side, 3))
    for points, colour, disc in ((real_m2, _REAL, _HALO), (samples_n2, _SAMPLE, _DOT)):
        cover = _cover((np.asarray(points, dtype=float) - centre) / reach, side, *disc)[..., None]
        page = page * (1 - cover) + colour * cover
    pixels: Pixels = np.rint(page).astype(np.uint8)
    return pixels


def _cover(points_n2: Floats, side: int, radius: float, opacity: float) -> Floats:
    """How much of each pixel points in [-1, 1]² cover, each as a disc that lets through what is below it."""
    fine = side * _FINE
    with np.errstate(invalid="ignore"):
        inside = (np.abs(points_n2) < 1).all(axis=1)  # NaN is nowhere
    at = ((points_n2[inside] + 1) / 2 * fine).astype(np.int64)
    hits = np.zeros((fine, fine))
    np.add.at(hits, (fine - 1 - at[:, 1], at[:, 0]), 1)
    reach = int(np.ceil(radius * _FINE))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    layers = ndimage.convolve(hits, (np.hypot(y, x) <= radius * _FINE).astype(float), mode="constant")
    cover = 1 - (1 - opacity) ** layers
    return np.asarray(cover.reshape(side, _FINE, side, _FINE).mean(axis=(1, 3)))
