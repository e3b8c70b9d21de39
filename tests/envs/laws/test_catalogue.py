"""What the catalogue promises of each of its ids: documented, seen in every way, judged by the solver."""

import inspect
import re
from typing import get_args

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from daedalus.core.catalogue import find, of_kind
from daedalus.core.errors import UserError
from daedalus.core.planning import truth
from daedalus.core.spec import Spec
from daedalus.core.world import Bandit, Schedule, Sight, World
from daedalus.envs.building import VIEWS
from daedalus.envs.entries import OPTIMA
from daedalus.envs.levels.levels import Levels
from daedalus.envs.registration import threshold
from daedalus.envs.showing.canvas import Canvas
from daedalus.generative.registration import OPTIMA as OF_MODELS

SECTIONS = (
    "Description",
    "Action Space",
    "Observation Space",
    "Starting State",
    "Rewards",
    "Episode End",
    "Arguments",
    "References",
    "Version History",
)


def test_the_laws_cover_the_catalogue(covered):
    """All ids of the entries, of Gymnasium's registry and of the thresholds are the same, and tested."""
    known = {name for name in of_kind("world") if name.startswith("daedalus/")}
    assert (
        known == set(OPTIMA) | set(OF_MODELS) == {name for name in gymnasium.registry if name.startswith("daedalus/")}
    )
    assert all(set(names) == known for names in covered)


def test_docstrings_have_gymnasiums_form(name):
    builder = find("world", name).load()
    text = inspect.getdoc(builder)
    assert len(text.splitlines()[0]) < 120
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    parts = dict(zip(SECTIONS, re.split(r"^## .+$", text, flags=re.MULTILINE)[1:], strict=True))
    assert all(part.strip() for part in parts.values())
    told = re.findall(r"`(\w+)`", parts["Arguments"])
    assert set(inspect.signature(builder).parameters) <= set(told)
    assert re.search(r"^- v0: ", parts["Version History"], re.MULTILINE)


def test_thresholds_are_the_solvers(name, value_of):
    value = value_of(Spec(name))
    match value:
        case World():
            optimum = truth(value).optimum
        case Schedule():  # of the first phase
            optimum = truth(value.phases[0]).optimum
        case Bandit():  # that changes: over 10,000 pulls
            optimum = value.best_mean(10_000)
        case _:
            optimum = value.best_mean()
    assert gymnasium.spec(name).reward_threshold == pytest.approx(optimum, abs=1e-9)
    assert threshold(value) == pytest.approx(optimum, abs=1e-9)  # the rule for worlds of one's own


@pytest.fixture
def unseen_windows(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(Canvas, "_rest", lambda canvas, window: window.keys())  # nobody looks: no waiting for frames


@pytest.mark.parametrize("mode", [None, "ansi", "rgb_array", "human"])
@pytest.mark.parametrize("sight", get_args(Sight))
@pytest.mark.filterwarnings("ignore::UserWarning")  # SB3 would rather have larger pictures and Box bounds of ±1
@pytest.mark.usefixtures("unseen_windows")
def test_checkers_accept(smallest, sight, mode, make, value_of):
    from stable_baselines3.common.env_checker import check_env as check_env_sb3

    seen = {"observation": sight, "tile_size": 4, "action_mask": True}
    seen |= {"view_size": 3} if sight in VIEWS else {}
    if not isinstance(value_of(smallest), World | Schedule | Levels):
        with pytest.raises(UserError) as refused:
            make(smallest, render_mode=mode, **seen)
        assert "\n" not in str(refused.value)
        if sight != "index":
            return
        seen = {}
    env = make(smallest, render_mode=mode, **seen).unwrapped
    check_env(env, skip_render_check=True)
    check_env_sb3(env, skip_render_check=mode in (None, "ansi"))
    env.reset(seed=0)
    assert isinstance(env.render(), {"ansi": str, "rgb_array": np.ndarray}.get(mode, type(None)))
