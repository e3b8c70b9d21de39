"""The two grids on which the book explains value functions: exact, so there is nothing to sample."""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.numerals import count
from daedalus.core.lab.reproduction import Figure, Line, Row, exact_table
from daedalus.core.planning import evaluate_policy, induced, random_policy, solve
from daedalus.envs import gridworld, small_gridworld

_BOOK = "Sutton & Barto 2018"

_RANDOM = (
    (3.3, 8.8, 4.4, 5.3, 1.5),
    (1.5, 3.0, 2.3, 1.9, 0.5),
    (0.1, 0.7, 0.7, 0.4, -0.4),
    (-1.0, -0.4, -0.4, -0.6, -1.2),
    (-1.9, -1.3, -1.2, -1.4, -2.0),
)
_OPTIMAL = (
    (22.0, 24.4, 22.0, 19.4, 17.5),
    (19.8, 22.0, 19.8, 17.8, 16.0),
    (17.8, 19.8, 17.8, 16.0, 14.4),
    (16.0, 17.8, 16.0, 14.4, 13.0),
    (14.4, 16.0, 14.4, 13.0, 11.7),
)


def gridworld_values(quick: bool) -> Iterator[Row | Figure]:
    """The value of every tile at γ = .9, under random moves and at best, to the printed decimal."""
    mdp = gridworld().mdp
    panels = (
        ("Figure 3.2, random moves", evaluate_policy(mdp, random_policy(mdp), 0.9), _RANDOM, f"{_BOOK}, example 3.5"),
        ("Figure 3.5, at best", solve(mdp, 0.9).value, _OPTIMAL, f"{_BOOK}, example 3.8"),
    )
    for title, value_S, printed, source in panels:
        yield exact_table(f"value of a tile, {title.partition(', ')[2]}", value_S, np.ravel(printed), source, digits=1)
        tiles = np.arange(value_S.size)
        lines = [
            Line("computed", tiles, value_S, form="bars"),
            Line("printed", tiles, np.ravel(printed), form="points"),
        ]
        lines[1] = Line("printed", tiles, np.ravel(printed), form="points", whose="theirs")
        yield Figure(title, "tile, in reading order", "value", lines)


#: Random moves for k steps (k sweeps of iterative policy evaluation), and for ever.
_SWEEPS: dict[int, tuple[tuple[float, ...], ...]] = {
    1: ((0, -1, -1, -1), (-1, -1, -1, -1), (-1, -1, -1, -1), (-1, -1, -1, 0)),
    2: ((0, -1.7, -2, -2), (-1.7, -2, -2, -2), (-2, -2, -2, -1.7), (-2, -2, -1.7, 0)),
    3: ((0, -2.4, -2.9, -3), (-2.4, -2.9, -3, -2.9), (-2.9, -3, -2.9, -2.4), (-3, -2.9, -2.4, 0)),
    10: ((0, -6.1, -8.4, -9), (-6.1, -7.7, -8.4, -8.4), (-8.4, -8.4, -7.7, -6.1), (-9, -8.4, -6.1, 0)),
}
_LAST = ((0, -14, -20, -22), (-14, -18, -20, -20), (-20, -20, -18, -14), (-22, -20, -14, 0))


def policy_evaluation(quick: bool) -> Iterator[Row | Figure]:
    """Iterative policy evaluation of random moves on the 4 × 4 grid, sweep by sweep."""
    mdp = small_gridworld().mdp
    chain = induced(mdp, random_policy(mdp))
    value_KS = np.zeros((201, mdp.states))
    for sweep in range(1, len(value_KS)):
        paid = chain.reward + value_KS[sweep - 1][chain.next_state]
        value_KS[sweep] = (chain.probability * paid).sum(axis=(1, 2))
    source = f"{_BOOK}, figure 4.1"
    for sweep, printed in _SWEEPS.items():
        yield exact_table(f"value after {count(sweep, 'sweep')}", value_KS[sweep], np.ravel(printed), source, digits=1)
    yield exact_table("value in the end", evaluate_policy(mdp, random_policy(mdp)), np.ravel(_LAST), source)
    tiles = {"beside a corner": 1, "two from a corner": 2, "in the far corner": 3, "in the middle": 5}
    lines = [Line(name, np.arange(len(value_KS)), value_KS[:, tile]) for name, tile in tiles.items()]
    yield Figure("Figure 4.1, values under random moves", "sweeps", "value", lines)
