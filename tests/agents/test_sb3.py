"""Stable-Baselines3 on trial: exact steps, exact points, its own randomness, equal to its own `learn`."""

# ruff: noqa: TID251, NPY002 - the global generators are what is tested
import dataclasses
import inspect
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import get_args

import gymnasium
import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3.common.torch_layers import NatureCNN

from daedalus.agents.sb3 import trial as sb3_trial
from daedalus.agents.sb3.algorithms import A2C, DQN, PPO
from daedalus.agents.sb3.encoders import Encoder
from daedalus.agents.sb3.ledger import Ledger
from daedalus.agents.sb3.lived import LivedJudge, Masks
from daedalus.agents.sb3.trial import sb3
from daedalus.agents.sb3.turns import ForkedRandomness, in_turns
from daedalus.core.catalogue import Entry, of_kind
from daedalus.core.device import torch_generator
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, evaluation_steps
from daedalus.core.nn.cnn import CNN
from daedalus.core.nn.mlp import MLP
from daedalus.core.planning import policy_value_within, truth
from daedalus.core.spec import fill, parse_spec
from daedalus.core.world import OpenWorld, Schedule, Sight
from daedalus.envs.loading import load_problem
from daedalus.envs.making import environment
from daedalus.envs.observing import action_masks, observer_of
from daedalus.envs.world_env import WorldEnv

LAKE = "FrozenLake-v1"
AGENTS = [
    "sb3/dqn:learning_starts=20,batch_size=8,target_update_interval=50",
    "sb3/ppo:n_steps=32,batch_size=16,n_epochs=2",
    "sb3/a2c",
]


def of_sb3() -> list[Entry]:
    return [entry for entry in of_kind("agent").values() if entry.trial == "sb3"]


#: Every algorithm, with settings that let it learn within some steps.
BRIEF = {
    "sb3/dqn": "learning_starts=10,batch_size=4",
    "sb3/ppo": "n_steps=16,batch_size=8,n_epochs=1",
    "sb3/a2c": "n_steps=16",
    "sb3/qrdqn": "learning_starts=10,batch_size=4,train_freq=1",
    "sb3/trpo": "n_steps=16,batch_size=8",
    "sb3/maskable_ppo": "n_steps=16,batch_size=8,n_epochs=1",
    "sb3/recurrent_ppo": "n_steps=16,batch_size=8,n_epochs=1",
    "sb3/ars": "n_delta=1",
    "sb3/ddpg": "learning_starts=10,batch_size=4,noise_std=0.1",
    "sb3/td3": "learning_starts=10,batch_size=4",
    "sb3/sac": "learning_starts=10,batch_size=4",
    "sb3/tqc": "learning_starts=10,batch_size=4",
    "sb3/crossq": "learning_starts=10,batch_size=4",
}
SMALL = "daedalus/Cliff-v0:rows=3,columns=4,time_limit=30"


@pytest.mark.parametrize("entry", of_sb3(), ids=lambda entry: entry.name)
def test_every_algorithm_runs_exact_steps_and_learns(entry, ledgers, monkeypatch) -> None:
    """Its weights move, in as many steps as were asked for, and it is judged at the points of everyone."""
    monkeypatch.setattr("daedalus.core.lab.experiment.EVALUATIONS", 2)
    monkeypatch.setattr("daedalus.agents.evaluation.EVALUATION_EPISODES", 1)
    world = SMALL if "finite" in entry.suits else "Pendulum-v1"
    items = run(world, f"{entry.name}:{BRIEF[entry.name]},width=8,depth=1", 40)
    assert ledgers[0].steps == 40
    assert [columns["step"][0] for columns in curves(items)] == [0, 20, 36, 40]
    values = [float(columns["value"][0]) for columns in curves(items)]
    assert np.isfinite(values).all()
    final = items[-1].arrays
    if world == SMALL:
        assert final["visits"].sum() == 40
        assert curves(items)[-1]["exact"][0] == (entry.name != "sb3/recurrent_ppo")
        assert (final["policy"] == -1).all() == (entry.name == "sb3/recurrent_ppo")


def test_a_memory_is_carried_through_an_episode_and_begins_anew() -> None:
    env = Masks(environment(load_problem(parse_spec(SMALL))))
    told: list[tuple[object, bool]] = []

    class Counting:
        def predict(self, observation, state, episode_start, deterministic):
            told.append((state, bool(episode_start[0])))
            return np.int64(0 if state is None else 1), (0 if state is None else state) + 1

    judge = LivedJudge(load_problem(parse_spec(SMALL)), None)
    judge._episode(env, Counting(), 0, 4)
    judge._episode(env, Counting(), 0, 4)
    assert [state for state, _ in told] == 2 * [None, 1, 2, 3]
    assert [first for _, first in told] == 2 * [True, False, False, False]


def test_our_networks_are_features_extractors() -> None:
    """The picture of a grid goes through our CNN, with the weights that its own generator gives it."""
    space = gymnasium.spaces.Box(0, 1, (3, 5, 4), np.float32)
    body = CNN(channels=(4,), width=6)
    encoder = Encoder(space, body, seed=2)
    seen = torch.rand(7, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    assert encoder(seen).shape == (7, encoder.features_dim) == (7, 6)
    assert torch.equal(encoder(seen), body.build((3, 5, 4), torch_generator(2, "init"))(seen))
    one_hot = torch.nn.functional.one_hot(torch.arange(9), 9).float()
    assert Encoder(gymnasium.spaces.Discrete(9), MLP(width=8, depth=1))(one_hot).shape == (9, 8)
    with pytest.raises(UserError, match="use MLP"):
        Encoder(gymnasium.spaces.Discrete(9), body)


def test_an_encoder_is_named_on_the_command_line(models) -> None:
    name = "daedalus/Cliff-v0:rows=3,columns=4,observation=symbolic"
    run(name, "sb3/a2c:n_steps=4,encoder=cnn(width=16,kernels=3)", 8)
    assert isinstance(models[0].policy.features_extractor, Encoder)
    assert models[0].policy.features_extractor.features_dim == 16
    with pytest.raises(UserError, match="did you mean 'cnn'"):
        run(name, "sb3/a2c:encoder=cn", 8)
    with pytest.raises(UserError, match="use MLP"):
        run(SMALL, "sb3/a2c:encoder=cnn", 8)


@pytest.mark.parametrize("agent", ["sb3/maskable_ppo"])
def test_masked_actions_are_never_taken(agent: str, monkeypatch) -> None:
    """The mask of a maze forbids walking into walls: neither the learner nor its judged policy does."""
    name = "daedalus/Maze-v0:rows=3,columns=3,action_mask=true"
    world = load_problem(parse_spec(name))
    masks = action_masks(world).astype(bool)
    taken: list[bool] = []
    step = Ledger.step

    def watched(self, action):
        taken.append(bool(masks[self.env.unwrapped.state, int(action)]))
        return step(self, action)

    monkeypatch.setattr(Ledger, "step", watched)
    final = run(name, f"{agent}:{BRIEF[agent]}", 64)[-1].arrays
    assert len(taken) == 64
    assert all(taken)
    assert not masks[: world.states].all(), "there is something to forbid"
    assert masks[np.arange(world.states), final["policy"][0]].all()


def run(world: str, agent: str, steps: int, seed: int = 0, **more):
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, 1, steps, **more)
    return list(sb3(experiment, [seed], None))


def curves(items) -> list[dict]:
    return [item.columns for item in items if isinstance(item, Record) and item.table == "curve"]


def timeless(items) -> list[dict]:
    tables = [item.arrays if isinstance(item, Final) else item.columns for item in items]
    return [{name: a.tobytes() for name, a in table.items() if not name.startswith("seconds")} for table in tables]


def global_state() -> tuple:
    return random.getstate(), [str(part) for part in np.random.get_state()], torch.get_rng_state().tolist()


@pytest.fixture
def ledgers(monkeypatch) -> list[Ledger]:
    """Every ledger that a trial makes."""
    made: list[Ledger] = []

    class Kept(Ledger):
        def __init__(self, env, states):
            super().__init__(env, states)
            made.append(self)

    monkeypatch.setattr(sb3_trial, "Ledger", Kept)
    return made


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("steps", [150, 160])  # within a rollout of every one of them, and at its end
def test_exact_steps_exact_points_and_exact_values(agent: str, steps: int, ledgers) -> None:
    items = run(LAKE, agent, steps, seed=3)
    assert ledgers[0].steps == steps
    assert [columns["step"].tolist() for columns in curves(items)] == [[step] for step in evaluation_steps(steps)]
    assert all(columns["seed"].tolist() == [3] for columns in curves(items))
    final, lake = items[-1].arrays, load_problem(parse_spec(LAKE))
    assert final["visits"].shape == final["policy"].shape == (1, 16)
    assert final["visits"].sum() == steps
    exact = policy_value_within(lake.mdp, np.append(final["policy"][0], 0), 100)
    last = curves(items)[-1]
    assert last["value"][0] == pytest.approx(exact, abs=1e-12)
    assert last["regret"][0] == pytest.approx(truth(lake).optimum - exact, abs=1e-12)
    assert last["exact"].all()
    assert np.isfinite([columns["loss"][0] for columns in curves(items)]).any()


@pytest.mark.parametrize("agent", AGENTS)
def test_same_seed_same_records_and_the_global_random_state_untouched(agent: str) -> None:
    before = global_state()
    first = run(LAKE, agent, 100, seed=1, episodes=True)
    assert global_state() == before
    random.random(), np.random.rand(), torch.rand(3)
    assert timeless(run(LAKE, agent, 100, seed=1, episodes=True)) == timeless(first)
    assert timeless(run(LAKE, agent, 100, seed=2, episodes=True)) != timeless(first)


@pytest.mark.parametrize("agent", AGENTS)
def test_what_others_draw_between_two_records_changes_nothing_and_is_not_changed(agent: str) -> None:
    alone = run(LAKE, agent, 60)
    experiment = Experiment(parse_spec(LAKE), parse_spec(agent), agent, 1, 60)
    np.random.seed(5)
    torch.manual_seed(5)
    seen, drawn = [], []
    for item in sb3(experiment, [0], None):
        seen.append(item)
        drawn.append((np.random.rand(), torch.rand(1).item()))
    assert timeless(seen) == timeless(alone)
    np.random.seed(5)
    torch.manual_seed(5)
    assert drawn == [(np.random.rand(), torch.rand(1).item()) for _ in drawn]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in the trial: the number of threads alone changes an orthogonal initialisation in its last digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("agent", "plain"),
    [
        (AGENTS[0], {"learning_starts": 20, "batch_size": 8, "target_update_interval": 50}),
        (AGENTS[1], {"n_steps": 32, "batch_size": 16, "n_epochs": 2}),
        (AGENTS[2], {}),
    ],
)
@pytest.mark.usefixtures("one_thread")
def test_the_trial_learns_what_learn_learns(agent: str, plain: dict) -> None:
    """Measuring changes nothing: after 160 steps, whole rollouts for all three, the weights are Stable-Baselines3's."""
    algorithm = getattr(stable_baselines3, agent.partition(":")[0].removeprefix("sb3/").upper())
    kept: list = []
    learn = algorithm.learn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            algorithm, "learn", lambda self, *args, **kwargs: kept.append(self) or learn(self, *args, **kwargs)
        )
        run(LAKE, agent, 160)
    with ForkedRandomness():
        plain_model = algorithm("MlpPolicy", WorldEnv(load_problem(parse_spec(LAKE))), seed=0, device="cpu", **plain)
        plain_model.learn(160)
    assert plain_model.num_timesteps == kept[0].num_timesteps == 160
    ours, theirs = (model.policy.state_dict() for model in (kept[0], plain_model))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_episodes_are_recorded_and_match_the_curve() -> None:
    items = run(LAKE, "sb3/a2c", 200, episodes=True)
    rows = [item.columns for item in items if isinstance(item, Record) and item.table == "episodes"]
    episode, step, length = (np.concatenate([r[name] for r in rows]) for name in ("episode", "step", "length"))
    assert episode.tolist() == list(range(len(episode)))
    assert step.tolist() == np.cumsum(length).tolist()
    assert sum(int(columns["episodes"][0]) for columns in curves(items)) == len(episode) > 5


def test_cartpole_is_evaluated_by_rollouts(ledgers, monkeypatch) -> None:
    monkeypatch.setattr("daedalus.core.lab.experiment.EVALUATIONS", 3)
    items = run("CartPole-v1", "sb3/ppo:n_steps=100,batch_size=50,n_epochs=2", 300)
    assert ledgers[0].steps == 300
    assert [columns["step"][0] for columns in curves(items)] == [0, 100, 200, 270, 300]
    last = curves(items)[-1]
    assert not last["exact"].any()
    assert 8 < last["value"][0] <= 500
    assert np.isnan(last["optimum"]).all()
    assert {name.partition(".")[0] for name in items[-1].arrays} == {"weights"}, "there is no table to keep"


class Boxed(gymnasium.Env[np.ndarray, np.ndarray]):
    """One step long, with actions in a box, and observations in a dictionary."""

    action_space = gymnasium.spaces.Box(-1, 1, (2,))
    observation_space = gymnasium.spaces.Dict(
        {"a": gymnasium.spaces.Box(0, 1, (2,)), "b": gymnasium.spaces.Discrete(3)}
    )

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return {"a": np.zeros(2, np.float32), "b": 1}, {}

    def step(self, action):
        return {"a": np.zeros(2, np.float32), "b": 1}, float(action.sum() < 0), True, False, {}


@pytest.fixture
def boxed(monkeypatch) -> None:
    def load(spec, seed=0):
        return OpenWorld("Boxed-v0", Boxed)

    monkeypatch.setattr("daedalus.envs.loading.load_problem", load)


@pytest.mark.usefixtures("boxed")
def test_spaces_that_the_algorithm_cannot_take_are_refused_in_a_line() -> None:
    before = threading.active_count()
    for agent in ("sb3/dqn", "sb3/ppo:policy=MlpPolicy"):  # a box of actions; a dictionary for MlpPolicy
        with pytest.raises(UserError, match=f"{agent[:7]} cannot take Boxed-v0: ") as caught:
            run("Boxed-v0", agent, 10)
        assert "\n" not in str(caught.value)
    assert threading.active_count() == before


def test_a_world_is_refused_before_anything_is_run() -> None:
    world = OpenWorld("Boxed-v0", Boxed)
    with pytest.raises(UserError, match="sb3/dqn takes actions of Discrete; those of Boxed-v0 are Box"):
        DQN.check(world)
    PPO.check(world)
    with pytest.raises(UserError, match=r"observations of Box, .* those of Blackjack-v1 are Tuple"):
        A2C.check(load_problem(parse_spec("Blackjack-v1")))
    DQN.check(load_problem(parse_spec(LAKE)))


@pytest.mark.usefixtures("boxed")
def test_boxes_and_dictionaries_are_taken_where_they_can_be() -> None:
    items = run("Boxed-v0", "sb3/ppo:n_steps=8,batch_size=4,n_epochs=1", 16)
    assert curves(items)[-1]["value"][0] in (0.0, 1.0)


def test_an_abandoned_trial_leaves_no_thread_and_no_trace() -> None:
    before, threads = threading.active_count(), torch.get_num_threads()
    state = global_state()
    experiment = Experiment(parse_spec(LAKE), parse_spec("sb3/a2c"), "x", 1, 1_000_000)
    trial = sb3(experiment, [0], None)
    next(trial)
    assert threading.active_count() == before + 1
    trial.close()
    assert threading.active_count() == before
    assert global_state() == state
    assert torch.get_num_threads() == threads


def test_turns_are_strict_and_errors_come_home() -> None:
    log: list[str] = []

    def work(turn) -> None:
        for number in range(3):
            log.append(f"work {number}")
            turn.give(number)
        raise ValueError("from the loop")

    with pytest.raises(ValueError, match="from the loop"):  # noqa: PT012 - the log is the point
        for item in in_turns(work, ForkedRandomness()):
            log.append(f"caller {item}")
    assert log == ["work 0", "caller 0", "work 1", "caller 1", "work 2", "caller 2"]


@pytest.mark.parametrize("entry", of_sb3(), ids=lambda entry: entry.name)
def test_the_parameters_are_those_of_the_library(entry) -> None:
    agent = entry.load()
    assert agent.name == entry.name
    theirs = inspect.signature(agent.constructor).parameters
    fields = {field.name: field for field in dataclasses.fields(agent.config_class)}
    assert {"policy", "width", "depth", "learning_rate"} <= set(fields)
    assert len(fields) > 8
    for name in set(fields) - {"policy", "encoder", "width", "depth", "noise_std"}:
        assert fields[name].default == theirs[name].default, name
    agent.config_class()


@pytest.mark.parametrize(
    ("agent", "params", "message"),
    [
        (DQN, {"learning_rate": 0.0}, "learning_rate must be a finite number above 0"),
        (DQN, {"gamma": 1.5}, r"gamma must lie in \[0, 1\]"),
        (DQN, {"batch_size": 0}, "batch_size must be at least 1"),
        (PPO, {"n_steps": 1}, "n_steps must be at least 2"),
        (PPO, {"target_kl": -1.0}, "target_kl"),
        (A2C, {"learning_rate": float("inf")}, "learning_rate"),
        (A2C, {"nsteps": 3}, "n_steps"),
        (A2C, {"policy": "MlpPolice"}, "MlpPolicy"),
    ],
)
def test_bad_parameters_are_refused(agent, params: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        fill(agent.config_class, params, "sb3/x")


def test_reading_the_parameters_imports_no_torch() -> None:
    code = "import sys, daedalus.agents.sb3; print('torch' in sys.modules or 'stable_baselines3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


SHORT = "sb3/a2c:n_steps=4"


@pytest.fixture
def models(monkeypatch) -> list:
    """Every A2C that learns."""
    kept: list = []
    learn = stable_baselines3.A2C.learn
    monkeypatch.setattr(
        stable_baselines3.A2C, "learn", lambda self, *args, **kwargs: kept.append(self) or learn(self, *args, **kwargs)
    )
    return kept


@pytest.mark.parametrize("sight", get_args(Sight))
def test_whatever_is_shown_the_policy_is_one_of_states_and_its_value_exact(sight: str, models, ledgers) -> None:
    name = f"daedalus/Cliff-v0:rows=3,columns=4,time_limit=30,observation={sight},tile_size=2"
    name += ",view_size=3" if sight in ("view", "heading_view") else ""
    items = run(name, SHORT, 40)
    final, world = items[-1].arrays, load_problem(parse_spec(name))
    observer = observer_of(world)
    shown = [models[0].predict(observer.one(state), deterministic=True)[0] for state in range(world.states)]
    assert final["policy"].tolist() == [[int(action) for action in shown]]
    last = curves(items)[-1]
    assert last["value"][0] == pytest.approx(policy_value_within(world.mdp, final["policy"][0], 30), abs=1e-12)
    assert last["exact"].all()
    assert last["optimum"][0] == -5
    assert final["visits"].sum() == 40
    assert final["visits"][0, world.mdp.terminal].sum() == 0
    assert final["visits"][0, np.flatnonzero(world.mdp.start)].sum() > 0


def test_states_that_look_alike_get_the_same_action() -> None:
    name = "daedalus/TMaze-v0"
    items = run(name, SHORT, 40)
    world, policy = load_problem(parse_spec(name)), items[-1].arrays["policy"][0]
    assert len(np.unique(world.shows)) < world.states
    for number in np.unique(world.shows):
        assert len(np.unique(policy[world.shows == number])) == 1
    assert items[-1].arrays["visits"].sum() == 40
    assert curves(items)[-1]["exact"].all()


def test_in_a_world_that_changes_the_phase_in_force_judges(monkeypatch) -> None:
    """From step 20 on every other move slips, so the best value is lower."""
    cliffs = tuple(
        load_problem(parse_spec(f"daedalus/Cliff-v0:rows=3,columns=4,time_limit=30,observation=coordinates{slip}"))
        for slip in ("", ",slip=0.5")
    )
    changing = Schedule("changing", np.array([0, 20]), cliffs)
    monkeypatch.setattr("daedalus.envs.loading.load_problem", lambda spec, seed=0: changing)
    items = run("changing", SHORT, 40)
    optima = [truth(cliff).optimum for cliff in cliffs]
    assert optima[0] == -5
    assert optima[1] < -6
    for columns in curves(items):
        now = int(columns["step"][0] > 20)
        assert columns["optimum"][0] == optima[now]
        assert columns["regret"][0] == pytest.approx(optima[now] - columns["value"][0])
    final = items[-1].arrays
    exact = policy_value_within(cliffs[1].mdp, final["policy"][0], 30)
    assert curves(items)[-1]["value"][0] == pytest.approx(exact, abs=1e-12)
    assert final["visits"].sum() == 40


def test_a_q_network_is_kept_by_state(ledgers) -> None:
    name = "daedalus/Cliff-v0:rows=3,columns=4,time_limit=30,observation=symbolic"
    final = run(name, AGENTS[0], 60)[-1].arrays
    assert final["q"].shape == (1, 12, 4)
    assert np.array_equal(final["q"].argmax(axis=2), final["policy"])


@pytest.mark.parametrize(
    ("space", "policy"),
    [
        (gymnasium.spaces.Discrete(5), "MlpPolicy"),
        (gymnasium.spaces.Box(0, 1, (3, 64, 64), np.uint8), "MlpPolicy"),  # planes of 0 and 1 are no picture
        (gymnasium.spaces.Box(0, 255, (32, 96, 3), np.uint8), "MlpPolicy"),  # too small for the convolutions
        (gymnasium.spaces.Box(0, 255, (36, 96, 3), np.uint8), "CnnPolicy"),
        (gymnasium.spaces.Box(0, 255, (4, 84, 84), np.uint8), "CnnPolicy"),
        (gymnasium.spaces.Dict({"a": gymnasium.spaces.Discrete(3)}), "MultiInputPolicy"),
    ],
)
def test_the_policy_fits_what_is_seen(space: gymnasium.Space, policy: str) -> None:
    assert sb3_trial.policy_for(space, PPO.policies) == policy


def test_pictures_are_learnt_from_by_convolutions(models) -> None:
    run("daedalus/Cliff-v0:rows=3,columns=4,observation=pixels,tile_size=12", "sb3/a2c:n_steps=4,width=8,depth=1", 8)
    assert isinstance(models[0].policy.features_extractor, NatureCNN)


def test_in_a_contextual_bandit_the_network_is_judged_by_what_its_arms_earn(models) -> None:
    items = run("daedalus/ContextualBandit-v0:arms=3,features=2", SHORT, 40)
    known = load_problem(parse_spec("daedalus/ContextualBandit-v0:arms=3,features=2"), 0).prospects
    chosen = models[-1].predict(known.shown, deterministic=True)[0]
    last = curves(items)[-1]
    earned = known.earned[np.arange(len(chosen)), chosen].mean()
    assert last["value"][0] == pytest.approx(earned)
    assert last["regret"][0] == pytest.approx(known.earned.max(axis=1).mean() - earned)
    assert not last["exact"][0]
