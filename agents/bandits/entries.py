"""The bandit learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.bandits.learners:{target}", summary, ("bandit",), "bandit", 250)


BANDITS = (
    _learner("greedy", "Greedy", "always an action of highest estimate"),
    _learner("epsilon_greedy", "EpsilonGreedy", "explore with probability epsilon"),
    _learner("epsilon_first", "EpsilonFirst", "explore for the first steps, then be greedy"),
    _learner("epsilon_first_softmax", "EpsilonFirstSoftmax", "explore for the first steps, then softmax"),
    _learner("softmax", "Softmax", "draw by the Boltzmann distribution at a temperature"),
    _learner("ucb", "UCB", "upper confidence bound; c = √2 is UCB1"),
    Entry("trial", "bandit", "daedalus.agents.bandits.trial:trial", "estimates of arms, compiled"),
)
