"""Playing by hand: keys become actions, and the score is held against the optimum."""

from .games import Game
from .keys import QUIT, RESTART, action_keys, legend, letters
from .screens import Screen

_HINT = "hint"


def play(game: Game, screen: Screen, chosen: set[str] | None = None) -> list[str]:
    """Play until the player leaves; returns the verdict on every game that was begun, in order."""
    actions = action_keys(game.actions)
    others = letters([_HINT, *game.overlays()], actions)
    shown, hint, verdicts = set(chosen or ()), "", list[str]()
    while True:
        screen.show(game, _words(game, others, hint), sorted(shown))
        hint = ""
        key = screen.key()
        if key in QUIT:
            break
        if key == RESTART or (game.score.over and key in ("space", "return")):
            _note(game, verdicts)
            game.reset()
        elif key in actions and not game.score.over:
            game.act(actions[key])
        elif others.get(key) == _HINT:
            hint = _advice(game)
        elif key in others:
            shown ^= {others[key]}
    _note(game, verdicts)
    return verdicts


def _note(game: Game, verdicts: list[str]) -> None:
    if game.score.steps:
        left = "" if game.score.over else "left early: "
        verdicts.append(left + game.verdict())


def _advice(game: Game) -> str:
    best = None if game.score.over else game.best()
    return "no hint here" if best is None else f"best now: {game.actions[best]}"


def _words(game: Game, others: dict[str, str], hint: str) -> str:
    now = game.verdict() if game.score.over else f"step {game.score.steps:,} · score {game.score.total:g}"
    first = f"{now} · {hint}" if hint else now
    more = " · ".join(f"{key} {name}" for key, name in others.items())
    end = "r again · q leave"
    return f"{first}\n{legend(game.actions)} · {more} · {end}"
