"""What N learners live through, counted: returns and lengths of episodes, and what is told of them."""

from typing import Any, final

import numpy as np

from daedalus.core.arrays import Bools, Floats, Ints
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Columns

#: Episodes over which the moving means are taken, as Stable-Baselines3 takes them.
WINDOW = 100


@final
class Tally:
    """Counts of N seeds. `log`, where it is a list, gets a row for each episode that ends.

    A row is (slot, episode, step at its end, return, length).
    """

    def __init__(self, count: int) -> None:
        self.ret, self.length = np.zeros(count), np.zeros(count, np.int64)  # of the running episodes
        self.episodes = np.zeros(count, np.int64)
        self.log: list[tuple[int, int, int, float, int]] | None = None
        self._last = np.full((count, WINDOW, 2), np.nan)  # returns and lengths of the last episodes
        self._steps = np.zeros(1, np.int64)  # since the last summary
        self._reward = np.zeros(count)
        self._ended = np.zeros((count, 3))  # episodes, their returns, their lengths

    def step(self, reward_N: Floats) -> None:
        """Count one step."""
        self.ret += reward_N
        self._reward += reward_N
        self.length += 1
        self._steps += 1

    def end(self, over_N: Bools, step: int) -> None:
        """Count the episodes that ended with step number `step`, from 1."""
        for n in np.flatnonzero(over_N).tolist():
            number, ret, length = int(self.episodes[n]), float(self.ret[n]), int(self.length[n])
            if self.log is not None:
                self.log.append((n, number, step, ret, length))
            self._last[n, number % WINDOW] = ret, length
            self._ended[n] += 1, ret, length
            self.episodes[n] += 1
        self.ret[over_N], self.length[over_N] = 0.0, 0

    def forget(self) -> None:
        """The running episodes are left; what they paid stays paid."""
        self.ret[:], self.length[:] = 0.0, 0

    def recent(self, n: int = 0) -> tuple[float, float]:
        """The mean return and length of the last `WINDOW` episodes of a slot; NaN before the first."""
        known = self._last[n, : min(int(self.episodes[n]), WINDOW)]
        return (float(known[:, 0].mean()), float(known[:, 1].mean())) if len(known) else (np.nan, np.nan)

    def last(self, n: int) -> tuple[float, int]:
        """The return and length of the episode of a slot that ended last."""
        ret, length = self._last[n, (int(self.episodes[n]) - 1) % WINDOW]
        return float(ret), int(length)

    def summary(self) -> dict[str, Floats | Ints]:
        """Columns of a curve, (N,): what happened since the last call. A mean over nothing is NaN."""
        ended_N, steps = self._ended[:, 0], self._steps[0]
        with np.errstate(invalid="ignore"):
            columns = {
                "episodes": ended_N.astype(np.int64),
                "return": self._ended[:, 1] / ended_N,
                "length": self._ended[:, 2] / ended_N,
                "reward": self._reward / steps,
            }
        self._reward[:], self._ended[:], self._steps[:] = 0.0, 0.0, 0
        return columns

    def arrays(self) -> dict[str, np.typing.NDArray[Any]]:
        """All state."""
        return {name: array.copy() for name, array in self._own().items()}

    def take_up(self, arrays: Columns) -> None:
        """Take up what `arrays` gave. Raises `UserError`."""
        for name, array in self._own().items():
            given = arrays.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                raise UserError(f"{name}: missing, or of another shape")
            array[...] = given

    def _own(self) -> dict[str, np.typing.NDArray[Any]]:
        return {
            "ret": self.ret, "length": self.length, "episodes": self.episodes, "last": self._last,
            "steps": self._steps, "reward": self._reward, "ended": self._ended,
        }  # fmt: skip
