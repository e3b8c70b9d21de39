"""A world of a user's own: ten lines make it an id that everything takes."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from daedalus.agents import QLearning
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.world import Bandit, World
from daedalus.envs import blocking_maze, cliff, load_problem, problem_of, register_world
from daedalus.envs.registration import register_inherited

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def examples(monkeypatch):
    """The folder of examples on the path, and no world registered from it before or after."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delenv("DAEDALUS_WORLDS", raising=False)
    before = set(gymnasium.registry)
    yield EXAMPLES
    for name in set(gymnasium.registry) - before:
        del gymnasium.registry[name]
    sys.modules.pop("own_world", None)


@pytest.fixture
def ice(examples):
    return importlib.import_module("own_world").ice


def optimum(tiles, slide):
    """The expected steps by recursion: each leads one tile on, or two."""
    value = [0.0, -1.0]  # by the tiles that are left
    for _ in range(tiles - 1):
        value.append(-1 + (1 - slide) * value[-1] + slide * value[-2])
    return value[tiles]


def test_the_example_has_ten_lines():
    code = (EXAMPLES / "own_world.py").read_text().partition('"""\n')[2].partition("if __name__")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_it_is_made_by_its_id(ice):
    env = gymnasium.make("me/Ice-v0", tiles=5, slide=0.5, render_mode="ansi")
    assert env.spec.reward_threshold == pytest.approx(optimum(8, 0.2), abs=1e-9)
    assert env.spec.max_episode_steps == 100
    world = problem_of(env)
    assert isinstance(world, World)
    assert world.name == "me/Ice-v0:tiles=5,slide=0.5"
    assert world.mdp.fingerprint() == ice(5, 0.5).mdp.fingerprint()
    env.reset(seed=0)
    assert "@" in env.render()
    with pytest.raises(UserError, match="did you mean 'tiles'"):
        gymnasium.make("me/Ice-v0", tile=5)


def test_it_is_batched(ice):
    envs = gymnasium.make_vec("me/Ice-v0", num_envs=3, slide=0.5)
    singles = [gymnasium.make("me/Ice-v0", slide=0.5) for _ in range(3)]
    assert envs.reset(seed=7)[0].tolist() == [env.reset(seed=7 + i)[0] for i, env in enumerate(singles)]
    trails = []
    for _ in range(4):  # eight tiles take at least four steps
        trails.append([env.step(1)[0] for env in singles])
        assert envs.step(np.ones(3, dtype=np.int64))[0].tolist() == trails[-1]
    assert len(set(zip(*trails, strict=True))) > 1


def test_it_is_learnt_and_loaded(ice):
    env = gymnasium.make("me/Ice-v0", tiles=5)
    learner = QLearning(env, seed=0).learn(2000)
    assert [int(learner.predict(state, deterministic=True)[0]) for state in range(5)] == [1] * 5
    assert load_problem(parse_spec("me/Ice-v0:tiles=3")).states == 4
    assert load_problem(parse_spec("own_world:me/Ice-v0:tiles=3,observation=one_hot")).observation.sight == "one_hot"


def run(words, folder, path):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_script_compares_in_it(examples, tmp_path):
    told = run([str(examples / "own_world.py")], tmp_path, "")
    assert f"q_learning {optimum(8, 0.2)}"[:18] in told


def test_the_command_line_takes_it_with_its_module(examples, tmp_path):
    main = "import sys; from daedalus.core.lab.cli import main; main(sys.argv[1:])"
    words = ["compare", "own_world:me/Ice-v0:tiles=4", "--agents", "optimal", "--seeds", "1", "--steps", "10", "--json"]
    (result,) = json.loads(run(["-c", main, *words], tmp_path, examples))["results"]
    assert result["mean"] == pytest.approx(optimum(4, 0.2))
    assert result["optimum"] == pytest.approx(optimum(4, 0.2))


def test_the_same_id_again_replaces_the_builder(examples):
    register_world("me/Two-v0", cliff)
    register_world("me/Two-v0", lambda rows=3: cliff(rows, time_limit=50))
    assert gymnasium.make("me/Two-v0").spec.max_episode_steps == 50
    assert load_problem(parse_spec("me/Two-v0:rows=5")).name == "me/Two-v0:rows=5"


def test_each_seed_of_a_bandit_has_arms_of_its_own(examples):
    register_world("me/Coins-v0", coins)
    assert gymnasium.spec("me/Coins-v0").reward_threshold == coins().means.max()
    arms = [load_problem(parse_spec("me/Coins-v0"), seed).means for seed in (0, 1)]
    np.testing.assert_array_equal(arms, [coins(0).means, coins(1).means])
    assert load_problem(parse_spec("me/Coins-v0:seed=1"), 0).name == "me/Coins-v0:seed=1"


def test_the_threshold_of_what_changes_follows_the_same_rule_as_the_suites(examples):
    """A best arm of 0.9 for 5,000 of 10,000 pulls, then one of 0.5; where means drift nobody can tell."""
    register_world("me/Swap-v0", lambda drift=0.0: Bandit("swap", "gaussian", SWAP, since=[0, 5000], drift=drift))
    assert gymnasium.spec("me/Swap-v0").reward_threshold == pytest.approx((0.9 + 0.5) / 2)
    register_world("me/Swap-v0", lambda: Bandit("swap", "gaussian", SWAP, since=[0, 5000], drift=0.1))
    assert gymnasium.spec("me/Swap-v0").reward_threshold is None
    register_world("me/Wall-v0", lambda: blocking_maze(1000, -1.0))
    assert gymnasium.spec("me/Wall-v0").reward_threshold == -8.0  # of the first phase; -14 behind the wall


SWAP = np.array([[0.9, 0.1], [0.1, 0.5]])


def coins(seed: int = 0):
    return Bandit("coins", "bernoulli", np.random.default_rng(seed).random(3))


@pytest.mark.parametrize(
    ("name", "builder", "message"),
    [
        ("daedalus/Cliff-v0", cliff, "daedalus/Cliff-v0 is the id of another world"),
        ("CartPole-v1", cliff, "is the id of another world"),
        ("me/Ice v0!", cliff, "cannot be registered: Malformed"),
        ("me/Ice-v0", lambda rows: cliff(rows), "me/Ice-v0: rows must be given"),
        ("me/Ice-v0", lambda: None, "me/Ice-v0: its builder must return a World, a Schedule or a Bandit, not None"),
    ],
)
def test_refused(examples, name, builder, message):
    with pytest.raises(UserError, match=message):
        register_world(name, builder)


def test_a_worker_says_what_it_cannot_import(examples):
    register_world("me/Nameless-v0", lambda: cliff())
    del gymnasium.registry["me/Nameless-v0"]
    with pytest.raises(UserError, match="cannot import what makes me/Nameless-v0") as caught:
        register_inherited("me/Nameless-v0")
    assert "put the builder into a module" in str(caught.value)
