"""Strategies and learners: bandits, tables, and adapters to Stable-Baselines3. Names load their modules on use."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.agents, not agents")

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bandits import UCB, EpsilonFirst, EpsilonFirstSoftmax, EpsilonGreedy, Greedy, Softmax
    from .interface import Agent, Step
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
    "Sarsa",
    "Softmax",
    "Step",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
