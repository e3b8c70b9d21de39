"""Which key does what: arrows and letters for actions, letters for everything else."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase

_ARROWS = {
    "up": ("up", "w"), "north": ("up", "w"),
    "right": ("right", "d"), "east": ("right", "d"),
    "down": ("down", "s"), "south": ("down", "s"),
    "left": ("left", "a"), "west": ("left", "a"),
    "stay": ("space",), "wait": ("space",),
}  # fmt: skip

#: Keys that mean the same everywhere.
QUIT, RESTART = ("q", "escape"), "r"

_RESERVED = {*QUIT, RESTART}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def action_keys(actions: Sequence[str]) -> dict[str, int]:
    """The action that each key stands for.

    Moves take the arrows and W A S D, other words a letter of theirs; actions that are bare numbers take their digit.
    """
    keys: dict[str, int] = {}
    for action, name in enumerate(actions):
        for key in _ARROWS.get(name.lower(), ()):
            keys[key] = action
    for action, name in enumerate(actions):
        if action in keys.values():
            continue
        if name.isdigit():
            if len(name) == 1:
                keys[name] = action
        elif key := letter(name, {*keys, *_RESERVED}):
            keys[key] = action
    return keys


def letter(name: str, taken: Iterable[str]) -> str:
    """The first letter of a name that is not taken, else the first of the alphabet, else none."""
    used = set(taken)
    return next((one for one in name.lower() + ascii_lowercase if one in ascii_lowercase and one not in used), "")


def letters(names: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """A letter for each name, none twice: the name by its key."""
    keys: dict[str, str] = {}
    for name in names:
        if key := letter(name, {*taken, *keys, *_RESERVED}):
            keys[key] = name
    return keys


def legend(actions: Sequence[str]) -> str:
    """What to press for the actions, in words."""
    keys = action_keys(actions)
    arrows = any(key in keys for key in ("up", "down", "left", "right"))
    words = ["arrows move"] if arrows else []
    numbered = [key for key in keys if key.isdigit()]
    if numbered:
        words.append(f"{numbered[0]}…{numbered[-1]} choose" if len(numbered) > 1 else f"{numbered[0]} choose")
    for key, action in keys.items():
        if not key.isdigit() and actions[action].lower() not in _MOVES:
            words.append(f"{key} {actions[action]}")
    return " · ".join(words)


_MOVES = {"up", "north", "right", "east", "down", "south", "left", "west"}
