"""Whether what a learner keeps of every pair of states fits in memory."""

from daedalus.core.errors import UserError
from daedalus.core.mdp import available_bytes

from .method import Shape


def check_bytes(name: str, shape: Shape, each: int, remedy: str) -> None:
    """Refuse a world where `each` bytes for every seed, state and action do not fit, naming the bytes.

    Raises `UserError`, which ends with the remedy.
    """
    needed, available = shape.seeds * shape.states * shape.actions * each, available_bytes()
    if needed > available:
        raise UserError(
            f"{name} needs {needed:,} bytes for {shape.seeds:,} seeds × {shape.states:,} states × {shape.actions:,} "
            f"actions, more than the {available:,} available;\n{remedy}"
        )
