"""Regret of bandit strategies against what theory says of it.

Lai & Robbins: no strategy that is good on all bandits has a regret that grows by less than C per ln T in the long run,
C = Σ_a Δ_a / kl(a, best). At the times that a machine reaches growth is still on its way there: of KL-UCB from above,
of Thompson sampling from below. So growth over the last factor of ten in T is held against a third of C and, for
strategies that reach C, against three times C. Of those that stop exploring, or nearly, the bound does not speak:
they are not good on all bandits, and may grow by nothing for long. Theirs is the regret itself, held against C ln T:
what they paid for exploring, and for the runs in which they settled on the wrong arm.
"""

import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from daedalus.agents.bandits.population import BanditRuns
from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, at_least, at_most, mean_line
from daedalus.core.spec import fill, parse_spec
from daedalus.core.world import Bandit
from daedalus.envs import adversarial_bandit

_LAI_ROBBINS = "Lai & Robbins 1985: C in the long run"

_COINS = Bandit("coins", "bernoulli", np.array([0.9, 0.8]))
_APART = Bandit("apart", "bernoulli", np.array([0.95, 0.05]))  # so far that a bound on regret says something soon
_BELLS = Bandit("bells", "gaussian", np.array([0.5, 0.0]))

#: Asymptotically optimal strategies and others, by bandit.
_OPTIMAL = {
    "coins": {"KL-UCB": "kl_ucb", "Thompson, Beta": "thompson_beta"},
    "bells": {"KL-UCB, Gaussian": "kl_ucb_gaussian", "Thompson, Gaussian": "thompson_gaussian:spread=10"},
}
_OTHERS = {
    "coins": {"UCB1": "ucb", "UCB-tuned": "ucb_tuned", "MOSS, anytime": "moss"},
    "bells": {"UCB, c = 2": "ucb:c=2"},
}

#: The others on the coins: those that go on exploring, and those that settle.
_EXPLORERS = {
    "EXP3": "exp3",
    "gradient": "gradient",
    "ε-greedy": "epsilon_greedy",
    "ε-greedy, falling": "epsilon_greedy:epsilon=inverse(start=1,steps=100)",
    "softmax after 1000": "epsilon_first_softmax:explore=1000,temperature=.02",
    "discounted UCB": "discounted_ucb",
    "sliding UCB": "sliding_ucb",
    "discounted Thompson": "discounted_thompson",
    "sliding Thompson": "sliding_thompson",
}
_SETTLERS = {
    "greedy": "greedy",
    "optimistic": "optimistic:initial=1,alpha=average",
    "ε-first": "epsilon_first:explore=1000",
    "softmax": "softmax:temperature=.05",
}
_FEWER = 100  # runs, of these


def lai_robbins(quick: bool) -> Iterator[Row | Figure]:
    """The growth of each strategy's regret per ln T against the lower bound of Lai & Robbins 1985."""
    runs, last = (100, 30_000) if quick else (400, 100_000)
    times = np.unique(np.geomspace(10, last, 40).astype(np.int64))
    times = np.union1d(times, [last // 10])
    for bandit, bound in ((_COINS, _coefficient_of_coins()), (_BELLS, 2 / 0.5)):
        agents = _OPTIMAL[bandit.name] | _OTHERS[bandit.name]
        regret = {name: regrets(bandit, agent, runs, times) for name, agent in agents.items()}
        growth = {name: (got[:, -1] - got[:, times == last // 10][:, 0]) / math.log(10) for name, got in regret.items()}
        source = _LAI_ROBBINS
        for name in _OPTIMAL[bandit.name]:
            yield at_most(f"{name}: growth per ln T, against 3 C", growth[name], 3 * bound, source)
        for name in agents:
            yield at_least(f"{name}: growth per ln T, against C / 3", growth[name], bound / 3, source)
        first, second = next(iter(_OPTIMAL[bandit.name])), next(iter(_OTHERS[bandit.name]))
        yield ahead(
            f"{first} below {second}: regret after {last:,}", regret[second][:, -1], regret[first][:, -1], source
        )
        lines = [mean_line(name, times, got) for name, got in regret.items()]
        lines.append(Line("C ln T", times, bound * np.log(times), whose="theirs"))
        what = "Bernoulli arms, 0.9 and 0.8" if bandit is _COINS else "Gaussian arms, 0.5 and 0"
        yield Figure(what, "pulls T", "regret", lines, x_scale="log10")
    yield from _all_others(last)


def _all_others(last: int) -> Iterator[Row]:
    """The strategies that nobody takes for the least regret, on the coins."""
    times, bound = np.array([last // 10, last]), _coefficient_of_coins()
    for name, agent in _EXPLORERS.items():
        got = regrets(_COINS, agent, _FEWER, times)
        growth = (got[:, 1] - got[:, 0]) / math.log(10)
        yield at_least(f"{name}: growth per ln T, against C / 3", growth, bound / 3, _LAI_ROBBINS)
    for name, agent in _SETTLERS.items():
        paid = regrets(_COINS, agent, _FEWER, times[1:])[:, 0]
        yield at_least(f"{name}: regret after {last:,}, against C ln T", paid, bound * math.log(last), _LAI_ROBBINS)


def regret_bounds(quick: bool) -> Iterator[Row | Figure]:
    """UCB1, MOSS and EXP3 keep the promises that were proved of them."""
    runs, last = (50, 10_000) if quick else (200, 100_000)
    times = np.unique(np.geomspace(10, last, 40).astype(np.int64))
    ucb = regrets(_COINS, "ucb", runs, times)
    gap = 0.1
    auer = 8 * np.log(times) / gap + (1 + math.pi**2 / 3) * gap
    yield at_most(f"UCB1: regret after {last:,}", ucb[:, -1], auer[-1], "Auer, Cesa-Bianchi & Fischer 2002, theorem 1")
    moss = regrets(_COINS, f"moss:horizon={last}", runs, times)
    most = 49 * math.sqrt(2 * last)  # more than the coins can cost at all, .1 a pull, but not these arms, .9 a pull
    apart = regrets(_APART, f"moss:horizon={last}", runs, times[-1:])[:, 0]
    yield at_most(f"MOSS: regret after {last:,}", apart, most, "Audibert & Bubeck 2009, theorem 5")
    adversary = adversarial_bandit()
    arms, source = adversary.arms, "Bubeck & Cesa-Bianchi 2012, theorem 3.1"
    exp3 = regrets(adversary, "exp3", runs, times)
    bound = 2 * np.sqrt(times * arms * math.log(arms))
    yield at_most(f"EXP3: regret after {last:,}, adversarial", exp3[:, -1], bound[-1], source)
    deceived = regrets(adversary, "ucb", runs, times)
    yield ahead("EXP3 below UCB1, adversarial", deceived[:, -1], exp3[:, -1], source)
    lines = [mean_line("UCB1", times, ucb), mean_line("MOSS", times, moss)]
    yield Figure("Bernoulli arms, 0.9 and 0.8", "pulls T", "regret", [*lines, _theirs("Auer et al.", times, auer)])
    lines = [mean_line("EXP3", times, exp3), mean_line("UCB1", times, deceived)]
    yield Figure("Adversarial arms", "pulls T", "regret", [*lines, _theirs("bound of EXP3", times, bound)])


def regrets(bandit: Bandit, agent: str, runs: int, times: Any) -> Floats:
    """The pseudo-regret of each run after so many pulls, (N, T)."""
    name = parse_spec(agent)
    settings: Any = fill(find("agent", name.name).load().config_class, name.mapping, name.name)
    population = BanditRuns([bandit] * runs, settings, range(runs))
    found = []
    for time in times:
        population.run(int(time))
        found.append(population.now.regret.copy())
    return cast(Floats, np.stack(found, axis=1))


def _coefficient_of_coins() -> float:
    best, other = 0.9, 0.8
    return (best - other) / (other * math.log(other / best) + (1 - other) * math.log((1 - other) / (1 - best)))


def _theirs(label: str, times: Any, bound: Floats) -> Line:
    return Line(label, times, bound, whose="theirs")
