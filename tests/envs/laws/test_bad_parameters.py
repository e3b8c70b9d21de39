"""Whatever is wrong with a parameter is told in a line or two, at once: no crash, no hang, no memory eaten.

The bad values follow from the annotations in each builder's signature, so a new builder is tried without an edit.
"""

import inspect
import math
import resource
import typing
from pathlib import Path
from typing import get_args

import gymnasium
import pytest

from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.cli import main
from daedalus.core.world import Sight
from daedalus.envs.building import VIEWS, build
from daedalus.envs.making import environment

#: Parameters of which there may be none; all other whole numbers are at least 1.
COUNTS = {"seed", "keys", "portals", "one_way", "model_seed"}
PROBABILITIES = {"slip", "braid", "holes", "heads", "test_share", "gap"}
HUGE = (10**9, 2**31, 2**63, 10**30)
NO_NUMBERS = (math.nan, math.inf, -math.inf)


@pytest.fixture(autouse=True)
def little_memory():
    """What would eat the memory fails instead."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**31, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def parameters(name):
    """Each parameter of a builder, and the types that it may have; words are "a word"."""
    builder = find("world", name).load()
    hints = typing.get_type_hints(builder)
    for key in inspect.signature(builder).parameters:
        options = get_args(hints[key]) if typing.get_origin(hints[key]) is not typing.Literal else (hints[key],)
        yield key, {"a word" if typing.get_origin(one) is typing.Literal else one for one in options or (hints[key],)}


def wrong(key, types):
    """The values that must be refused."""
    values = ["bogus", [1], {}, b"x", 1 + 2j, *NO_NUMBERS]
    if type(None) not in types:
        values.append(None)
    if bool in types:
        return [*values, 0, 1, 0.5]
    values.append(True)
    if float not in types:
        values.append(0.5)
    if int in types:
        values.append(-1)
    if int in types and key not in COUNTS:
        values.append(0)
    if key in PROBABILITIES:
        values += [-0.1, 1.1, *HUGE]
    return values


def refused(make, *arguments, **options):
    with pytest.raises(UserError) as told:
        make(*arguments, **options)
    lines = str(told.value).splitlines()
    assert 1 <= len(lines) <= 3
    assert all(0 < len(line) < 400 for line in lines)
    return str(told.value)


def test_what_is_wrong_is_refused(name):
    for key, types in parameters(name):
        for value in wrong(key, types):
            message = refused(build, name, {key: value})
            assert key in message


def test_what_is_huge_is_refused_or_works(name):
    for key, types in parameters(name):
        for value in (*HUGE, -0.1, 1.1, 1e300) if float in types else HUGE if int in types else ():
            try:
                made = environment(build(name, {key: value}))
            except UserError:
                refused(build, name, {key: value})
            else:
                made.reset(seed=0)
                assert math.isfinite(made.step(0)[1])


def test_unknown_parameters_name_the_nearest(name):
    key = next(iter(inspect.signature(find("world", name).load()).parameters))
    assert f"did you mean '{key}'" in refused(gymnasium.make, name, **{f"{key}x": 1})


BAD_SIGHTS = [
    *({"observation": value} for value in ("bogus", None, 3, True)),
    *({"observation": "view", "view_size": value} for value in (-1, 0, 1, 4, 9, 10**9, 10**30, 3.0, "x", None, True)),
    *({"observation": "pixels", "tile_size": value} for value in (-1, 0, 10**9, 10**30, 8.0, "x", True)),
    *({"observation": sight, "view_size": 7} for sight in get_args(Sight) if sight not in VIEWS),
    *({"action_mask": value} for value in (1, "yes", None)),
]


def test_no_world_is_seen_so(name):
    for options in BAD_SIGHTS:
        refused(gymnasium.make, name, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"layout": "per_seed", "rows": 10**9},
        {"layout": "per_episode", "observation": "view", "columns": 10**9},
        {"layout": "per_episode", "goals": 10**9, "observation": "view"},
        {"levels": 10**9},
        {"levels": 3, "rows": 10**9},
        {"levels": 2, "split": "test", "test_share": 0.0},
        *(
            {"generator": one, "rows": 10**9}
            for one in ("prim", "kruskal", "wilson", "aldous_broder", "division", "rooms")
        ),
    ],
    ids=str,
)
def test_mazes_that_cannot_be(options):
    refused(gymnasium.make, "daedalus/Maze-v0", **options)


@pytest.mark.filterwarnings("ignore:.*render_mode")
def test_bad_batches(name):
    for count in (0, -1, 10**12, 10**30, "x", 2.5, None, True):
        assert "num_envs" in refused(gymnasium.make_vec, name, num_envs=count)
    for limit in (0, -1, 10**30, 1.5, "x"):
        assert "max_episode_steps" in refused(gymnasium.make_vec, name, num_envs=2, max_episode_steps=limit)
    refused(gymnasium.make_vec, name, num_envs=2, autoreset_mode="bogus")
    refused(gymnasium.make_vec, name, num_envs=2, render_mode="bogus")
    refused(gymnasium.make, name, render_mode="bogus")


@pytest.mark.parametrize(
    "world",
    [
        "daedalus/Maze-v0:rows=0",
        "daedalus/Maze-v0:rows=1000000000",
        "daedalus/Maze-v0:slip=nan",
        "daedalus/Maze-v0:generator=bogus",
        "daedalus/Maze-v0:observation=bogus",
        "daedalus/Maze-v0:rowz=3",
        "daedalus/Pursuit-v0:rows=1000000000",
        "daedalus/FrozenLake-v0:holes=1.1",
        "daedalus/BlockingMaze-v0:change_at=-1",
        "daedalus/Maez-v0",
    ],
)
def test_the_command_line_tells_too(world, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["compare", world, "--agents", "q_learning", "--seeds", "2", "--steps", "100"])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Traceback" not in told
    assert 1 <= len(told.strip().splitlines()) <= 3
