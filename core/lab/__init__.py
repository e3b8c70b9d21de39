"""The lab: experiments, the run store, statistics, reports and the command line.

from daedalus.core.lab import compare

comparison = compare("daedalus/Maze-v0", "q_learning,sarsa", seeds=20)
"""

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

if TYPE_CHECKING:
    from daedalus.core.lab.statistics.comparison import Comparison as Comparison
    from daedalus.core.lab.store.run import open_run as open_run

    from .job import compare as compare
    from .tuning import tune as tune

_HOMES = {"Comparison": "statistics.comparison", "compare": "job", "open_run": "store.run", "tune": "tuning"}

__all__ = ["Comparison", "compare", "open_run", "tune"]

__getattr__ = offers(__name__, _HOMES)
