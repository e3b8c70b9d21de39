"""What a person sees of examples: pixels enlarged, mazes with their walls, points in the plane, text.

Pictures stand on pages that are light and on pages that are dark, so they bring a dark ground of their own.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Pixels
from daedalus.core.data import Data
from daedalus.core.generating import Condition, Exhibit, Passage, Picture, Sampler
from daedalus.generative.metrics.levels import levels
from daedalus.generative.metrics.quality import real

from .drawing import GROUND, maze_pictures, pixel_pictures
from .scatter import scatter

_POINTS, _TOKENS = 2_000, 600  # in an exhibit, of text about
_BETWEEN = "\n\n* * *\n\n"  # samples of several lines


def images(data: Data, x: Tensor) -> Pixels:
    """Each example (n, …) drawn, (n, H, W, 3): pixels as squares, mazes as walls and floor, framed where not perfect.

    Pixels that are real numbers are cut off at 0 and 1. Points are one picture together: `scatter`.
    """
    x = x.detach().cpu()
    if data.form.name == "maze":
        found = levels(data.form, x.numpy())
        return maze_pictures(found.floor, found.perfect)
    values = data.fields["x"].values
    shares = x.float() if values is None else x.float() / max(values - 1, 1)
    return pixel_pictures(shares.clamp(0, 1).nan_to_num().numpy())


def mosaic(images_nHW3: Pixels, columns: int | None = None, gap: int = 2) -> Pixels:
    """Pictures of one size in rows of so many, or nearly in a square, with gaps between, (H, W, 3)."""
    n = len(images_nHW3)
    columns = columns or int(np.ceil(np.sqrt(n)))
    return strip([images_nHW3[begin : begin + columns] for begin in range(0, n, columns)], gap)


def strip(rows: Sequence[Pixels], gap: int = 2) -> Pixels:
    """Rows of pictures (n, H, W, 3), all of one size, one row below the other, (H, W, 3); rows may be short."""
    _, high, wide, _ = rows[0].shape
    columns = max(map(len, rows))
    page = np.full((len(rows) * (high + gap) + gap, columns * (wide + gap) + gap, 3), GROUND, dtype=np.uint8)
    for down, row in enumerate(rows):
        for right, one in enumerate(row):
            top, left = gap + down * (high + gap), gap + right * (wide + gap)
            page[top : top + high, left : left + wide] = one
    return page


def sample_exhibits(data: Data, sampler: Sampler, generator: torch.Generator, n: int = 36) -> list[Exhibit]:
    """Samples, and as many real test examples to be seen beside them; of points one picture, of text the samples."""
    n = _shown_at_once(data, n)
    with torch.no_grad():
        x = sampler.sample(n, Condition(), generator).cpu()
    samples = shown(data, x)
    if isinstance(samples, Passage) or data.form.name == "points":
        return [samples]
    true = real(data.test, n)
    return [samples, Picture("real", "Real examples", "Of the test part, to compare.", mosaic(images(data, true)))]


def _shown_at_once(data: Data, n: int) -> int:
    """How many samples an exhibit holds: of points many, of text few."""
    if data.form.name == "points":
        return _POINTS
    if data.form.name in ("image", "maze"):
        return n
    return int(np.clip(_TOKENS // max(math.prod(data.fields["x"].shape), 1), 4, 24))


def shown(data: Data, x: Tensor) -> Picture | Passage:
    """Samples as `daedalus sample` shows them."""
    x = x.cpu()
    if data.form.name == "points":
        note = "Drawn by the model (orange) over as many real points (blue)."
        return Picture("samples", "Samples", note, scatter(x.numpy(), real(data.test, len(x)).numpy()), False)
    if data.form.name in ("image", "maze"):
        return Picture("samples", "Samples", _note(data, x), mosaic(images(data, x)))
    return Passage("samples", "Samples", f"{len(x)} sample{'s' * (len(x) != 1)} drawn by the model.", text(data, x))


def _note(data: Data, x: Tensor) -> str:
    if data.form.name != "maze":
        return "Drawn by the model."
    good = int(levels(data.form, x.numpy()).perfect.sum())
    if good == len(x):
        return "Drawn by the model; all are perfect mazes."
    return f"Drawn by the model; {good} of {len(x)} are perfect mazes, the others are framed."


def text(data: Data, x: Tensor) -> str:
    """Tokens (n, T) as text: a sample a line, or several lines each with a mark between.

    Without a vocabulary they are the numbers themselves.
    """
    if data.vocabulary is None:
        return "\n".join(" ".join(f"{number:g}" for number in one) for one in x.reshape(len(x), -1).tolist())
    each = [data.vocabulary.decode(one.numpy().astype(np.int64)).strip("\n") for one in x]
    return (_BETWEEN if any("\n" in one for one in each) else "\n").join(each)
