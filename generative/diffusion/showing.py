"""What a diffusion shows: samples, and the way of some of them out of noise."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Pixels
from daedalus.core.data import Data
from daedalus.core.generating import Condition, Exhibit, Picture, Sampler
from daedalus.generative.metrics.quality import real
from daedalus.generative.showing.samples import images, sample_exhibits, strip
from daedalus.generative.showing.scatter import scatter

from .scaling import Scale

_ROWS, _COLUMNS = 5, 10
_POINTS, _PANELS, _SIDE = 1_000, 6, 200


class Walker(Sampler, Protocol):
    """A sampler whose way from noise to samples can be watched."""

    def way(self, n: int, condition: Condition, generator: torch.Generator) -> list[tuple[int, Tensor]]:
        """The times from T down to 0 and x_t (n, …) at each, scaled."""
        ...


def exhibits(data: Data, walker: Walker, scale: Scale, generator: torch.Generator) -> list[Exhibit]:
    """Samples beside real examples, then the strip of how noise became some."""
    found = sample_exhibits(data, walker, generator)
    if data.form.name in ("image", "maze"):
        found.append(denoising_strip(data, walker, scale, generator))
    elif data.form.name == "points":
        found.append(flow(data, walker, scale, generator))
    return found


def denoising_strip(data: Data, walker: Walker, scale: Scale, generator: torch.Generator) -> Picture:
    """An example a row, from noise on the left to the sample on the right."""
    steps = _picked(walker.way(_ROWS, Condition(), generator), _COLUMNS)
    columns = [_drawn(data, scale, z) for _, z in steps]
    rows = [np.stack([column[row] for column in columns]) for row in range(_ROWS)]
    return Picture("denoising", "From noise to samples", _times(steps), strip(rows))


def flow(data: Data, walker: Walker, scale: Scale, generator: torch.Generator) -> Picture:
    """Points as they flow from noise to where they end, over real ones."""
    steps = _picked(walker.way(_POINTS, Condition(), generator), _PANELS)
    true = real(data.test, _POINTS).numpy()
    panels = [scatter(scale.outwards(z).cpu().numpy(), true, _SIDE) for _, z in steps]
    return Picture("denoising", "From noise to samples", _times(steps), strip([np.stack(panels)]), pixelated=False)


def _drawn(data: Data, scale: Scale, z: Tensor) -> Pixels:
    """Each of (n, …) drawn as it is on the way: shades of images unrounded, mazes rounded."""
    unrounded = scale.outwards(z) if data.form.name == "image" else scale.finished(z)
    return images(data, unrounded.cpu())


def _picked(steps: list[tuple[int, Tensor]], count: int) -> list[tuple[int, Tensor]]:
    return [steps[k] for k in np.unique(np.linspace(0, len(steps) - 1, count).round().astype(int))]


def _times(steps: list[tuple[int, Tensor]]) -> str:
    return "From left to right at the times " + ", ".join(str(t) for t, _ in steps) + " of the diffusion."
