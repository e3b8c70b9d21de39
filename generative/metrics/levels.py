"""Mazes judged exactly: whether they are mazes at all, perfect, solvable; how long their ways are; how new they are.

The flood runs through all mazes of a batch together, a step at a time. The start is the top left cell and the goal the
bottom right, as in `daedalus/Maze-v0`, and steps are from tile to tile, as an agent walks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints, Pixels
from daedalus.core.errors import UserError
from daedalus.core.spec import Spec
from daedalus.core.world import Tile
from daedalus.envs.levels.passages import edges
from daedalus.envs.levels.tiles import tiles_of
from daedalus.generative.data.trees import all_trees


@dataclass(frozen=True, eq=False)
class Levels:
    """What is known of N mazes of rows × columns cells."""

    floor: Bools  # (N, H, W)
    valid: Bools  # (N,): every cell is floor, and every pillar and the border are wall
    perfect: Bools  # (N,): valid, and one way leads from any cell to any other
    steps: Ints  # (N,): of the shortest way from start to goal; -1 where there is none

    @property
    def solvable(self) -> Bools:
        """Whether a way leads from start to goal, in whatever else the level is wrong."""
        return self.steps >= 0


def is_maze(form: Spec) -> bool:
    """Whether an x of that form is a maze."""
    return form.name == "maze"


def levels(form: Spec, x_N: np.typing.NDArray[Any]) -> Levels:
    """Judge mazes x (N, E) or (N, 1, 2·rows + 1, 2·columns + 1) of a data set's form. Raises `UserError` for others."""
    rows, columns = _cells(form)
    open_NHW = floor_of(form, x_N)
    reached_NHW, steps_N = _flood(open_NHW)
    # A tree of n cells has n - 1 passages: more would close a loop, and all floor is reached.
    tree_N = open_NHW.sum((1, 2)) == 2 * rows * columns - 1
    valid_N = _valid(open_NHW)
    return Levels(open_NHW, valid_N, valid_N & tree_N & (reached_NHW == open_NHW).all((1, 2)), steps_N)


def floor_of(form: Spec, x_N: np.typing.NDArray[Any]) -> Bools:
    """Where the floor is, (N, 2·rows + 1, 2·columns + 1); the cells of mazes given as edges are floor always."""
    rows, columns = _cells(form)
    tiles = form.mapping.get("layout", "edges") == "tiles"
    wanted = (1, 2 * rows + 1, 2 * columns + 1) if tiles else (edges(rows, columns),)
    x_N = np.asarray(x_N)
    if x_N.shape[1:] != wanted or not np.isin(x_N, (0, 1)).all():
        raise UserError(f"a {form} is 0s and 1s of shape {wanted}, not {x_N.dtype} of shape {x_N.shape[1:]}")
    if tiles:
        return np.asarray(x_N[:, 0] == 1)
    open_NHW = tiles_of(x_N.astype(np.uint8), rows, columns) == Tile.FLOOR
    open_NHW[:, 1::2, 1::2] = True
    return np.asarray(open_NHW)


def judge_levels(
    form: Spec, x_N: np.typing.NDArray[Any], reference_N: np.typing.NDArray[Any] | None = None
) -> dict[str, float]:
    """What samples are like, by name; beside real mazes also how new they are and how far their ways' lengths are off.

    Shares: "perfect", "valid", "solvable", "distinct", and "novel", of samples that are no reference. "modes" is the
    number of different perfect mazes, "differing" the mean share of tiles in which two samples differ. "steps" is
    the mean length of the shortest ways, "steps_distance" the Wasserstein distance of their distribution to that of
    the references, in steps.
    """
    found = levels(form, x_N)
    names_N = _names(x_N)
    p_HW = found.floor.mean(0)
    numbers = {
        "perfect": float(found.perfect.mean()),
        "valid": float(found.valid.mean()),
        "solvable": float(found.solvable.mean()),
        "distinct": len(np.unique(names_N)) / len(names_N),
        "modes": float(len(np.unique(names_N[found.perfect]))),
        "differing": float(2 * (p_HW * (1 - p_HW)).mean()),
    }
    if found.solvable.any():
        numbers["steps"] = float(found.steps[found.solvable].mean())
    if reference_N is not None:
        numbers["novel"] = 1 - float(np.isin(names_N, _names(reference_N)).mean())
        numbers |= _ways(found, levels(form, reference_N))
    return numbers


def every_maze(form: Spec) -> Pixels:
    """All perfect mazes of that form, (N, …): of 4 × 4 cells at most."""
    rows, columns = _cells(form)
    trees_NE = all_trees(rows, columns)
    if form.mapping.get("layout", "edges") == "edges":
        return trees_NE
    return floor_of(Spec("maze", (("rows", rows), ("columns", columns))), trees_NE)[:, None].astype(np.uint8)


def against_uniform(log_p_N: Floats) -> dict[str, float]:
    """A model held against the uniform distribution u over all N perfect mazes, from its ln p of each.

    "mass" is Σp, the chance that a sample is perfect, and "kl" is KL(u ‖ p) = −ln N − mean ln p ≥ −ln Σp ≥ 0.
    """
    log_p_N = np.asarray(log_p_N, np.float64)
    return {"mass": float(np.exp(log_p_N).sum()), "kl": float(-np.log(len(log_p_N)) - log_p_N.mean())}


def _cells(form: Spec) -> tuple[int, int]:
    if not is_maze(form):
        raise UserError(f"levels are judged of mazes, not of {form.name}")
    return form.mapping["rows"], form.mapping["columns"]


def _valid(open_NHW: Bools) -> Bools:
    border_N = open_NHW[:, [0, -1]].any((1, 2)) | open_NHW[:, :, [0, -1]].any((1, 2))
    return np.asarray(open_NHW[:, 1::2, 1::2].all((1, 2)) & ~open_NHW[:, 2:-2:2, 2:-2:2].any((1, 2)) & ~border_N)


def _flood(open_NHW: Bools) -> tuple[Bools, Ints]:
    """The floor that is reached from the start, (N, H, W), and the steps to the goal, (N,), -1 where it is not."""
    reached = np.zeros_like(open_NHW)
    reached[:, 1, 1] = open_NHW[:, 1, 1]
    steps_N = np.where(reached[:, -2, -2], 0, -1)
    for step in range(1, open_NHW[0].size):
        grown = reached.copy()
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown[:, :, 1:] |= reached[:, :, :-1]
        grown[:, :, :-1] |= reached[:, :, 1:]
        grown &= open_NHW
        if (grown == reached).all():
            break
        reached = grown
        steps_N[(steps_N < 0) & reached[:, -2, -2]] = step
    return reached, steps_N


def _names(x_N: np.typing.NDArray[Any]) -> np.typing.NDArray[Any]:
    """One thing to compare for each example, (N,): its bits as bytes."""
    packed = np.ascontiguousarray(np.packbits(np.asarray(x_N).reshape(len(x_N), -1).astype(np.bool_), axis=1))
    return packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]


def _ways(found: Levels, real: Levels) -> dict[str, float]:
    from scipy.stats import wasserstein_distance

    ours, theirs = (one.steps[one.solvable] for one in (found, real))
    if not len(ours) or not len(theirs):
        return {}
    return {"steps_real": float(theirs.mean()), "steps_distance": float(wasserstein_distance(ours, theirs))}
