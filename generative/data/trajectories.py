"""Episodes of a random policy in a finite world as tokens: state, action, state, action, …, end."""

from typing import Any, Literal

import numpy as np

from daedalus.core.arrays import Ints
from daedalus.core.data import MASKED, PER_TOKEN, Column, Data, Made
from daedalus.core.errors import UserError
from daedalus.core.indexed import keys
from daedalus.core.rng import stream_key
from daedalus.core.spec import Spec
from daedalus.core.world import World

from .symbols import Symbols
from .wandering import Wandering, problem

_MAZE = Spec("daedalus/Maze-v0", (("rows", 3), ("columns", 3)))
_MOST_TOKENS = 100_000


def trajectories(
    world: Spec = _MAZE,
    length: int = 20,
    task: Literal["sequence", "masked"] = "sequence",
    examples: int | None = 5_000,
    tested: int = 1_000,
) -> Data:
    """The first `length` steps of episodes in a finite world under random actions, or as many as it allows.

    Tokens are the world's states, then its actions, then "end", which follows a terminal state and fills what is left;
    behind the first "end" nothing counts. The ceiling is the entropy of actions and outcomes: who knows the world and
    the policy reaches it. `examples=none` makes episodes without end.
    """
    _check(length, examples, tested)
    found = problem(world, "trajectories")
    if not isinstance(found, World):
        raise UserError(f"trajectories: {world} is no finite world; try daedalus/Maze-v0, or frames for pictures of it")
    walk = Wandering.of(found, length)
    states, end = found.states, found.states + found.mdp.actions
    if end >= _MOST_TOKENS:
        raise UserError(f"trajectories: {world} has {states:,} states, too many to be tokens; choose a smaller world")
    whole = 2 * walk.steps

    def part(name: str, size: int | None) -> Made:
        key = stream_key(0, f"trajectories/{name}")

        def make(indices: Ints) -> dict[str, np.typing.NDArray[Any]]:
            tokens, w = tokens_of(walk, keys(key, indices))
            return {"x": tokens[:, :-1], "y": tokens[:, 1:], "w": w, "tokens": np.full(len(w), mean, np.float32)}

        mean = expected if size is None else float(tokens_of(walk, keys(key, np.arange(size)))[1].sum(axis=1).mean())
        return Made(make, size)

    expected, entropy = known(walk)
    sequence = task == "sequence"
    token, weight = Column((whole,), "int64", end + 1), Column((whole,), "float32")
    return Data(
        "trajectories",
        task,
        {"x": token, "y": token, "w": weight, "tokens": Column((), "float32")},
        part("train", examples),
        part("validation", tested),
        part("test", tested),
        measure=PER_TOKEN if sequence else MASKED,
        ceiling=-entropy / expected if sequence else None,
        chance=-float(np.log(end + 1)) if sequence else None,
        notes=(f"random actions in {found.name}, {walk.steps} steps at most", "made by index"),
        form=Spec("text"),
        vocabulary=Symbols((*(f"s{n}" for n in range(states)), *_named(found.actions), "end"), " "),
    )


def tokens_of(walk: Wandering, keys_B: np.typing.NDArray[np.uint64]) -> tuple[Ints, np.typing.NDArray[np.float32]]:
    """Episodes as tokens (B, 2 · steps + 1), and what counts of all but the first, (B, 2 · steps)."""
    world = walk.world
    end = world.states + world.mdp.actions
    states, actions = walk.episodes(keys_B)
    tokens = np.full((len(keys_B), 2 * walk.steps + 1), end)
    tokens[:, ::2] = np.where((states >= 0) & (states < world.states), states, end)
    tokens[:, 1::2] = np.where(actions >= 0, actions + world.states, end)
    over = np.cumsum(tokens == end, axis=1)[:, 1:]
    return tokens, (over <= 1).astype(np.float32)


def known(walk: Wandering) -> tuple[float, float]:
    """How many tokens of an episode count on average, and the entropy of all but the first in nats."""
    world, present = walk.world, walk.present()
    met = np.arange(world.mdp.states) < world.states  # what an import added shows itself as "end" at once
    going = present[:-1, ~world.mdp.terminal].sum()
    ended = present[:-1, world.mdp.terminal & met].sum()  # one token more, unless the last step brought the end
    return float(2 * going + ended), float((present[:-1].sum(axis=0) * walk.choices()).sum())


def _named(actions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.replace(" ", "_") for name in actions)


def _check(length: int, examples: int | None, tested: int) -> None:
    if not 1 <= length <= 1_000:
        raise UserError(f"trajectories: length must lie between 1 and 1,000 steps, not {length}")
    for name, number in (("examples", examples), ("tested", tested)):
        if number is not None and number < 2:
            raise UserError(f"trajectories: {name} must be at least 2, not {number}")
