"""What a report shows of lives in finite worlds beside the value: steps to the goal, dynamic regret."""

from typing import TYPE_CHECKING

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.world import Tile

from .bands import band, matrix, over_seeds
from .plots import Curves

if TYPE_CHECKING:
    from .worlds import Household


def life_curves(house: "Household") -> list[Curves]:
    """Errors of learnt values, dynamic regret where the world changes, and how long episodes are where that differs."""
    return [*_errors(house), *([_dynamic(house)] if house.changes else []), *_lengths(house)]


def _errors(house: "Household") -> list[Curves]:
    """How far values that are learnt of a given policy are from its own; runs of older versions say nothing of it."""
    told = [one for one in house.lived if "error" in one.curve.column_names]
    bands = {one.label: error for one in told if (error := band(one.curve, "error").within(low=0.0)).known}
    if not bands:
        return []
    moves = " Dotted upright lines mark where the world changes." if house.changes else ""
    return [
        Curves(
            f"{house.key}-error",
            "Error of the values",
            "root-mean-square error",
            bands,
            house.looks,
            "How far the learnt values are from the exact ones of the policy that is followed, over all states that it "
            f"meets. {house.note}{moves}",
            scale="log",
            changes=house.changes,
        )
    ]


def _dynamic(house: "Household") -> Curves:
    best = house.ceiling.label if house.ceiling else ""
    bands = {
        one.label: over_seeds(steps, mean_so_far(regret)).within(low=0.0)
        for one in house.lived
        if one.label != best
        for steps, regret in [matrix(one.curve, "regret")]
    }
    return Curves(
        f"{house.key}-dynamic",
        "Dynamic regret",
        "mean regret so far",
        bands,
        house.looks,
        "The mean over all points so far of how far the policy was from the best possible of the moment; it ends at "
        f"the dynamic regret in the table. {house.note} Dotted upright lines mark where the world changes.",
        changes=house.changes,
    )


def mean_so_far(values_NE: Floats) -> Floats:
    """The mean of the values up to each point, (N, E); NaN from the first unknown one on."""
    return np.asarray(np.cumsum(values_NE, axis=1) / np.arange(1.0, values_NE.shape[1] + 1))


def _lengths(house: "Household") -> list[Curves]:
    """The lengths of episodes; nothing where all have the same, such as the time limit."""
    limit = house.card.get("horizon")
    most = float(limit) if isinstance(limit, int) else np.inf
    bands = {label: one.within(1.0, most) for label, one in house.bands("length").items() if one.known}
    means = np.concatenate([one.mean[np.isfinite(one.mean)] for one in bands.values()]) if bands else np.empty(0)
    if not means.size or np.ptp(means) < 1e-9:
        return []
    tiles = house.lived[0].member.scene().get("tiles")
    goal = tiles is not None and bool((tiles == Tile.GOAL).any())
    cut = f" An episode that the time limit ends counts with its {limit:,} steps." if isinstance(limit, int) else ""
    moves = " Dotted upright lines mark where the world changes." if house.changes else ""
    return [
        Curves(
            f"{house.key}-length",
            "Steps to the goal" if goal else "Length of episodes",
            "steps per episode",
            bands,
            house.looks,
            f"Mean length of the episodes that ended since the previous point, exploration included.{cut} "
            f"{house.note}{moves}",
            scale="log",
            changes=house.changes,
        )
    ]
