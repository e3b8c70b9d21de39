"""Callbacks: names, hooks and order as Stable-Baselines3 has them, and its own ones; TensorBoard, read back."""

import warnings
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from stable_baselines3.common import callbacks as theirs
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from daedalus.agents import DQN
from daedalus.agents.deep import callbacks as ours
from daedalus.core.errors import UserError
from daedalus.core.files import read_arrays
from daedalus.core.spec import parse_spec
from daedalus.envs.loading import load_problem

MAZE = "daedalus/Maze-v0:rows=3,columns=3,time_limit=10"
SMALL = {
    "width": 8,
    "train_freq": 4,
    "batch_size": 4,
    "learning_starts": 10,
    "target_update_interval": 20,
    "buffer_size": 200,
}


class Diary(ours.BaseCallback):
    """Writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def _init_callback(self):
        self.lines.append("init")

    def _on_training_start(self):
        self.lines.append("training start")

    def _on_rollout_start(self):
        self.lines.append("rollout start")

    def _on_step(self):
        self.lines.append(f"step {self.num_timesteps}")
        return True

    def _on_rollout_end(self):
        self.lines.append("rollout end")

    def _on_training_end(self):
        self.lines.append("training end")


def test_the_order_is_theirs():
    """The same diary as a learner of Stable-Baselines3 calls it, in ours and in its own."""
    import stable_baselines3

    their_diary = type("Diary", (theirs.BaseCallback,), {k: v for k, v in vars(Diary).items() if k != "__init__"})()
    their_diary.lines = []
    model = stable_baselines3.DQN("MlpPolicy", "CartPole-v1", learning_starts=10, train_freq=4, device="cpu")
    model.learn(12, callback=their_diary)
    for diary in (Diary(), their_diary):
        expected = list(their_diary.lines) if isinstance(diary, Diary) else expected  # noqa: F821
        diary.lines = []
        DQN(MAZE, **SMALL).learn(12, callback=diary)
        assert diary.lines == expected


def test_what_a_callback_may_look_at():
    seen = []

    class Looks(ours.BaseCallback):
        def _on_step(self):
            seen.append(
                (self.locals["rewards"].shape, bool(self.locals["dones"][0]), self.locals["infos"][0], self.n_calls)
            )
            assert self.training_env is self.model.get_env()
            assert self.locals["total_timesteps"] == 25
            return True

    DQN(MAZE, **SMALL).learn(25, callback=[Looks()])
    assert [one[3] for one in seen] == list(range(1, 26))
    ended = [info["episode"]["l"] for _, done, info, _ in seen if done]
    assert ended
    assert sum(ended) <= 25
    assert all(not info for _, done, info, _ in seen if not done)


def test_functions_stop_a_training():
    learner = DQN(MAZE, **SMALL)
    learner.learn(50, callback=lambda model: model.num_timesteps < 7)
    assert learner.num_timesteps == 7
    learner.learn(50, callback=lambda locals_, globals_: not locals_["dones"][0])
    assert learner.num_timesteps == 10  # the time limit
    assert learner.learn(5, callback=lambda model: None).num_timesteps == 15


def test_episodes_and_thresholds_stop_a_training():
    learner = DQN(MAZE, **SMALL).learn(400, callback=ours.StopTrainingOnMaxEpisodes(3))
    assert learner.num_timesteps <= 30
    stop = ours.EvalCallback(MAZE, callback_on_new_best=ours.StopTrainingOnRewardThreshold(-1e9), eval_freq=20)
    assert DQN(MAZE, **SMALL).learn(400, callback=stop).num_timesteps == 20
    with pytest.raises(UserError, match="goes into EvalCallback"):
        DQN(MAZE, **SMALL).learn(5, callback=ours.StopTrainingOnRewardThreshold(0.0))


def test_a_training_that_improves_no_more_is_stopped():
    """By ours and by theirs, after the same evaluations; a better one begins the count again."""
    for kind in (ours.StopTrainingOnNoModelImprovement, theirs.StopTrainingOnNoModelImprovement):
        for bests, patience, first, goes_on in (
            ([1, 2, 2, 2], 1, 0, [True, True, True, False]),
            ([1, 2, 2, 3, 3, 3], 1, 0, [True, True, True, True, True, False]),
            ([1, 1, 1, 1, 1], 1, 2, [True, True, True, False, False]),
        ):
            callback, parent = kind(patience, first), ours.EvalCallback(MAZE)
            callback.parent, callback.model = parent, SimpleNamespace(num_timesteps=0)
            found = []
            for best in bests:
                parent.best_mean_reward = best
                found.append(callback.on_step())
            assert found == goes_on
    with pytest.raises(UserError, match="goes into EvalCallback"):
        DQN(MAZE, **SMALL).learn(5, callback=ours.StopTrainingOnNoModelImprovement(1))


def test_their_evaluation_judges_our_learner():
    from stable_baselines3.common.monitor import Monitor

    judged = Monitor(gymnasium.make("CartPole-v1", max_episode_steps=20))
    callback = theirs.EvalCallback(judged, n_eval_episodes=2, eval_freq=20, verbose=0, warn=False)
    with warnings.catch_warnings(action="ignore"):  # ours is no VecEnv
        DQN("CartPole-v1", **SMALL).learn(40, callback=callback)
    assert 1 <= callback.last_mean_reward <= 20


def test_evaluation_is_exact_in_a_finite_world(tmp_path):
    from daedalus.agents.deep.judges import FiniteJudge
    from daedalus.agents.homes import shared

    after = Diary()
    callback = ours.EvalCallback(
        MAZE, callback_after_eval=after, eval_freq=30, log_path=tmp_path / "log", best_model_save_path=tmp_path / "best"
    )
    learner = DQN(MAZE, **SMALL).learn(90, callback=callback)
    judge = FiniteJudge(shared(load_problem(parse_spec(MAZE)), [0]), None)
    kept, _ = read_arrays(tmp_path / "log" / "evaluations.safetensors", "")
    assert kept["timesteps"].tolist() == [30, 60, 90]
    assert kept["results"][-1] == callback.last_mean_reward
    assert callback.best_mean_reward == kept["results"].max()
    assert [line for line in after.lines if line.startswith("step")] == ["step 30", "step 60", "step 90"]
    best = DQN.load(tmp_path / "best" / "best_model", env=MAZE)
    worth = judge.columns(best._body.population, 0)["value"][0]
    assert callback.best_mean_reward == pytest.approx(worth)
    assert learner.num_timesteps == 90


def test_evaluation_elsewhere_is_lived():
    callback = ours.EvalCallback("CartPole-v1", eval_freq=40, n_eval_episodes=2)
    DQN("CartPole-v1", **SMALL).learn(40, callback=callback)
    assert 1 <= callback.last_mean_reward <= 500


@pytest.mark.parametrize("family", [ours, theirs])
def test_checkpoints_every_so_often(family, tmp_path):
    """Stable-Baselines3's callbacks do here what they do there."""
    saves = family.CheckpointCallback(10, str(tmp_path), name_prefix="maze")
    every = family.EveryNTimesteps(
        15, Diary() if family is ours else theirs.ConvertCallback(lambda locals_, globals_: True)
    )
    DQN(MAZE, **SMALL).learn(30, callback=[saves, family.CallbackList([every])])
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 3
    assert all(name.startswith("maze_") and "0_steps" in name for name in files)
    assert DQN.load(tmp_path / files[0], env=MAZE).num_timesteps == 10


def test_tensorboard_reads_the_tags_of_theirs_and_the_exact_regret(tmp_path):
    learner = DQN(MAZE, tensorboard_log=tmp_path, **SMALL)
    learner.learn(60, log_interval=2, tb_log_name="run").learn(60, log_interval=2, tb_log_name="run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run_1", "run_2"]
    events = EventAccumulator(str(tmp_path / "run_1"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {
        "rollout/ep_rew_mean", "rollout/ep_len_mean", "rollout/exploration_rate", "time/episodes", "time/fps",
        "time/time_elapsed", "time/total_timesteps", "train/loss", "train/learning_rate", "train/n_updates",
        "exact/regret",
    }  # fmt: skip
    regrets = events.Scalars("exact/regret")
    assert [regrets[0].step, regrets[-1].step] == [0, 60]
    assert all(one.value >= -1e-6 for one in regrets)
    lengths = events.Scalars("rollout/ep_len_mean")
    assert all(one.value <= 10 for one in lengths)
    assert np.diff([one.value for one in events.Scalars("time/episodes")]).tolist() == [2.0] * (len(lengths) - 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ours.EveryNTimesteps(0, Diary()),
        lambda: ours.CheckpointCallback(True, "x"),
        lambda: ours.StopTrainingOnMaxEpisodes(1.5),
        lambda: ours.EvalCallback(MAZE, eval_freq=0),
    ],
)
def test_bad_numbers_are_refused(make):
    with pytest.raises(UserError, match="must be a whole number from 1 on"):
        make()


def test_a_log_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot make the folder"):
        DQN(MAZE, tensorboard_log=tmp_path / "file", **SMALL).learn(5)
