"""`daedalus bench deep`: every row's work runs and is counted, on sizes of its own."""

from dataclasses import replace

import pytest
import torch

import daedalus.agents.deep.bench as benchmarks
from daedalus.agents.deep.bench import Recipe, population
from daedalus.agents.deep.bench_peers import network, products


@pytest.fixture(scope="module")
def rows():
    """All rows, each work done once in place of being timed; its rate is the number of its units."""

    def once(work, units, quick):
        work()
        return float(units)

    class Twice:
        """Both halves in this process."""

        def __init__(self, make, *given):
            self._halves = [make(*given), make(*given)]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        @property
        def work(self):
            return lambda: [half() for half, _ in self._halves], sum(units for _, units in self._halves)

    small = replace(benchmarks._RL_ZOO3, learning_starts=64, train_freq=32, gradient_steps=4, width=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarks, "rate", once)
        patch.setattr(benchmarks, "TwoProcesses", Twice)
        patch.setattr(benchmarks, "_RL_ZOO3", small)
        threads = torch.get_num_threads()
        found = list(benchmarks.bench_deep(quick=True))
        assert torch.get_num_threads() == threads
    return found


def test_every_rate_stands_beside_a_peer_and_its_bound(rows):
    peers = {(row.name.rpartition(":")[0] or row.name, row.peer) for row in rows}
    for name, peer in (
        ("rl-zoo3's recipe", "Stable-Baselines3's DQN"),
        ("CleanRL's recipe, 1 seed", "a plain torch loop"),
        ("CleanRL's recipe, 16 seeds", "a plain torch loop"),
        ("CleanRL's recipe, 16 seeds in each of two processes", "a plain torch loop in each"),
        ("one update, 4-120-84-2, batch of 128", "bare torch: autograd, fused Adam"),
        ("one update by the engine, 4-120-84-2, batch of 128", "bare torch: autograd, fused Adam"),
    ):
        assert (name, peer) in peers
    assert sum(row.peer.startswith("the bound") for row in rows) == 4


def test_units_are_the_steps_of_all_seeds_and_processes(rows):
    steps = {(row.name, row.peer): row.ours_per_second for row in rows}
    assert steps["CleanRL's recipe, 1 seed: steps", "a plain torch loop"] == 100
    assert steps["CleanRL's recipe, 16 seeds: steps", "a plain torch loop"] == 1600
    assert steps["CleanRL's recipe, 16 seeds in each of two processes: steps", "a plain torch loop in each"] == 3200


def test_a_population_trains_while_it_is_timed():
    """A burst of 20 steps at one update for every 10: two updates at each call."""
    config = replace(benchmarks._CLEANRL, learning_starts=20, buffer_size=100, width=8)
    work, units = population(Recipe(config, 20, seeds=2))
    (learners,) = [cell.cell_contents for cell in work.__closure__ if hasattr(cell.cell_contents, "updates")]
    before = learners.updates
    work()
    assert (units, learners.updates - before, learners.epsilon) == (40, 2, config.exploration_final_eps)


def test_the_plain_network_has_the_shapes_that_are_said():
    assert [tuple(p.shape) for p in network((4, 3, 2)).parameters()] == [(3, 4), (3,), (2, 3), (2,)]
    work, units = products((4, 3, 2), 5)
    work()
    assert units == 1
