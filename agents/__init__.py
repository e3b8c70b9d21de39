"""Strategies and learners: bandits, tables, and adapters to Stable-Baselines3. Names load their modules on use."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.agents, not agents")

from typing import TYPE_CHECKING

from daedalus.core.lazy import offers

if TYPE_CHECKING:
    from .bandits.learners import EpsilonFirst, EpsilonFirstSoftmax, EpsilonGreedy, Greedy, Optimistic, Softmax
    from .bandits.learners_optimistic import KLUCB, MOSS, UCB, DiscountedUCB, KLUCBGaussian, SlidingUCB, UCBTuned
    from .bandits.learners_randomised import (
        EXP3,
        DiscountedThompson,
        Gradient,
        SlidingThompson,
        ThompsonBeta,
        ThompsonGaussian,
    )
    from .contextual.learners import LinThompson, LinUCB
    from .deep.dqn import DQN
    from .interface import Agent, Step
    from .planning.faces import UCT, PolicyIteration, ValueIteration
    from .prediction.n_step_td import NStepTD
    from .prediction.returns import LambdaReturn, MonteCarloPrediction
    from .prediction.td import TD
    from .prediction.td_lambda import TDLambda
    from .sb3.vector import SB3VecEnv
    from .tables.actor_critic import ActorCritic
    from .tables.double_q import DoubleQ
    from .tables.dyna_q import DynaQ
    from .tables.dyna_q_plus import DynaQPlus
    from .tables.expected_sarsa import ExpectedSarsa
    from .tables.monte_carlo import MonteCarlo
    from .tables.n_step_sarsa import NStepSarsa
    from .tables.naive_q import NaiveQ
    from .tables.off_policy_monte_carlo import OffPolicyMonteCarlo
    from .tables.posterior_sampling import PosteriorSampling
    from .tables.prioritized_sweeping import PrioritizedSweeping
    from .tables.q_lambda import QLambda
    from .tables.q_learning import QLearning
    from .tables.r_max import RMax
    from .tables.reinforce import Reinforce
    from .tables.sarsa import Sarsa
    from .tables.sarsa_lambda import SarsaLambda
    from .tables.tree_backup import TreeBackup

_HOMES = {
    "DQN": "deep.dqn",
    "LinThompson": "contextual.learners",
    "LinUCB": "contextual.learners",
    "NaiveQ": "tables.naive_q",
    "DoubleQ": "tables.double_q",
    "NStepSarsa": "tables.n_step_sarsa",
    "TreeBackup": "tables.tree_backup",
    "MonteCarlo": "tables.monte_carlo",
    "OffPolicyMonteCarlo": "tables.off_policy_monte_carlo",
    "SarsaLambda": "tables.sarsa_lambda",
    "QLambda": "tables.q_lambda",
    "Agent": "interface",
    "EpsilonFirst": "bandits.learners",
    "EpsilonFirstSoftmax": "bandits.learners",
    "EpsilonGreedy": "bandits.learners",
    "ExpectedSarsa": "tables.expected_sarsa",
    "Greedy": "bandits.learners",
    "Optimistic": "bandits.learners",
    "UCB": "bandits.learners_optimistic",
    "UCBTuned": "bandits.learners_optimistic",
    "KLUCB": "bandits.learners_optimistic",
    "KLUCBGaussian": "bandits.learners_optimistic",
    "MOSS": "bandits.learners_optimistic",
    "DiscountedUCB": "bandits.learners_optimistic",
    "SlidingUCB": "bandits.learners_optimistic",
    "ThompsonBeta": "bandits.learners_randomised",
    "ThompsonGaussian": "bandits.learners_randomised",
    "DiscountedThompson": "bandits.learners_randomised",
    "SlidingThompson": "bandits.learners_randomised",
    "Gradient": "bandits.learners_randomised",
    "EXP3": "bandits.learners_randomised",
    "QLearning": "tables.q_learning",
    "SB3VecEnv": "sb3.vector",
    "Sarsa": "tables.sarsa",
    "Softmax": "bandits.learners",
    "Step": "interface",
    "UCT": "planning.faces",
    "PolicyIteration": "planning.faces",
    "ValueIteration": "planning.faces",
    "TD": "prediction.td",
    "NStepTD": "prediction.n_step_td",
    "TDLambda": "prediction.td_lambda",
    "LambdaReturn": "prediction.returns",
    "MonteCarloPrediction": "prediction.returns",
    "ActorCritic": "tables.actor_critic",
    "DynaQ": "tables.dyna_q",
    "DynaQPlus": "tables.dyna_q_plus",
    "PosteriorSampling": "tables.posterior_sampling",
    "PrioritizedSweeping": "tables.prioritized_sweeping",
    "RMax": "tables.r_max",
    "Reinforce": "tables.reinforce",
}

__all__ = [
    "DQN",
    "EXP3",
    "KLUCB",
    "MOSS",
    "TD",
    "UCB",
    "UCT",
    "ActorCritic",
    "Agent",
    "DiscountedThompson",
    "DiscountedUCB",
    "DoubleQ",
    "DynaQ",
    "DynaQPlus",
    "EpsilonFirst",
    "EpsilonFirstSoftmax",
    "EpsilonGreedy",
    "ExpectedSarsa",
    "Gradient",
    "Greedy",
    "KLUCBGaussian",
    "LambdaReturn",
    "LinThompson",
    "LinUCB",
    "MonteCarlo",
    "MonteCarloPrediction",
    "NStepSarsa",
    "NStepTD",
    "NaiveQ",
    "OffPolicyMonteCarlo",
    "Optimistic",
    "PolicyIteration",
    "PosteriorSampling",
    "PrioritizedSweeping",
    "QLambda",
    "QLearning",
    "RMax",
    "Reinforce",
    "SB3VecEnv",
    "Sarsa",
    "SarsaLambda",
    "SlidingThompson",
    "SlidingUCB",
    "Softmax",
    "Step",
    "TDLambda",
    "ThompsonBeta",
    "ThompsonGaussian",
    "TreeBackup",
    "UCBTuned",
    "ValueIteration",
]


__getattr__ = offers(__name__, _HOMES)
