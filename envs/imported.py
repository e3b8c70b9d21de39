"""Gymnasium's environments as problems: the world behind an environment, and any Gymnasium id by name."""

import functools
import importlib
import inspect
from dataclasses import replace
from typing import Any

import gymnasium
from gymnasium import wrappers
from gymnasium.envs.registration import EnvSpec, load_env_creator

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError, unknown
from daedalus.core.spec import Spec
from daedalus.core.world import Bandit, OpenWorld, Problem, Schedule, World

from .bandit_env import BanditEnv
from .building import SIGHTS, parted, seen_as
from .loading import as_problem
from .making import Maker
from .registration import register_inherited
from .tables import has_table
from .toy_text import from_table
from .world_env import WorldEnv

#: Parameters that `gymnasium.make` takes itself.
_OF_MAKE = ("max_episode_steps", "disable_env_checker")


def problem_of(env: gymnasium.Env[Any, Any]) -> World | Schedule | Bandit | None:
    """The exact problem behind an environment, or None where there is none or a wrapper changes it.

    Looks through the wrappers of `gymnasium.make` (checker, order, time limit); the shortest time limit holds.
    """
    limits: list[int] = []
    while isinstance(env, gymnasium.Wrapper):  # by their exact types: a subclass may do anything
        if type(env) is wrappers.TimeLimit:
            limits.append(env._max_episode_steps)
        elif type(env) not in (wrappers.PassiveEnvChecker, wrappers.OrderEnforcing):
            return None
        env = env.env
    if type(env) is BanditEnv:
        return env.bandit
    if type(env) is WorldEnv:
        limit = min(limits, default=None)
        if isinstance(env.world, World):
            return env.world.within(_shorter(env.world.horizon, limit))
        return env.world.each(lambda one: one.within(_shorter(one.horizon, limit)))
    if not has_table(env):
        return None
    try:
        return from_table(_name(env), env, min(limits, default=None))
    except UserError:  # a table that is no MDP tells no truth; the environment may still be lived in
        return None


def _shorter(own: int | None, other: int | None) -> int | None:
    return min((limit for limit in (own, other) if limit is not None), default=None)


def _name(env: gymnasium.Env[Any, Any]) -> str:
    if env.spec is None:
        return type(env).__name__
    plain = {key: value for key, value in env.spec.kwargs.items() if isinstance(value, bool | int | float | str)}
    return str(Spec(env.spec.id, tuple(plain.items())))


def load_imported(spec: Spec, seed: int = 0) -> Problem:
    """Make the Gymnasium environment that `spec` names: exact where it is ours or stands on a table, open otherwise.

    An exact one is seen as `spec` asks, by those of `building.SIGHTS` that the environment does not take itself.
    Raises `UserError` for an unknown id or parameter, a package that is not installed, or parameters it refuses.
    """
    try:
        known = _registered(spec.name)
        if isinstance(known.entry_point, Maker):
            return as_problem(known.entry_point.source(spec.mapping, seed))
        taken = _taken(known)
        own, observation = parted(spec.mapping, spec.name, SIGHTS if taken is None else taken)
        spec = Spec(spec.name, tuple(own.items()))
        for key in own:
            if taken is not None and key not in taken:
                raise unknown(f"parameter of {spec.name}", key, [*taken, *SIGHTS])
        env = gymnasium.make(known, **own)
    except (ImportError, gymnasium.error.DependencyNotInstalled) as error:
        raise UserError(f"{spec.name} needs a package that is not installed: {_line(error)}") from error
    except UserError:
        raise
    except Exception as error:  # whatever an environment's own constructor raises at the user's parameters
        raise UserError(f"{spec} cannot be made: {type(error).__name__}: {_line(error)}") from error
    try:
        exact = problem_of(env)
    finally:
        env.close()
    problem: Problem = OpenWorld(str(spec), functools.partial(gymnasium.make, spec.name, **own))
    if exact is not None:
        problem = replace(exact, name=str(spec))
    return problem if observation is None else as_problem(seen_as(problem, observation))


def _registered(name: str) -> EnvSpec:
    """Gymnasium's spec of `name`; "module:id" imports the module first."""
    module, _, identifier = name.rpartition(":")
    if module:
        importlib.import_module(module)
    register_inherited(identifier)
    try:
        return gymnasium.spec(identifier)
    except gymnasium.error.Error as error:
        raise unknown("world", identifier, {*of_kind("world"), *gymnasium.registry}) from error


def _taken(known: EnvSpec) -> tuple[str, ...] | None:
    """The parameters that an environment can be made with; None where its constructor takes any."""
    creator = load_env_creator(known.entry_point) if isinstance(known.entry_point, str) else known.entry_point
    if creator is None:
        return None
    parameters = inspect.signature(creator).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    return (*parameters, *_OF_MAKE)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
