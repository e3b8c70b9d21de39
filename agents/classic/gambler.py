"""The gambler's problem, and the bold play that solves it."""

from collections.abc import Iterator

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.reproduction import Figure, Line, Row, exact, exact_table
from daedalus.core.planning import optimal_actions, solve
from daedalus.envs import gambler

_SOURCE = "Dubins & Savage 1965: bold play"
_GOAL = 100


def gamblers_problem(quick: bool) -> Iterator[Row | Figure]:
    """The chance of 100 from every capital, p = .4 (figure 4.3) and p = .25 (exercise 4.9), against bold play's."""
    for heads in (0.4, 0.25):
        value_S = solve(gambler(_GOAL, heads).mdp).value
        for capital, closed in ((25, heads**2), (50, heads), (75, 1 - (1 - heads) ** 2)):
            yield exact(f"p = {heads}, from {capital}", value_S[capital], closed, _SOURCE)
        yield exact_table(f"p = {heads}, from 1 to 99", value_S[1:_GOAL], _bold(heads)[1:_GOAL], _SOURCE)
    mdp = gambler(_GOAL, 0.4).mdp
    value_S, capital_S = solve(mdp).value, np.arange(_GOAL)
    estimates = _sweeps(0.4)
    lines = [Line(f"sweep {n}", capital_S, estimates[n - 1][:_GOAL]) for n in (1, 2, 3)]
    lines.append(Line("exact", capital_S, value_S[:_GOAL], whose="theirs"))
    yield Figure("Figure 4.3, value iteration", "capital", "chance to win", lines, "p = .4; sweeps in place.")
    stake_S = optimal_actions(mdp, value_S).argmax(axis=1)[1:_GOAL] + 1
    lines = [Line("smallest best stake", np.arange(1, _GOAL), stake_S.astype(np.float64), form="bars")]
    yield Figure("Figure 4.3, the final policy", "capital", "stake", lines, "p = .4; where stakes tie, the smallest.")


def _bold(heads: float) -> Floats:
    """The value of staking all, or all that is missing: (101,), by its own recursion."""
    value = np.zeros(_GOAL + 1)
    capital = np.arange(_GOAL + 1)
    for _ in range(2000):
        won, lost = value[np.minimum(2 * capital, _GOAL)], value[np.maximum(2 * capital - _GOAL, 0)]
        value = np.where(capital == _GOAL, 1.0, heads * won + (1 - heads) * lost)
    return value


def _sweeps(heads: float, count: int = 3) -> list[Floats]:
    """Value iteration in place, from 1 to 99: the estimates after each sweep, (101,)."""
    value, after = np.zeros(_GOAL + 1), []
    value[_GOAL] = 1.0
    for _ in range(count):
        for capital in range(1, _GOAL):
            stake = np.arange(1, min(capital, _GOAL - capital) + 1)
            value[capital] = np.max(heads * value[capital + stake] + (1 - heads) * value[capital - stake])
        after.append(value.copy())
    return after
