"""Large worlds: how much work is done, and how much memory is taken."""

import json
import subprocess
import sys

import numpy as np
import pytest

from daedalus.core.mdp import FiniteMDP
from daedalus.core.planning import evaluate_policy, graph, policy_iteration, random_policy, sweeps, value_iteration
from daedalus.core.spec import parse_spec
from daedalus.core.world import World
from daedalus.envs.loading import load_problem


def maze(text: str) -> FiniteMDP:
    world = load_problem(parse_spec(f"daedalus/Maze-v0:{text}"))
    assert isinstance(world, World)
    return world.mdp


@pytest.fixture
def rounds(monkeypatch):
    """Count the passes over the world."""
    passes, relax = [], sweeps.relax
    monkeypatch.setattr(sweeps, "relax", lambda *arguments: passes.append(1) or relax(*arguments))
    return passes


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("generator", ["depth_first", "wilson"])
def test_a_perfect_maze_takes_a_handful_of_passes(rounds, generator, slip):
    mdp = maze(f"rows=60,columns=60,generator={generator},slip={slip}")
    swept = value_iteration(mdp)
    assert len(rounds) <= 12  # plain sweeps would take as many as the longest path, some 2000
    exact = policy_iteration(mdp)
    np.testing.assert_allclose(swept.value, exact.value, rtol=1e-9, atol=1e-9)


def test_random_walks_in_a_perfect_maze_take_a_handful_of_passes(rounds):
    mdp = maze("rows=30,columns=30")
    value = evaluate_policy(mdp, random_policy(mdp))
    assert len(rounds) <= 8
    ahead = np.mean(mdp.reward[:, :, 0] + value[mdp.next_state[:, :, 0]], axis=1)
    np.testing.assert_allclose(value, ahead, rtol=1e-9)


def test_distances_in_a_maze_are_those_of_a_search():
    mdp = maze("rows=60,columns=60")
    before = graph.predecessors(mdp)
    level = graph.search(mdp, before, mdp.terminal, np.ones((mdp.states, mdp.actions), bool)).level
    np.testing.assert_array_equal(value_iteration(mdp).value, -np.maximum(level - 1, 0))


_PROGRAM = """
import json, re
from pathlib import Path
from daedalus.core.planning import summary
from daedalus.core.spec import parse_spec
from daedalus.envs.loading import load_problem
facts = summary(load_problem(parse_spec("daedalus/Maze-v0:rows=707,columns=708")))
# of this program alone: `ru_maxrss` begins at the size of the process that started it
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps(facts | {"kilobytes": peak}))
"""


def test_a_million_states_fit_into_two_gibibytes():
    facts = json.loads(subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True).stdout)
    assert facts["states"] >= 10**6
    assert facts["optimal_value"] == facts["optimal_value_within_horizon"] < -1000
    assert facts["random_value"] is None
    assert facts["kilobytes"] < 2 * 2**20
