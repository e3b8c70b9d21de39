"""What can be laid over a world: what its exact solution knows, what a learner believes, where the agent has been."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.planning import Solution, solve
from daedalus.core.world import Observation, World
from daedalus.envs.observing import Observer, observer_of

_PATIENCE = 0.97  # the discount where the total reward has no bound
_TRAIL = 12  # states of the way come that are shown
_FARTHEST = 2_000  # steps of a path that are followed


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What somebody takes to be true of a world; what is None is not known."""

    values: Floats | None = None  # (S,)
    q: Floats | None = None  # (S, A)
    policy: Ints | None = None  # (S,), -1: none
    visits: Floats | None = None  # (S,)
    act: Callable[[Any], int] | None = None  # from what is shown to an action, where there is no table


def truths(world: World) -> Beliefs:
    """The exact solution without a time limit, γ = 1; where no state's total is bounded, with γ = .97.

    Ends have no value to show: theirs is 0, whatever was paid on the way in.
    """
    solution = _solution(world)
    values = np.where(solution.bounded & ~world.mdp.terminal, solution.value, np.nan)
    return Beliefs(values, _looked_ahead(world, solution), np.asarray(solution.policy, np.int64))


@functools.lru_cache(maxsize=8)
def _solution(world: World) -> Solution:
    solution = solve(world.mdp)
    return solution if solution.bounded[~world.mdp.terminal].any() else solve(world.mdp, _PATIENCE)


def _looked_ahead(world: World, solution: Solution) -> Floats:
    """The value of each action when the best ones follow, (S, A)."""
    mdp = world.mdp
    q: Floats = (mdp.probability * (mdp.reward + solution.value[mdp.next_state])).sum(axis=2)
    q[~solution.bounded | mdp.terminal] = np.nan
    return q


@dataclass(eq=False)
class Memory:
    """Where the agent has been in this episode."""

    states: list[int] = field(default_factory=list)

    @property
    def trail(self) -> Ints:
        """The last states, the present one at the end."""
        return np.array(self.states[-_TRAIL:], dtype=np.int64)


def path_from(world: World, state: int, policy: Ints) -> Ints:
    """The states that a policy most likely passes from `state` on, up to an end or a state it has passed."""
    mdp, passed = world.mdp, [state]
    while not mdp.terminal[passed[-1]] and len(passed) < _FARTHEST and policy[passed[-1]] >= 0:
        here = passed[-1]
        likely = int(mdp.probability[here, policy[here]].argmax())
        after = int(mdp.next_state[here, policy[here], likely])
        if after in passed or after >= world.states:
            break
        passed.append(after)
    return np.array(passed, dtype=np.int64)


def laid_over(world: World, state: int, beliefs: Beliefs, memory: Memory, chosen: frozenset[str]) -> dict[str, Any]:
    """The arguments of `draw` for the chosen overlays; those of which nothing is known are left out."""
    shown: dict[str, Any] = {}
    heat = {"q": ("triangles", beliefs.q), "values": ("values", beliefs.values), "visits": ("visits", beliefs.visits)}
    for argument, (name, known) in heat.items():
        if name in chosen and known is not None and not shown:  # one of them colours the tiles
            shown[argument] = _of_all(world, known, 0.0 if name == "visits" else np.nan)
    if "policy" in chosen and beliefs.policy is not None:
        shown["policy"] = _of_all(world, beliefs.policy, -1)
    if "path" in chosen and beliefs.policy is not None:
        shown["path"] = path_from(world, state, beliefs.policy)
    if "trail" in chosen and len(memory.states) > 1:
        shown["trail"] = memory.trail
    if "view" in chosen:
        shown["seen"] = field_of_view(world, state)
    return shown


def _of_all(world: World, known: npt.NDArray[Any], unknown: float) -> npt.NDArray[Any]:
    """The same for every state of the scene: learners know nothing of those that an import added behind theirs."""
    assert world.scene is not None
    whole = np.full((len(world.scene.cell), *known.shape[1:]), unknown, dtype=known.dtype)
    whole[: len(known)] = known
    return whole


def field_of_view(world: World, state: int) -> Bools:
    """The tiles (rows, columns) that an agent in `state` sees around it, walls that block its sight considered."""
    assert world.scene is not None
    rows, columns = world.scene.tiles.shape[-2:]
    row, column = (int(where) for where in world.scene.cell[state])
    view = _viewer(world).one(state)[0]
    reach = view.shape[0] // 2
    padded = np.zeros((rows + 2 * reach, columns + 2 * reach), dtype=np.bool_)
    if row >= 0:
        padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1] = view
    return padded[reach : reach + rows, reach : reach + columns]


@functools.lru_cache(maxsize=8)
def _viewer(world: World) -> Observer:
    return observer_of(replace(world, observation=Observation("view")))


#: What can be laid over a world, by name.
OVERLAYS = ("values", "triangles", "policy", "visits", "path", "trail", "view")


def overlays_of(beliefs: Beliefs) -> tuple[str, ...]:
    """The names of the overlays for which enough is known."""
    known = {
        "values": beliefs.values is not None,
        "triangles": beliefs.q is not None,
        "policy": beliefs.policy is not None,
        "visits": beliefs.visits is not None,
        "path": beliefs.policy is not None,
    }
    return tuple(name for name in OVERLAYS if known.get(name, True))
