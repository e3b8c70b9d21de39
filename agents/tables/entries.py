"""The table learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry

_SUITS = ("contextual", "finite", "changing", "open")


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.tables.{target}", summary, _SUITS, "tabular", 16)


TABLES = (
    _learner("q_learning", "q_learning:QLearning", "Q-learning, Watkins 1989"),
    _learner("sarsa", "sarsa:Sarsa", "Sarsa, Rummery & Niranjan 1994"),
    _learner("expected_sarsa", "expected_sarsa:ExpectedSarsa", "Expected Sarsa, van Seijen et al. 2009"),
    _learner("dyna_q", "dyna_q:DynaQ", "Dyna-Q, Sutton 1990"),
    _learner("dyna_q_plus", "dyna_q_plus:DynaQPlus", "Dyna-Q+, Sutton 1990"),
    _learner(
        "prioritized_sweeping",
        "prioritized_sweeping:PrioritizedSweeping",
        "prioritised sweeping, Moore & Atkeson 1993",
    ),
    _learner("r_max", "r_max:RMax", "R-max, Brafman & Tennenholtz 2002"),
    _learner(
        "posterior_sampling",
        "posterior_sampling:PosteriorSampling",
        "posterior sampling (PSRL), Strens 2000; Osband et al. 2013",
    ),
    _learner("reinforce", "reinforce:Reinforce", "REINFORCE with or without baseline, Williams 1992"),
    _learner("actor_critic", "actor_critic:ActorCritic", "actor–critic, Barto, Sutton & Anderson 1983"),
    Entry("trial", "tabular", "daedalus.agents.tables.trial:trial", "tables, compiled where the world is finite"),
)
