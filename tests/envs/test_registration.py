"""Our ids are in Gymnasium's registry whichever package comes first, and listing worlds stays cheap."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest

import daedalus.envs
from daedalus.core.errors import UserError
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
    with pytest.raises(UserError, match="rows must be int"):
        gymnasium.make("daedalus/Maze-v0", rows="many")


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
