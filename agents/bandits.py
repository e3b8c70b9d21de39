"""Bandit learners."""

from . import strategies


class Greedy:
    """Greedy."""

    config_class = strategies.Greedy


class EpsilonGreedy:
    """ε-greedy."""

    config_class = strategies.EpsilonGreedy


class EpsilonFirst:
    """ε-first."""

    config_class = strategies.EpsilonFirst


class EpsilonFirstSoftmax:
    """ε-first, then softmax."""

    config_class = strategies.EpsilonFirstSoftmax


class Softmax:
    """Softmax."""

    config_class = strategies.Softmax


class UCB:
    """Upper confidence bound."""

    config_class = strategies.UCB
