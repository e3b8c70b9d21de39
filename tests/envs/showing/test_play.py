"""Playing with keys: scripted, in a window, under a real display, and in a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.envs import load_problem
from daedalus.envs.showing.bandit_game import PULLS
from daedalus.envs.showing.games import game_of
from daedalus.envs.showing.play import play
from daedalus.envs.showing.screens import WindowScreen, cut_out

DAEDALUS = str(Path(sys.executable).with_name("daedalus"))
CORRIDOR = "daedalus/Maze-v0:rows=1,columns=3"  # four steps to the right; the last one is free


class Script:
    """A screen that presses given keys, and keeps what was shown."""

    def __init__(self, keys):
        self.keys, self.words, self.shapes, self.overlays = list(keys), [], [], []

    def show(self, game, words, overlays=()):
        self.words.append(words)
        self.overlays.append(tuple(overlays))
        self.shapes.append(game.picture(8, "light", overlays).shape)

    def key(self, seconds=None):
        return self.keys.pop(0) if self.keys else "q"

    def close(self): ...


def played(world, keys, seed=0):
    screen = Script(keys)
    return play(game_of(load_problem(parse_spec(world)), seed), screen), screen


def test_the_score_stands_beside_the_optimum():
    verdicts, screen = played(CORRIDOR, ["up", "right", "d", "right", "right", "right"])
    assert verdicts == ["score −4 in 5 steps; the best possible is −3"]
    assert "step 1 · score -1" in screen.words[1]


def test_an_episode_that_ends_where_the_world_changes_is_judged_by_the_world_it_was_in():
    """The wall that closes the short way would leave no way within 12 steps."""
    for change_at, best in ((12, "−8"), (11, "−12")):
        verdicts, _ = played(f"daedalus/BlockingMaze-v0:change_at={change_at},step_reward=-1,time_limit=12", 12 * ["a"])
        assert verdicts[0] == f"score −12 in 12 steps; the best possible is {best}"


def test_leaving_early_is_said_and_r_begins_again():
    verdicts, _ = played(CORRIDOR, ["right", "r", *4 * ["right"]])
    assert verdicts[0].startswith("left early: score −1 in 1 step")
    assert verdicts[1] == "score −3 in 4 steps; the best possible is −3"


def test_the_hint_is_a_best_action():
    _, screen = played(CORRIDOR, ["h"])
    assert "best now: right" in screen.words[1]


def test_overlays_go_on_and_off():
    _, screen = played(CORRIDOR, ["v", "v"])
    assert screen.overlays[:3] == [(), ("values",), ()]


def test_a_bandit_is_a_game_of_pulls():
    verdicts, _ = played("daedalus/Bandit-v0:arms=3", ["2"] * PULLS)
    assert f"in {PULLS} steps; always pulling the best arm earns" in verdicts[0]


def test_chance_is_said():
    verdicts, _ = played("FrozenLake-v1", ["down"])
    assert "on average" in verdicts[0]


@pytest.mark.parametrize("world", ["CartPole-v1", "FrozenLake-v1", CORRIDOR + ",slip=.2"])
def test_what_can_be_drawn_can_be_played(world):
    verdicts, screen = played(world, ["1", "right", "left"])
    assert len(verdicts) == 1
    assert len(set(screen.shapes)) == 1


def test_what_has_no_few_actions_is_told():
    with pytest.raises(UserError, match="takes Box actions"):
        game_of(load_problem(parse_spec("Pendulum-v1")), 0)


def test_a_window_plays_resizes_and_closes(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    screen = WindowScreen(24, "dark")
    game = game_of(load_problem(parse_spec(CORRIDOR)), 0)
    screen.show(game, "two words")
    window = screen._window
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_RIGHT, unicode="", window=window._window))
    assert screen.key(1.0) == "right"
    assert screen.key(0.01) == ""
    window._window.size = (700, 300)
    screen.show(game, "two words")
    shown = pygame.surfarray.array3d(window._window.get_surface())
    assert shown.shape[:2] == (700, 300)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 5
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=window._window))
    assert screen.key() == "q"
    assert window.closed
    screen.show(game, "nothing happens")
    screen.close()


def test_no_display_is_told():
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    clean = {key: value for key, value in os.environ.items() if key not in displays}
    ran = subprocess.run([DAEDALUS, "play", CORRIDOR], env=clean, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "no display" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.display
def test_keys_under_a_real_display(program, tmp_path):
    """A window that X shows, keys that X sends: the same score as the script's."""
    xvfb, xdotool = program("Xvfb"), program("xdotool")
    read, write = os.pipe()
    game: subprocess.Popen[str] | None = None
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(write), "-screen", "0", "1024x768x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    try:
        os.close(write)
        display = ":" + os.read(read, 16).decode().strip()
        env = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
        game = subprocess.Popen([DAEDALUS, "play", CORRIDOR], env=env, stdout=subprocess.PIPE, text=True)

        def ask(*words):
            asked = [xdotool, *words]
            return subprocess.run(asked, env=env, capture_output=True, text=True, check=False, timeout=60).stdout

        window = ask("search", "--sync", "--onlyvisible", "--pid", str(game.pid)).split()[0]
        ask("windowsize", window, "640", "480")
        ask("windowfocus", window)
        for key in ["Right"] * 4 + ["q"]:
            ask("key", key)
        assert game.communicate(timeout=30)[0].strip() == "score −3 in 4 steps; the best possible is −3"
    finally:
        if game is not None:
            game.kill()
        server.terminate()
        server.wait()
        os.close(read)


def test_a_terminal_is_played_and_left_as_it_was():
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.environ.update(TERM="xterm-256color", LINES="40", COLUMNS="100")
        os.execv(DAEDALUS, [DAEDALUS, "play", CORRIDOR, "--terminal"])
    seen, keys = b"", [b"\x1b[C", b"\x1b[C", b"d", b"\x1bOC", b"q"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.3)[0]:
            if keys and b"step" in seen:
                os.write(terminal, keys.pop(0))
            continue
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
    assert os.waitpid(child, 0)[1] == 0
    text = seen.decode()
    assert text.endswith("score −3 in 4 steps; the best possible is −3\r\n")
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1


def test_a_bandit_in_a_terminal_asked_to_end():
    """Nothing tells the true means before the game is over; a terminal is put back whoever ends the game."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.execv(DAEDALUS, [DAEDALUS, "play", "daedalus/Bandit-v0:arms=3", "--terminal"])
    seen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.3)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
        elif b"step 0" in seen and b"step 1" not in seen:
            os.write(terminal, b"2")
        elif b"step 1" in seen:
            os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    assert seen.endswith(b"\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_a_large_world_is_cut_to_the_terminal():
    """Hand-cut: the middle two columns and the lower two lines, colours kept."""
    red, plain = "\x1b[31m", "\x1b[0m"
    lines = [f"{red}abcd{plain}", "efgh", f"ij{red}kl{plain}"]
    assert cut_out(lines, 2, 2, (2, 2)) == ["fg", f"j{red}k{plain}"]
    assert cut_out(lines, 80, 24, (0, 0)) == lines
    game = game_of(load_problem(parse_spec("daedalus/Maze-v0:rows=40,columns=60")), 0)
    part = cut_out(game.text().split("\n"), 80, 20, game.focus())
    assert len(part) == 20
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) == 80 for line in part)


def test_an_import_has_overlays_too():
    _, screen = played("FrozenLake-v1", ["v", "p"])
    assert screen.overlays[2] == ("policy", "values")


def test_a_bandit_hides_its_means_until_the_end():
    game = game_of(load_problem(parse_spec("daedalus/Bandit-v0:arms=3")), 0)
    game.act(0)
    hidden = game.text()
    game.score.over = True
    assert game.text() != hidden


def test_a_negative_seed_is_told():
    with pytest.raises(UserError, match="at least 0, not -1"):
        played(CORRIDOR, [], seed=-1)


def test_a_pipe_is_no_terminal():
    ran = subprocess.run(
        [DAEDALUS, "play", CORRIDOR, "--terminal"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 2
    assert "needs a terminal" in ran.stderr
