"""Optimism, gradients and all of them beside each other on the 10-armed testbed.

In figure 2.5 the true means lie around 4, so that rewards without a baseline push every preference the same way.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.lab.reproduction import Figure, Row, ahead, mean_line, measured

from .running import Pulls, pulls

_TESTBED, _STEPS, _RUNS = "daedalus/Bandit-v0", 1000, 2000


def optimistic_values(quick: bool) -> Iterator[Row | Figure]:
    """Figure 2.3: greedy from estimates of 5 against a realistic ε-greedy, both with α = .1."""
    runs = 400 if quick else _RUNS
    agents = {
        "optimistic, Q = 5": ("optimistic", 0.86),
        "ε-greedy, ε = .1": ("epsilon_greedy:epsilon=.1,alpha=.1", 0.75),
    }
    found = {name: pulls(_TESTBED, agent, runs, _STEPS) for name, (agent, _) in agents.items()}
    yield from _late(found, {name: share for name, (_, share) in agents.items()}, "figure 2.3")
    late, soon = (found[name].optimal[:, :30].mean(axis=1) for name in agents)
    yield ahead("ε-greedy over optimistic: best arm, steps 1–30", soon, late, "Sutton & Barto 2018, figure 2.3")
    yield _shares("Figure 2.3, share of best arms", found, "α = .1.")


def gradient_bandit(quick: bool) -> Iterator[Row | Figure]:
    """Figure 2.5: the gradient bandit with and without a baseline, true means around 4."""
    runs = 400 if quick else _RUNS
    agents = {
        f"{'with' if baseline else 'without'} baseline, α = {alpha}": f"gradient:alpha={alpha},baseline={baseline}"
        for baseline in (True, False)
        for alpha in (0.1, 0.4)
    }
    found = {name: pulls(f"{_TESTBED}:mean=4", agent, runs, _STEPS) for name, agent in agents.items()}
    yield from _late(found, {"with baseline, α = 0.1": 0.85, "without baseline, α = 0.1": 0.49}, "figure 2.5")
    for alpha in (0.1, 0.4):
        good, bad = (found[f"{which} baseline, α = {alpha}"].optimal.mean(axis=1) for which in ("with", "without"))
        yield ahead(f"with over without baseline, α = {alpha}: best arm", good, bad, "Sutton & Barto 2018, figure 2.5")
    yield _shares("Figure 2.5, share of best arms", found, "True means are drawn around 4.")


#: Of each strategy: its spec, its parameter in powers of two, and the measured reward at one of them.
_STUDY = {
    "ε-greedy, ε": ("epsilon_greedy:epsilon={}", range(-7, -1), (-3, 1.236)),
    "gradient bandit, α": ("gradient:alpha={}", range(-5, 3), (-2, 1.402)),
    "UCB, c": ("ucb:c={}", range(-4, 3), None),
    "optimistic greedy, Q": ("optimistic:alpha=.1,initial={}", range(-2, 3), (0, 1.438)),
}


def parameter_study(quick: bool) -> Iterator[Row | Figure]:
    """Figure 2.6: the mean reward over the first 1000 steps, as a function of each strategy's parameter."""
    runs = 400 if quick else _RUNS
    best, lines = {}, []
    for name, (agent, powers, known) in _STUDY.items():
        study = np.stack(
            [pulls(_TESTBED, agent.format(2.0**power), runs, _STEPS, every=_STEPS).reward[:, 0] for power in powers],
            axis=1,
        )
        if known is not None:
            power, theirs = known
            source = "measured anew over 2000 runs of Sutton & Barto 2018, figure 2.6"
            quantity = f"{name} = {2.0**power:g}: reward, steps 1–1000"
            yield measured(quantity, study[:, powers.index(power)], theirs, source, error=0.013)
        best[name] = study[:, study.mean(axis=0).argmax()]
        lines.append(mean_line(name, [2.0**power for power in powers], study))
    for rival in ("gradient bandit, α", "ε-greedy, ε"):
        pair = best["UCB, c"], best[rival]
        yield ahead(f"UCB over {rival.split(',')[0]}, each at its best", *pair, "Sutton & Barto 2018, figure 2.6")
    yield Figure("Figure 2.6", "parameter", "reward, steps 1–1000", lines, x_scale="log2")


def _late(found: dict[str, Pulls], theirs: dict[str, float], where: str) -> Iterator[Row]:
    source = f"measured anew over 2000 runs of Sutton & Barto 2018, {where}"
    for name, share in theirs.items():
        sample = found[name].optimal[:, 900:].mean(axis=1)
        yield measured(f"{name}: best arm, steps 901–1000", sample, share, source, their_runs=_RUNS, slack=0.005)


def _shares(title: str, found: dict[str, Pulls], caption: str) -> Figure:
    step = np.arange(1, _STEPS + 1)
    lines = [mean_line(name, step, 100 * got.optimal) for name, got in found.items()]
    return Figure(title, "step", "% best arm", lines, caption)
