"""Errors that a user can mend, in one clear line."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something the user can mend: one to three lines, no traceback, exit status 2 on the command line."""


class MissingData(UserError):  # noqa: N818
    """Data that are neither on this machine nor to be had from the network now."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Return the error for a name that is not known; it names the nearest known one.

    `kind` is the singular noun shown to the user, such as "agent" or "parameter of q_learning".
    """
    choices = sorted(known, key=lambda choice: (not choice.startswith("daedalus/"), choice))
    near = difflib.get_close_matches(name.lower(), [choice.lower() for choice in choices], n=1, cutoff=0.5)
    if near:
        match = next(choice for choice in choices if choice.lower() == near[0])
        return UserError(f"unknown {kind} {name!r}; did you mean {match!r}?")
    many = len(choices) if kind.startswith("parameter") else 12  # nowhere else are they listed
    shown = ", ".join(choices[:many]) + (", …" if len(choices) > many else "")
    return UserError(f"unknown {kind} {name!r}; known: {shown or 'none'}")
