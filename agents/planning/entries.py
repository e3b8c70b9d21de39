"""Those who plan by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry


def _planner(name: str, face: str, summary: str, block: int) -> Entry:
    suits = ("finite", "changing")
    return Entry(
        "agent",
        name,
        f"daedalus.agents.planning.faces:{face}",
        summary,
        suits,
        "planning",
        block,
        "Planning with a model",
    )


PLANNING = (
    _planner("value_iteration", "ValueIteration", "knows the model: value iteration, Bellman 1957", 16),
    _planner("policy_iteration", "PolicyIteration", "knows the model: policy iteration, Howard 1960", 16),
    _planner("uct", "UCT", "searches before every step: UCT, Kocsis & Szepesvári 2006", 1),
    Entry("trial", "planning", "daedalus.agents.planning.trial:trial", "those who know the model, or may ask it"),
)
