"""What this floor announces: its agents, its exploration strategies, and the trials that run them."""

from daedalus.core.catalogue import Entry

from .bandits.entries import BANDITS
from .classic.entries import REPRODUCTIONS
from .contextual.entries import CONTEXTUAL
from .deep.entries import DEEP
from .deep.studies.entries import STUDIES
from .exploring.entries import STRATEGIES
from .planning.entries import PLANNING
from .prediction.entries import PREDICTION
from .sb3.entries import SB3
from .tables.entries import TABLES

BASELINES = (
    Entry(
        "agent",
        "random",
        "daedalus.agents.baselines:Random",
        "uniformly random actions",
        ("bandit", "contextual", "finite", "changing", "open"),
        "baseline",
        family="Floor and ceiling",
    ),
    Entry(
        "agent",
        "optimal",
        "daedalus.agents.baselines:Optimal",
        "the exact solution, the ceiling of every plot",
        ("bandit", "contextual", "finite", "changing"),
        "baseline",
        family="Floor and ceiling",
    ),
    Entry("trial", "baseline", "daedalus.agents.baselines:baseline", "random actions and the exact solution"),
)

BENCHES = (
    Entry("bench", "agents", "daedalus.agents.bench:bench_agents", "Steps, pulls or updates a second of learners."),
    Entry("bench", "deep", "daedalus.agents.deep.bench:bench_deep", "Steps and updates a second of deep Q-networks."),
)

CATALOGUE = (
    *BENCHES,
    *BASELINES,
    *STRATEGIES,
    *BANDITS,
    *CONTEXTUAL,
    *TABLES,
    *PREDICTION,
    *PLANNING,
    *DEEP,
    *SB3,
    *REPRODUCTIONS,
    *STUDIES,
)
