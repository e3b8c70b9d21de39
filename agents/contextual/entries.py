"""The learners for contexts by name, and the trial that runs them."""

from daedalus.core.catalogue import Entry


def _learner(name: str, target: str, summary: str) -> Entry:
    place = f"daedalus.agents.contextual.{target}"
    return Entry("agent", name, place, summary, ("contextual",), "contextual", 16, "Linear models of what is seen")


CONTEXTUAL = (
    _learner("lin_ucb", "learners:LinUCB", "upper bounds of linear rewards, Li et al. 2010"),
    _learner("lin_thompson", "learners:LinThompson", "draws of linear rewards, Agrawal & Goyal 2013"),
    Entry("trial", "contextual", "daedalus.agents.contextual.trial:trial", "linear rewards of what is seen"),
)
