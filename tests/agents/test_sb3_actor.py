"""Networks that a run keeps act again as they did."""

import gymnasium
import numpy as np
import pytest
import torch
from PIL import Image

from daedalus.agents.acting import actor
from daedalus.agents.sb3.judges import OpenJudge
from daedalus.agents.sb3.trial import new_model
from daedalus.core.lab import compare
from daedalus.core.lab.experiment import Experiment
from daedalus.core.spec import parse_spec
from daedalus.core.world import OpenWorld
from daedalus.envs import load_problem
from daedalus.envs.showing.commands import watch
from daedalus.envs.showing.trained import open_trained

MAZES = "daedalus/Maze-v0:rows=3,columns=3,layout=per_episode,observation="


@pytest.mark.parametrize("agent", ["sb3/ppo", "sb3/dqn"])
@pytest.mark.parametrize("world", ["CartPole-v1", MAZES + "view", MAZES + "pixels"])
def test_stored_weights_choose_the_same_actions(agent, world):
    experiment = Experiment(parse_spec(world), parse_spec(agent), agent, seeds=1, steps=64)
    problem = load_problem(parse_spec(world))
    assert isinstance(problem, OpenWorld)
    env: gymnasium.Env = problem.make()
    model = new_model(experiment, env, seed=7)
    with torch.no_grad():
        for parameter in model.policy.parameters():
            parameter.mul_(3.0)  # other weights than a fresh learner of the seed has
    kept = OpenJudge(problem, None).kept(model, 64)
    act = actor(experiment, kept, 0)
    assert act is not None
    env.observation_space.seed(1)
    shown = [env.observation_space.sample() for _ in range(40)]
    chosen = [int(model.predict(one, deterministic=True)[0]) for one in shown]
    assert [act(one) for one in shown] == chosen
    fresh = new_model(experiment, env, seed=0)
    assert any(not np.array_equal(kept[f"weights.{name}"], own) for name, own in fresh.policy.state_dict().items())


def test_an_open_run_is_watched(tmp_path):
    compare(MAZES + "view", "sb3/a2c", seeds=2, steps=60, name="mazes", out=tmp_path, jobs=1)
    target = tmp_path / "a.gif"
    watch(tmp_path / "mazes", out=target, seed=1, steps=5)
    with Image.open(target) as picture:
        assert picture.size == (7 * 24, 7 * 24)
    assert open_trained(tmp_path / "mazes", None, None, 0).game().best() in range(4)
