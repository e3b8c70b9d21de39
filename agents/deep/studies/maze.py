"""A maze of 9 × 9 tiles seen as a grid: a network of convolutions comes to the shortest way, exactly.

The network sees three planes, of walls, of the goal and of where it stands, and nothing else; its greedy policy is
evaluated exactly at every point, in all states, so that a regret of 0 means that from the start no policy is better.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.reproduction import Figure, Line, Row, exact_table, mean_line
from daedalus.core.lab.studying import curves

_WORLD = "daedalus/Maze-v0:rows=4,columns=4,observation=symbolic"
_QUICK = "daedalus/Maze-v0:rows=2,columns=2,observation=symbolic"
_AGENT = "dqn:batch_size=32,width=64"


def maze(quick: bool) -> Iterator[Row | Figure]:
    """The regret of the greedy policy, seed by seed."""
    world, seeds, steps = (_QUICK, 2, 2000) if quick else (_WORLD, 4, 10_000)
    curve = curves("dqn_maze", world, {"DQN": _AGENT}, seeds, steps, quick)["DQN"]
    last_N = curve.regret[:, -1]
    yield exact_table("regret of each seed at the end", last_N, np.zeros_like(last_N), "exact: solved")
    lines = [mean_line("mean", curve.step, curve.regret)]
    lines += [Line(f"seed {seed}", curve.step, regret) for seed, regret in enumerate(curve.regret)]
    yield Figure(world, "steps", "regret", lines, "Exact at every point.")
