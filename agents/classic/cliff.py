"""Walking beside the cliff: what Sarsa, Q-learning and Expected Sarsa make of exploration.

The book's figure 6.3 averages 50,000 runs of 100 episodes and 10 runs of 100,000. Here the first has fewer runs; the
second leaves out the first tenth of the episodes, so that it can be held against exact values: Q-learning ends with
the optimal policy and walks it with ε = .1 on top, Expected Sarsa with the best of all policies that explore so.
"""

from collections.abc import Iterator

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, mean_line, measured
from daedalus.core.planning import best_soft_policy, evaluate_policy, optimal_actions, solve, start_value
from daedalus.core.world import World

from .running import episodes, finite

_LEARNERS = {"Sarsa": "sarsa", "Q-learning": "q_learning", "Expected Sarsa": "expected_sarsa"}
_EARLY = {"Sarsa": -71.4, "Q-learning": -80.5, "Expected Sarsa": -57.5}
_LATE = {"Sarsa": -26.9, "Q-learning": -50.2, "Expected Sarsa": -20.8}
_MEASURED = "Sutton & Barto 2018, example 6.6, measured anew over 1500 runs"


def cliff_walking(quick: bool) -> Iterator[Row | Figure]:
    """Example 6.6: returns of 500 episodes at α = .5."""
    runs = 200 if quick else 2000
    lines = []
    for name, agent in _LEARNERS.items():
        got_NE = episodes(_cliff(), f"{agent}:alpha=.5,epsilon=.1,gamma=1", runs, 500).returns
        early, late = got_NE[:, :100].mean(axis=1), got_NE[:, 400:].mean(axis=1)
        yield measured(f"{name}: return, episodes 1–100", early, _EARLY[name], _MEASURED, slack=1.5)
        yield measured(f"{name}: return, episodes 401–500", late, _LATE[name], _MEASURED, slack=1.5)
        lines.append(mean_line(name, np.arange(1, 501), got_NE))
    title = "Example 6.6, return of an episode"
    yield Figure(title, "episode", "return", lines, "α = .5, ε = .1.", y_limits=(-100, 0))


def cliff_parameters(quick: bool) -> Iterator[Row | Figure]:
    """Figure 6.3: interim and asymptotic returns over the step size α."""
    alphas = np.array([0.1, 0.5, 1.0] if quick else [n / 10 for n in range(1, 11)])
    interim = {name: _study(agent, alphas, 200 if quick else 2000, 100, 0) for name, agent in _LEARNERS.items()}
    settled = 2000 if quick else 100_000
    asymptotic = {name: _study(agent, alphas, 10, settled, settled // 10) for name, agent in _LEARNERS.items()}
    source = "Sutton & Barto 2018, figure 6.3"
    for place, alpha in enumerate(alphas):
        pair = interim["Expected Sarsa"][:, place], interim["Sarsa"][:, place]
        yield ahead(f"Expected Sarsa over Sarsa, interim, α = {alpha:g}", *pair, source)
    greedy, soft = _exact(_cliff())
    for name, theirs in (("Q-learning", greedy), ("Expected Sarsa", soft)):
        for alpha in (0.5, 1.0):
            sample = asymptotic[name][:, np.flatnonzero(alphas == alpha)[0]]
            yield measured(f"{name}: asymptotic return, α = {alpha:g}", sample, theirs, "exact: solved")
    lines = [mean_line(f"{name}, interim", alphas, got) for name, got in interim.items()]
    lines += [mean_line(f"{name}, asymptotic", alphas, got) for name, got in asymptotic.items()]
    lines.append(
        Line("exact limits", np.tile(alphas, 2), np.repeat([greedy, soft], alphas.size), None, "points", "theirs")
    )
    yield Figure("Figure 6.3", "α", "return of an episode", lines, "ε = .1.", y_limits=(-160, 0))


def _study(agent: str, alphas: Floats, runs: int, last: int, first: int) -> Floats:
    """The mean return over episodes `first` to `last`, (N, P)."""
    specs = [f"{agent}:alpha={alpha},epsilon=.1,gamma=1" for alpha in alphas]
    return np.stack([episodes(_cliff(), spec, runs, last).returns[:, first:].mean(axis=1) for spec in specs], axis=1)


def _exact(world: World) -> tuple[float, float]:
    """What exploring with ε = .1 costs on top of the optimal policy, its ties at random, and at best."""
    mdp = world.mdp
    best_SA = optimal_actions(mdp, solve(mdp).value)
    tied_SA = best_SA / best_SA.sum(axis=1, keepdims=True)
    walked = evaluate_policy(mdp, 0.9 * tied_SA + 0.1 / mdp.actions)
    return start_value(mdp, walked), start_value(mdp, best_soft_policy(mdp, 0.1).value)


def _cliff() -> World:
    world = finite("daedalus/Cliff-v0")
    assert isinstance(world, World)
    return world.within(None)
