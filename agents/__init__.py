"""Strategies and learners: bandits, tables, and adapters to Stable-Baselines3. Names load their modules on use."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.agents, not agents")

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

if TYPE_CHECKING:
    from .bandits import UCB, EpsilonFirst, EpsilonFirstSoftmax, EpsilonGreedy, Greedy, Softmax
    from .interface import Agent, Step
    from .sb3_vector import SB3VecEnv
    from .tabular import ExpectedSarsa, QLearning, Sarsa

_HOMES = {
    "UCB": "bandits",
    "Agent": "interface",
    "EpsilonFirst": "bandits",
    "EpsilonFirstSoftmax": "bandits",
    "EpsilonGreedy": "bandits",
    "ExpectedSarsa": "tabular",
    "Greedy": "bandits",
    "QLearning": "tabular",
    "SB3VecEnv": "sb3_vector",
    "Sarsa": "tabular",
    "Softmax": "bandits",
    "Step": "interface",
}

__all__ = [
    "UCB",
    "Agent",
    "EpsilonFirst",
    "EpsilonFirstSoftmax",
    "EpsilonGreedy",
    "ExpectedSarsa",
    "Greedy",
    "QLearning",
    "SB3VecEnv",
    "Sarsa",
    "Softmax",
    "Step",
]


__getattr__ = offers(__name__, _HOMES)
