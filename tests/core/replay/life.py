"""Random lives of several slots, told to a replay and to naive ones at once."""

from collections.abc import Callable, Iterator

import numpy as np

from daedalus.core.replay.buffer import Replay

from .naive import NaiveSlot


def live(
    replay: Replay, naive: list[NaiveSlot], steps: int, seed: int, frame: Callable[..., dict], lengths=(1, 2, 3, 9, 40)
) -> Iterator[int]:
    """Random episodes: some one step long, some terminated, some truncated, some both, some begun anew midway.

    `frame` makes a frame of the frames' numbers (N,). Yields after every step.
    """
    draw, slots, number = np.random.default_rng(seed), len(naive), 0

    def fresh() -> np.ndarray:
        nonlocal number
        number += slots
        return np.arange(number - slots, number)

    def begin(chosen: np.ndarray) -> None:
        numbers = fresh()
        replay.begin(frame(numbers), None if chosen.all() else chosen)
        for i in np.flatnonzero(chosen):
            naive[i].begin(int(numbers[i]))

    left = draw.choice(lengths, slots)
    begin(np.ones(slots, bool))
    for step in range(steps):
        left -= 1
        kind = draw.integers(0, 3, slots)
        terminated, truncated = (left <= 0) & (kind != 1), (left <= 0) & (kind != 0)
        action, reward, reached = draw.integers(0, 5, slots), draw.normal(size=slots), fresh()
        replay.add(action, reward, terminated, truncated, frame(reached))
        for i in range(slots):
            naive[i].add(int(action[i]), float(reward[i]), bool(terminated[i]), bool(truncated[i]), int(reached[i]))
        yield step
        again = (left <= 0) | (draw.random(slots) < 0.02)
        left[again] = draw.choice(lengths, slots)[again]
        begin(again)
        if draw.random() < 0.05:
            begin(draw.random(slots) < 0.5)  # some that have just begun, and some midway
