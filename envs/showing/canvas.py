"""How an environment shows itself: text, pixels or a window, by its render mode."""

import time
from collections.abc import Callable
from typing import Any, final

from daedalus.core.arrays import Pixels
from daedalus.core.errors import unknown

from .window import Window

RENDER_MODES = ("human", "rgb_array", "ansi")


@final
class Canvas:
    """What `render()` returns or shows in one render mode. Raises `UserError` for a mode that is none."""

    def __init__(self, render_mode: str | None, title: str, fps: int = 10) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise unknown("render_mode", render_mode, RENDER_MODES)
        self.mode, self._title, self._pause = render_mode, title, 1 / fps
        self._window: Window | None = None
        self._due = 0.0

    def show(self, picture: Callable[[], Pixels], text: Callable[[], str]) -> Any:
        """The text for "ansi", the pixels (H, W, 3) for "rgb_array"; None without a mode, and after a window drew.

        A window keeps to the frame rate, and once the user has closed it, nothing is shown any more.
        """
        if self.mode is None:
            return None
        if self.mode != "human":
            return text() if self.mode == "ansi" else picture()
        if self._window is None:
            self._window = Window(self._title, picture())
        elif not self._window.closed:
            self._window.show(picture())
            self._rest(self._window)
        return None

    def _rest(self, window: Window) -> None:
        """Wait for the next frame's time, seeing to the window meanwhile."""
        while (left := self._due - time.monotonic()) > 0 and not window.closed:
            window.wait(left)
        window.keys()
        self._due = time.monotonic() + self._pause

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process opens a window of its own."""
        return {**self.__dict__, "_window": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Canvas":
        copied = Canvas(self.mode, self._title)
        copied._pause = self._pause
        return copied
