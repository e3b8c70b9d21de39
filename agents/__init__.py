"""Strategies and learners: bandits, tables, and adapters to Stable-Baselines3. Names load their modules on use."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.agents, not agents")

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

if TYPE_CHECKING:
    from .bandits.learners import UCB, EpsilonFirst, EpsilonFirstSoftmax, EpsilonGreedy, Greedy, Softmax
    from .interface import Agent, Step
    from .sb3.vector import SB3VecEnv
    from .tables.actor_critic import ActorCritic
    from .tables.dyna_q import DynaQ
    from .tables.dyna_q_plus import DynaQPlus
    from .tables.expected_sarsa import ExpectedSarsa
    from .tables.posterior_sampling import PosteriorSampling
    from .tables.prioritized_sweeping import PrioritizedSweeping
    from .tables.q_learning import QLearning
    from .tables.r_max import RMax
    from .tables.reinforce import Reinforce
    from .tables.sarsa import Sarsa

_HOMES = {
    "UCB": "bandits.learners",
    "Agent": "interface",
    "EpsilonFirst": "bandits.learners",
    "EpsilonFirstSoftmax": "bandits.learners",
    "EpsilonGreedy": "bandits.learners",
    "ExpectedSarsa": "tables.expected_sarsa",
    "Greedy": "bandits.learners",
    "QLearning": "tables.q_learning",
    "SB3VecEnv": "sb3.vector",
    "Sarsa": "tables.sarsa",
    "Softmax": "bandits.learners",
    "Step": "interface",
    "ActorCritic": "tables.actor_critic",
    "DynaQ": "tables.dyna_q",
    "DynaQPlus": "tables.dyna_q_plus",
    "PosteriorSampling": "tables.posterior_sampling",
    "PrioritizedSweeping": "tables.prioritized_sweeping",
    "RMax": "tables.r_max",
    "Reinforce": "tables.reinforce",
}

__all__ = [
    "UCB",
    "ActorCritic",
    "Agent",
    "DynaQ",
    "DynaQPlus",
    "EpsilonFirst",
    "EpsilonFirstSoftmax",
    "EpsilonGreedy",
    "ExpectedSarsa",
    "Greedy",
    "PosteriorSampling",
    "PrioritizedSweeping",
    "QLearning",
    "RMax",
    "Reinforce",
    "SB3VecEnv",
    "Sarsa",
    "Softmax",
    "Step",
]


__getattr__ = offers(__name__, _HOMES)
