"""What every law of this folder runs over: the whole catalogue, small.

A test that takes `name` runs for every id of the catalogue, and one that takes `spec` for every small variant of every
id; `smallest` stands for the first variant of each, `pullable` for the bandits, and `walkable` for the others: finite
worlds, those that change in mid-run and those that draw their layout. A new entry of the catalogue is covered without
an edit here; `SMALL` only spares time, and adds variants.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import pytest

import daedalus.envs
import daedalus.generative  # noqa: F401 - registers
from daedalus.core.catalogue import of_kind
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import Schedule, World
from daedalus.envs.building import build
from daedalus.envs.levels.levels import Levels

NAMES = [name for name, entry in of_kind("world").items() if entry.target.startswith("daedalus.")]

#: The variants in which an id obeys the laws, where its defaults are large or show too little.
SMALL = {
    "daedalus/Bandit-v0": (
        "arms=3",
        "arms=3,drift=0.1",
        "law=bernoulli,arms=3,drift=0.1",
        "law=uniform,arms=3",
        "law=exponential,arms=3",
        "law=constant,arms=3",
    ),
    "daedalus/SwitchingBandit-v0": ("arms=3,period=40,phases=3", "law=bernoulli,arms=3,period=40,change=permute"),
    "daedalus/AdversarialBandit-v0": ("arms=3",),
    "daedalus/ContextualBandit-v0": ("arms=3,features=2", "kind=logistic,arms=3,features=2,contexts=4"),
    "daedalus/Maze-v0": (
        "rows=2,columns=3,slip=0.3",
        "rows=2,columns=3,generator=wilson,slip=0.3,braid=1,goals=2",
        "rows=3,columns=3,slip=0.2,keys=1,portals=1,one_way=1",
        "rows=2,columns=3,slip=0.3,levels=3",
        "rows=2,columns=3,slip=0.3,layout=per_seed",
        "rows=2,columns=2,slip=0.3,layout=per_episode,observation=symbolic",
    ),
    "daedalus/GeneratedMaze-v0": ("rows=2,columns=3,slip=0.3,levels=3",),
    "daedalus/Cliff-v0": ("rows=2,columns=4,slip=0.3,time_limit=30",),
    "daedalus/FourRooms-v0": ("slip=0.3,time_limit=40",),
    "daedalus/Windy-v0": ("time_limit=40", "moves=king_stay,stochastic=true,time_limit=40"),
    "daedalus/Gridworld-v0": ("time_limit=30",),
    "daedalus/SmallGridworld-v0": ("time_limit=30",),
    "daedalus/FrozenLake-v0": ("time_limit=40", "size=3,seed=1,time_limit=40"),
    "daedalus/RandomWalk-v0": ("time_limit=40",),
    "daedalus/ShortCorridor-v0": ("time_limit=40",),
    "daedalus/RiverSwim-v0": ("time_limit=40",),
    "daedalus/DeepSea-v0": ("size=4", "size=4,randomized=true"),
    "daedalus/Gambler-v0": ("goal=10,time_limit=40",),
    "daedalus/MaximizationBias-v0": ("actions=4",),
    "daedalus/Taxi-v0": ("slip=0.3,time_limit=40",),
    "daedalus/Garnet-v0": ("states=8,time_limit=30",),
    "daedalus/CandyMaze-v0": ("rows=2,columns=2,candies=2,slip=0.3",),
    "daedalus/DriftingCandyMaze-v0": (
        "rows=2,columns=2,spots=2,period=25,phases=3,slip=0.3",
        "rows=2,columns=2,spots=2,period=25,phases=3,mode=switch",
    ),
    "daedalus/KeyDoor-v0": ("rows=2,columns=2,rooms=2,slip=0.3",),
    "daedalus/DynaMaze-v0": ("time_limit=40",),
    "daedalus/BlockingMaze-v0": ("change_at=25,time_limit=40",),
    "daedalus/ShortcutMaze-v0": ("change_at=25,time_limit=40",),
    "daedalus/TMaze-v0": ("length=2",),
    "daedalus/Pursuit-v0": ("rows=2,columns=2", "rows=2,columns=2,other=random,role=hunter"),
}
SPECS = [parse_spec(f"{name}:{params}") for name in NAMES for params in SMALL.get(name, ("",))]


def _walkable(name: str) -> bool:
    return bool({"finite", "changing"} & set(of_kind("world")[name].suits))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the laws run over the catalogue."""
    for argument, over in {
        "name": NAMES,
        "spec": SPECS,
        "walkable": [spec for spec in SPECS if _walkable(spec.name)],
        "pullable": [spec for spec in SPECS if not _walkable(spec.name)],
        "smallest": [next(spec for spec in SPECS if spec.name == name) for name in NAMES],
    }.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, over, ids=str)


@pytest.fixture
def covered() -> tuple[list[str], list[str]]:
    """The ids of `name` and of `spec`."""
    return NAMES, [spec.name for spec in SPECS]


@functools.cache
def value_of(spec: Spec) -> Any:
    """What the builder makes of a spec, built once for all laws."""
    return build(spec.name, spec.mapping)


@pytest.fixture(name="value_of")
def _value_of() -> Callable[[Spec], Any]:
    return value_of


@pytest.fixture
def worlds_of() -> Callable[[Spec], tuple[World, ...]]:
    """The finite worlds that a spec is made of: itself, all phases, or the layout of one seed."""

    def worlds(spec: Spec) -> tuple[World, ...]:
        match value_of(spec):
            case Schedule() as schedule:
                return schedule.phases
            case Levels() as levels:
                return (levels.world(7),)
            case world:
                return (world,)

    return worlds


@pytest.fixture
def make() -> Iterator[Callable[..., gymnasium.Env[Any, Any]]]:
    """Make the environment of a spec, with parameters beside its own; all are closed in the end."""
    made: list[gymnasium.Env[Any, Any]] = []

    def one(spec: Spec, **more: Any) -> gymnasium.Env[Any, Any]:
        made.append(gymnasium.make(spec.name, **(spec.mapping | more)))
        return made[-1]

    yield one
    for env in made:
        env.close()
