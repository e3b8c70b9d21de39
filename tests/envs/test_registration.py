"""Our ids are in Gymnasium's registry whichever package comes first, and listing worlds stays cheap."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import load_env_creator

import daedalus.envs
from daedalus.core.errors import UserError
from daedalus.core.world import World
from daedalus.envs import WorldEnv, cliff, maze, problem_of
from daedalus.envs.entries import CATALOGUE, OPTIMA
from daedalus.envs.registration import register_worlds


def run(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "imports",
    [
        "import daedalus.envs, gymnasium",
        "import gymnasium, daedalus.envs",
        "import daedalus.envs\nfrom gymnasium.envs.registration import registry\nimport gymnasium",
        "import daedalus.envs, importlib.util\nimportlib.util.find_spec('gymnasium')\nimport gymnasium",
        "import daedalus.envs.entries, gymnasium",
    ],
)
def test_ids_are_there_in_any_order(imports):
    assert run(f"{imports}\nprint(gymnasium.make('daedalus/Cliff-v0', rows=5).reset(seed=0)[0])") == "48"


def test_gymnasium_imports_the_module_named_before_the_colon():
    code = "import gymnasium\nprint(gymnasium.make('daedalus.envs:daedalus/Maze-v0', rows=5).observation_space.n)"
    assert run(code) == str(2 * 5 * 10 - 1)


def test_gymnasium_alone_is_left_alone():
    code = "import daedalus.envs, gymnasium, sys\nprint([type(f).__name__ for f in sys.meta_path].count('_Watch'))"
    assert run(code) == "0"


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, daedalus.envs, daedalus.envs.entries\n"
        "print([name for name in ('numpy', 'numba', 'torch', 'scipy', 'gymnasium') if name in sys.modules])"
    )
    assert run(code) == "[]"


def test_registering_twice_changes_nothing():
    before = gymnasium.spec("daedalus/Maze-v0")
    register_worlds()  # warnings are errors here: Gymnasium warns when an id is overridden
    assert gymnasium.spec("daedalus/Maze-v0") is before


def test_parameters_are_checked_against_the_builder():
    with pytest.raises(UserError, match="did you mean 'rows'"):
        gymnasium.make("daedalus/Maze-v0", rowz=5)
    with pytest.raises(UserError, match="rows must be a whole number"):
        gymnasium.make("daedalus/Maze-v0", rows="many")


def test_an_id_makes_its_own_world_only():
    with pytest.raises(UserError, match="unknown parameter of daedalus/Maze-v0 'world'"):
        gymnasium.make("daedalus/Maze-v0", world="daedalus/Cliff-v0")
    for entry in CATALOGUE:
        if entry.kind == "world" and "contextual" not in entry.suits:
            problem = problem_of(gymnasium.make(entry.name))
            assert problem.name.partition(":")[0] == entry.name


def test_numbers_of_numpy_are_parameters():
    assert gymnasium.make("daedalus/Maze-v0", rows=np.int64(3)).observation_space.n == 2 * 3 * 10 - 1


@pytest.mark.parametrize(
    ("options", "limit"),
    [({}, 2 * 21 * 21), ({"rows": 20}, 2 * 41 * 21), ({"time_limit": None}, None), ({"max_episode_steps": 7}, 7)],
)
def test_an_environment_tells_its_own_limit(options, limit):
    env = gymnasium.make("daedalus/Maze-v0", **options)
    assert env.spec.max_episode_steps == limit
    assert problem_of(env).horizon == limit
    again = gymnasium.make(env.spec)
    assert problem_of(again).horizon == limit
    assert gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()).max_episode_steps == limit


def test_an_environment_made_without_gymnasium_has_no_spec():
    assert WorldEnv(maze()).spec is None


def test_render_modes_are_those_that_work():
    modes = {tuple(creator(name).metadata["render_modes"]) for name in OPTIMA}
    assert modes == {tuple(WorldEnv.metadata["render_modes"])} == {("human", "rgb_array", "ansi")}
    world = cliff()
    bare = WorldEnv(World("bare", world.mdp, 4, world.actions))
    assert bare.metadata["render_modes"] == []


def creator(name):
    return load_env_creator(gymnasium.spec(name).entry_point)


def test_vectorised_by_gymnasium():
    envs = gymnasium.make_vec("daedalus/Maze-v0", num_envs=3, vectorization_mode="sync", rows=3)
    assert envs.reset(seed=0)[0].tolist() == [0, 0, 0]
    assert envs.step([0, 0, 0])[1].tolist() == [-1, -1, -1]
    envs.close()


def test_no_public_name_is_also_a_module():
    names = set(daedalus.envs.__all__)
    modules = {path.stem for path in Path(daedalus.envs.__file__).parent.glob("*.py")}
    assert not names & modules  # importing the module would hide the function
    assert all(callable(getattr(daedalus.envs, name)) for name in names)
