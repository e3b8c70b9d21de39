"""Studies of deep learners by name; `agents/classic/entries.py` tells how an experiment is added."""

from daedalus.core.catalogue import Entry


def _study(name: str, target: str, summary: str) -> Entry:
    return Entry("reproduction", name, f"daedalus.agents.deep.studies.{target}", summary, ("deep",))


STUDIES = (
    _study("dqn_cartpole", "control:cartpole", "CartPole-v1: DQN with rl-zoo3's recipe, beside Stable-Baselines3"),
    _study("dqn_acrobot", "control:acrobot", "Acrobot-v1: DQN with rl-zoo3's recipe, beside Stable-Baselines3"),
    _study(
        "dqn_mountain_car", "control:mountain_car", "MountainCar-v0: DQN with rl-zoo3's recipe, beside the same library"
    ),
    _study("dqn_maze", "maze:maze", "A 9 × 9 maze seen as a grid: DQN with convolutions comes to a regret of 0"),
    _study(
        "dqn_ablation", "ablation:ablation", "Mnih et al. 2015, extended data table 3: replay, target network, none"
    ),
)
