"""`daedalus bench agents`: every row's work runs and is counted; packages that are not there have no row."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import daedalus.agents.bench as benchmarks
from daedalus.agents.tables.population import TablePopulation
from daedalus.core.catalogue import find
from daedalus.core.lab import bench
from daedalus.core.spec import parse_spec
from daedalus.envs import load_problem


@pytest.fixture
def rows(monkeypatch):
    """All rows, each work done once in place of being timed; its rate is the number of its units."""

    def once(work, units, quick):
        work()
        return float(units)

    for package in ("jax", "mushroom_rl"):
        monkeypatch.setitem(sys.modules, package, None)  # not to be imported, wherever it is installed
    monkeypatch.setattr(benchmarks, "rate", once)
    monkeypatch.setattr(benchmarks, "_RUNS", 20)
    return list(benchmarks.bench_agents(quick=True))


def test_every_learner_stands_beside_the_tutorial_loop(rows):
    beside = {row.name for row in rows if row.peer == "a Python loop"}
    for learner in ("q_learning", "sarsa", "expected_sarsa", "dyna_q"):
        assert {f"{learner}, 32 seeds", f"{learner}, one seed"} <= beside
    assert {"epsilon_greedy on the testbed", "ucb on the testbed"} <= beside
    assert not any("JAX" in row.peer or "Mushroom" in row.peer for row in rows)


def test_units_are_what_was_done(rows):
    steps = {row.name: row.ours_per_second for row in rows}
    assert steps["q_learning, 32 seeds"] == 100_000 // 32 * 32
    assert steps["dyna_q, one seed"] == 100_000 // 11 * 11  # a real step and ten imagined ones
    assert steps["q_learning, 32 seeds on each of two threads"] == 2 * steps["q_learning, 32 seeds"]
    assert steps["ucb on the testbed"] == 20 * 1000


def test_a_package_that_is_not_there_is_passed_over(capsys):
    assert bench.if_it_runs("no_such_package_at_all", lambda: 1.0) is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("learner", ["q_learning", "dyna_q"])
def test_threads_change_no_bit(learner):
    """Seeds in a pool of threads learn what they learn one after the other, whatever runs beside them."""
    world, agent = load_problem(parse_spec("daedalus/Maze-v0:rows=3,columns=3,slip=.2")), find("agent", learner).load()

    def population(seeds):
        return TablePopulation(world, agent.method, agent.config_class(), seeds)

    whole = population(range(12))
    whole.run(20_000)
    parts = [population(seeds) for seeds in (range(5), [5], range(6, 12))]
    with ThreadPoolExecutor(3) as pool:
        for until in (1, 7000, 20_000):
            list(pool.map(lambda part, until=until: part.run(until), parts))
    for name, array in whole.memory.arrays.items():
        np.testing.assert_array_equal(np.concatenate([part.memory.arrays[name] for part in parts]), array, err_msg=name)
