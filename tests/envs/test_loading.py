"""Specs to problems, and what is said of specs that name none."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit, TransformReward

from daedalus.core.catalogue import of_kind
from daedalus.core.errors import UserError
from daedalus.core.spec import parse_spec
from daedalus.core.world import Bandit, OpenWorld, World
from daedalus.envs import bandit, load_problem, maze, problem_of


def load(text, seed=0):
    return load_problem(parse_spec(text), seed)


def test_our_ids_take_parameters():
    world = load("daedalus/Maze-v0:rows=3,columns=4,generator=wilson,slip=0.1")
    assert isinstance(world, World)
    assert world.mdp.fingerprint() == maze(3, 4, "wilson", 0.1).mdp.fingerprint()
    assert load("daedalus/Maze-v0:time_limit=none").horizon is None
    assert load("daedalus.envs:daedalus/Maze-v0:time_limit=9").horizon == 9


def test_learner_seeds_draw_arms_but_not_mazes():
    assert np.array_equal(load("daedalus/Bandit-v0", seed=7).means, bandit(seed=7).means)
    assert np.array_equal(load("daedalus/Bandit-v0:seed=2", seed=7).means, bandit(seed=2).means)
    assert load("daedalus/Maze-v0", seed=7).mdp.fingerprint() == maze().mdp.fingerprint()


def test_a_drawing_is_a_world(tmp_path):
    path = tmp_path / "yard.txt"
    path.write_text("S.G\n")
    world = load(f"{path}:slip=0.5,time_limit=8")
    assert (world.states, world.horizon, world.mdp.outcomes) == (3, 8, 3)
    (tmp_path / "yard").write_text("S.G\n")
    assert load(str(tmp_path / "yard")).states == 3
    with pytest.raises(UserError, match="did you mean 'slip'"):
        load(f"{path}:slipp=0.5")


def test_what_has_no_table_is_open():
    problem = load("CartPole-v1:max_episode_steps=5")
    assert isinstance(problem, OpenWorld)
    env = problem.make()
    env.reset(seed=0)
    assert env.spec.max_episode_steps == 5
    assert isinstance(load("Taxi-v4:fickle_passenger=true"), OpenWorld)  # its table does not tell all


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FrozenLak-v1", "did you mean 'FrozenLake-v1'"),
        ("FrozenLake-v9", "did you mean 'FrozenLake-v1'"),
        ("daedalus/Maz-v0", "did you mean 'daedalus/Maze-v0'"),
        ("zzz" * 100, "unknown world"),
        ("nowhere_at_all:Id-v0", "not installed: No module named 'nowhere_at_all'"),
        ("daedalus/Maze-v0:rowz=3", "did you mean 'rows'"),
        ("daedalus/Maze-v0:rows=many", "rows must be a whole number, not 'many'"),
        ("daedalus/Maze-v0:slip=true", "slip must be a number"),
        ("daedalus/Maze-v0:time_limit=soon", "a whole number or none or 'auto', not 'soon'"),
        ("daedalus/Maze-v0:generator=wilsn", "did you mean 'wilson'"),
        ("daedalus/Bandit-v0:law=bernouli", "did you mean 'bernoulli'"),
        ("FrozenLake-v1:is_slipery=true", "did you mean 'is_slippery'"),
        ("FrozenLake-v1:map_name=9x9", "cannot be made: KeyError: '9x9'"),
        ("CartPole-v1:max_episode_steps=-5", "cannot be made"),
        ("GymV21Environment-v0", "needs a package that is not installed"),
    ],
)
def test_errors_name_what_to_mend(text, message):
    with pytest.raises(UserError, match=message) as caught:
        load(text)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("text", ["qqqq", "maze"])
def test_a_name_near_to_none_is_told_our_worlds_before_gymnasiums(text):
    with pytest.raises(UserError) as caught:
        load(text)
    known = [*sorted(of_kind("world")), "Acrobot-v1"]
    assert str(caught.value).startswith(f"unknown world {text!r}; known: {', '.join(known[:12])}, ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("daedalus/Cliff-v0:rows=1", "rows must be at least 2, not 1"),
        ("daedalus/Cliff-v0:columns=2", "columns must be at least 3, not 2"),
        ("daedalus/Cliff-v0:slip=1.5", r"slip must lie in \[0, 1\], not 1.5"),
        ("daedalus/Cliff-v0:time_limit=0", "time limit must be at least 1 step, not 0"),
        (f"daedalus/Cliff-v0:time_limit={10**25}", "longer than 4,611,686,018,427,387,904 steps; give none"),
        ("daedalus/FourRooms-v0:rows=3", "'rows'; known: .*slip, .*time_limit"),
        ("daedalus/FourRooms-v0:time_limit=-1", "time limit must be at least 1 step, not -1"),
        ("daedalus/Maze-v0:rows=0", "rows must be at least 1, not 0"),
        (f"daedalus/Maze-v0:rows={10**20}", "bytes of tables"),
    ],
)
def test_worlds_out_of_range_are_refused_by_parameter(text, message):
    with pytest.raises(UserError, match=message):
        load(text)


def test_problem_behind_an_environment():
    env = gymnasium.make("daedalus/Maze-v0", rows=3)
    assert problem_of(env).mdp.fingerprint() == maze(rows=3).mdp.fingerprint()
    assert problem_of(env).horizon == 2 * 7 * 21
    assert problem_of(TimeLimit(env, 20)).horizon == 20
    assert problem_of(TimeLimit(env, 10_000)).horizon == 2 * 7 * 21
    assert problem_of(gymnasium.make("daedalus/Maze-v0", time_limit=None, max_episode_steps=8)).horizon == 8
    assert isinstance(problem_of(gymnasium.make("daedalus/Bandit-v0")), Bandit)
    assert problem_of(gymnasium.make("FrozenLake-v1")).horizon == 100


def test_a_wrapper_that_changes_the_problem_hides_it():
    assert problem_of(TransformReward(gymnasium.make("daedalus/Maze-v0"), lambda reward: 2 * reward)) is None
    assert problem_of(gymnasium.make("CartPole-v1")) is None
