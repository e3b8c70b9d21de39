"""Taking down where an environment stands, wrappers and random streams included, and going back there."""

import copy
from collections import deque
from collections.abc import Mapping
from typing import Any, final

import gymnasium
from gymnasium import wrappers
from gymnasium.vector import VectorEnv

from daedalus.core.errors import UserError

from .restoring import generator_state, restore_generator
from .vector.front import BatchEnv

#: What wrappers remember between steps, by their exact types; queues are kept as lists.
_KEPT: dict[type, tuple[str, ...]] = {
    wrappers.TimeLimit: ("_elapsed_steps",),
    wrappers.OrderEnforcing: ("_has_reset",),
    wrappers.PassiveEnvChecker: ("checked_reset", "checked_step", "checked_render", "close_called"),
    wrappers.RecordEpisodeStatistics: (
        "episode_count", "episode_returns", "episode_lengths", "return_queue", "length_queue", "time_queue",
    ),
    wrappers.Autoreset: ("autoreset",),
    wrappers.ClipAction: (),
    wrappers.ClipReward: (),
    wrappers.DtypeObservation: (),
    wrappers.FlattenObservation: (),
    wrappers.RescaleAction: (),
    wrappers.RescaleObservation: (),
    wrappers.ReshapeObservation: (),
    wrappers.TransformAction: (),
    wrappers.TransformObservation: (),
    wrappers.TransformReward: (),
}  # fmt: skip

#: What Gymnasium's classic control remembers between steps, beside `np_random`.
_CLASSIC: dict[str, tuple[str, ...]] = {
    "acrobot.AcrobotEnv": ("state",),
    "cartpole.CartPoleEnv": ("state", "steps_beyond_terminated"),
    "continuous_mountain_car.Continuous_MountainCarEnv": ("state",),
    "mountain_car.MountainCarEnv": ("state",),
    "pendulum.PendulumEnv": ("state", "last_u"),
}

AnyEnv = gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any]


def snapshot(env: AnyEnv) -> dict[str, Any]:
    """Where one of Daedalus's environments, alone or a batch, or of Gymnasium's classic control, stands: plain data.

    A restored environment lives the same future under the same actions: state, random streams, `np_random`, and what
    Gymnasium's wrappers count. The spaces' own generators are not part of it. Raises `UserError` for a wrapper whose
    memory is not known, and for an environment of somebody else's.
    """
    if isinstance(env, VectorEnv):
        return {"wrappers": [], "env": _batch(env).snapshot()}
    layers, inner = _layers(env)
    return {"wrappers": [_memory(layer) for layer in layers], "env": _own(inner).snapshot()}


def restore(env: AnyEnv, taken: dict[str, Any], stream: int | None = None) -> None:
    """Go back to where `snapshot` was taken, in that environment or in another one made alike. Raises `UserError`.

    With `stream`, a whole number from 0, the present is the same and the future another: what is left to chance is
    drawn from streams of that number. A planner that tries out what may happen must not see what will. Environments
    of somebody else's need a method `divert(stream)` for it.
    """
    if not {"wrappers", "env"} <= set(taken):
        raise UserError("this is no snapshot of an environment; `daedalus.envs.snapshot` takes them")
    if isinstance(env, VectorEnv):
        if stream is not None:
            raise UserError("a batch has only its own future; restore it without a stream")
        _batch(env).restore(taken["env"])
        return
    layers, inner = _layers(env)
    names = [type(layer).__name__ for layer in layers]
    if names != [memory["wrapper"] for memory in taken["wrappers"]]:
        raise UserError(f"this snapshot was taken in other wrappers than {', '.join(names) or 'none'}")
    _own(inner).restore(taken["env"])
    if stream is not None:
        if not hasattr(inner, "divert"):
            raise UserError(f"{type(inner).__name__} has no method divert(stream), so it knows no other future")
        inner.divert(stream)
    for layer, memory in zip(layers, taken["wrappers"], strict=True):
        _remind(layer, memory)


def _layers(env: Any) -> tuple[list[Any], Any]:
    """The wrappers from the outside in, and what they wrap."""
    layers = []
    while isinstance(env, gymnasium.Wrapper):
        if type(env) not in _KEPT:
            raise UserError(f"what {type(env).__name__} remembers is not known; take the snapshot inside it")
        layers.append(env)
        env = env.env
    return layers, env


def _memory(layer: Any) -> dict[str, Any]:
    memory = {name: getattr(layer, name) for name in _KEPT[type(layer)]}
    kept = {name: list(value) if isinstance(value, deque) else value for name, value in memory.items()}
    return {"wrapper": type(layer).__name__} | kept


def _remind(layer: Any, memory: dict[str, Any]) -> None:
    for name in _KEPT[type(layer)]:
        if isinstance(getattr(layer, name), deque):
            getattr(layer, name).clear()
            getattr(layer, name).extend(memory[name])
        else:
            setattr(layer, name, memory[name])
    if type(layer) is wrappers.PassiveEnvChecker:  # it compares a step with the one before, which is not this one's
        layer.checked_data_reuse, layer._previous_data = True, (None, {})


def _own(env: Any) -> Any:
    if hasattr(env, "snapshot") and hasattr(env, "restore"):
        return env
    family, _, known = f"{type(env).__module__}.{type(env).__qualname__}".rpartition("classic_control.")
    if family == "gymnasium.envs." and known in _CLASSIC:
        return _Classic(env, known)
    raise UserError(
        f"{type(env).__name__} takes no snapshots; Daedalus's own environments and Gymnasium's classic control do"
    )


@final
class _Classic:
    """Takes down an environment of Gymnasium's classic control: a few attributes are all that it remembers."""

    def __init__(self, env: gymnasium.Env[Any, Any], known: str) -> None:
        self._env, self._known, self._names = env, known, _CLASSIC[known]

    def snapshot(self) -> dict[str, Any]:
        """Its attributes and `np_random`."""
        own = {name: copy.deepcopy(getattr(self._env, name)) for name in self._names if hasattr(self._env, name)}
        return {"classic": self._known, **generator_state(self._env), **own}

    def restore(self, taken: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave. Raises `UserError` for another environment's."""
        if taken.get("classic") != self._known:
            raise UserError(f"this snapshot is not of {self._known}")
        restore_generator(self._env, taken)
        for name in self._names:
            if name in taken:
                setattr(self._env, name, copy.deepcopy(taken[name]))


def _batch(env: Any) -> BatchEnv:
    if type(env) is not BatchEnv:
        raise UserError(f"{type(env).__name__} takes no snapshots; batches that Daedalus makes do")
    return env
