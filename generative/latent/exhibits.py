"""What latent models show: samples, walks through the latent space, what comes back of examples, what is least likely.

Pictures are of images and of mazes; of points in the plane samples alone tell something.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daedalus.core.arrays import Pixels
from daedalus.core.data import Data
from daedalus.core.generating import Exhibit, Picture
from daedalus.core.objective import Batch
from daedalus.generative.metrics.latent import ACTIVE, activity
from daedalus.generative.showing.drawing import GROUND
from daedalus.generative.showing.samples import images, mosaic, sample_exhibits, strip

from .examining import Coding, batches
from .outliers import outlier_scores

if TYPE_CHECKING:
    from .autoencoder import FittedAutoencoder
    from .variational import Variational
    from .vq_vae import FittedVQVAE

_SEEN = 1_000  # test examples among which the least likely are looked for, and that tell which units are active
_COLUMNS, _PAIRS, _UNITS, _PLANE, _BOARD = 12, 6, 10, 15, 14
_FAR = 2.5  # deviations of the prior that a walk along a unit goes to each side


def variational_exhibits(model: "Variational", generator: torch.Generator) -> list[Exhibit]:
    """All that a variational autoencoder has to show."""
    found = sample_exhibits(model.data, model, generator)
    if not pictured(model.data):
        return found
    if model.data.form.name == "image":
        found.append(_expected(model, generator))
    seen = list(batches(model.data.test, _SEEN, generator.device))
    codes_NL = torch.cat([model.code(batch) for batch in seen])
    if model.classes:
        found.append(_styles(model, generator))
    found.append(_walk(model, codes_NL, seen[0], torch.ones(codes_NL.shape[1], device=codes_NL.device)))
    return [*found, *_both_ways(model, codes_NL, seen), _outliers(model, seen, generator)]


def autoencoder_exhibits(model: "FittedAutoencoder") -> list[Exhibit]:
    """What comes back, and what lies between codes and around them."""
    if not pictured(model.data):
        return []
    device = model.coder.mean.device
    seen = list(batches(model.data.test, _SEEN, device))
    codes_NL = torch.cat([model.code(batch) for batch in seen])
    return [*_both_ways(model, codes_NL, seen), _walk(model, codes_NL, seen[0], codes_NL.std(0))]


def _both_ways(model: Coding, codes_NL: Tensor, seen: Sequence[Batch]) -> list[Exhibit]:
    """What needs an encoder as well."""
    found: list[Exhibit] = [reconstructions(model, seen[0]), interpolation(model, seen[0])]
    if codes_NL.shape[1] > 1:
        found.append(chart(model.data, codes_NL, torch.cat([batch["x"] for batch in seen])))
    return found


def quantised_exhibits(model: "FittedVQVAE", generator: torch.Generator) -> list[Exhibit]:
    """Samples, what comes back, and single codes changed."""
    found = sample_exhibits(model.data, model, generator)
    if not pictured(model.data):
        return found
    seen = list(batches(model.data.test, _SEEN, generator.device))
    return [*found, reconstructions(model, seen[0]), _changed(model, seen)]


def pictured(data: Data) -> bool:
    """Whether single examples can be drawn."""
    return data.form.name in ("image", "maze")


def painted(data: Data, shares: Tensor) -> Pixels:
    """What a decoder expects, drawn; of mazes, which have no half walls, the likeliest."""
    values = data.fields["x"].values
    x = shares.cpu() * (1 if values is None else values - 1)
    return images(data, x.round().to(torch.uint8) if data.form.name == "maze" else x)


def reconstructions(model: Coding, batch: Batch) -> Picture:
    """Rows of examples, each above what comes back of it through its code."""
    n = min(2 * _COLUMNS, len(batch["x"]))
    some = {name: tensor[:n] for name, tensor in batch.items()}
    real, back = images(model.data, some["x"].cpu()), painted(model.data, model.shown(model.code(some), some.get("y")))
    rows = [row[begin : begin + _COLUMNS] for begin in range(0, n, _COLUMNS) for row in (real, back)]
    note = "Test examples, and below each what comes back through its code."
    return Picture("reconstructions", "Reconstructions", note, strip(rows))


def interpolation(model: Coding, batch: Batch) -> Picture:
    """Rows from one example to another along the line between their codes, and classes; the outer ones are real."""
    pairs = min(_PAIRS, len(batch["x"]) // 2)
    z_BL = model.code(batch)[: 2 * pairs]
    y = None if "y" not in batch or not model.classes else functional.one_hot(batch["y"], model.classes).float()
    real = images(model.data, batch["x"][: 2 * pairs].cpu())
    steps_T1 = torch.linspace(0, 1, _COLUMNS - 2, device=z_BL.device)[:, None]
    rows = []
    for one, other in zip(range(0, 2 * pairs, 2), range(1, 2 * pairs, 2), strict=True):
        classes = None if y is None else torch.lerp(y[one], y[other], steps_T1)
        between = painted(model.data, model.shown(torch.lerp(z_BL[one], z_BL[other], steps_T1), classes))
        rows.append(np.concatenate([real[one, None], between, real[other, None]]))
    note = "From one test example (left) to another (right), along the line between their codes."
    return Picture("interpolation", "Between two examples", note, strip(rows))


def chart(data: Data, codes_NL: Tensor, x_N: Tensor) -> Picture:
    """Examples at the places of their codes: of each field of a board, the one nearest to its middle.

    Of more than two units the two directions are those in which codes vary most. Places go by rank, so that the board
    is evenly filled along each side.
    """
    centred_NL = (codes_NL - codes_NL.mean(0)).cpu()
    places_N2 = centred_NL
    if centred_NL.shape[1] > 2:
        places_N2 = centred_NL @ torch.linalg.svd(centred_NL, full_matrices=False).Vh[:2].T
    share_N2 = (places_N2.argsort(0).argsort(0) + 0.5) / len(places_N2)
    field_N2 = (share_N2 * _BOARD).long()
    off_N = (share_N2 * _BOARD - field_N2 - 0.5).square().sum(1)
    drawn = images(data, x_N.cpu())
    board = np.full((_BOARD, _BOARD, *drawn.shape[1:]), GROUND, dtype=np.uint8)
    for n in off_N.argsort(descending=True).tolist():  # the nearest last, over the others
        board[_BOARD - 1 - int(field_N2[n, 1]), int(field_N2[n, 0])] = drawn[n]
    way = "their two units" if centred_NL.shape[1] == 2 else "the two directions in which they vary most"
    note = f"Test examples at the places of their codes, by {way}."
    return Picture("map", "Where examples lie", note, mosaic(board.reshape(-1, *drawn.shape[1:]), _BOARD))


def _walk(model: Coding, codes_NL: Tensor, batch: Batch, scale_L: Tensor) -> Picture:
    """Two units: the whole plane. More: a row for each unit that is active, from the code of the first example."""
    y = batch.get("y")
    if codes_NL.shape[1] == 2:
        return _plane(model, codes_NL, scale_L, None if y is None else y.max())
    by_activity = activity(codes_NL).sort(descending=True)
    units = [unit for unit, var in zip(*_lists(by_activity), strict=True) if var > ACTIVE][:_UNITS] or [0]
    steps_T = torch.linspace(-_FAR, _FAR, _COLUMNS, device=codes_NL.device)
    z_UTL = codes_NL[0].repeat(len(units), _COLUMNS, 1)
    for row, unit in enumerate(units):
        z_UTL[row, :, unit] = steps_T * scale_L[unit]
    classes = None if y is None else y[0].expand(len(units) * _COLUMNS)
    drawn = painted(model.data, model.shown(z_UTL.flatten(0, 1), classes))
    note = (
        f"The first test example with one unit of its code changed, from −{_FAR:g} to {_FAR:g} deviations: a row for "
        f"each of the {len(units)} most active units of {codes_NL.shape[1]}."
    )
    return Picture("traversal", "Along each unit of the code", note, mosaic(drawn, _COLUMNS))


def _plane(model: Coding, codes_NL: Tensor, scale_L: Tensor, y: Tensor | None) -> Picture:
    """The plane of two units by quantiles of the normal distribution (Kingma & Welling 2014, figure 4)."""
    at_T = torch.special.ndtri((torch.arange(_PLANE, device=codes_NL.device) + 0.5) / _PLANE)
    grid = torch.cartesian_prod(-at_T, at_T).flip(1) * scale_L
    if not torch.equal(scale_L, torch.ones_like(scale_L)):
        grid = grid + codes_NL.mean(0)
    drawn = painted(model.data, model.shown(grid, None if y is None else y.expand(len(grid))))
    of = f" in class {int(y)}" if y is not None and model.classes else ""
    note = f"What each place of the latent plane stands for{of}, from quantile to quantile of its distribution."
    return Picture("traversal", "The latent plane", note, mosaic(drawn, _PLANE, gap=0))


def _expected(model: "Variational", generator: torch.Generator) -> Picture:
    """Samples without the noise of single pixels."""
    z_BL = torch.randn(36, model.config.latent, generator=generator, device=generator.device)
    y = model.drawn_classes(36, generator)
    note = "Codes drawn from the prior, and of each what the decoder expects, without the noise of single pixels."
    return Picture("expected", "What samples are drawn from", note, mosaic(painted(model.data, model.shown(z_BL, y))))


def _styles(model: "Variational", generator: torch.Generator) -> Picture:
    """A row for each of some codes, a column for each class."""
    rows, classes = 8, min(model.classes, 16)
    z_BL = torch.randn(rows, model.config.latent, generator=generator, device=generator.device)
    y = torch.arange(classes, device=generator.device).repeat(rows)
    drawn = painted(model.data, model.shown(z_BL.repeat_interleave(classes, 0), y))
    note = "Each row is one code, drawn from the prior, read as each class in turn."
    return Picture("styles", "One code in every class", note, mosaic(drawn, classes))


def _changed(model: "FittedVQVAE", seen: Sequence[Batch]) -> Picture:
    """A row for each of the first positions, a column for each of the codes that stand there most often."""
    indices_NP = torch.cat([model.indices(batch["x"]) for batch in seen])
    rows = min(model.config.positions, _UNITS)
    taken = indices_NP[0].repeat(rows, _COLUMNS, 1)
    for row in range(rows):
        counts_K = torch.bincount(indices_NP[:, row], minlength=model.config.codes)
        often = counts_K.argsort(descending=True, stable=True)[:_COLUMNS]
        taken[row, : len(often), row] = often
    drawn = painted(model.data, model.shown(model.codebook(taken.flatten(0, 1)).flatten(1)))
    note = (
        f"The first test example with one of its {model.config.positions} codes changed: a row for each position, the "
        "codes that stand there most often from left to right."
    )
    return Picture("traversal", "One code changed", note, mosaic(drawn, _COLUMNS))


def _outliers(model: "Variational", seen: Sequence[Batch], generator: torch.Generator) -> Picture:
    """What is least likely, and what most."""
    log_p_N = -torch.cat([outlier_scores(model, batch, generator) for batch in seen])
    x = torch.cat([batch["x"] for batch in seen])
    order = log_p_N.argsort()
    n = min(2 * _COLUMNS, len(order) // 2)
    drawn = images(model.data, x[torch.cat((order[:n], order[-n:]))].cpu())
    rows = [drawn[begin : begin + _COLUMNS] for half in (0, n) for begin in range(half, half + n, _COLUMNS)]
    least, less, most = (f"{log_p_N[order[at]]:.1f}".replace("-", "−") for at in (0, n - 1, -1))
    note = (
        f"The upper half are the least likely of {len(order)} test examples, {least} to {less} nats; the lower half "
        f"the likeliest, up to {most}."
    )
    return Picture("outliers", "Least and most likely", note, strip(rows))


def _lists(sorted_: "torch.return_types.sort") -> tuple[list[int], list[float]]:
    return sorted_.indices.tolist(), sorted_.values.tolist()
