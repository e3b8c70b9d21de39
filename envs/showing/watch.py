"""Watching what was learned: a step at a time or running."""

from dataclasses import dataclass, field

from .games import Game
from .keys import QUIT, RESTART, letters
from .screens import Screen
from .trained import Trained

_STEP, _AGENT = "n", "tab"
_REST = 1.0  # seconds at an episode's end, while running
_SPEEDS = (0.5, 200.0)


@dataclass
class _Show:
    """How it is being watched."""

    fps: float
    running: bool = False
    overlays: set[str] = field(default_factory=set)


def watch(trained: Trained, screen: Screen, overlays: set[str], fps: float, text: bool = False) -> None:
    """Show a learner's greedy episodes until the viewer leaves."""
    game, show = trained.game(text), _Show(fps, overlays=set(overlays))
    while True:
        toggles = letters(game.overlays(), (_STEP,))
        screen.show(game, _words(trained, game, show, toggles), sorted(show.overlays))
        key = screen.key((_REST if game.score.over else 1 / show.fps) if show.running else None)
        if key in QUIT:
            return
        if key == _AGENT or key in ("[", "]"):
            trained = trained.other_agent() if key == _AGENT else trained.other_seed(1 if key == "]" else -1)
            game = trained.game(text)
        elif key in ("+", "-"):
            show.fps = min(_SPEEDS[1], max(_SPEEDS[0], show.fps * (1.5 if key == "+" else 1 / 1.5)))
        elif key == "space":
            show.running = not show.running
        elif key == RESTART or (game.score.over and key in ("", _STEP)):
            game.reset()
        elif key in toggles:
            show.overlays ^= {toggles[key]}
        elif key in ("", _STEP):
            _step(game)


def _step(game: Game) -> None:
    action = game.best()
    if action is None:  # the learner has no choice here: its episode ends
        game.score.over = True
    else:
        game.act(action)


def _words(trained: Trained, game: Game, show: _Show, toggles: dict[str, str]) -> str:
    score = game.verdict() if game.score.over else f"step {game.score.steps:,} · score {game.score.total:g}"
    keys = f"space {'pause' if show.running else 'run'} · n step · + − speed · r again · [ ] seed · tab agent"
    every = [keys, *(f"{key} {name}" for key, name in toggles.items()), "q leave"]
    return f"{trained.title}: {score}\n{' · '.join(every)}"
