"""Learners of Stable-Baselines3 by name, the trial that runs them and the service that lets them act again."""

from daedalus.core.catalogue import Entry

_SUITS = ("contextual", "finite", "changing", "open")
_FAMILY = "Networks of Stable-Baselines3"


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.sb3.algorithms:{target}", summary, _SUITS, "sb3", 1, _FAMILY)


SB3 = (
    _learner("sb3/dqn", "DQN", "DQN of Stable-Baselines3"),
    _learner("sb3/ppo", "PPO", "PPO of Stable-Baselines3"),
    _learner("sb3/a2c", "A2C", "A2C of Stable-Baselines3"),
    Entry("trial", "sb3", "daedalus.agents.sb3.trial:sb3", "Stable-Baselines3, one seed at a time"),
    Entry("service", "actor", "daedalus.agents.sb3.actor:actor", "acts by the networks that a run keeps"),
)
