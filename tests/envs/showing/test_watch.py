"""Watching what a run learned, and recording worlds: from the command line to the file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from daedalus.core.errors import UserError
from daedalus.core.lab import compare
from daedalus.core.lab.cli import build
from daedalus.envs.showing.trained import open_trained
from daedalus.envs.showing.watch import watch

MAZE = "daedalus/Maze-v0:rows=2,columns=3"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two learners and a baseline in a maze that both learn, and a bandit."""
    out = tmp_path_factory.mktemp("runs")
    agents = "random,q_learning:alpha=.5,sarsa"
    compare(MAZE, agents, seeds=2, steps=3000, name="maze", out=out, jobs=1)
    compare("daedalus/Bandit-v0:arms=3", "ucb,random", seeds=2, steps=500, name="bandit", out=out, jobs=1)
    return out


class Script:
    """A screen that presses given keys and keeps the words."""

    def __init__(self, keys):
        self.keys, self.words, self.overlays, self.waits = list(keys), [], [], []

    def show(self, game, words, overlays=()):
        self.words.append(words.split("\n")[0])
        self.overlays.append(tuple(overlays))
        game.picture(8, "light", overlays)

    def key(self, seconds=None):
        self.waits.append(seconds)
        return self.keys.pop(0) if self.keys else "q"

    def close(self): ...


def watched(run, keys, **chosen):
    screen = Script(keys)
    watch(open_trained(run, chosen.get("world"), chosen.get("agent"), chosen.get("seed", 0)), screen, set(), fps=10)
    return screen


def test_the_first_learner_walks_to_the_goal(run):
    optimum = open_trained(run / "maze", None, None, 0).member.card["optimum"]
    screen = watched(run / "maze", ["n"] * (1 - int(optimum)))
    assert screen.words[0] == "q_learning:alpha=0.5, seed 0: step 0 · score 0"
    assert f"the best possible is −{-int(optimum)}" in screen.words[-1]
    assert f"score −{-int(optimum)} " in screen.words[-1]


def test_running_steps_by_itself_and_begins_again(run):
    screen = watched(run / "maze", ["space", *[""] * 30])
    assert screen.waits[0] is None
    assert screen.waits[1] == 0.1
    assert sum("step 0 " in words for words in screen.words) >= 3, "the start, the pause, and a second episode"


def test_keys_change_learner_seed_speed_and_overlays(run):
    screen = watched(run / "maze", ["]", "tab", "+", "space", "", "v", "v"])
    assert screen.words[1].startswith("q_learning:alpha=0.5, seed 1")
    assert screen.words[2].startswith("sarsa, seed 0")
    assert screen.waits[4] == pytest.approx(1 / 15)
    assert ("values",) in screen.overlays


def test_agents_without_a_policy_are_passed_over(run):
    screen = watched(run / "maze", ["tab", "tab"])
    assert [words.split(",")[0] for words in screen.words] == ["q_learning:alpha=0.5", "sarsa", "q_learning:alpha=0.5"]


def test_a_bandit_is_watched_pull_by_pull(run):
    screen = watched(run / "bandit", ["n", "n"])
    assert "step 2" in screen.words[-1]


def test_what_cannot_be_watched_is_told(run, tmp_path):
    with pytest.raises(UserError, match=r"unknown agent of .*did you mean 'sarsa'"):
        open_trained(run / "maze", None, "sarsaa", 0)
    with pytest.raises(UserError, match="unknown world"):
        open_trained(run / "maze", "daedalus/Maze-v0", None, 0)
    with pytest.raises(UserError, match="finished seeds 0…1, not 2"):
        open_trained(run / "maze", None, None, 2)
    with pytest.raises(UserError, match="keeps no policy"):
        open_trained(run / "maze", None, "random", 0).game()
    with pytest.raises(UserError, match="no run"):
        open_trained(tmp_path, None, None, 0)


def test_runs_are_named_by_their_folder_s_name(run, monkeypatch):
    monkeypatch.chdir(run.parent)
    run.rename(run.parent / "runs")
    try:
        assert open_trained(Path("maze"), None, None, 0).seed == 0
        with pytest.raises(UserError, match="unknown run 'maez'; did you mean 'maze'"):
            open_trained(Path("maez"), None, None, 0)
    finally:
        (run.parent / "runs").rename(run)


def test_a_drawing_that_was_edited_is_told(tmp_path):
    drawing = tmp_path / "own.txt"
    drawing.write_text("S.G\n")
    compare(str(drawing), "q_learning", seeds=2, steps=200, name="own", out=tmp_path, jobs=1)
    drawing.write_text("S..G\n")
    for seed in (0, 1):
        with pytest.raises(UserError, match="has changed since the run"):
            open_trained(tmp_path / "own", None, None, seed).game()


def command(*words):
    return CliRunner().invoke(build(words), words)


def test_watch_records(run, tmp_path):
    target = tmp_path / "a.gif"
    done = command("watch", str(run / "maze"), "-o", str(target), "--overlay", "triangles,trail", "--tile", "12")
    assert done.exit_code == 0, done.exception
    with Image.open(target) as picture:
        assert picture.size == (7 * 12, 5 * 12)
        assert picture.n_frames > 4


@pytest.mark.parametrize(
    "world", [MAZE, "daedalus/Taxi-v0", "daedalus/Bandit-v0", "FrozenLake-v1", "examples/spiral.png"]
)
def test_render_draws_a_picture(world, tmp_path):
    done = command("render", world, "-o", str(tmp_path / "a.png"))
    assert done.exit_code == 0, done.exception
    assert np.asarray(Image.open(tmp_path / "a.png")).std() > 1


def test_render_looks_as_asked(tmp_path):
    for name, more in (("plain", []), ("dark", ["--dark"]), ("path", ["--overlay", "values,path"])):
        assert command("render", MAZE, "-o", str(tmp_path / f"{name}.png"), "--tile", "20", *more).exit_code == 0
    pictures = {path.stem: np.asarray(Image.open(path)) for path in tmp_path.iterdir()}
    assert {picture.shape for picture in pictures.values()} == {(100, 140, 3)}
    assert pictures["dark"].mean() < pictures["plain"].mean()
    assert np.any(pictures["path"] != pictures["plain"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a world"),
        ([MAZE, "--policy", "optmal"], "did you mean 'optimal'"),
        ([MAZE, "--overlay", "valuse"], "did you mean 'values'"),
        (["daedalus/Bandit-v0", "--overlay", "values"], "no 'values' to lay over"),
        ([MAZE, "--tile", "0"], "above 0"),
        (["CartPole-v1", "-o", "x.mp4"], "take --policy random"),
        (["--gallery", MAZE], "leave the world"),
        (["--gallery", "-o", "x.mp4"], "as one .png"),
        ([MAZE, "--seed", "-1"], "at least 0"),
    ],
)
def test_bad_words_are_told(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("render", *words)
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("world", ["daedalus/Gridworld-v0", "daedalus/RiverSwim-v0", "daedalus/Garnet-v0"])
def test_what_never_ends_is_drawn_with_its_discounted_solution(world, tmp_path):
    done = command("render", world, "-o", str(tmp_path / "a.gif"), "--overlay", "values,policy", "--steps", "3")
    assert done.exit_code == 0, done.exception


def test_a_contextual_bandit_is_drawn_pulling_its_best_arm(tmp_path):
    done = command("render", "daedalus/ContextualBandit-v0", "-o", str(tmp_path / "a.gif"))
    assert done.exit_code == 0, done.exception
