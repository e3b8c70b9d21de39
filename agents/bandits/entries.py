"""The bandit learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry

_FAMILY = "Estimates of arms"


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.bandits.{target}", summary, ("bandit",), "bandit", 250, _FAMILY)


BANDITS = (
    _learner("greedy", "learners:Greedy", "always an action of highest estimate"),
    _learner("optimistic", "learners:Optimistic", "greedy from estimates that begin too high"),
    _learner("epsilon_greedy", "learners:EpsilonGreedy", "explore with probability epsilon"),
    _learner("epsilon_first", "learners:EpsilonFirst", "explore for the first steps, then be greedy"),
    _learner("epsilon_first_softmax", "learners:EpsilonFirstSoftmax", "explore for the first steps, then softmax"),
    _learner("softmax", "learners:Softmax", "draw by the Boltzmann distribution at a temperature"),
    _learner("ucb", "learners_optimistic:UCB", "upper confidence bound; c = √2 is UCB1"),
    _learner("ucb_tuned", "learners_optimistic:UCBTuned", "UCB whose widths shrink with the measured variances"),
    _learner("kl_ucb", "learners_optimistic:KLUCB", "the bound of the Bernoulli divergence"),
    _learner(
        "kl_ucb_gaussian",
        "learners_optimistic:KLUCBGaussian",
        "the bound of the Gaussian divergence",
    ),
    _learner("moss", "learners_optimistic:MOSS", "minimax optimal bounds, for a known horizon or anytime"),
    _learner("discounted_ucb", "learners_optimistic:DiscountedUCB", "UCB by means that fade, for drifting arms"),
    _learner("sliding_ucb", "learners_optimistic:SlidingUCB", "UCB by the last rewards, for arms that switch"),
    _learner("thompson_beta", "learners_randomised:ThompsonBeta", "Thompson sampling, for rewards in an interval"),
    _learner("thompson_gaussian", "learners_randomised:ThompsonGaussian", "Thompson sampling, for a known noise"),
    _learner("discounted_thompson", "learners_randomised:DiscountedThompson", "Thompson sampling that forgets"),
    _learner("sliding_thompson", "learners_randomised:SlidingThompson", "Thompson sampling by the last rewards"),
    _learner("gradient", "learners_randomised:Gradient", "preferences that climb the mean reward"),
    _learner("exp3", "learners_randomised:EXP3", "exponential weights, against an adversary"),
    Entry("trial", "bandit", "daedalus.agents.bandits.trial:trial", "estimates of arms, compiled"),
)
