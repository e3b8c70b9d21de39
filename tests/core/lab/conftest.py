"""Runs made of numbers instead of learning, for the tests of what reads a store."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daedalus.core.files import fingerprint, write_arrays, write_json
from daedalus.core.lab.encoding import plan_to_json
from daedalus.core.lab.experiment import Experiment, Final, Group, Plan, Record, evaluation_steps
from daedalus.core.lab.store.run import FORMAT, Run, block_at, open_run
from daedalus.core.lab.store.writer import BlockWriter
from daedalus.core.spec import Spec, parse_spec, show

#: A label that would break out of HTML, and out of matplotlib's mathematics.
HOSTILE = '<b>Fast</b> & $wild$ "50 %"'

PROVENANCE = {
    "daedalus": "0.1.0",
    "python": "3.11.2",
    "versions": {"numpy": "2.4.6", "torch": "2.13.0"},
    "platform": "Linux-6.1-x86_64",
    "cpu": "AMD EPYC 9R14",
    "cores": 2,
    "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False},
    "command": "daedalus compare daedalus/Maze-v0:rows=5 --agents 'q_learning,<b>=sarsa:' --name \"a & b\"",
    "started": "2026-07-01T10:00:00+00:00",
    "ended": "2026-07-01T10:01:30+00:00",
}

TILES = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 2, 0, 0, 0, 0, 1],
        [1, 0, 1, 1, 1, 0, 1],
        [1, 0, 1, 4, 0, 0, 1],
        [1, 0, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 0, 3, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ],
    dtype=np.uint8,
)


MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])
KINDS = {"daedalus/Bandit-v0": "bandit", "CartPole-v1": "open"}


def made_curve(experiment: Experiment, kind: str, number: int, strange: bool) -> dict[str, Any]:
    """Curves that rise towards the optimum, each agent's at its own pace; the optimum is 1.5 or -39."""
    rng = np.random.default_rng(number)
    steps = np.array(evaluation_steps(experiment.steps))
    steps = steps[steps > 0] if kind == "bandit" else steps
    shape = (experiment.seeds, steps.size)
    optimum, floor = (1.5, 0.0) if kind == "bandit" else (-39.0, -1000.0)
    share = {"optimal": 1.0, "random": 0.0}.get(experiment.agent.name, 0.6 + 0.4 / (1 + number % 5))
    gone = 1 - np.exp(-steps / experiment.steps * (2 + 4 * share))
    score = np.clip(share * gone + 0.02 * rng.standard_normal(shape) * share, -0.2, 1.0)
    nan = np.full(shape, np.nan)
    value = nan if strange else floor + (optimum - floor) * score
    truth = kind != "open"
    columns = {
        "seed": np.repeat(np.arange(shape[0]), steps.size),
        "step": np.tile(steps, shape[0]),
        "value": value,
        "optimum": np.full(shape, optimum) if truth else nan,
        "random_value": np.full(shape, floor) if truth else nan,
        "regret": optimum - value if truth else nan,
        "exact": np.full(shape, kind == "finite"),
        "episodes": np.full(shape, 3),
        "return": nan if kind == "bandit" else value * 1.1,
        "length": 1000 - 960 * np.clip(score, 0, 1) if kind == "finite" else nan,
        "loss": nan,
        "reward": value if kind == "bandit" else nan,
        "optimal_rate": 0.1 + 0.8 * score if kind == "bandit" else nan,
        "seconds": np.broadcast_to(steps / steps[-1], shape),
    }
    return {name: np.ravel(column) for name, column in columns.items()}


def made_final(experiment: Experiment, number: int) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    shape = (experiment.seeds, int((TILES != 1).sum()))
    reference = experiment.agent.name in ("random", "optimal")
    policy = np.full(shape, -1) if experiment.agent.name == "random" else rng.integers(0, 4, shape)
    episode = np.full((shape[0], 201), -1)
    episode[:, :9] = [0, 1, 2, 3, 4, 6, 10, 12, 17]
    arrays = {"policy": policy, "visits": rng.integers(1, 900, shape), "episode": episode}
    return arrays if reference else arrays | {"q": -rng.random((*shape, 4)) * 30}


def made_arms(experiment: Experiment, number: int) -> dict[str, Any]:
    """Ten arms for each seed, the same for every agent, and pulls that prefer the better ones."""
    shape = (experiment.seeds, 10)
    means = np.random.default_rng(0).standard_normal(shape)
    pulls = np.exp(means * (number + 1) / 2)
    pulls = np.rint(experiment.steps * pulls / pulls.sum(axis=1, keepdims=True)).astype(np.int64)
    return {"pulls": pulls, "estimates": means, "means": means, "spread": np.ones(shape)}


def write_world(folder: Path, kind: str) -> None:
    cell = np.argwhere(TILES != 1)
    goal = TILES[tuple(cell.T)] == 3
    finite = kind == "finite"
    card = {"kind": kind, "states": len(cell) if finite else None, "actions": 4, "horizon": 1000 if finite else None}
    if kind == "bandit":
        card |= {"law": "gaussian", "changing": False}
    folder.mkdir(parents=True, exist_ok=True)
    scene = folder / "world.safetensors"
    if finite:
        value = -np.abs(cell - cell[goal]).sum(axis=1).astype(float)
        arrays = {"tiles": TILES, "cell": cell, "moves": MOVES, "terminal": goal, "optimal_value": value}
        write_arrays(scene, arrays)
    write_json(folder / "world.json", card | {"scene": fingerprint(scene) if finite else None})


def write_made_run(folder: Path, plan: Plan, strange: bool = False) -> Run:
    """A finished run on disk, as the lab would have left it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "run.json", {"format": FORMAT, "plan": plan_to_json(plan), "provenance": PROVENANCE})
    run = open_run(folder)
    for number, member in enumerate(run.members()):
        experiment = member.experiment
        kind = KINDS.get(experiment.world.name, "finite")
        write_world(member.folder.parent, kind)
        member.folder.mkdir(parents=True, exist_ok=True)
        given = {key: show(value) if isinstance(value, Spec) else value for key, value in experiment.agent.params}
        settings = given | {"gamma": 1.0}
        write_json(member.folder / "config.json", {"agent": experiment.agent.name, "settings": settings})
        writer = BlockWriter(block_at(member.folder, range(experiment.seeds)), experiment, "made")
        writer.add(Record("curve", made_curve(experiment, kind, number, strange)))
        finals = {"finite": made_final, "bandit": made_arms}
        writer.finish(Final(finals[kind](experiment, number)) if kind in finals else None)
    return run


def made_group(worlds: str, agents: dict[str, str], seeds: int = 12, steps: int = 20_000) -> Group:
    """A group from worlds separated by spaces and agents by label."""
    return Group(
        tuple(parse_spec(world) for world in worlds.split()),
        tuple((label, parse_spec(agent)) for label, agent in agents.items()),
        seeds,
        steps,
    )


@pytest.fixture
def group() -> Any:
    return made_group


@pytest.fixture(scope="session")
def make_run() -> Any:
    """A function that writes a run into a folder: bandits, two mazes and an open world."""
    return lambda folder: write_made_run(folder, Plan(default_groups()))


@pytest.fixture(scope="session")
def write_plan() -> Any:
    """A function that writes a finished run of a plan into a folder."""
    return write_made_run


@pytest.fixture
def made_run(tmp_path: Path) -> Any:
    """A function that writes a run of some groups."""

    def make(*groups: Group, strange: bool = False) -> Run:
        return write_made_run(tmp_path / "made", Plan(groups), strange)

    return make


def default_groups() -> tuple[Group, ...]:
    names = ["greedy", "epsilon_greedy:epsilon=0.1", "ucb:c=1.41", "softmax:temperature=0.2", "random", "optimal"]
    tabular = {
        HOSTILE: "q_learning:alpha=0.9",
        "sarsa": "sarsa:alpha=0.1",
        "expected_sarsa:alpha=0.5,gamma=1,explore=softmax(temperature=0.5)": "expected_sarsa:alpha=0.5",
        "random": "random",
        "optimal": "optimal",
    }
    return (
        made_group("daedalus/Bandit-v0:law=gaussian", {name: name for name in names}, seeds=200, steps=1000),
        made_group("daedalus/Maze-v0:rows=3 examples/minos.txt", tabular),
        made_group("CartPole-v1", {"random": "random"}, seeds=3, steps=500),
    )
