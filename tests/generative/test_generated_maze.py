"""Mazes that models draw as worlds: each perfect, everything counted, and judged on real mazes exactly."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import daedalus.generative  # noqa: F401 - registers
from daedalus.agents.homes import shared
from daedalus.agents.judging import StateJudge
from daedalus.core.data import load_data
from daedalus.core.errors import UserError
from daedalus.core.lab.store.run import open_run
from daedalus.core.planning import policy_value_within, truth
from daedalus.core.spec import Spec, parse_spec
from daedalus.core.world import Schedule, Tile, World
from daedalus.envs.loading import load_problem
from daedalus.generative.data.trees import all_trees, edge_chances, ends
from daedalus.generative.generated_maze import (
    NAME,
    Source,
    cells_open,
    collected,
    furnished,
    generated_maze,
    judged,
    repaired,
)
from daedalus.generative.metrics.levels import levels as known_of

from .running import run_here


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    run_here("mazes:n=3,tested=100", "made:width=32,batch=256,lr=0.01", 150, out, "edges")
    run_here("mazes:rows=2,columns=3,layout=tiles,tested=100", "made:width=32", 20, out, "tiles")
    run_here("digits", "logistic", 2, out, "digits")
    run_here("mazes:n=3,tested=100,task=reconstruction", "autoencoder", 2, out, "again")
    return out


def made_of(world):
    return (world.phases[0] if isinstance(world, Schedule) else world).made


def layouts(world):
    """The tiles of each level."""
    return np.atleast_3d(world.scene.tiles) if world.scene.tiles.ndim > 2 else world.scene.tiles[None]


def perfect(world):
    floor = layouts(world) != Tile.WALL
    return judged(floor)[1]


TREES = all_trees(3, 3)
LOOP = np.ones(12, np.uint8)


def given(*passages):
    """A source that draws these levels, again and again."""
    floor = cells_open(np.array(passages), 3, 3)
    return Source(lambda n, seed: np.resize(floor, (n, 7, 7)), 3, 3, load_data(parse_spec("mazes:n=3")))


def test_what_is_drawn_is_counted():
    source = given(TREES[0], LOOP, TREES[0], TREES[5], LOOP, TREES[9])
    kept, made = collected("it", source, 3, "reject", 0)
    np.testing.assert_array_equal(kept, TREES[[0, 5, 9]])
    assert made == {"drawn": 6, "rejected": 2, "repeated": 1, "kept": 3}
    kept, made = collected("it", source, 3, "repair", 0)
    np.testing.assert_array_equal(kept[[0, 2]], TREES[[0, 5]])
    assert made == {"drawn": 4, "repaired": 1, "repeated": 1, "kept": 3}
    assert judged(furnished(kept, 3, 3) != Tile.WALL)[1].all()


def test_too_few_are_told():
    with pytest.raises(
        UserError, match=r"only 1 different mazes were found \(3,200 drawn, 1,600 rejected, 1,599 repeated\)"
    ):
        collected("it", given(TREES[0], LOOP), 2, "reject", 0)


def test_repair_keeps_as_much_as_can_be():
    rng = np.random.default_rng(0)
    first, second = ends(3, 4).T
    for passages in rng.integers(0, 2, (200, len(first)), dtype=np.uint8):
        whole = repaired(passages, 3, 4, rng)
        assert judged(furnished(whole[None], 3, 4) != Tile.WALL)[1].all()
        open_ = passages > 0
        parts, _ = connected_components(
            coo_array((np.ones(open_.sum()), (first[open_], second[open_])), shape=(12, 12))
        )
        assert (whole & passages).sum() == 12 - parts
    for tree in TREES[:20]:
        np.testing.assert_array_equal(repaired(tree, 3, 3, rng), tree)


def test_repair_plays_no_favourites():
    """A ring of four loses each of its passages as often."""
    rng = np.random.default_rng(0)
    lost = np.bincount([np.argmin(repaired(np.ones(4, np.uint8), 2, 2, rng)) for _ in range(2_000)], minlength=4)
    assert lost == pytest.approx(np.full(4, 500), abs=90)  # 4.6 deviations of a fixed seed


def test_the_independent_model_has_the_chances_of_uniform_mazes():
    from daedalus.generative.generated_maze import _independent

    passages = judged(_independent(3, 3).draw(20_000, 7))[0]
    assert passages.mean(axis=0) == pytest.approx(edge_chances(3, 3), abs=0.016)  # 4.5 deviations


def test_levels_are_perfect_different_and_drawn_by_the_seed():
    world = generated_maze(rows=3, columns=4, levels=6)
    assert isinstance(world, World)
    assert world.states == 6 * (2 * 3 * 4 - 1)
    assert perfect(world).all()
    assert len({one.tobytes() for one in layouts(world)}) == 6
    assert made_of(world)["kept"] == 6
    assert generated_maze(rows=3, columns=4, levels=6).mdp.fingerprint() == world.mdp.fingerprint()
    assert generated_maze(rows=3, columns=4, levels=6, seed=1).mdp.fingerprint() != world.mdp.fingerprint()


def test_the_optimum_is_the_mean_of_the_shortest_ways():
    world = generated_maze(rows=3, columns=3, levels=8)
    form = Spec("maze", (("rows", 3), ("columns", 3), ("layout", "tiles")))
    steps = known_of(form, (layouts(world) != Tile.WALL)[:, None].astype(np.uint8)).steps
    assert truth(world).optimum == pytest.approx(-(steps - 1).mean())  # the step into the goal is free


@pytest.mark.parametrize("invalid", ["reject", "repair"])
def test_a_stored_model_makes_levels(runs, invalid):
    world = generated_maze(model=str(runs / "edges"), levels=12, invalid=invalid)
    made = made_of(world)
    assert perfect(world).all()
    assert layouts(world).shape == (12, 7, 7)
    word = "rejected" if invalid == "reject" else "repaired"
    assert set(made) == {"drawn", word, "repeated", "kept"}
    assert made["kept"] == 12
    gone = made["rejected"] if invalid == "reject" else 0
    assert made["drawn"] == gone + made["repeated"] + made["kept"]
    assert made[word] > 0
    again = generated_maze(model=str(runs / "edges"), levels=12, invalid=invalid)
    assert again.mdp.fingerprint() == world.mdp.fingerprint()
    # Of edges drawn each by itself 11 % are perfect; this one has learnt more.
    if invalid == "reject":
        assert made["drawn"] < 12 / 0.15


def test_a_model_of_tiles_makes_levels(runs):
    world = generated_maze(model=str(runs / "tiles"), levels=5)
    assert layouts(world).shape == (5, 5, 7)
    assert perfect(world).all()


def test_gymnasium_makes_it_and_tells_the_counts(runs):
    env = gymnasium.make(NAME, model=str(runs / "edges"), levels=4, observation="symbolic")
    shown, info = env.reset(seed=0)
    assert shown.shape == (3, 7, 7)
    assert info["made"] == dict(env.unwrapped.world.made)
    assert info["made"]["kept"] == 4
    envs = gymnasium.make_vec(NAME, num_envs=3, rows=2, columns=3, levels=2)
    assert envs.reset(seed=0)[0].shape == (3,)


@pytest.mark.parametrize("imports", ["import daedalus.generative, gymnasium", "import gymnasium, daedalus.generative"])
def test_importing_the_floor_registers_it(imports):
    code = f"{imports}\nprint(gymnasium.make('{NAME}', rows=2, columns=2, levels=1).reset(seed=0)[0])"
    code += "\nprint('daedalus/Maze-v0' in gymnasium.registry)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "True"], done.stderr


def test_importing_the_floor_costs_nothing():
    code = "import sys, daedalus.generative\nprint([n for n in ('numpy', 'torch', 'gymnasium') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_who_learns_in_generated_levels_is_judged_in_real_ones():
    home = load_problem(parse_spec(f"{NAME}:rows=3,columns=4,levels=5,tested=real"))
    assert isinstance(home, Schedule)
    lived, real = home.phases
    part = load_data(parse_spec("mazes:rows=3,columns=4")).test.take(np.array([0, 2, 3, 4, 5]))["x"]  # 1 is 0 again
    np.testing.assert_array_equal(layouts(real), furnished(part, 3, 4))
    assert not np.array_equal(layouts(lived), layouts(real))
    assert home.at(0) is home.at(10**12) is lived
    assert home.after(0) is home.after(10**12) is real
    judge = StateJudge(shared(home, [0, 1]), None)
    policies = np.random.default_rng(0).integers(0, 4, (2, real.mdp.states))
    policies[1] = np.argmax(_to_goal(real), axis=1)
    told = judge.columns(policies, 500)
    assert told["exact"].all()
    assert told["optimum"][0] == truth(real).optimum
    assert told["random_value"][0] == truth(real).random_value != truth(lived).random_value
    assert told["value"][0] == policy_value_within(real.mdp, policies[0], real.horizon)
    assert told["value"][1] == pytest.approx(truth(real).optimum)


def _to_goal(world):
    from daedalus.core.planning import solve

    value = solve(world.mdp).value
    return (world.mdp.probability * (world.mdp.reward + value[world.mdp.next_state])).sum(axis=2)


def test_one_comparison_trains_here_and_tests_there(tmp_path):
    """DQN that sees the level learns in generated mazes; every agent's optimum is that of the real ones."""
    spec = f"{NAME}:rows=2,columns=2,levels=2,tested=real"
    folder = run_here(spec, "random,dqn:width=32,depth=1,batch_size=16,learning_starts=50", 400, tmp_path, "one")
    real = load_problem(parse_spec(spec)).phases[1]
    members = open_run(folder).members()
    assert [member.experiment.agent.name for member in members] == ["random", "dqn"]
    for member in members:
        curve = member.curve()
        assert np.asarray(curve["exact"]).all()
        assert np.asarray(curve["optimum"]) == pytest.approx(truth(real).optimum)
        card = member.card
        assert card["made"]["kept"] == 2
        assert card["kind"] == "finite"
        assert card["optimum"] == pytest.approx(truth(real).optimum)
    learnt = members[1].final()
    value = policy_value_within(real.mdp, np.asarray(learnt["policy"])[0], real.horizon)
    assert np.asarray(members[1].curve()["value"])[-1] == pytest.approx(value)
    assert not np.asarray(learnt["visits"]).any()  # of the real levels


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"model": "digits"}, "was fitted to digits, not to mazes"),
        ({"model": "again"}, "autoencoder cannot be sampled"),
        ({"model": "none"}, "none"),
        ({"model": "edges", "rows": 5}, "draws mazes of 3 rows, not 5; leave rows out"),
        ({"model": "tiles", "columns": 2}, "draws mazes of 3 columns, not 2"),
        ({"model": "edges", "label": "gan"}, "unknown model of this run 'gan'"),
        ({"model": "edges", "model_seed": 3}, "has seeds 0 to 0, not 3"),
        ({"model": "edges", "levels": 500, "invalid": "reject"}, "try invalid=repair, fewer levels or a better model"),
        ({"model": "edges", "levels": 150, "tested": "real"}, "different perfect mazes; give fewer levels"),
        ({"rows": 1}, "rows must lie between 2 and 64"),
        ({"levels": 0}, "levels must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"slip": 2.0}, "slip must lie in"),
        ({"label": "made"}, "give model=RUN, too"),
    ],
)
def test_bad_input(runs, params, says):
    if "model" in params:
        params = params | {"model": str(runs / params["model"])}
    with pytest.raises(UserError, match=says):
        generated_maze(**params)


def test_a_run_that_is_not_finished_is_refused(runs, tmp_path):
    import shutil

    half = shutil.copytree(runs / "edges", tmp_path / "half")
    for done in Path(half).glob("*/*/seeds-*/done.json"):
        done.unlink()
    with pytest.raises(UserError, match="is not finished"):
        generated_maze(model=str(half))


def test_a_learner_must_see_where_it_is():
    with pytest.raises(UserError, match="must see the one that it is in"):
        load_problem(parse_spec(f"{NAME}:rows=3,columns=3,tested=real,observation=index"))
