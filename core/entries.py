"""What the ground floor announces: the sub-commands of the lab, small data sets, and models for them."""

from .catalogue import Entry
from .supervised.entries import SUPERVISED

CATALOGUE = (
    Entry("command", "compare", "daedalus.core.lab.commands:compare", "Run agents in worlds and compare them."),
    Entry("command", "fit", "daedalus.core.lab.fit_commands:fit", "Fit a model to a data set."),
    Entry("command", "sample", "daedalus.core.lab.fit_commands:sample", "Draw samples from a fitted model."),
    Entry("command", "evaluate", "daedalus.core.lab.fit_commands:evaluate", "Judge a stored run's models again."),
    Entry("command", "tune", "daedalus.core.lab.tuning_command:tune", "Search for an agent's best parameters."),
    Entry("command", "solve", "daedalus.core.lab.commands:solve", "Solve a finite world exactly."),
    Entry("command", "list", "daedalus.core.lab.commands:list_entries", "List worlds and agents."),
    Entry("command", "bench", "daedalus.core.lab.bench:bench", "Measure speed here, beside others."),
    Entry("command", "reproduce", "daedalus.core.lab.reproduce:reproduce", "Rerun published experiments."),
    Entry("command", "report", "daedalus.core.lab.commands:report", "Make a run's report again."),
    Entry("command", "doctor", "daedalus.core.lab.doctor:doctor", "Show what this machine offers, and try it."),
    *SUPERVISED,
)
