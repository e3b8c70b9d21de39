"""What an agent sees of a world's state: observation spaces and their tables."""

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

if TYPE_CHECKING:
    from .headings import with_heading
    from .masks import action_masks
    from .observer import Observer
    from .observers import observer_of, observers_of

_HOMES = {
    "Observer": "observer",
    "observer_of": "observers",
    "observers_of": "observers",
    "action_masks": "masks",
    "with_heading": "headings",
}

__all__ = ["Observer", "action_masks", "observer_of", "observers_of", "with_heading"]

__getattr__ = offers(__name__, _HOMES)
