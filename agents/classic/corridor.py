"""Policy gradients on the short corridor, where every policy that is sure of itself fails.

The book does not print the first preferences; its curves begin near -80, and going right with probability .05 is worth
-82 (as it is for its ε-greedy policy with ε = .1), so that is where these begin. From there the book's α = 2^-9 with a
baseline makes one run in twenty so sure of itself, by its first, long returns, that it never ends again; here it is
2^-10, with which none of 100 does, and episodes are cut after 1000 steps.
"""

import math
from collections.abc import Iterator

import numpy as np

from daedalus.core.arrays import Floats
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, at_least, exact, mean_line
from daedalus.core.planning import evaluate_policy, start_value
from daedalus.core.world import World
from daedalus.envs import short_corridor

from .running import episodes

_BOOK = "Sutton & Barto 2018"
_EPISODES = 1000


def reinforce(quick: bool) -> Iterator[Row | Figure]:
    """Figure 13.1 and example 13.1: REINFORCE with three step sizes, beside the best policy there is."""
    source = f"{_BOOK}, example 13.1"
    world = short_corridor(time_limit=None)
    values = np.array([_value(world, right) for right in np.linspace(0.5, 0.7, 41)])
    right = 2 - math.sqrt(2)
    yield exact("best probability of going right", right, 0.59, source, digits=2)
    yield exact("value of going right with that", _value(world, right), -(6 + 4 * math.sqrt(2)), "solved by hand")
    yield exact("best of all on a grid of probabilities", values.max(), _value(world, right), "the same", digits=2)
    for name, chance, theirs in (("left", 0.05, -82.0), ("right", 0.95, -44.0)):
        yield exact(f"ε-greedy, ε = .1, mostly {name}", _value(world, chance), theirs, source, digits=0)
    returns = {power: _returns(power, 20 if quick else 100) for power in (12, 13, 14)}
    ends = {power: got_NE[:, -100:].mean(axis=1) for power, got_NE in returns.items()}
    yield at_least("α = 2^-13: return, episodes 901–1000", ends[13], -15.0, f"{_BOOK}, figure 13.1: near the best")
    yield ahead("α = 2^-13 over 2^-14, episodes 901–1000", ends[13], ends[14], f"{_BOOK}, figure 13.1")
    lines = [mean_line(f"α = 2^-{power}", _axis(), _smooth(got_NE)) for power, got_NE in returns.items()]
    title = "Figure 13.1, REINFORCE on the short corridor"
    yield Figure(title, "episode", "return", [*lines, _best(world)], "Means of 20 episodes.", y_limits=(-90, -8))


def baseline(quick: bool) -> Iterator[Row | Figure]:
    """Figure 13.2: a baseline makes REINFORCE faster."""
    source, world = f"{_BOOK}, figure 13.2", short_corridor(time_limit=None)
    runs = 20 if quick else 400  # a rare run is long sure of the wrong way: few runs tell little of the mean
    plain = _returns(13, runs)
    settings = f"reinforce:alpha={2.0**-10},alpha_value={2.0**-6},gamma=1"
    based = episodes(short_corridor(), settings, runs, _EPISODES, begin=_begin()).returns
    for first in (0, 100):
        part = slice(first, first + 100)
        title = f"with over without a baseline, episodes {first + 1}–{first + 100}"
        yield ahead(title, based[:, part].mean(axis=1), plain[:, part].mean(axis=1), source)
    yield at_least("with: return, episodes 901–1000", based[:, -100:].mean(axis=1), -13.0, source)
    lines = [
        mean_line("with baseline, α = 2^-10, α_v = 2^-6", _axis(), _smooth(based)),
        mean_line("without, α = 2^-13", _axis(), _smooth(plain)),
        _best(world),
    ]
    yield Figure(
        "Figure 13.2, with a baseline", "episode", "return", lines, "Means of 20 episodes.", y_limits=(-90, -8)
    )


def _returns(power: int, runs: int) -> Floats:
    """Returns without a baseline, α = 2^-power, (N, E)."""
    agent = f"reinforce:alpha={2.0**-power},gamma=1,baseline=false"
    return episodes(short_corridor(), agent, runs, _EPISODES, begin=_begin()).returns


def _begin() -> Floats:
    """Preferences with which right has probability .05, in a row for what is seen on the way and one for the goal."""
    return np.array([[math.log(0.95), math.log(0.05)], [0.0, 0.0]])


def _value(world: World, right: float) -> float:
    """What going right with that probability is worth at the start."""
    policy_SA = np.tile([1 - right, right], (world.mdp.states, 1))
    return start_value(world.mdp, evaluate_policy(world.mdp, policy_SA))


def _axis() -> Floats:
    return np.arange(10.5, _EPISODES, 20)


def _smooth(returns_NE: Floats) -> Floats:
    means: Floats = returns_NE.reshape(len(returns_NE), -1, 20).mean(axis=2)
    return means


def _best(world: World) -> Line:
    best = _value(world, 2 - math.sqrt(2))
    return Line("best policy of what is seen", np.array([1, _EPISODES]), np.array([best, best]), whose="theirs")
