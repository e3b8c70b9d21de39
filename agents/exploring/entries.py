"""The exploration strategies by name."""

from daedalus.core.catalogue import Entry


def _strategy(name: str, target: str, summary: str) -> Entry:
    return Entry("strategy", name, f"daedalus.agents.exploring.strategies:{target}", summary)


STRATEGIES = (
    _strategy("greedy", "Greedy", "always an action of highest estimate"),
    _strategy("epsilon_greedy", "EpsilonGreedy", "explore with probability epsilon"),
    _strategy("epsilon_first", "EpsilonFirst", "explore for the first steps, then be greedy"),
    _strategy("epsilon_first_softmax", "EpsilonFirstSoftmax", "explore for the first steps, then softmax"),
    _strategy("softmax", "Softmax", "draw by the Boltzmann distribution at a temperature"),
    _strategy("ucb", "UCB", "upper confidence bound; c = √2 is UCB1"),
)
