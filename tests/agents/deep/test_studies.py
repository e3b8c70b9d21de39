"""The group "deep": what its experiments measure, and how they judge it. None is run at its length here."""

import numpy as np
import pytest

from daedalus.agents.deep.studies import ablation, control, maze
from daedalus.agents.deep.studies.control import ACROBOT, CARTPOLE, MOUNTAIN_CAR
from daedalus.agents.deep.studies.entries import STUDIES
from daedalus.core.catalogue import find, of_kind
from daedalus.core.lab.reproduction import Figure
from daedalus.core.lab.studying import Curves, curves
from daedalus.core.spec import fill, parse_spec

_STEP = np.array([0, 25, 50, 75, 80, 90, 100])


def curve(*ends):
    """One run for each number: -500 up to step 75, then that number."""
    value = np.array([[-500.0] * 4 + [end] * 3 for end in ends])
    return Curves(_STEP, value, -value)


def judged(experiment, quick, monkeypatch, module, found):
    monkeypatch.setattr(module, "curves", lambda *asked: found)
    told = list(experiment(quick))
    return [one for one in told if not isinstance(one, Figure)], [one for one in told if isinstance(one, Figure)]


def test_every_study_is_announced():
    assert {name for name, entry in of_kind("reproduction").items() if "deep" in entry.suits} == {
        entry.name for entry in STUDIES
    }
    assert all(callable(entry.load()) for entry in STUDIES)


def test_a_run_is_judged_by_its_last_fifth_and_by_its_best_point():
    found = Curves(_STEP, np.array([[9.0, 0, 0, 5, 1, 2, 6], [0.0, 0, 0, 0, -1, -1, -4]]), np.zeros((2, 7)))
    np.testing.assert_allclose(found.settled(), [3.0, -2.0])
    np.testing.assert_allclose(found.best(), [9.0, 0.0])


@pytest.mark.parametrize("recipe", [CARTPOLE, ACROBOT, MOUNTAIN_CAR], ids=lambda recipe: recipe.world)
def test_both_learners_are_given_the_same_settings(recipe):
    """Every setting that both know has one value for both, the unasked ones too."""
    ours, theirs = (
        fill(find("agent", name).load().config_class, parse_spec(f"{name}:{recipe.settings}").mapping, name)
        for name in ("dqn", "sb3/dqn")
    )
    shared = [
        "learning_rate", "buffer_size", "learning_starts", "batch_size", "tau", "gamma", "train_freq",
        "gradient_steps", "target_update_interval", "exploration_fraction", "exploration_initial_eps",
        "exploration_final_eps", "max_grad_norm", "width", "depth",
    ]  # fmt: skip
    assert {name: getattr(ours, name) for name in shared} == {name: getattr(theirs, name) for name in shared}


def test_ours_stands_beside_the_peers_and_what_was_published(monkeypatch):
    found = {"DQN": curve(-75, -76, -77, -80), "SB3": curve(-74, -76, -79, -79)}
    rows, figures = judged(control.acrobot, False, monkeypatch, control, found)
    assert [row.passed for row in rows] == [True] * 4
    assert [row.theirs for row in rows] == [-77, pytest.approx((-2000 - 77 * 3) / 7), -76.639, -76.639]
    assert rows[0].ours == -77
    assert [line.label for line in figures[0].lines] == ["DQN", "SB3", "rl-zoo3"]
    worse = {"DQN": curve(-275, -276, -277, -280), "SB3": found["SB3"]}
    rows, _ = judged(control.acrobot, False, monkeypatch, control, worse)
    assert [row.passed for row in rows[:2]] == [False, False]
    rows, figures = judged(control.acrobot, True, monkeypatch, control, found)
    assert len(rows) == 2  # no published number is of so few steps
    assert [line.label for line in figures[0].lines] == ["DQN", "SB3"]


def test_a_maze_is_learnt_where_every_seed_is_without_regret(monkeypatch):
    for ends, passed in (((0, 0, 0), True), ((0, -1, 0), False)):
        rows, _ = judged(maze.maze, False, monkeypatch, maze, {"DQN": curve(*ends)})
        assert [row.passed for row in rows] == [passed] * len(rows)


def test_an_ablation_says_what_is_shown_and_what_is_not(monkeypatch):
    found = {
        "with both": curve(50, 52, 51), "without target network": curve(49, 53, 50),
        "without replay": curve(10, 12, 9), "without either": curve(8, 9, 7),
    }  # fmt: skip
    rows, figures = judged(ablation.ablation, False, monkeypatch, ablation, found)
    assert len(figures) == 2
    assert [row.quantity for row in rows if not row.passed] == ["CartPole-v1: with both, over without target network"]
    assert len(rows) == 6
    found["without replay"] = curve(53, 49, 51)
    rows, _ = judged(ablation.ablation, False, monkeypatch, ablation, found)
    missed = [row.quantity for row in rows if not row.passed]
    assert {f"{world}: with both, over without replay" for world in ("maze", "CartPole-v1")} <= set(missed)
    rows, _ = judged(ablation.ablation, True, monkeypatch, ablation, found)
    assert len(rows) == 2


def test_a_quick_look_gives_the_numbers_of_stored_runs(monkeypatch, tmp_path):
    """Seeds beyond one block too. Each has a maze, and so a value, of its own."""
    monkeypatch.chdir(tmp_path)
    world, agents = "daedalus/Maze-v0:rows=2,columns=3,layout=per_seed", {"A": "random", "B": "optimal"}
    seeds = find("agent", "random").block + 2
    quick, stored = (curves("s", world, agents, seeds, 2, quick) for quick in (True, False))
    assert list(quick) == list(stored) == ["A", "B"]
    for label in agents:
        for name in ("step", "value", "regret"):
            np.testing.assert_array_equal(getattr(quick[label], name), getattr(stored[label], name))
    assert quick["A"].value.shape == (seeds, quick["A"].step.size)
    assert np.unique(quick["A"].value[:, 0]).size == 3
    assert (quick["B"].regret == 0).all()
    assert (tmp_path / "runs" / "reproduce-s").is_dir()
