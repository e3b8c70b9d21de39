"""What this floor announces: its agents, its exploration strategies, and the trials that run them."""

from daedalus.core.catalogue import Entry

CATALOGUE = (
    Entry(
        "agent",
        "random",
        "daedalus.agents.baselines:Random",
        "uniformly random actions",
        ("bandit", "finite", "open"),
        "baseline",
    ),
    Entry(
        "agent",
        "optimal",
        "daedalus.agents.baselines:Optimal",
        "the exact solution, the ceiling of every plot",
        ("bandit", "finite"),
        "baseline",
    ),
)
