"""From a problem to its batch."""

from numbers import Integral
from typing import TYPE_CHECKING, Any

from daedalus.core.errors import UserError
from daedalus.core.world import LONGEST, Bandit, Schedule, World

from .kernel import Kernel

if TYPE_CHECKING:
    from .front import BatchEnv

_MOST_ENVS = 2**26  # gigabytes of state


def batch(
    problem: Any,
    num_envs: int,
    autoreset_mode: Any = None,
    render_mode: str | None = None,
    max_episode_steps: int | None = None,
) -> "BatchEnv":
    """Many environments of one problem as one Gymnasium vector environment.

    `max_episode_steps` is a time limit beside the problem's own, as `gymnasium.make` takes it. Raises `UserError`.
    """
    from .front import BatchEnv

    _check_whole(problem.name, "num_envs", num_envs, _MOST_ENVS)
    if max_episode_steps is not None:
        _check_whole(problem.name, "max_episode_steps", max_episode_steps, LONGEST)
    return BatchEnv(problem, kernel_of(problem, num_envs), autoreset_mode, render_mode, max_episode_steps)


def _check_whole(name: str, key: str, number: Any, most: int) -> None:
    if not isinstance(number, Integral) or isinstance(number, bool):
        raise UserError(f"{name}: {key} must be a whole number, not {number!r}")
    if int(number) < 1:
        raise UserError(f"{name}: {key} must be at least 1, not {number}")
    if int(number) > most:
        raise UserError(f"{name}: {key} must be at most {most:,}, not {int(number):,}")


def kernel_of(problem: Any, num_envs: int) -> Kernel:
    """The kernel that moves `num_envs` copies of a problem. Raises `UserError` where there is none."""
    match problem:
        case World() | Schedule():
            from .finite import FiniteKernel

            return FiniteKernel(problem, num_envs)
        case Bandit():
            from .bandits import BanditKernel

            return BanditKernel(problem, num_envs)
        case _ if hasattr(problem, "kernel"):  # a value of this floor that brings its own
            made: Kernel = problem.kernel(num_envs)
            return made
    raise UserError(f"{problem.name} cannot be batched: it is not one of Daedalus's own worlds")
