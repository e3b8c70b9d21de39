"""`daedalus bench agents`: steps (pulls, updates) a second of our learners, beside the same learning elsewhere."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from daedalus.core.catalogue import find
from daedalus.core.lab.bench import Row, if_it_runs, rate
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import Bandit, World

from .bandits.config import BanditSettings
from .bandits.population import BanditRuns
from .bench_peers import Work, jax_runs, mushroom, numpy_runs, testbed_loop, testbed_numpy, tutorial
from .tables.population import TablePopulation

_MAZE, _SEEDS = "daedalus/Maze-v0", 32
_RUNS, _ARMS, _PULLS = 2000, 10, 1000
_LOOP = "a Python loop"


def bench_agents(quick: bool) -> Iterator[Row]:
    """Rows for table learners in a maze of 21 × 21 tiles, then for the 10-armed testbed.

    Dyna-Q is counted in updates, imagined ones included, and so stands beside the loop that makes one update a step.
    """

    def peer(work: Work) -> float:
        return rate(*work, quick)

    world = find("service", "load_problem").load()(parse_spec(_MAZE), 0)
    assert isinstance(world, World)
    loop = peer(tutorial(_MAZE))
    many = {name: peer(_learners(world, name, _SEEDS)) for name in ("q_learning", "sarsa", "expected_sarsa", "dyna_q")}
    for name, ours in many.items():
        yield Row(f"{name}, {_SEEDS} seeds", ours, _LOOP, loop)
    for name in many:
        yield Row(f"{name}, one seed", peer(_learners(world, name, 1)), _LOOP, loop)
    lake = find("service", "load_problem").load()(parse_spec("FrozenLake-v1"), 0)
    assert isinstance(lake, World)
    yield Row("q_learning on FrozenLake-v1, one seed", peer(_learners(lake, "q_learning", 1)), _LOOP,
              peer(tutorial("FrozenLake-v1")))  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        both = peer(_side_by_side(pool, world, "q_learning"))
    yield Row(f"q_learning, {_SEEDS} seeds on each of two threads", both, "one thread", many["q_learning"])
    yield Row(f"q_learning, {_SEEDS} seeds", many["q_learning"], "NumPy over seeds", peer(numpy_runs(world, _SEEDS)))
    if (theirs := if_it_runs("jax", lambda: peer(jax_runs(world, _SEEDS)))) is not None:
        yield Row(f"q_learning, {_SEEDS} seeds", many["q_learning"], "JAX, vmap over seeds", theirs)
    if (theirs := if_it_runs("mushroom_rl", lambda: peer(mushroom(world)))) is not None:
        yield Row("q_learning, one seed", peer(_learners(world, "q_learning", 1)), "MushroomRL", theirs)
    for name in ("epsilon_greedy", "ucb"):
        ours = peer(_testbed(name))
        yield Row(f"{name} on the testbed", ours, _LOOP, peer(testbed_loop(_ARMS, _PULLS, name == "ucb")))
        yield Row(f"{name} on the testbed", ours, "NumPy over runs", peer(_few(quick, name == "ucb")))


def _few(quick: bool, ucb: bool) -> Work:
    return testbed_numpy(_RUNS, _ARMS, 20 if quick else 200, ucb)


def _learners(world: World, name: str, seeds: int) -> Work:
    """A population that lives on; its work is counted in updates."""
    agent = find("agent", name).load()
    config: Any = agent.config_class()
    population = TablePopulation(world, agent.method, config, range(seeds))
    updates = 1 + getattr(config, "planning", 0)
    steps = max(100_000 // (seeds * updates), 1)
    return lambda: population.run(population.step + steps), steps * seeds * updates


def _side_by_side(pool: ThreadPoolExecutor, world: World, name: str) -> Work:
    """Two populations at once: compiled loops release the interpreter's lock."""
    (one, units), (other, _) = _learners(world, name, _SEEDS), _learners(world, name, _SEEDS)

    def work() -> None:
        for half in [pool.submit(one), pool.submit(other)]:
            half.result()

    return work, 2 * units


def _testbed(name: str) -> Work:
    """The 10-armed testbed of Sutton & Barto, 2000 runs of 1000 pulls."""
    load = find("service", "load_problem").load()
    bandits = [load(Spec("daedalus/Bandit-v0"), seed) for seed in range(_RUNS)]
    assert all(isinstance(bandit, Bandit) for bandit in bandits)
    config: BanditSettings = find("agent", name).load().config_class()

    def work() -> None:
        BanditRuns(bandits, config, range(_RUNS)).run(_PULLS)

    return work, _RUNS * _PULLS
