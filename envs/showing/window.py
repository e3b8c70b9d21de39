"""A window that shows pixels, tells which keys were pressed, can be resized, and closes cleanly. Pygame (SDL 2)."""

import os
import sys
from typing import TYPE_CHECKING, Any, final

import numpy as np

from daedalus.core.arrays import Pixels
from daedalus.core.errors import UserError

if TYPE_CHECKING:
    import pygame

_LARGEST = 0.85  # of the desktop, so that title bar and panels fit beside it
_GROUND = (22, 25, 33)  # around a picture that the window's shape does not fit
_SHORT = 420  # pixels of a small picture's longer side are scaled up to about this


@final
class Window:
    """One window of its own; several may be open. A picture keeps its shape whatever the window's.

    Raises `UserError` where there is no display.
    """

    def __init__(self, title: str, picture: Pixels) -> None:
        self._pygame = _pygame()
        self._picture = picture
        self._window: Any = self._pygame.Window(title, self._first_size(), resizable=True)
        self.show(picture)

    @property
    def closed(self) -> bool:
        """Whether it was closed, by whoever."""
        return self._window is None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; (0, 0) once closed."""
        if self.closed:
            return 0, 0
        wide, high = self._window.size
        return int(wide), int(high)

    def title(self, words: str) -> None:
        """Write `words` into the title bar."""
        if not self.closed:
            self._window.title = words

    def show(self, picture: Pixels) -> None:
        """Show pixels (H, W, 3), as large as the window allows. Once closed it shows nothing more."""
        if self.closed:
            return
        self._picture = picture
        surface = self._window.get_surface()
        scale = min(surface.get_width() / picture.shape[1], surface.get_height() / picture.shape[0])
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        image = self._pygame.image.frombuffer(
            np.ascontiguousarray(picture), (picture.shape[1], picture.shape[0]), "RGB"
        )
        surface.fill(_GROUND)
        corner = (surface.get_width() - size[0]) // 2, (surface.get_height() - size[1]) // 2
        surface.blit(image if scale == 1 else self._pygame.transform.smoothscale(image, size), corner)
        self._window.flip()

    def keys(self) -> list[str]:
        """The keys pressed since the last call, as "left", "space", "q"; draws anew where the window was resized."""
        pygame, pressed, stale = self._pygame, list[str](), False
        if self.closed:
            return pressed
        mine: list[Any] = []
        for event in pygame.event.get():
            window = getattr(event, "window", None)
            (mine if window in (None, self._window) else _OTHERS).append(event)
        mine += [event for event in _OTHERS if event.window is self._window]
        _OTHERS[:] = [event for event in _OTHERS if event.window is not self._window][-_MOST_KEPT:]
        for event in mine:
            if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
                self.close()
                break
            if event.type == pygame.KEYDOWN:
                pressed.append(_plain(pygame.key.name(event.key), event))
            stale |= event.type in (pygame.WINDOWRESIZED, pygame.WINDOWSIZECHANGED, pygame.WINDOWEXPOSED)
        if stale:
            self.show(self._picture)
        return pressed

    def wait(self, seconds: float) -> list[str]:
        """`keys` of at most the next `seconds`; returns as soon as there is one, or the window was closed."""
        clock = self._pygame.time
        until = clock.get_ticks() + 1000 * seconds
        while not (pressed := self.keys()) and not self.closed and (left := until - clock.get_ticks()) > 0:
            clock.wait(min(15, max(1, int(left))))
        return pressed

    def close(self) -> None:
        """Close it; a second time does nothing."""
        if not self.closed:
            self._window.destroy()
            self._window = None

    def _first_size(self) -> tuple[int, int]:
        high, wide = self._picture.shape[:2]
        room = self._pygame.display.get_desktop_sizes()[0]
        scale = max(1.0, _SHORT / max(high, wide))
        scale = min(scale, _LARGEST * room[0] / wide, _LARGEST * room[1] / high)
        return max(1, round(wide * scale)), max(1, round(high * scale))


_OTHERS: list["pygame.event.Event"] = []  # SDL has one queue: what one window reads may be another's
_MOST_KEPT = 200


def _plain(name: str, event: "pygame.event.Event") -> str:
    """A key's name; what a layout puts on shift comes as the character that was typed."""
    typed = getattr(event, "unicode", "")
    return typed if typed.isprintable() and typed.strip() else name


def _pygame() -> Any:
    """Pygame with its display up. Raises `UserError` where there is none."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))
    try:
        if sys.platform == "linux" and not named:  # SDL would draw where nobody looks
            raise pygame.error("no display is named")
        pygame.display.init()
    except pygame.error as error:
        raise UserError(
            f"no display for a window ({error}); use render_mode='rgb_array' or 'ansi', `daedalus play --terminal`, "
            "or `daedalus render -o picture.png`"
        ) from error
    return pygame
