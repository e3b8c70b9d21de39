"""The 10-armed testbed: how much exploring pays."""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, mean_line, measured

from .running import Pulls, pulls

_TESTBED, _STEPS = "daedalus/Bandit-v0", 1000
_RUNS = 2000
_MEASURED = "Sutton & Barto 2018, figure 2.2, measured anew over 2000 runs"

#: Mean reward and share of best arms over steps 900 to 1000.
_LATE = {
    "greedy": (1.02, 0.35),
    "epsilon_greedy:epsilon=.01": (1.31, 0.59),
    "epsilon_greedy:epsilon=.1": (1.36, 0.79),
}
_NAMES = {"greedy": "ε = 0", "epsilon_greedy:epsilon=.01": "ε = .01", "epsilon_greedy:epsilon=.1": "ε = .1"}


def epsilon_greedy(quick: bool) -> Iterator[Row | Figure]:
    """Greedy and ε-greedy on 10 arms: reward, and how often the best arm is pulled."""
    runs = 400 if quick else _RUNS
    found: dict[str, Pulls] = {}
    for agent, (reward, optimal) in _LATE.items():
        name = _NAMES[agent]
        found[name] = pulls(_TESTBED, agent, runs, _STEPS)
        late = slice(900, None)
        for what, got, theirs in (("reward", found[name].reward, reward), ("best arm", found[name].optimal, optimal)):
            sample = got[:, late].mean(axis=1)
            quantity = f"{name}: {what}, steps 901–1000"
            yield measured(quantity, sample, theirs, _MEASURED, their_runs=_RUNS, slack=0.005)
    yield from _figures("Figure 2.2", found)


def upper_confidence_bound(quick: bool) -> Iterator[Row | Figure]:
    """UCB with c = 2 against ε-greedy on 10 arms."""
    runs = 400 if quick else _RUNS
    ucb, rival = (pulls(_TESTBED, agent, runs, _STEPS) for agent in ("ucb:c=2", "epsilon_greedy:epsilon=.1"))
    source = "Sutton & Barto 2018, figure 2.4"
    first = ucb.reward[:, :10].mean(axis=1)
    yield measured("UCB: reward, steps 1–10, each arm once", first, 0.0, "the mean of the arms' prior")
    spike = ucb.reward[:, 10], ucb.reward[:, 11:20].mean(axis=1)
    yield ahead("UCB: reward at step 11 over that of steps 12–20", *spike, "Sutton & Barto 2018, exercise 2.8")
    means = ucb.reward[:, 10:].mean(axis=1), rival.reward[:, 10:].mean(axis=1)
    yield ahead("UCB over ε-greedy: reward, steps 11–1000", *means, source)
    yield from _figures("Figure 2.4", {"UCB, c = 2": ucb, "ε-greedy, ε = .1": rival})


def _figures(title: str, found: dict[str, Pulls]) -> Iterator[Figure]:
    step = np.arange(1, _STEPS + 1)
    lines: list[Line] = [mean_line(name, step, got.reward) for name, got in found.items()]
    yield Figure(f"{title}, average reward", "step", "reward", lines)
    lines = [mean_line(name, step, 100 * got.optimal) for name, got in found.items()]
    yield Figure(f"{title}, share of best arms", "step", "% best arm", lines)
