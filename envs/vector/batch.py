"""From a problem to its batch."""

from typing import TYPE_CHECKING, Any

from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from .kernel import Kernel

if TYPE_CHECKING:
    from .front import BatchEnv


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

    if num_envs < 1:
        raise UserError(f"{problem.name}: num_envs must be at least 1, not {num_envs}")
    if max_episode_steps is not None and max_episode_steps < 1:
        raise UserError(f"{problem.name}: max_episode_steps must be at least 1, not {max_episode_steps}")
    return BatchEnv(problem, kernel_of(problem, num_envs), autoreset_mode, render_mode, max_episode_steps)


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
