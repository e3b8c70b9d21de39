"""Learners of Stable-Baselines3 by name, the trial that runs them and the service that lets them act again."""

from daedalus.core.catalogue import Entry

_WORLDS = ("contextual", "finite", "changing", "open")
_FAMILY = "Networks of Stable-Baselines3"


def _learner(name: str, target: str, summary: str, suits: tuple[str, ...] = _WORLDS) -> Entry:
    return Entry("agent", name, f"daedalus.agents.sb3.algorithms:{target}", summary, suits, "sb3", 1, _FAMILY)


SB3 = (
    _learner("sb3/dqn", "DQN", "DQN of Stable-Baselines3"),
    _learner("sb3/ppo", "PPO", "PPO of Stable-Baselines3"),
    _learner("sb3/a2c", "A2C", "A2C of Stable-Baselines3"),
    _learner("sb3/qrdqn", "QR_DQN", "quantile-regression DQN of sb3-contrib"),
    _learner("sb3/trpo", "TRPO", "TRPO of sb3-contrib"),
    _learner("sb3/maskable_ppo", "MASKABLE_PPO", "PPO with action masks of sb3-contrib"),
    _learner("sb3/recurrent_ppo", "RECURRENT_PPO", "PPO with an LSTM of sb3-contrib"),
    _learner("sb3/ars", "ARS", "augmented random search of sb3-contrib"),
    _learner("sb3/ddpg", "DDPG", "DDPG of Stable-Baselines3, for actions in a box", ("open",)),
    _learner("sb3/td3", "TD3", "TD3 of Stable-Baselines3, for actions in a box", ("open",)),
    _learner("sb3/sac", "SAC", "SAC of Stable-Baselines3, for actions in a box", ("open",)),
    _learner("sb3/tqc", "TQC", "TQC of sb3-contrib, for actions in a box", ("open",)),
    _learner("sb3/crossq", "CROSS_Q", "CrossQ of sb3-contrib, for actions in a box", ("open",)),
    Entry("trial", "sb3", "daedalus.agents.sb3.trial:sb3", "Stable-Baselines3, one seed at a time"),
    Entry("service", "actor", "daedalus.agents.acting:actor", "acts by the networks that a run keeps"),
)
