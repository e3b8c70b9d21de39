"""How an environment shows itself: text, pixels or a window, by its render mode."""

from collections.abc import Callable
from typing import Any, final

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError, unknown

RENDER_MODES = ("human", "rgb_array", "ansi")


@final
class Canvas:
    """What `render()` returns or shows in one render mode. Raises `UserError` for a mode that is none."""

    def __init__(self, render_mode: str | None, title: str, fps: int = 10) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise unknown("render_mode", render_mode, RENDER_MODES)
        if render_mode == "human":
            raise UserError("no window yet")
        self.mode, self._title, self._fps = render_mode, title, fps

    def show(self, picture: Callable[[], Pixels], text: Callable[[], str]) -> Any:
        """The text for "ansi", the pixels (H, W, 3) for "rgb_array"; None without a mode, and after a window drew."""
        if self.mode is None:
            return None
        return text() if self.mode == "ansi" else picture()

    def close(self) -> None:
        """Close the window, if there is one."""
