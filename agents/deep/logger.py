"""What a learner tells while it learns: numbers under Stable-Baselines3's tags, for TensorBoard where that is asked."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from daedalus.core.files import make_folder


@final
class Logger:
    """Numbers by tag, as `stable_baselines3.common.logger.Logger` takes them; `dump` writes them out at a step.

    With a `folder` they go to an event file there. Nothing is printed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.name_to_value: dict[str, Any] = {}  # told since the last dump
        self._writer: Any = None
        if folder is not None:
            from torch.utils.tensorboard import SummaryWriter  # asked for only now: it takes seconds to import

            make_folder(folder)  # refuses in one line where the writer would not
            self._writer = SummaryWriter(str(folder))

    @property
    def dir(self) -> str | None:
        """The folder, as Stable-Baselines3's logger tells it."""
        return None if self.folder is None else str(self.folder)

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Tell a number; the last one told under a tag counts."""
        del exclude
        self.name_to_value[key] = value

    def dump(self, step: int = 0) -> None:
        """Write what was told since the last time."""
        if self._writer is not None:
            for key, value in self.name_to_value.items():
                if isinstance(value, int | float | np.number) and np.isfinite(value):
                    self._writer.add_scalar(key, value, step)
            self._writer.flush()
        self.name_to_value.clear()

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def fresh_folder(log: str | Path, name: str) -> Path:
    """`log`/name_1, or the next number: as Stable-Baselines3 names its runs."""
    taken = [path.name.rpartition("_")[2] for path in Path(log).glob(f"{name}_*")]
    return Path(log) / f"{name}_{max([int(number) for number in taken if number.isdigit()], default=0) + 1}"


@final
class Clock:
    """Steps a second since a learner began to learn."""

    def __init__(self, steps: int) -> None:
        self._began, self._first = time.perf_counter(), steps

    def told(self, steps: int, episodes: int) -> Mapping[str, float]:
        """The numbers of the group "time"."""
        elapsed = max(time.perf_counter() - self._began, 1e-9)
        return {
            "time/episodes": episodes,
            "time/fps": int((steps - self._first) / elapsed),
            "time/time_elapsed": elapsed,
            "time/total_timesteps": steps,
        }
