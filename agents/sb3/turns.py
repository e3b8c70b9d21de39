"""What third-party training loops need from outside: global random state of their own, and a turn at a time.

Such a loop pushes (it calls back) where a trial pulls (it yields). So it runs in a thread that takes turns with
the caller: exactly one of the two runs at any moment, and while the loop waits, the process has its own global
random state back.
"""

import queue
import random  # noqa: TID251 - saved and restored here, never drawn from
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

import numpy as np
import torch

T = TypeVar("T")


class ForkedRandomness(AbstractContextManager[None]):
    """While entered, the global generators (random, NumPy, torch on the CPU) are this object's own.

    Leaving puts the process's back; entering again continues where this object's stopped.
    """

    def __init__(self) -> None:
        self._own = self._outside = _global_state()

    def __enter__(self) -> None:
        self._outside = _global_state()
        _set_global_state(self._own)

    def __exit__(self, *_: object) -> None:
        self._own = _global_state()
        _set_global_state(self._outside)


def _global_state() -> tuple[Any, Any, torch.Tensor]:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - the libraries use it


def _set_global_state(state: tuple[Any, Any, torch.Tensor]) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002 - the libraries use it
    torch.set_rng_state(state[2])


class _Stopped(BaseException):
    """Unwinds the loop of a caller who has gone."""


class Turn(Generic[T]):
    """The loop's end of the line to its caller."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        self._mine = threading.Semaphore(0)
        self._stopped = False

    def give(self, item: T) -> None:
        """Hand `item` to the caller and wait until it asks for the next."""
        self._items.put((item, None))
        self._mine.acquire()
        self.check()

    def check(self) -> None:
        """Unwind the loop if the caller has gone; called often, so that it ends soon."""
        if self._stopped:
            raise _Stopped


def in_turns(work: Callable[[Turn[T]], None], around: AbstractContextManager[None]) -> Iterator[T]:
    """Run `work(turn)` in a thread and yield what it gives, inside `around` whenever it runs.

    An error in `work` is raised here. A generator that is closed or dropped stops the thread.
    """
    turn: Turn[T] = Turn()
    thread = threading.Thread(target=_run, args=(work, turn), daemon=True)
    thread.start()
    try:
        while True:
            with around:
                turn._mine.release()
                item, error = turn._items.get()
            if isinstance(error, _Stopped):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # an item where there is no error
    finally:
        turn._stopped = True
        with around:
            turn._mine.release()
            thread.join()


def _run(work: Callable[[Turn[T]], None], turn: Turn[T]) -> None:
    turn._mine.acquire()
    end: BaseException = _Stopped()
    try:
        turn.check()
        work(turn)
    except BaseException as error:  # handed over, and raised where the caller waits
        end = error
    turn._items.put((None, end))
