"""The table learners by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry

_SUITS = ("contextual", "finite", "changing", "open")


def _learner(name: str, target: str, summary: str) -> Entry:
    return Entry("agent", name, f"daedalus.agents.tables.{target}", summary, _SUITS, "tabular", 16)


TABLES = (
    _learner("q_learning", "q_learning:QLearning", "Q-learning, Watkins 1989"),
    _learner("sarsa", "sarsa:Sarsa", "Sarsa, Rummery & Niranjan 1994"),
    _learner("expected_sarsa", "expected_sarsa:ExpectedSarsa", "Expected Sarsa, van Seijen et al. 2009"),
    Entry("trial", "tabular", "daedalus.agents.tables.trial:trial", "tables, compiled where the world is finite"),
)
