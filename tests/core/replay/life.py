"""Random lives of several slots, told to a replay and to naive ones at once."""

from collections.abc import Callable, Iterator

import numpy as np

from daedalus.core.replay.buffer import Replay

from .naive import NaiveSlot


class Together:
    """Several replays that are told the same: `whole` ones everything, `alone` ones a slot each."""

    def __init__(self, whole: list[Replay], alone: list[Replay] | None = None) -> None:
        self.whole, self.alone = whole, alone or []

    def begin(self, frame: dict, slots_N: np.ndarray | None = None) -> None:
        for replay in self.whole:
            replay.begin(frame, slots_N)
        for i, replay in enumerate(self.alone):
            if slots_N is None or slots_N[i]:
                replay.begin({name: part[i : i + 1] for name, part in frame.items()})

    def add(self, *step: np.ndarray | dict) -> None:
        *numbers, frame = step
        for replay in self.whole:
            replay.add(*numbers, frame)
        for i, replay in enumerate(self.alone):
            mine = {name: part[i : i + 1] for name, part in frame.items()}
            replay.add(*(array[i : i + 1] for array in numbers), mine)


def live(
    replay: Replay | Together,
    naive: list[NaiveSlot],
    steps: int,
    seed: int,
    frame: Callable[..., dict],
    lengths=(1, 2, 3, 9, 40),
) -> Iterator[int]:
    """Random episodes: some one step long, some terminated, some truncated, some both, some begun anew midway.

    `frame` makes a frame of the frames' numbers (N,). Yields an even number after every step, and an odd one when
    episodes have begun.
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
        yield 2 * step
        again = (left <= 0) | (draw.random(slots) < 0.02)
        left[again] = draw.choice(lengths, slots)[again]
        begin(again)
        if draw.random() < 0.05:
            begin(draw.random(slots) < 0.5)  # some that have just begun, and some midway
        yield 2 * step + 1
