"""What models show of themselves, on its way into the store: pictures as PNG, passages as text."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from daedalus.core.generating import Exhibit, Picture

from .experiment import Record

#: A model shows itself at these shares of its steps, so that a report can tell how it came to what it shows at the end.
_SHARES = (0.0, 0.02, 0.1, 0.3, 1.0)


def exhibit_steps(points: Sequence[int]) -> set[int]:
    """At which of the evaluation points a model shows itself: the nearest to each share of its steps."""
    return {min(points, key=lambda point: abs(point - share * points[-1])) for share in _SHARES}


def exhibits_record(seed: int, step: int, exhibits: Sequence[Exhibit]) -> Record:
    """The rows of what a model shows at one step for the "exhibits" table."""
    pictures = [one if isinstance(one, Picture) else None for one in exhibits]
    columns: dict[str, list[Any]] = {
        "name": [one.name for one in exhibits],
        "title": [one.title for one in exhibits],
        "note": [one.note for one in exhibits],
        "png": [b"" if one is None else png(one.pixels) for one in pictures],
        "pixelated": [one is not None and one.pixelated for one in pictures],
        "text": ["" if isinstance(one, Picture) else one.text for one in exhibits],
    }
    rows = {"seed": np.full(len(exhibits), seed), "step": np.full(len(exhibits), step)}
    return Record("exhibits", rows | {name: _objects(column) for name, column in columns.items()})


def png(pixels_HW3: np.typing.NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels_HW3).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _objects(values: Sequence[Any]) -> np.typing.NDArray[Any]:
    """An array of Python objects: NumPy's own strings drop zero bytes at the end, which a PNG may have."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
