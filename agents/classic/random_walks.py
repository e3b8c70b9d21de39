"""Random walks, on which prediction is taught: what TD, Monte Carlo and all between make of the same episodes.

Errors are the root-mean-square distance of the estimates from the true values, over the states and then over runs.
Batch values (figure 6.2) are computed as what the two methods converge to where a batch is presented again and again:
Monte Carlo's are the means of the returns, TD's the values of the likeliest Markov chain (Sutton 1988). The book
draws these figures and prints no numbers; those that stand here were measured by others (figure 7.2), or by a plain
loop of a few lines that shares nothing with this code (example 6.2, chapter 12).
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from daedalus.agents.tables.population import TablePopulation
from daedalus.core.arrays import Floats
from daedalus.core.catalogue import find
from daedalus.core.lab.reproduction import Figure, Line, Row, ahead, exact_table, mean_line, measured
from daedalus.core.planning import evaluate_policy, random_policy
from daedalus.core.rng import generator
from daedalus.core.spec import fill, parse_spec
from daedalus.core.world import World
from daedalus.envs import random_walk

_BOOK, _PLAIN = "Sutton & Barto 2018", "measured anew by a plain loop"

#: Example 6.2: the error over the first 100 episodes and its standard error, 2000 runs.
_HUNDRED = {
    ("td", 0.05): (0.0792, 0.00018),
    ("td", 0.1): (0.0689, 0.00024),
    ("td", 0.15): (0.0755, 0.00026),
    ("mc_prediction", 0.01): (0.1508, 0.00027),
    ("mc_prediction", 0.02): (0.1255, 0.00039),
    ("mc_prediction", 0.03): (0.1224, 0.00042),
    ("mc_prediction", 0.04): (0.1268, 0.00043),
}
_SHORT = {"td": "TD", "mc_prediction": "MC"}


def values(world: World, agent: str, runs: int, episodes: int, **settings: Any) -> Floats:
    """The values (N, E + 1, S) that learners of the random policy have before the first and after each episode."""
    spec = parse_spec(agent)
    learner = find("agent", spec.name).load()
    config = fill(learner.config_class, spec.mapping | settings, spec.name)
    population = TablePopulation(world, learner.method, config, range(runs))
    now = population.now
    found_NES = np.empty((runs, episodes + 1, now.q.shape[1]))
    found_NES[:, 0], seen_N = now.q[:, :, 0], np.zeros(runs, np.int64)
    while seen_N.min() < episodes:
        population.run(population.step + 1)
        fresh = np.flatnonzero((now.episodes > seen_N) & (seen_N < episodes))
        seen_N[fresh] = now.episodes[fresh]
        found_NES[fresh, seen_N[fresh]] = now.q[fresh, :, 0]
    return found_NES


def errors(world: World, agent: str, runs: int, episodes: int, **settings: Any) -> Floats:
    """Their errors (N, E + 1): the two ends are no states."""
    off_NES = values(world, agent, runs, episodes, gamma=1.0, **settings)[:, :, 1:-1] - _true(world)
    return np.asarray(np.sqrt((off_NES**2).mean(axis=2)))


def _walk(states: int) -> World:
    return random_walk(states, time_limit=None)


def _true(world: World) -> Floats:
    return evaluate_policy(world.mdp, random_policy(world.mdp))[1:-1]


def td_and_monte_carlo(quick: bool) -> Iterator[Row | Figure]:
    """Example 6.2: five states, TD(0) and constant-α Monte Carlo on the same episodes."""
    runs, world = 100 if quick else 1000, _walk(5)
    yield exact_table("true values", _true(world), np.arange(1, 6) / 6, f"{_BOOK}, example 6.2")
    found = {key: errors(world, key[0], runs, 100, alpha=key[1], initial=0.5) for key in _HUNDRED}
    for (name, alpha), (theirs, error) in _HUNDRED.items():
        sample = found[name, alpha][:, 1:].mean(axis=1)
        yield measured(f"{_SHORT[name]}, α = {alpha}: error over 100 episodes", sample, theirs, _PLAIN, error=error)
    best, source = -found["td", 0.1].mean(axis=1), f"{_BOOK}, example 6.2"
    for name, alpha in _HUNDRED:
        if name == "mc_prediction":
            yield ahead(f"TD, α = .1, over MC, α = {alpha}", best, -found[name, alpha].mean(axis=1), source)
    one_ES = values(world, "td", 1, 100, alpha=0.1, gamma=1.0, initial=0.5)[0, :, 1:-1]
    places = np.arange(1, 6)
    lines = [Line(f"after {n}", places, one_ES[n]) for n in (0, 1, 10, 100)]
    lines.append(Line("true values", places, _true(world), whose="theirs"))
    yield Figure("Example 6.2, values by TD(0)", "state", "value", lines, "One run, α = .1.")
    lines = [mean_line(f"{_SHORT[name]}, α = {alpha}", np.arange(101), got) for (name, alpha), got in found.items()]
    yield Figure("Example 6.2, errors", "episodes", "RMS error", lines)


def batches(quick: bool) -> Iterator[Row | Figure]:
    """Figure 6.2: TD(0) and Monte Carlo, each presented with all episodes so far until it has converged."""
    runs = 100 if quick else 400
    error_NMK = np.stack([_batch_errors(run, 100) for run in range(runs)])
    for episodes in (10, 25, 50, 100):
        td_N, mc_N = error_NMK[:, 0, episodes - 1], error_NMK[:, 1, episodes - 1]
        yield ahead(f"batch TD over batch MC, {episodes} episodes", -td_N, -mc_N, f"{_BOOK}, figure 6.2")
    episodes_K = np.arange(1, 101)
    lines = [mean_line(name, episodes_K, error_NMK[:, n]) for n, name in enumerate(("batch TD", "batch MC"))]
    yield Figure("Figure 6.2", "episodes", "RMS error", lines)


def _batch_errors(run: int, episodes: int) -> Floats:
    """The errors of batch TD and batch Monte Carlo after each episode, (2, K); unmet states keep .5."""
    draws, true_S = generator(run, "batch"), np.arange(1, 6) / 6
    left_SS, returns_S = np.zeros((5, 7)), np.zeros(5)  # transitions to all seven places; sums of returns
    found = np.empty((2, episodes))
    for episode in range(episodes):
        path = [3]
        while 0 < path[-1] < 6:
            path.append(path[-1] + (1 if draws.random() < 0.5 else -1))
        for place, after in itertools.pairwise(path):
            left_SS[place - 1, after] += 1
            returns_S[place - 1] += path[-1] == 6
        met = np.flatnonzero(left_SS.any(axis=1))
        visits = left_SS[met].sum(axis=1)
        chain = left_SS[met] / visits[:, None]
        td_S, mc_S = np.full(5, 0.5), np.full(5, 0.5)
        td_S[met] = np.linalg.solve(np.eye(met.size) - chain[:, met + 1], chain[:, 6])
        mc_S[met] = returns_S[met] / visits
        found[:, episode] = [np.sqrt(((v - true_S) ** 2).mean()) for v in (td_S, mc_S)]
    return found


#: Figure 7.2: the step size at which each n does best, and the error there, 100 runs.
_BEST_N = {1: (0.8, 0.347), 2: (0.6, 0.280), 4: (0.4, 0.267), 8: (0.2, 0.280), 16: (0.1, 0.322)}


def n_step(quick: bool) -> Iterator[Row | Figure]:
    """Figure 7.2: n-step TD on 19 states, the error over the first 10 episodes for every n and α."""
    runs = 100 if quick else 400
    for n, (alpha, theirs) in _BEST_N.items():
        sample = _ten(f"n_step_td:n={n}", alpha, runs)
        source = "measured anew over 100 runs of Sutton & Barto 2018, figure 7.2"
        yield measured(f"n = {n}, α = {alpha}", sample, theirs, source, their_runs=100, slack=0.0005)
    counts = (1, 4, 16) if quick else (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    studied = {f"n = {n}": f"n_step_td:n={n}" for n in counts}
    yield _study("Figure 7.2", studied, quick)


#: Chapter 12: by method and λ, a step size, the error there and its standard error, 500 runs.
_BEST_LAMBDA = {
    ("lambda_return", 0.4): (0.8, 0.2947, 0.00174),
    ("lambda_return", 0.8): (0.4, 0.2646, 0.00236),
    ("lambda_return", 0.9): (0.2, 0.2896, 0.00209),
    ("td_lambda", 0.4): (0.6, 0.2807, 0.00154),
    ("td_lambda", 0.8): (0.3, 0.2638, 0.00215),
    ("td_lambda", 0.9): (0.2, 0.2905, 0.00224),
    ("td_lambda:trace=dutch", 0.4): (0.8, 0.2779, 0.00191),
    ("td_lambda:trace=dutch", 0.8): (0.4, 0.2561, 0.00232),
    ("td_lambda:trace=dutch", 0.9): (0.3, 0.2784, 0.00251),
}
_LAMBDA_FIGURES = {
    "lambda_return": ("off-line λ-return", "Figure 12.3, off-line λ-return"),
    "td_lambda": ("TD(λ)", "Figure 12.6, TD(λ)"),
    "td_lambda:trace=dutch": ("true online TD(λ)", "Figure 12.8, online λ-return"),
}


def lambdas(quick: bool) -> Iterator[Row | Figure]:
    """Figures 12.3, 12.6 and 12.8: the off-line λ-return, TD(λ) and true online TD(λ) on 19 states."""
    runs = 100 if quick else 400
    samples: dict[tuple[str, float], Floats] = {}
    for (agent, lam), (alpha, theirs, error) in _BEST_LAMBDA.items():
        sample = samples[agent, lam] = _ten(agent, alpha, runs, lam=lam)
        name = _LAMBDA_FIGURES[agent][0]
        yield measured(f"{name}, λ = {lam}, α = {alpha}", sample, theirs, _PLAIN, error=error, slack=0.0005)
    for lam in (0.4, 0.8, 0.9):
        pair = -samples["td_lambda:trace=dutch", lam], -samples["lambda_return", lam]
        yield ahead(f"online over off-line, λ = {lam}", *pair, f"{_BOOK}, figure 12.8")
    four = -samples["td_lambda:trace=dutch", 0.8], -_ten("n_step_td:n=4", 0.4, runs)
    yield ahead("true online TD(.8) over n = 4", *four, f"{_BOOK}, figures 7.2 and 12.8")
    lams = (0.0, 0.8, 0.95) if quick else (0.0, 0.4, 0.8, 0.9, 0.95, 0.975, 0.99, 1.0)
    for agent, (_, title) in _LAMBDA_FIGURES.items():
        join = "," if ":" in agent else ":"
        yield _study(title, {f"λ = {lam:g}": f"{agent}{join}lam={lam}" for lam in lams}, quick)


def _ten(agent: str, alpha: float, runs: int, **settings: Any) -> Floats:
    """The error of each run, averaged over the first 10 episodes on 19 states, (N,)."""
    return np.asarray(errors(_walk(19), agent, runs, 10, alpha=alpha, **settings)[:, 1:].mean(axis=1))


def _study(title: str, agents: Mapping[str, str], quick: bool) -> Figure:
    """The error over the step size, a line for each agent."""
    alphas = np.array([0.1, 0.2, 0.4, 0.6, 0.8, 1.0] if quick else [0.025, 0.05, *np.arange(1, 11) / 10])
    runs = 20 if quick else 100
    lines = []
    for name, agent in agents.items():
        with np.errstate(over="ignore", invalid="ignore"):
            error_NP = np.stack([_ten(agent, alpha, runs) for alpha in alphas], axis=1)
            lines.append(mean_line(name, alphas, np.where(error_NP < 10, error_NP, np.nan)))
    return Figure(title, "α", "RMS error, 10 episodes", lines, "19 states.", y_limits=(0.23, 0.57))
