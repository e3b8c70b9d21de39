"""The exploration strategies by name."""

from daedalus.core.catalogue import Entry


def _strategy(name: str, target: str, summary: str) -> Entry:
    return Entry("strategy", name, f"daedalus.agents.exploring.{target}", summary)


STRATEGIES = (
    _strategy("greedy", "strategies:Greedy", "always an action of highest estimate"),
    _strategy("epsilon_greedy", "strategies:EpsilonGreedy", "explore with probability epsilon"),
    _strategy("epsilon_first", "strategies:EpsilonFirst", "explore for the first steps, then be greedy"),
    _strategy("epsilon_first_softmax", "strategies:EpsilonFirstSoftmax", "explore for the first steps, then softmax"),
    _strategy("softmax", "strategies:Softmax", "draw by the Boltzmann distribution at a temperature"),
    _strategy("ucb", "optimistic:UCB", "upper confidence bound; c = √2 is UCB1"),
    _strategy("ucb_tuned", "optimistic:UCBTuned", "UCB whose widths shrink with the measured variances"),
    _strategy("kl_ucb", "optimistic:KLUCB", "the bound of the Bernoulli divergence, for samples in an interval"),
    _strategy("kl_ucb_gaussian", "optimistic:KLUCBGaussian", "the bound of the Gaussian divergence, for a known noise"),
    _strategy("moss", "optimistic:MOSS", "minimax optimal bounds, for a known horizon or anytime"),
    _strategy("discounted_ucb", "optimistic:DiscountedUCB", "UCB by means that fade, for drifting arms"),
    _strategy("sliding_ucb", "optimistic:SlidingUCB", "UCB by the last samples, for arms that switch"),
    _strategy("thompson_beta", "randomised:ThompsonBeta", "Thompson sampling, for samples in an interval"),
    _strategy("thompson_gaussian", "randomised:ThompsonGaussian", "Thompson sampling, for a known noise"),
    _strategy("discounted_thompson", "randomised:DiscountedThompson", "Thompson sampling that forgets"),
    _strategy("sliding_thompson", "randomised:SlidingThompson", "Thompson sampling by the last samples"),
    _strategy("gradient", "randomised:Gradient", "preferences that climb the mean reward"),
    _strategy("exp3", "randomised:EXP3", "exponential weights, against an adversary"),
)
