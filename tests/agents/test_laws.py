"""Laws that every agent of the catalogue keeps, in every sort of world that it says it suits."""

import functools

import gymnasium
import numpy as np
import pytest

from daedalus.core.catalogue import Entry, find, of_kind
from daedalus.core.lab.experiment import CURVE, Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.planning import policy_values_within, truth
from daedalus.core.spec import Spec, fill, parse_spec
from daedalus.core.world import Schedule, World
from daedalus.envs.loading import load_problem

STEPS, SEEDS = 120, (0, 1, 2)


class Walk(gymnasium.Env[int, int]):
    """A walk of seven places whose ends end it; it has no `P`, so it is an open world with Discrete spaces."""

    observation_space = gymnasium.spaces.Discrete(7)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(2, 5))
        return self.place, {}

    def step(self, action):
        self.place += 1 if action == 1 else -1
        return self.place, float(self.place == 6), self.place in (0, 6), False, {}


gymnasium.register("LawWalk-v0", entry_point=Walk, max_episode_steps=15)

WORLDS = {
    "bandit": "daedalus/Bandit-v0:arms=4",
    "finite": "daedalus/Maze-v0:rows=3,columns=3,slip=0.1",
    "changing": "daedalus/BlockingMaze-v0:change_at=61,time_limit=25,step_reward=-1",
    "contextual": "daedalus/ContextualBandit-v0:contexts=3,arms=3",
    "open": "LawWalk-v0",
}
SMALL = {
    "dqn": "learning_starts=10,batch_size=4,width=8,target_update_interval=20",
    "sb3/dqn": "learning_starts=10,batch_size=4",
    "sb3/ppo": "n_steps=16,batch_size=8,n_epochs=1",
    "uct": "simulations=6,depth=8",
}
#: Those who act otherwise each time they come to a state: their value is sampled, also where the world is finite.
SAMPLED = {"uct"}
#: One of each loop stands for the library's others, which `test_sb3.py` runs: they share the trial and the judges.
STAND_FOR_ALL = {"sb3/dqn", "sb3/ppo"}
AGENTS = {
    **{
        name: parse_spec(f"{name}:{SMALL.get(name, '')}")
        for name, entry in of_kind("agent").items()
        if entry.trial != "sb3" or name in STAND_FOR_ALL
    },
    **{f"q_learning {name}": Spec("q_learning", (("explore", Spec(name)),)) for name in of_kind("strategy")},
}
CASES = [
    pytest.param(spec, sort, id=f"{label} {sort}")
    for label, spec in AGENTS.items()
    for sort in of_kind("agent")[spec.name].suits
    if sort in WORLDS
]


FINITE = ("finite", "changing")


def world_at(sort: str, step: int) -> World:
    """The world in which one who has taken so many steps is judged."""
    problem = load_problem(parse_spec(WORLDS[sort]))
    return problem.after(step) if isinstance(problem, Schedule) else problem


def entry(spec: Spec) -> Entry:
    return find("agent", spec.name)


def run(spec: Spec, sort: str, seeds=SEEDS, resume=None, episodes=True) -> list:
    experiment = Experiment(parse_spec(WORLDS[sort]), spec, str(spec), len(seeds), STEPS, episodes=episodes)
    return list(find("trial", entry(spec).trial).load()(experiment, seeds, resume))


@functools.cache
def lived(spec: Spec, sort: str) -> list:
    """One run that all laws look at."""
    return run(spec, sort, some(spec))


def some(spec: Spec) -> tuple[int, ...]:
    """As many seeds as the agent takes at a time, up to three."""
    return SEEDS[: entry(spec).block]


def table(items, name: str) -> dict:
    """All rows of one table, sorted by seed and step, seconds left out."""
    parts = [item.columns for item in items if isinstance(item, Record) and item.table == name]
    if not parts:
        return {}
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0] if not key.startswith("seconds")}
    order = np.lexsort((columns["step"], columns["seed"]))
    return {key: column[order] for key, column in columns.items()}


def arrays(item: Snapshot | Final) -> dict:
    return {name: array for name, array in item.arrays.items() if not name.startswith("seconds")}


def assert_same(left, right) -> None:
    """Equal bit for bit; NaN equals NaN."""
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype, name
        assert left[name].tobytes() == right[name].tobytes() or np.array_equal(
            left[name], right[name], equal_nan=True
        ), name


def assert_same_results(left, right) -> None:
    for name in ("curve", "episodes"):
        assert_same(table(left, name), table(right, name))
    assert_same(arrays(left[-1]), arrays(right[-1]))


@pytest.mark.parametrize(("spec", "sort"), CASES)
def test_records(spec: Spec, sort: str) -> None:
    """The columns of the contract at exactly the evaluation steps, and one Final, at the end."""
    seeds = some(spec)
    items = lived(spec, sort)
    points = [step for step in evaluation_steps(STEPS) if step or sort != "bandit"]
    curve = table(items, "curve")
    for item in items:
        if isinstance(item, Record) and item.table == "curve":
            assert {name: item.columns[name].dtype for name in CURVE} == {n: np.dtype(d) for n, d in CURVE.items()}
            assert set(item.columns) == {"seed", "step", *CURVE}
    assert curve["seed"].tolist() == [seed for seed in seeds for _ in points]
    assert curve["step"].tolist() == points * len(seeds)
    assert [isinstance(item, Final) for item in items] == [False] * (len(items) - 1) + [True]
    assert all(len(array) == len(seeds) for array in items[-1].arrays.values())
    assert [item.step for item in items if isinstance(item, Snapshot)] in ([], points)
    finite = np.isfinite(curve["value"])
    assert finite.all()
    if sort in FINITE:
        optima = [truth(world_at(sort, step)).optimum for step in curve["step"]]
        assert np.array_equal(curve["regret"], optima - curve["value"])
        assert not curve["exact"].any() if spec.name in SAMPLED else curve["exact"].all()
        assert spec.name in SAMPLED or (curve["regret"] >= -1e-9).all()
        if sort == "changing":  # a random walk arrives within the limit while the way is short
            randomly = [truth(world_at(sort, step)).random_value for step in curve["step"]]
            assert np.array_equal(curve["random_value"], randomly)
            assert len(set(randomly)) == 2


@pytest.mark.parametrize(("spec", "sort"), CASES)
def test_exact_steps(spec: Spec, sort: str) -> None:
    """What was lived adds up to the steps asked for; the episodes add up to what was lived."""
    items = lived(spec, sort)
    final, curve, episodes = items[-1].arrays, table(items, "curve"), table(items, "episodes")
    if sort == "bandit":
        assert final["pulls"].sum(axis=1).tolist() == [STEPS] * len(some(spec))
        assert not episodes
        return
    if sort in FINITE:
        assert final["visits"].sum(axis=1).tolist() == [STEPS] * len(some(spec))
    for seed in some(spec):
        mine = {name: column[episodes["seed"] == seed] for name, column in episodes.items()} if episodes else {}
        if mine and len(mine["step"]):
            assert mine["episode"].tolist() == list(range(len(mine["step"])))
            assert np.array_equal(np.cumsum(mine["length"]), mine["step"])
        assert curve["episodes"][curve["seed"] == seed].sum() == (len(mine["step"]) if mine else 0)


@pytest.mark.parametrize(("spec", "sort"), CASES)
def test_same_again_and_together_as_alone(spec: Spec, sort: str) -> None:
    seeds = some(spec)
    together = lived(spec, sort)
    assert_same_results(run(spec, sort, seeds), together)
    if len(seeds) == 1:
        return
    alone = run(spec, sort, seeds[-1:])
    for name in ("curve", "episodes"):
        whole = table(together, name)
        mine = {key: column[whole["seed"] == seeds[-1]] for key, column in whole.items()} if whole else {}
        if mine and len(mine["seed"]):
            assert_same(mine, table(alone, name))
        else:
            assert not table(alone, name)
    for name, array in arrays(together[-1]).items():
        assert np.array_equal(array[-1:], alone[-1].arrays[name]), name


@pytest.mark.parametrize(("spec", "sort"), CASES)
def test_resumed_is_uninterrupted(spec: Spec, sort: str) -> None:
    seeds = some(spec)
    whole = lived(spec, sort)
    places = [n for n, item in enumerate(whole) if isinstance(item, Snapshot)]
    for place in places[:: max(1, len(places) // 3)] + places[-1:]:
        stored = Snapshot(whole[place].step, {name: np.array(a) for name, a in whole[place].arrays.items()})
        assert_same_results(whole[: place + 1] + run(spec, sort, seeds, resume=stored), whole)


@pytest.mark.parametrize(("spec", "sort"), [case for case in CASES if case.values[1] in FINITE])
def test_the_last_value_is_that_of_the_policy_kept(spec: Spec, sort: str) -> None:
    items, world = lived(spec, sort), world_at(sort, STEPS)
    policy = items[-1].arrays["policy"]
    if (policy < 0).any():
        return  # no function of the state
    last = table(items, "curve")
    exact = policy_values_within(world.mdp, policy.astype(np.int64), world.horizon)
    assert last["value"][last["step"] == STEPS] == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("spec", "sort"),
    [
        case
        for case in CASES
        if case.values[1] not in ("contextual", "open") and entry(case.values[0]).trial in ("bandit", "tabular")
    ],
)
def test_predict_is_deterministic_and_learning_exact(spec: Spec, sort: str) -> None:
    agent = entry(spec).load()
    problem = load_problem(parse_spec(WORLDS[sort]))
    learners = [agent(problem, seed=1, **spec.mapping).learn(STEPS) for _ in range(2)]
    observations = np.arange(world_at(sort, 0).states) if sort in FINITE else 0
    first, second = (learner.predict(observations, deterministic=True)[0] for learner in learners)
    assert np.array_equal(first, second)
    assert np.array_equal(first, learners[0].predict(observations, deterministic=True)[0])
    assert learners[0].num_timesteps == STEPS


@pytest.mark.parametrize("name", of_kind("agent"))
def test_every_agent_fills_its_config_and_names_its_trial(name: str) -> None:
    agent = find("agent", name)
    assert agent.suits
    assert agent.block >= 1
    find("trial", agent.trial)
    fill(agent.load().config_class, {}, name)
