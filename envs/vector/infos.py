"""Infos as Gymnasium's vector environments give them: an array for each key, and a mask of who has it."""

from typing import Any

import numpy as np

from daedalus.core.arrays import Bools

Array = np.typing.NDArray[Any]


def filled(info: dict[str, Array], mask_N: Bools | None = None) -> dict[str, Any]:
    """The infos of all environments, or of those in the mask; 0 elsewhere."""
    infos: dict[str, Any] = {}
    for key, values in info.items():
        has = np.ones(len(values), dtype=np.bool_) if mask_N is None else mask_N.copy()
        if not has.all():
            values = np.where(has.reshape(-1, *[1] * (values.ndim - 1)), values, np.zeros_like(values))
        infos[key], infos[f"_{key}"] = values, has
    return infos


def final_observations(observations: Array, over_N: Bools) -> Array:
    """The last observations of the episodes that just ended, an array of objects (N,); None elsewhere."""
    last = np.full(len(over_N), fill_value=None, dtype=object)
    ended = observations[over_N]
    if ended.ndim == 1:
        last[over_N] = ended.tolist()
        return last
    for i, observation in zip(np.flatnonzero(over_N).tolist(), ended, strict=True):
        last[i] = observation
    return last
