"""Where a game is shown and keys come from: a window, or a terminal (over ssh, too)."""

import os
import re
import select
import shutil
import signal
import sys
import textwrap
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TextIO, final

from daedalus.core.errors import UserError

from .captions import captioned
from .games import Game
from .score import ThemeName
from .window import Window


class Screen(Protocol):
    """Shows the moment of a game under a few lines of words, and waits for keys."""

    def show(self, game: Game, words: str, overlays: Collection[str] = ()) -> None:
        """Show the moment."""
        ...

    def key(self, seconds: float | None = None) -> str:
        """The next key; "" where none came in time; "q" once the screen is closed."""
        ...

    def close(self) -> None:
        """Leave everything as it was."""
        ...


@final
class WindowScreen:
    """A window; pictures with the words below them."""

    def __init__(self, tile: int, theme: ThemeName) -> None:
        self._tile, self._theme = tile, theme
        self._window: Window | None = None
        self._waiting: list[str] = []

    def show(self, game: Game, words: str, overlays: Collection[str] = ()) -> None:
        """Draw the moment; the first time opens the window."""
        picture = captioned(game.picture(self._tile, self._theme, overlays), words, self._theme)
        if self._window is None:
            self._window = Window(f"Daedalus: {game.title}", picture)
        else:
            self._window.show(picture)

    def key(self, seconds: float | None = None) -> str:
        """The next key that was pressed in the window."""
        assert self._window is not None, "show something first"
        until = None if seconds is None else time.monotonic() + seconds
        while not self._waiting and not self._window.closed:
            left = 0.25 if until is None else until - time.monotonic()
            if left <= 0:
                return ""
            self._waiting += self._window.wait(min(0.25, left))
        return self._waiting.pop(0) if self._waiting else "q"

    def close(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._window.close()


_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}  # after ESC [ or ESC O
_NAMES = {" ": "space", "\r": "return", "\n": "return", "\t": "tab", "\x7f": "backspace", "\x03": "q", "\x04": "q"}
_HOME, _CLEAR, _TO_END, _LINE_END = "\x1b[H", "\x1b[2J", "\x1b[J", "\x1b[K"
# The other screen, without a cursor, and lines that are cut where the terminal ends.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_TOKENS = re.compile(r"\x1b\[[0-9;]*m|.")


@final
class TerminalScreen:
    """A terminal in raw mode, on its other screen; everything is put back on leaving."""

    def __init__(self, source: TextIO = sys.stdin, sink: TextIO = sys.stdout) -> None:
        if not (source.isatty() and sink.isatty()):
            raise UserError("--terminal needs a terminal for keys and pictures; neither may be a file or a pipe")
        self._descriptor, self._sink = source.fileno(), sink
        import termios
        import tty

        self._before: Any = termios.tcgetattr(self._descriptor)
        tty.setraw(self._descriptor)
        self._sink.write(_ENTER + _CLEAR)

    def show(self, game: Game, words: str, overlays: Collection[str] = ()) -> None:
        """Write the moment; of a grid larger than the terminal, what lies around the agent."""
        del overlays
        wide, high = shutil.get_terminal_size()
        below = [part for line in words.split("\n") for part in textwrap.wrap(line, wide)]
        picture = game.text().rstrip("\n").split("\n")
        lines = [*cut_out(picture, wide, max(1, high - len(below) - 1), game.focus()), *below]
        self._sink.write(_HOME + "".join(f"{line}\x1b[0m{_LINE_END}\r\n" for line in lines) + _TO_END)
        self._sink.flush()

    def key(self, seconds: float | None = None) -> str:
        """The next key that was typed; arrows by their names."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return ""
        first = os.read(self._descriptor, 1).decode(errors="replace")
        if not first:
            return "q"  # the terminal went away
        if first != "\x1b":
            return _NAMES.get(first, first.lower())
        more = ""
        while len(more) < 2 and select.select([self._descriptor], [], [], 0.05)[0]:
            more += os.read(self._descriptor, 1).decode(errors="replace")
        return _ARROWS.get(more[1:], "escape")

    def close(self) -> None:
        """Back to the screen and the mode that were."""
        import termios

        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
        self._sink.write(_LEAVE)
        self._sink.flush()


def cut_out(lines: Sequence[str], wide: int, high: int, focus: tuple[int, int]) -> list[str]:
    """The part of coloured lines that fits into a terminal, `focus` (line, column) as near its middle as it can be."""
    most = max((sum(len(token) == 1 for token in _TOKENS.findall(line)) for line in lines), default=0)
    top = max(0, min(focus[0] - high // 2, len(lines) - high))
    left = max(0, min(focus[1] - wide // 2, most - wide))
    return [_columns(line, left, left + wide) for line in lines[top : top + high]]


def _columns(line: str, first: int, end: int) -> str:
    """Characters `first` … `end - 1`, in their colours."""
    kept, column = "", 0
    for token in _TOKENS.findall(line):
        if len(token) > 1:
            kept += token
        else:
            kept += token if first <= column < end else ""
            column += 1
    return kept


@contextmanager
def opened(terminal: bool, tile: int, theme: ThemeName) -> Iterator[Screen]:
    """A screen that is closed whatever happens, also when the process is asked to end."""
    screen: Screen = TerminalScreen() if terminal else WindowScreen(tile, theme)
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield screen
    finally:
        screen.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
