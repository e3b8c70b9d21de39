"""`daedalus bench envs`: steps a second of our environments, alone and in batches, beside others'."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.compiled import lean
from daedalus.core.lab.bench import Row, if_it_runs, rate
from daedalus.core.rng import generator
from daedalus.core.world import World

from .vector.packed import pack
from .worlds.mazes import maze

_PATTERNS = 8  # rows of actions that take turns
_MANY = 1024
_MAZE, _LAKE, _CLIFF = "daedalus/Maze-v0", "daedalus/FrozenLake-v0", "daedalus/Cliff-v0"


@lean
def gather(
    words: Ints, entries_N: Ints, shown_N: Ints, reward_N: Floats, terminated_N: Bools, truncated_N: Bools
) -> None:
    """The least that a batched step can do: look up a word for each environment and write what a step returns."""
    for i in range(entries_N.size):
        shown_N[i] = words[entries_N[i]]
    for i in range(entries_N.size):
        reward_N[i] = float(shown_N[i] & 1)
    for i in range(entries_N.size):
        terminated_N[i] = (shown_N[i] & 2) != 0
        truncated_N[i] = (shown_N[i] & 4) != 0


def bench_envs(quick: bool) -> Iterator[Row]:
    """Rows for single environments, batches of several kinds, the limit of memory, and packages that are installed.

    Single environments stand beside the same worlds of Gymnasium's own. Peers of batches are its `SyncVectorEnv` of
    16 of the same environments; its rate hardly depends on how many there are.
    """
    for what, ours, theirs in (("frozen lake", _LAKE, "FrozenLake-v1"), ("cliff", _CLIFF, "CliffWalking-v1")):
        yield Row(f"one {what}, step", _alone(ours, quick), f"Gymnasium's {theirs}", _alone(theirs, quick))
    slow = _batch(_MAZE, 16, quick, sync=True)
    for count in (_MANY, 65_536):
        ours_all = _batch(_MAZE, count, quick)
        yield Row(f"{count:,} in a maze", ours_all, "SyncVectorEnv", slow)
        yield Row(f"{count:,} in a maze, share of the limit", ours_all, "a bare gather loop", _limit(count, quick))
    for what, name, params, count in (
        ("that slip", _MAZE, {"slip": 0.1}, _MANY),
        ("in a maze of 201 × 201 tiles", _MAZE, {"rows": 100, "columns": 100}, _MANY),
        ("that see 7 × 7 tiles", _MAZE, {"observation": "view"}, _MANY),
        ("with a maze each", _MAZE, {"layout": "per_seed", "observation": "coordinates"}, _MANY),
        ("with a maze each episode, 7 × 7 tiles seen", _MAZE, {"layout": "per_episode", "observation": "view"}, _MANY),
        ("with a maze each, as pixels", _MAZE, {"layout": "per_seed", "observation": "pixels"}, 64),
        ("bandits", "daedalus/Bandit-v0", {}, _MANY),
    ):
        peer = _batch(name, 16, quick, sync=True, **params)
        yield Row(f"{count:,} {what}", _batch(name, count, quick, **params), "SyncVectorEnv", peer)
    slow = _batch("FrozenLake-v1", 16, quick, sync=True)
    yield Row(
        f"{_MANY:,} frozen lakes", _batch(_LAKE, _MANY, quick), "SyncVectorEnv of Gymnasium's FrozenLake-v1", slow
    )
    yield from _others(quick)


def _others(quick: bool) -> Iterator[Row]:
    """Rows against packages that may be installed; one that cannot be run is told on stderr and left out."""
    if (theirs := if_it_runs("minigrid", lambda: _alone("minigrid:MiniGrid-FourRooms-v0", quick))) is not None:
        ours = _alone(_MAZE, quick, observation="heading_view")
        yield Row("one environment that sees 7 × 7 tiles ahead", ours, "MiniGrid-FourRooms-v0", theirs)
    if (theirs := if_it_runs("envpool", lambda: _envpool(quick))) is not None:
        ours = _batch(_LAKE, _MANY, quick)
        yield Row(f"{_MANY:,} frozen lakes", ours, "envpool's FrozenLake-v1, one thread", theirs)
    if (theirs := if_it_runs("pufferlib", lambda: _pufferlib(quick))) is not None:
        ours = _batch(_MAZE, _MANY, quick, rows=5, columns=5, layout="per_episode", observation="symbolic")
        yield Row(f"{_MANY:,} that see all of 11 × 11 tiles", ours, "PufferLib's puffer_squared", theirs)


def _envpool(quick: bool) -> float:
    env = import_module("envpool").make_gymnasium("FrozenLake-v1", num_envs=_MANY, num_threads=1)
    env.reset()
    return rate(_turns(env.step, _MANY, 4, np.int32), _MANY, quick)


def _pufferlib(quick: bool) -> float:
    """Its own grid of 11 × 11 tiles, seen whole: find a target that is put elsewhere in each episode."""
    env = import_module("pufferlib.ocean").env_creator("puffer_squared")(num_envs=_MANY)
    env.reset()
    return rate(_turns(env.step, _MANY, int(env.single_action_space.n), np.int32), _MANY, quick)


def _alone(name: str, quick: bool, **params: Any) -> float:
    """Steps a second of one environment as `gymnasium.make` makes it, resets included."""
    env = gymnasium.make(name, **params)
    env.reset(seed=0)
    actions = _actions((256,), int(env.action_space.n)).tolist()  # type: ignore[attr-defined]

    def work() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return rate(work, len(actions), quick)


def _batch(name: str, count: int, quick: bool, sync: bool = False, **params: Any) -> float:
    """Steps a second of `count` environments together, through `VectorEnv.step`."""
    if sync:
        env: Any = gymnasium.make_vec(name, num_envs=count, vectorization_mode="sync", **params)
    else:
        env = gymnasium.make_vec(name, num_envs=count, **params)
    env.reset(seed=0)
    return rate(_turns(env.step, count, int(env.single_action_space.n)), count, quick)


def _turns(step: Callable[[Any], object], count: int, actions: int, dtype: Any = np.int64) -> Callable[[], object]:
    rows = list(_actions((_PATTERNS, count), actions).astype(dtype))
    turn = 0

    def work() -> object:
        nonlocal turn
        turn = (turn + 1) % _PATTERNS
        return step(rows[turn])

    return work


def _limit(count: int, quick: bool) -> float:
    """Environments a second of the bare gather, over a table as large as the maze's, into fresh arrays."""
    world = maze()
    assert isinstance(world, World)
    words = pack(world).words[:, 0].copy()

    def step(entries_N: Ints) -> tuple[Any, ...]:
        shown, reward = np.empty(count, np.int64), np.empty(count)
        terminated, truncated = np.empty(count, np.bool_), np.empty(count, np.bool_)
        gather(words, entries_N, shown, reward, terminated, truncated)
        return shown, reward, terminated, truncated, {}

    return rate(_turns(step, count, words.size), count, quick)


def _actions(shape: tuple[int, ...], actions: int) -> Ints:
    return generator(0, "policy").integers(actions, size=shape)
