"""From a problem to its batch."""

from typing import TYPE_CHECKING, Any

from daedalus.core.errors import UserError
from daedalus.core.world import Bandit, Schedule, World

from .kernel import Kernel

if TYPE_CHECKING:
    from .front import BatchEnv


def batch(problem: Any, num_envs: int, autoreset_mode: Any = None, render_mode: str | None = None) -> "BatchEnv":
    """Many environments of one problem as one Gymnasium vector environment."""
    from .front import BatchEnv

    return BatchEnv(problem, kernel_of(problem, num_envs), autoreset_mode, render_mode)


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
