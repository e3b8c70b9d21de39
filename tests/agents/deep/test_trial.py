"""The trial "deep": what it tells, what it keeps, and who acts by what it keeps."""

import numpy as np
import pytest

from daedalus.agents.acting import actor
from daedalus.core.catalogue import find
from daedalus.core.errors import UserError
from daedalus.core.lab.experiment import Experiment, Final, Record, Snapshot, evaluation_steps
from daedalus.core.spec import parse_spec
from daedalus.envs.loading import load_problem

SMALL = "dqn:width=8,train_freq=4,batch_size=4,learning_starts=10,target_update_interval=20,exploration_fraction=0.5"


def lived(world, steps=100, seeds=(0, 1), agent=SMALL):
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, len(seeds), steps)
    return experiment, list(find("trial", "deep").load()(experiment, seeds, None))


def rows(items, table):
    parts = [item.columns for item in items if isinstance(item, Record) and item.table == table]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_scalars_have_the_tags_of_stable_baselines3():
    _, items = lived("daedalus/Maze-v0:rows=3,columns=3,time_limit=10")
    scalars, curve = rows(items, "scalars"), rows(items, "curve")

    def of(tag, seed):
        chosen = (scalars["tag"] == tag) & (scalars["seed"] == seed)
        return dict(zip(scalars["step"][chosen].tolist(), scalars["value"][chosen].tolist(), strict=True))

    steps = evaluation_steps(100)
    assert of("rollout/exploration_rate", 1) == pytest.approx({step: max(0.05, 1 - 0.95 * step / 50) for step in steps})
    assert of("train/n_updates", 0) == {step: max(0, step // 4 - 2) for step in steps}
    assert set(of("train/learning_rate", 0).values()) == {1e-3}
    regret = curve["regret"][curve["seed"] == 1].tolist()
    assert of("exact/regret", 1) == dict(zip(steps, regret, strict=True))
    assert set(of("train/loss", 0)) == {step for step in steps if step >= 12 and step % 4 == 0}  # since the row before
    assert of("rollout/ep_len_mean", 0)[100] <= 10
    assert of("rollout/ep_rew_mean", 0)[100] <= 0


def test_what_is_kept_of_a_finite_world_can_be_drawn():
    _, items = lived("daedalus/Maze-v0:rows=3,columns=3,time_limit=10")
    final, beliefs = items[-1].arrays, rows(items, "beliefs")
    states = load_problem(parse_spec("daedalus/Maze-v0:rows=3,columns=3")).states
    assert final["q"].shape == (2, states, 4)
    assert (final["q"].argmax(axis=2) == final["policy"]).all()
    assert final["weights.linear0.weight"].shape == (2, states, 8)
    last = beliefs["step"] == 100
    assert beliefs["seed"].max() == 0
    np.testing.assert_array_equal(beliefs["action"][last], final["policy"][0])
    np.testing.assert_allclose(beliefs["value"][last], final["q"][0].max(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(beliefs["visits"][last], final["visits"][0])


def test_stored_networks_act_as_they_were_judged():
    experiment, items = lived("CartPole-v1", 60)
    final = items[-1]
    assert isinstance(final, Final)
    assert sum(isinstance(item, Snapshot) for item in items) == len(evaluation_steps(60))
    from daedalus.agents.deep.dqn import DQN

    params = parse_spec(SMALL).mapping
    learner = DQN("CartPole-v1", seed=1, **params).learn(60)
    act = actor(experiment, {name: array[1] for name, array in final.arrays.items()}, 1)
    shown = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    assert [act(one) for one in shown] == learner.predict(shown, deterministic=True)[0].tolist()
    assert actor(experiment, {}, 1) is None


def test_worlds_that_it_cannot_live_in():
    with pytest.raises(UserError, match="is a bandit"):
        lived("daedalus/Bandit-v0")
    with pytest.raises(UserError, match="Discrete actions"):
        lived("Pendulum-v1")
