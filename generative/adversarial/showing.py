"""What a pair of networks has to show beside samples: the critic's landscape, ways through z, classes side by side."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from daedalus.core.arrays import Floats, Pixels
from daedalus.core.generating import Condition, Exhibit, Picture
from daedalus.generative.metrics.quality import real
from daedalus.generative.showing.samples import images, mosaic

if TYPE_CHECKING:
    from .playing import Adversarial

_SIDE, _POINTS, _LEVELS = 400, 500, 12
_LOW, _HIGH = np.array((38, 57, 92), dtype=float), np.array((236, 214, 168), dtype=float)
_LINE, _REAL, _MADE = (np.array(colour, dtype=float) for colour in ((20, 24, 34), (16, 110, 90), (214, 69, 40)))
_WAYS, _STOPS, _ROWS = 6, 10, 8


def more_exhibits(model: "Adversarial", generator: torch.Generator) -> Iterator[Exhibit]:
    """Pictures of a model whose networks are in evaluation mode."""
    if model.sort.shape == (2,):
        yield landscape(model, generator)
        return
    if model.data.form.name not in ("image", "maze"):
        return
    if model.sort.classes:
        yield by_class(model, generator)
    yield ways(model, generator)


def landscape(model: "Adversarial", generator: torch.Generator) -> Picture:
    """The critic's scores over the plane, with real and made points upon it; of a condition their mean over classes."""
    points = real(model.data.test, _POINTS)
    made = model.sample(_POINTS, Condition(), generator).cpu()
    reach = 1.3 * float(points.abs().max())
    axis = torch.linspace(-reach, reach, _SIDE)
    plane = torch.stack(torch.meshgrid(axis, -axis, indexing="xy"), -1).reshape(-1, 2).to(generator.device)
    score = _scores(model, plane).reshape(_SIDE, _SIDE).double().cpu().numpy()
    pixels = _relief(score)
    for dots, colour in ((points, _REAL), (made, _MADE)):
        _dot(pixels, dots.double().numpy(), reach, colour)
    return Picture(
        "landscape",
        "The critic's landscape",
        "Light where the critic takes points for real; green are real points, red made ones.",
        pixels.round().astype(np.uint8),
        False,
    )


def _scores(model: "Adversarial", plane: Tensor) -> Tensor:
    if not model.sort.classes:
        return model.critic(plane)
    each = [model.critic(plane, torch.full((len(plane),), y, device=plane.device)) for y in range(model.sort.classes)]
    return torch.stack(each).mean(0)


def _relief(score: Floats) -> Floats:
    """Shades by the rank of a score among all, with lines between levels, (H, W, 3)."""
    rank = (np.argsort(np.argsort(score, axis=None)) / (score.size - 1)).reshape(score.shape)
    pixels = _LOW + (_HIGH - _LOW) * rank[..., None]
    level = np.floor(rank * _LEVELS)
    edge = np.zeros(score.shape, dtype=bool)
    edge[1:] |= level[1:] != level[:-1]
    edge[:, 1:] |= level[:, 1:] != level[:, :-1]
    pixels[edge] = 0.75 * pixels[edge] + 0.25 * _LINE
    return np.asarray(pixels)


def _dot(pixels: Floats, points_n2: Floats, reach: float, colour: Floats) -> None:
    """Mark points on a plane that reaches so far each way, three pixels wide; those outside of it are left out."""
    inside = points_n2[(np.abs(points_n2) < reach).all(axis=1)]
    at = ((inside + reach) / (2 * reach) * (len(pixels) - 1)).round().astype(int)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            rows, columns = len(pixels) - 1 - at[:, 1] + down, at[:, 0] + right
            kept = (rows >= 0) & (rows < len(pixels)) & (columns >= 0) & (columns < len(pixels))
            pixels[rows[kept], columns[kept]] = colour


def ways(model: "Adversarial", generator: torch.Generator) -> Picture:
    """Rows of examples on the way from one z to another, along a great circle (White 2016)."""
    z = torch.randn(2, _WAYS, model.config.latent, generator=generator, device=generator.device)
    z_BZ = torch.cat([circle(z[0, way], z[1, way], _STOPS) for way in range(_WAYS)])
    y_B = model.asked(_WAYS, generator)
    x = model.made(z_BZ, _halves(model, z_BZ), None if y_B is None else y_B.repeat_interleave(_STOPS))
    note = "Each row goes from one z to another."
    return Picture("interpolation", "Ways through z", note, _page(model, x, _STOPS))


def circle(begin_Z: Tensor, end_Z: Tensor, stops: int) -> Tensor:
    """Points from one to the other along a great circle, (stops, Z): in between they are about as long as both."""
    share = torch.linspace(0, 1, stops, device=begin_Z.device)[:, None]
    cosine = torch.nn.functional.cosine_similarity(begin_Z, end_Z, dim=0).clamp(-0.9999, 0.9999)
    angle = torch.arccos(cosine)
    return (torch.sin((1 - share) * angle) * begin_Z + torch.sin(share * angle) * end_Z) / torch.sin(angle)


def by_class(model: "Adversarial", generator: torch.Generator) -> Picture:
    """A row for each class; what stands in one column was made from one z."""
    z_BZ = torch.randn(_ROWS, model.config.latent, generator=generator, device=generator.device)
    y_B = torch.arange(model.sort.classes, device=generator.device).repeat_interleave(_ROWS)
    z_BZ = z_BZ.repeat(model.sort.classes, 1)
    x = model.made(z_BZ, _halves(model, z_BZ), y_B)
    note = "A row is a class, a column one z: the hand stays, the digit changes."
    return Picture("classes", "Class by class", note, _page(model, x, _ROWS))


def _halves(model: "Adversarial", z_BZ: Tensor) -> Tensor | None:
    """Bits are not drawn here: each is the likelier of the two."""
    return torch.full((len(z_BZ), *model.sort.shape), 0.5, device=z_BZ.device) if model.sort.range == "bits" else None


def _page(model: "Adversarial", x: Tensor, columns: int) -> Pixels:
    return mosaic(images(model.data, x.cpu()), columns)
