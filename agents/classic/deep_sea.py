"""How many dives it takes to find the treasure of the deep sea, N rows deep.

Random moves find it in one dive of 2^N; ε-greedy values learn that right costs, and take longer still. Who is drawn to
what is not known needs about as many dives as there are places to try: R-max, with one visit enough, tries something
new in every dive until all N (N + 1) places and actions are known.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.reproduction import Figure, Line, Row, at_least, at_most, mean_line, measured

from .running import episodes

_SOURCE = "Osband et al. 2019, section 4"
_DEEP = {
    "R-max": "r_max:known=1",
    "optimistic Q-learning": "q_learning:alpha=1,gamma=1,epsilon=0,initial=1",
    "posterior sampling": "posterior_sampling:gamma=.99",
}


def deep_sea(quick: bool) -> Iterator[Row | Figure]:
    """Dives until the treasure is found for the first time, over the depth N."""
    runs = 10 if quick else 20
    shallow, deep = np.array([2, 3, 4, 6] if quick else [2, 4, 6, 8]), np.array([4, 6, 8] if quick else [4, 6, 8, 10])
    greedy = np.array([2, 3] if quick else [2, 3, 4])
    random, found = _study("q_learning:epsilon=1", shallow, 10 * runs), {}
    for place, size in enumerate(shallow):
        yield measured(f"random: dives, N = {size}", random[:, place], 2.0**size, "exact: each dive has chance 2^-N")
    nearly = _study("q_learning:epsilon=.1", greedy, 10 * runs)
    last = greedy[-1]
    yield at_least(f"Q-learning, ε = .1: dives, N = {last}", nearly[:, -1], 2.0**last, f"{_SOURCE}: 2^N at the least")
    for name, agent in _DEEP.items():
        found[name] = _study(agent, deep, runs)
        for place, size in enumerate(deep):
            if size >= 8:
                all_tried = f"{_SOURCE}: polynomial; N (N + 1) pairs of place and action"
                yield at_most(f"{name}: dives, N = {size}", found[name][:, place], size * (size + 1), all_tried)
    lines = [mean_line("random", shallow, random), mean_line("Q-learning, ε = .1", greedy, nearly)]
    lines += [mean_line(name, deep, dives) for name, dives in found.items()]
    lines.append(Line("2^N", np.arange(2, 11), 2.0 ** np.arange(2, 11), whose="theirs"))
    yield Figure("Deep sea", "depth N", "dives until the treasure", lines, x_scale="linear", y_scale="log10")


def _study(agent: str, sizes: np.typing.NDArray[np.int64], runs: int) -> Floats:
    """In which dive, counted from 1, each run finds the treasure, (N, P)."""
    return np.stack([_found(agent, int(size), runs) for size in sizes], axis=1)


def _found(agent: str, size: int, runs: int) -> Floats:
    dives = 64
    while True:
        treasure_NE = episodes(f"daedalus/DeepSea-v0:size={size}", agent, runs, dives).returns > 0.5
        if treasure_NE.any(axis=1).all():
            first: Floats = 1.0 + treasure_NE.argmax(axis=1)
            return first
        dives *= 4
