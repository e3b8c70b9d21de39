"""What a bandit's environment keeps for drawing it: estimates, pulls and the last reward of each machine."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from daedalus.core.arrays import Floats

from .restoring import COUNTS, take_up
from .showing.canvas import Canvas


@final
class MachineRoom:
    """A row of slot machines as `render()` shows it; the estimates are sample averages of what was paid."""

    def __init__(self, render_mode: str | None, title: str, arms: int) -> None:
        self._canvas = Canvas(render_mode, title)
        self._estimates, self._pulls = np.zeros(arms), np.zeros(arms, dtype=np.int64)
        self._last: tuple[int, float] | None = None

    def clear(self) -> None:
        """Forget all pulls."""
        self._estimates[:], self._pulls[:], self._last = 0.0, 0, None

    def pulled(self, arm: int, reward: float) -> None:
        """Take down one pull."""
        self._pulls[arm] += 1
        self._estimates[arm] += (reward - self._estimates[arm]) / self._pulls[arm]
        self._last = arm, reward

    def render(self, means: Callable[[], Floats]) -> Any:
        """Show the machines, and what `means` says of their true means (A,)."""
        from .drawing.machines import draw_machines, machines_text

        seen = self._estimates, self._pulls
        return self._canvas.show(
            lambda: draw_machines(*seen, means(), self._last), lambda: machines_text(*seen, means(), self._last)
        )

    def close(self) -> None:
        """Close the window, if there is one."""
        self._canvas.close()

    def snapshot(self) -> dict[str, Any]:
        """All state."""
        return {"estimates": self._estimates.copy(), "pulls": self._pulls.copy(), "last": self._last}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        take_up({"estimates": self._estimates, "pulls": self._pulls}, state, {"pulls": COUNTS})
        self._last = state.get("last")
